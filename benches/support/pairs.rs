//! Calls of a model, each written twice: with the attribute, and with the builder by hand.

use std::hint::black_box;

use futures_util::Stream;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::llm_span;

pub const MODEL: &str = "smollm2-135m-instruct";

/// The return value of a call.
pub struct Answer {
    pub tokens: u64,
}

impl Answer {
    fn usage(&self) -> Usage {
        Usage::new().input(37).output(self.tokens)
    }
}

fn compute(fails: bool) -> Result<Answer, ErrorType> {
    if black_box(fails) { Err(ErrorType::Inference) } else { Ok(Answer { tokens: black_box(12) }) }
}

fn itself(error: &ErrorType) -> ErrorType {
    *error
}

pub mod attribute {
    use super::*;

    #[llm_span(chat, observer = observer, model = MODEL, max_tokens = 64_u64, usage = Answer::usage, error_type = itself)]
    pub fn value(observer: &Observer, fails: bool) -> Result<Answer, ErrorType> {
        compute(fails)
    }

    #[llm_span(chat, observer = observer, model = MODEL, max_tokens = 64_u64, usage = Answer::usage, error_type = itself)]
    pub async fn future(observer: &Observer, fails: bool) -> Result<Answer, ErrorType> {
        std::future::ready(compute(fails)).await
    }

    #[llm_span(chat, observer = observer, model = MODEL, stream, tokens = one)]
    pub fn items(observer: &Observer, count: usize) -> impl Stream<Item = u32> + Unpin + use<> {
        stream::iter((0..count).map(|_| black_box(1)))
    }

    fn one(_item: &u32) -> Chunk {
        Chunk::tokens(1)
    }

    #[llm_span(tool, observer = observer)]
    pub fn step(observer: &Observer, fails: bool) -> Result<Answer, ErrorType> {
        compute(fails)
    }
}

pub mod by_hand {
    use super::*;

    pub fn value(observer: &Observer, fails: bool) -> Result<Answer, ErrorType> {
        let operation = observer.chat(MODEL).max_tokens(64).start();
        let value = operation.in_scope(|| compute(fails));
        match &value {
            Ok(answer) => {
                operation.marker().usage(answer.usage());
                operation.complete();
            }
            Err(error) => operation.fail(*error),
        }
        value
    }

    pub async fn future(observer: &Observer, fails: bool) -> Result<Answer, ErrorType> {
        let operation = observer.chat(MODEL).max_tokens(64).start();
        let value = operation.run(async move { std::future::ready(compute(fails)).await }).await;
        match &value {
            Ok(answer) => {
                operation.marker().usage(answer.usage());
                operation.complete();
            }
            Err(error) => operation.fail(*error),
        }
        value
    }

    pub fn items(observer: &Observer, count: usize) -> impl Stream<Item = u32> + Unpin + use<> {
        let operation = observer.chat(MODEL).start();
        let items = operation.in_scope(|| stream::iter((0..count).map(|_| black_box(1))));
        operation.observe_with(items, |_item: &u32| Chunk::tokens(1))
    }

    pub fn step(observer: &Observer, fails: bool) -> Result<Answer, ErrorType> {
        let step = observer.execute_tool("step").start();
        let value = step.in_scope(|| compute(fails));
        match &value {
            Ok(_) => step.complete(),
            Err(error) => step.fail(*error),
        }
        value
    }
}
