use llmobs::llm_span;

#[llm_span(tool, max_tokens = 3)]
fn f() {}

#[llm_span(workflow, model = "m")]
fn g() {}

#[llm_span(embeddings, model = "m", stream)]
fn h() {}

#[llm_span(retrieval, docs)]
fn i() {}

fn main() {
    f();
    g();
    h();
    i();
}
