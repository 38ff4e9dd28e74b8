//! Conversions from the types of `async-openai` to those of llmobs.
//!
//! Note: `async-openai` logs answers that it cannot parse with `tracing` at level `error`, content included. The filter
//! `async_openai=off` suppresses these lines.

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::types::chat::ChatChoiceStream;
use async_openai::types::chat::CompletionUsage;
use async_openai::types::chat::CreateChatCompletionRequest;
use async_openai::types::chat::CreateChatCompletionStreamResponse;
use async_openai::types::chat::FinishReason as OpenAiFinishReason;
use futures_util::Stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Usage;

type ChunkResult = Result<CreateChatCompletionStreamResponse, OpenAIError>;

/// Requests a streamed answer. The operation starts here and ends with the stream, or when the request is rejected.
pub(crate) async fn chat<C: Config>(
    observer: &Observer,
    client: &Client<C>,
    request: CreateChatCompletionRequest,
) -> Result<impl Stream<Item = ChunkResult> + Unpin + use<C>, OpenAIError> {
    let choices = request.n.unwrap_or(1);
    let operation =
        observer.chat(&request.model).max_tokens(request.max_completion_tokens.map(u64::from)).stream(true).start();
    match operation.run(client.chat().create_stream(request)).await {
        Ok(stream) => Ok(observe(operation, choices.into(), stream)),
        Err(error) => {
            operation.end_with_error(to_error_type(&error));
            Err(error)
        }
    }
}

/// Observes a stream of `choices` choices.
pub(crate) fn observe(
    operation: Operation,
    choices: u32,
    chunks: impl Stream<Item = ChunkResult> + Unpin,
) -> impl Stream<Item = ChunkResult> + Unpin {
    let mut state = AnswerState { marker: operation.marker().clone(), choices, finish_reasons: Vec::new() };
    operation.observe_with(chunks, move |result: &ChunkResult| state.chunk(result))
}

/// The state of an answer while it is streamed.
struct AnswerState {
    marker: Marker,
    choices: u32,
    /// The finish reasons so far, with the indices of their choices. They are set when the last choice has ended: a
    /// stream that ends before is truncated, and without a finish reason its operation is `failed`.
    finish_reasons: Vec<(u32, FinishReason)>,
}

impl AnswerState {
    fn chunk(&mut self, result: &ChunkResult) -> Chunk {
        let response = match result {
            Ok(response) => response,
            Err(error) => return Chunk::error(to_error_type(error)),
        };
        self.marker.response_id(&response.id);
        self.marker.response_model(&response.model);
        if let Some(reported) = &response.usage {
            self.marker.usage(to_usage(reported));
        }
        let chunk = response.choices.iter().map(choice_chunk).fold(Chunk::no_tokens(), Chunk::merge);
        let ended = response.choices.iter().filter_map(|choice| Some((choice.index, choice.finish_reason?)));
        self.finish_reasons.extend(ended.map(|(choice, reason)| (choice, to_finish_reason(reason))));
        if self.finish_reasons.len() < self.choices as usize {
            return chunk;
        }
        for (choice, reason) in self.finish_reasons.drain(..) {
            self.marker.finish_reason_for(choice, reason);
        }
        chunk.last()
    }
}

/// Returns the chunk of one choice of a response. A content delta counts as one token until usage is reported.
fn choice_chunk(choice: &ChatChoiceStream) -> Chunk {
    let has_text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let delta = &choice.delta;
    let content = u32::from(has_text(&delta.content) || has_text(&delta.refusal));
    let functions = delta.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
    let called = functions.filter(|function| has_text(&function.name) || has_text(&function.arguments)).count();
    Chunk::tokens(content).merge(Chunk::tool_call(u32::from(called > 0))).choice(choice.index)
}

fn to_usage(reported: &CompletionUsage) -> Usage {
    let cached = reported.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
    let reasoning = reported.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens);
    Usage::new()
        .input(reported.prompt_tokens)
        .output(reported.completion_tokens)
        .cache_read(cached)
        .reasoning(reasoning)
}

const fn to_finish_reason(reason: OpenAiFinishReason) -> FinishReason {
    match reason {
        OpenAiFinishReason::Stop => FinishReason::Stop,
        OpenAiFinishReason::Length => FinishReason::Length,
        OpenAiFinishReason::ToolCalls | OpenAiFinishReason::FunctionCall => FinishReason::ToolCall,
        OpenAiFinishReason::ContentFilter => FinishReason::ContentFilter,
    }
}

