use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use llmobs::llm_span;

#[llm_span(chat, model = "m", handle = call)]
fn f() -> BoxFuture<'static, u8> {
    async { 1 }.boxed()
}

fn main() {
    drop(f());
}
