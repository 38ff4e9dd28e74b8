use std::rc::Rc;

use llmobs::llm_span;

#[llm_span(chat, model = "m")]
async fn f(shared: Rc<u8>) -> u8 {
    std::future::ready(()).await;
    *shared
}

fn is_send<T: Send>(_value: T) {}

fn main() {
    is_send(f(Rc::new(1)));
}
