//! Expressions borrow from the arguments, and the body still owns them.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::Mutex;

use llmobs::Observer;
use llmobs::Provider;
use llmobs::llm_span;

struct State {
    observer: Observer,
    model: Mutex<String>,
    provider: Provider,
}

struct Request {
    model: String,
    limit: Option<u32>,
    conversation: Option<Cow<'static, str>>,
}

#[llm_span(
    chat,
    observer = state.observer,
    provider = state.provider,
    model = request.model,
    max_tokens = request.limit,
    conversation = request.conversation,
    fields(limited = request.limit.is_some(), joined = format!("{}-x", request.model)),
)]
async fn chat(state: Arc<State>, request: Request) -> Request {
    drop(state);
    std::future::ready(()).await;
    request
}

// The guard is gone before the body runs, or it would wait for itself.
#[llm_span(chat, observer = state.observer, model = *state.model.lock().unwrap())]
fn locked(state: &State) -> usize {
    state.model.lock().unwrap().len()
}

pub(crate) fn main() {
    let state = Arc::new(State {
        observer: Observer::disabled(),
        model: Mutex::new("m".to_owned()),
        provider: Provider::OpenAi,
    });
    assert_eq!(locked(&state), 1);
    drop(chat(state, Request { model: "m".to_owned(), limit: Some(1), conversation: None }));
}
