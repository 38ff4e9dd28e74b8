//! Calls of a model, each written twice: with the attribute, and with the builder.

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
pub struct ModelOutput {
    pub tokens: u64,
}

impl ModelOutput {
    fn usage(&self) -> Usage {
        Usage::new().input(37).output(self.tokens)
    }
}

fn run_model(fails: bool) -> Result<ModelOutput, ErrorType> {
    if black_box(fails) { Err(ErrorType::Inference) } else { Ok(ModelOutput { tokens: black_box(12) }) }
}

fn clone_error_type(error: &ErrorType) -> ErrorType {
    *error
}

pub mod macros {
    use super::*;

    #[llm_span(
        chat, observer = observer, model = MODEL, max_tokens = 64_u64, usage = ModelOutput::usage,
        error_type = clone_error_type
    )]
    pub fn value(observer: &Observer, fails: bool) -> Result<ModelOutput, ErrorType> {
        run_model(fails)
    }

    #[llm_span(
        chat, observer = observer, model = MODEL, max_tokens = 64_u64, usage = ModelOutput::usage,
        error_type = clone_error_type
    )]
    pub async fn future(observer: &Observer, fails: bool) -> Result<ModelOutput, ErrorType> {
        std::future::ready(run_model(fails)).await
    }

    #[llm_span(chat, observer = observer, model = MODEL, stream, tokens = one_token)]
    pub fn items(observer: &Observer, count: usize) -> impl Stream<Item = u32> + Unpin + use<> {
        stream::iter((0..count).map(|_| black_box(1)))
    }

    fn one_token(_item: &u32) -> Chunk {
        Chunk::tokens(1)
    }

    #[llm_span(tool, observer = observer)]
    pub fn step(observer: &Observer, fails: bool) -> Result<ModelOutput, ErrorType> {
        run_model(fails)
    }
}

pub mod builder {
    use super::*;

    pub fn value(observer: &Observer, fails: bool) -> Result<ModelOutput, ErrorType> {
        let operation = observer.chat(MODEL).max_tokens(64).start();
        let value = operation.in_scope(|| run_model(fails));
        match &value {
            Ok(output) => {
                operation.marker().usage(output.usage());
                operation.complete();
            }
            Err(error) => operation.fail(*error),
        }
        value
    }

    pub async fn future(observer: &Observer, fails: bool) -> Result<ModelOutput, ErrorType> {
        let operation = observer.chat(MODEL).max_tokens(64).start();
        let value = operation.run(async move { std::future::ready(run_model(fails)).await }).await;
        match &value {
            Ok(output) => {
                operation.marker().usage(output.usage());
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

    pub fn step(observer: &Observer, fails: bool) -> Result<ModelOutput, ErrorType> {
        let step = observer.execute_tool("step").start();
        let value = step.in_scope(|| run_model(fails));
        match &value {
            Ok(_) => step.complete(),
            Err(error) => step.fail(*error),
        }
        value
    }
}