/// Returns the error type. The error text may quote the prompt, so it is not passed on.
fn to_error_type(error: &OpenAIError) -> ErrorType {
    match error {
        OpenAIError::ApiError(rejection) => {
            let names = [&rejection.api_error.code, &rejection.api_error.r#type];
            let known = names.into_iter().flatten().find_map(|name| ErrorType::from_text(name));
            known
                .filter(|known| *known != ErrorType::Upstream)
                .or_else(|| ErrorType::from_http_status(rejection.status_code.as_u16()))
                .unwrap_or(ErrorType::Upstream)
        }
        OpenAIError::Reqwest(error) if error.is_timeout() => ErrorType::Timeout,
        OpenAIError::InvalidArgument(_) => ErrorType::InvalidRequest,
        // The client cannot parse an error frame within a stream as a response, and returns its text in the error.
        OpenAIError::JSONDeserialize(_, frame) => ErrorType::from_text(frame).unwrap_or(ErrorType::Upstream),
        _ => ErrorType::Upstream,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use futures_util::stream;
    use llmobs::Role;
    use llmobs::catalog::Level;
    use llmobs::clock::Clock;
    use llmobs::clock::ManualClock;
    use llmobs::testing::Readings;
    use llmobs::testing::ScriptedStream;
    use serde_json::Value;
    use serde_json::json;
    use std::time::Duration;

    fn client_observer() -> (Observer, ManualClock) {
        let (clock, manual_clock) = Clock::manual();
        let builder = Observer::builder().role(Role::Client).level(Level::Standard).model("m").clock(clock);
        (builder.build().unwrap(), manual_clock)
    }

    fn chunk_result(choices: Value, usage: Value) -> ChunkResult {
        let mut chunk = json!({ "id": "c1", "created": 0, "model": "m-2026", "object": "chat.completion.chunk" });
        chunk["choices"] = choices;
        chunk["usage"] = usage;
        Ok(serde_json::from_value(chunk).unwrap())
    }

    fn choice(index: u32, delta: &Value, finish_reason: &Value) -> Value {
        json!({ "index": index, "delta": delta, "finish_reason": finish_reason })
    }

    #[tokio::test]
    async fn deltas_are_timed_and_counted_until_usage_is_reported() {
        let (observer, manual_clock) = client_observer();
        let ms = Duration::from_millis;
        let script = ScriptedStream::new(&manual_clock)
            .wait(ms(10))
            .item(chunk_result(json!([choice(0, &json!({ "role": "assistant", "content": "" }), &Value::Null)]), Value::Null))
            .wait(ms(30))
            .item(chunk_result(json!([choice(0, &json!({ "content": "a" }), &Value::Null)]), Value::Null))
            .wait(ms(20))
            .item(chunk_result(json!([choice(0, &json!({ "tool_calls": [{ "index": 0, "function": { "name": "f" } }] }), &Value::Null)]), Value::Null))
            .item(chunk_result(json!([choice(0, &json!({}), &json!("tool_calls"))]), Value::Null))
            .item(chunk_result(json!([]), json!({ "prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16,
                "prompt_tokens_details": { "cached_tokens": 4 }, "completion_tokens_details": { "reasoning_tokens": 5 } })));
        assert_eq!(observe(observer.chat("m").start(), 1, script).count().await, 5);
        let metrics = Readings::new(&observer);
        let seconds = |name: &str| metrics.histogram(name, &[]).sum;
        assert_eq!((seconds("llmobs.time_to_first_token"), seconds("llmobs.inter_token.duration")), (0.04, 0.02));
        let tokens = |kind| metrics.count("llmobs.token.processed", &[("llmobs.token.kind", kind)]);
        assert_eq!(["uncached", "cache_read", "text", "reasoning"].map(tokens), [5, 4, 2, 5]);
        assert_eq!(metrics.count("llmobs.operation.ended", &[("llmobs.finish_reason", "tool_call")]), 1);
    }

    #[tokio::test]
    async fn an_answer_is_complete_when_its_last_choice_is() {
        let end = |index| chunk_result(json!([choice(index, &json!({ "content": "a" }), &json!("stop"))]), Value::Null);
        for (chunks, outcome) in [(vec![end(0), end(1)], "completed"), (vec![end(0)], "failed"), (vec![], "failed")] {
            let (observer, _) = client_observer();
            observe(observer.chat("m").start(), 2, stream::iter(chunks)).count().await;
            let ended = [("llmobs.operation.outcome", outcome)];
            assert_eq!(Readings::new(&observer).count("llmobs.operation.ended", &ended), 1, "{outcome}");
        }
    }

    #[test]
    fn errors_are_converted_to_the_listed_error_types() {
        let frame = serde_json::from_str::<u32>("{}").unwrap_err();
        let frame = OpenAIError::JSONDeserialize(frame, r#"{"error":{"code":"rate_limit_exceeded"}}"#.to_owned());
        assert_eq!(to_error_type(&frame), ErrorType::RateLimited);
        assert_eq!(to_error_type(&OpenAIError::InvalidArgument("no".to_owned())), ErrorType::InvalidRequest);
    }
}
