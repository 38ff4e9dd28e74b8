use llmobs::llm_span;

struct MyError;

trait Answer {
    type Error;
}

impl<T, E> Answer for Result<T, E> {
    type Error = E;
}

#[llm_span(chat, model = "m")]
fn f() -> impl Answer<Error = MyError> {
    Ok(1)
}

fn main() {
    let _ = f();
}
