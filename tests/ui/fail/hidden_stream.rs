use futures_util::StreamExt;
use futures_util::stream;
use futures_util::stream::BoxStream;
use llmobs::llm_span;

type Answer = BoxStream<'static, &'static str>;

#[llm_span(chat, model = "m")]
fn f() -> Answer {
    stream::iter(["a"]).boxed()
}

fn main() {
    drop(f());
}
