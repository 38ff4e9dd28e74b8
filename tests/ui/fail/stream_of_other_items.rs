use futures_util::Stream;
use futures_util::stream;
use llmobs::llm_span;

struct MyError;

#[llm_span(chat, model = "m", stream)]
async fn f() -> Result<impl Stream<Item = Result<&'static str, MyError>>, MyError> {
    Ok(stream::iter([Ok::<_, String>("a")]))
}

fn main() {
    drop(f());
}
