use llmobs::llm_span;

#[llm_span(agent)]
fn f() -> ! {
    loop {}
}

fn main() {
    f();
}
