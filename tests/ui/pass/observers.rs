//! Everything that may stand for an observer.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::sync::Arc;
use std::sync::LazyLock;

use llmobs::Observer;
use llmobs::llm_span;

static OBSERVER: LazyLock<Observer> = LazyLock::new(Observer::disabled);

#[llm_span(chat, observer = OBSERVER, model = "m")]
fn of_a_static() {}

#[llm_span(chat, observer = observer, model = "m")]
fn of_an_argument(observer: &Arc<Observer>) {}

#[llm_span(chat, observer = Observer::disabled().as_role(llmobs::Role::Client), model = "m")]
fn of_a_call() {}

#[llm_span(chat, model = "m")]
fn current() {}

pub(crate) fn main() {
    of_a_static();
    of_an_argument(&Arc::new(Observer::disabled()));
    of_a_call();
    current();
}
