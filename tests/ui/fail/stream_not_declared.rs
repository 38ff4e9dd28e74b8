use futures_util::Stream;
use futures_util::stream;
use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn f() -> Result<impl Stream<Item = &'static str>, String> {
    Ok(stream::iter(["a"]))
}

fn main() {
    drop(f());
}
