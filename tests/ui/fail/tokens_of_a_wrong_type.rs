use futures_util::Stream;
use futures_util::stream;
use llmobs::llm_span;

#[llm_span(chat, model = "m", stream, tokens = length)]
fn f() -> impl Stream<Item = Vec<u8>> {
    stream::iter([vec![1]])
}

fn length(bytes: &Vec<u8>) -> String {
    format!("{bytes:?}")
}

fn main() {
    drop(f());
}
