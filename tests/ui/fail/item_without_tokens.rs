use futures_util::Stream;
use futures_util::stream;
use llmobs::llm_span;

struct Delta;

#[llm_span(chat, model = "m", stream)]
fn f() -> impl Stream<Item = Delta> {
    stream::iter([Delta])
}

fn main() {
    drop(f());
}
