use llmobs::llm_span;

#[llm_span(tool)]
const fn f() -> u8 {
    1
}

fn main() {
    const _: u8 = f();
}
