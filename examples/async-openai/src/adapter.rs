//! Conversions from the types of `async-openai` to those of llmobs.
//!
//! Note: `async-openai` logs answers that it cannot parse with `tracing` at level `error`, content included. The filter
//! `async_openai=off` suppresses these lines.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Poll;

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::types::chat::ChatChoiceStream;
use async_openai::types::chat::CompletionUsage;
use async_openai::types::chat::CreateChatCompletionRequest;
use async_openai::types::chat::CreateChatCompletionStreamResponse;
use async_openai::types::chat::FinishReason as Finish;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Usage;

type Part = Result<CreateChatCompletionStreamResponse, OpenAIError>;

/// Requests a streamed answer. The operation starts here and ends with the stream, or when the request is refused.
pub(crate) async fn chat<C: Config>(
    observer: &Observer,
    client: &Client<C>,
    request: CreateChatCompletionRequest,
) -> Result<impl Stream<Item = Part> + Unpin + use<C>, OpenAIError> {
    let choices = request.n.unwrap_or(1);
    let start = observer.chat(&request.model);
    let start = match request.max_completion_tokens {
        Some(tokens) => start.max_tokens(tokens.into()),
        None => start,
    };
    let operation = start.start();
    match operation.run(client.chat().create_stream(request)).await {
        Ok(stream) => Ok(observe(operation, choices.into(), stream)),
        Err(error) => {
            match error_type(&error) {
                refusal if refusal.is_refusal() => operation.reject(refusal),
                failure => operation.fail(failure),
            }
            Err(error)
        }
    }
}

/// Observes a stream of `choices` choices.
pub(crate) fn observe(
    operation: Operation,
    choices: u32,
    parts: impl Stream<Item = Part> + Unpin,
) -> impl Stream<Item = Part> + Unpin {
    let marker = operation.marker().clone();
    let mut answer = Answer { marker: marker.clone(), unfinished: choices, is_whole: Arc::default() };
    // The client ends a stream the same way when its connection breaks and when the answer is complete.
    let is_whole = Arc::clone(&answer.is_whole);
    let end = stream::poll_fn(move |_| {
        if !is_whole.load(Ordering::Relaxed) {
            marker.set_error(ErrorType::Upstream);
        }
        Poll::Ready(None)
    });
    operation.observe_with(parts.chain(end), move |part: &Part| answer.chunk(part))
}

/// The state of an answer while it is streamed.
struct Answer {
    marker: Marker,
    unfinished: u32,
    is_whole: Arc<AtomicBool>,
}

impl Answer {
    fn chunk(&mut self, part: &Part) -> Chunk {
        let part = match part {
            Ok(part) => part,
            Err(error) => return Chunk::failed(error_type(error)),
        };
        self.marker.response_id(&part.id);
        self.marker.response_model(&part.model);
        if let Some(reported) = &part.usage {
            self.marker.usage(usage(reported));
        }
        let chunk = part.choices.iter().map(delta).fold(Chunk::no_tokens(), Chunk::merge);
        let ended = part.choices.iter().filter_map(|choice| Some((choice.index, choice.finish_reason?)));
        for (choice, reason) in ended {
            self.unfinished = self.unfinished.saturating_sub(1);
            self.marker.finish_reason_of(choice, finish_reason(reason));
        }
        if self.unfinished > 0 {
            return chunk;
        }
        self.is_whole.store(true, Ordering::Relaxed);
        chunk.last()
    }
}

/// Returns the chunk of one choice of a part. A content delta counts as one token until usage is reported.
fn delta(choice: &ChatChoiceStream) -> Chunk {
    let says = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let delta = &choice.delta;
    let content = u32::from(says(&delta.content) || says(&delta.refusal));
    let functions = delta.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
    let called = functions.filter(|function| says(&function.name) || says(&function.arguments)).count();
    Chunk::tokens(content).merge(Chunk::tool_call(u32::from(called > 0))).choice(choice.index)
}

fn usage(reported: &CompletionUsage) -> Usage {
    let mut usage = Usage::new().input(reported.prompt_tokens.into()).output(reported.completion_tokens.into());
    if let Some(cached) = reported.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens) {
        usage = usage.cache_read(cached.into());
    }
    if let Some(reasoning) = reported.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens) {
        usage = usage.reasoning(reasoning.into());
    }
    usage
}

const fn finish_reason(reason: Finish) -> FinishReason {
    match reason {
        Finish::Stop => FinishReason::Stop,
        Finish::Length => FinishReason::Length,
        Finish::ToolCalls | Finish::FunctionCall => FinishReason::ToolCall,
        Finish::ContentFilter => FinishReason::ContentFilter,
    }
}

/// Returns the error type. The error text may quote the prompt, so it is not passed on.
fn error_type(error: &OpenAIError) -> ErrorType {
    match error {
        OpenAIError::ApiError(refusal) => {
            let words = [&refusal.api_error.code, &refusal.api_error.r#type];
            let known = words.into_iter().flatten().find_map(|word| ErrorType::from_text(word));
            known
                .filter(|known| *known != ErrorType::Upstream)
                .or_else(|| ErrorType::from_http_status(refusal.status_code.as_u16()))
                .unwrap_or(ErrorType::Upstream)
        }
        OpenAIError::Reqwest(error) if error.is_timeout() => ErrorType::Timeout,
        OpenAIError::InvalidArgument(_) => ErrorType::InvalidRequest,
        // The client cannot parse an error frame within a stream as a part, and returns its text in the error.
        OpenAIError::JSONDeserialize(_, frame) => ErrorType::from_text(frame).unwrap_or(ErrorType::Upstream),
        _ => ErrorType::Upstream,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs::Role;
    use llmobs::catalog::Level;
    use llmobs::clock::Clock;
    use llmobs::clock::ManualClock;
    use llmobs::testing::Readings;
    use llmobs::testing::ScriptedStream;
    use serde_json::Value;
    use serde_json::json;
    use std::time::Duration;

    fn client() -> (Observer, ManualClock) {
        let (clock, hand) = Clock::manual();
        let builder = Observer::builder().role(Role::Client).level(Level::Standard).model("m").clock(clock);
        (builder.build().unwrap(), hand)
    }

    fn part(choices: Value, usage: Value) -> Part {
        let head = json!({ "id": "c1", "created": 0, "model": "m-2026", "object": "chat.completion.chunk" });
        let mut part = head;
        part["choices"] = choices;
        part["usage"] = usage;
        Ok(serde_json::from_value(part).unwrap())
    }

    fn choice(index: u32, delta: &Value, finish_reason: &Value) -> Value {
        json!({ "index": index, "delta": delta, "finish_reason": finish_reason })
    }

    #[tokio::test]
    async fn deltas_are_timed_and_counted_until_usage_is_reported() {
        let (observer, hand) = client();
        let ms = Duration::from_millis;
        let script = ScriptedStream::new(&hand)
            .wait(ms(10))
            .item(part(json!([choice(0, &json!({ "role": "assistant", "content": "" }), &Value::Null)]), Value::Null))
            .wait(ms(30))
            .item(part(json!([choice(0, &json!({ "content": "a" }), &Value::Null)]), Value::Null))
            .wait(ms(20))
            .item(part(json!([choice(0, &json!({ "tool_calls": [{ "index": 0, "function": { "name": "f" } }] }), &Value::Null)]), Value::Null))
            .item(part(json!([choice(0, &json!({}), &json!("tool_calls"))]), Value::Null))
            .item(part(json!([]), json!({ "prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16,
                "prompt_tokens_details": { "cached_tokens": 4 }, "completion_tokens_details": { "reasoning_tokens": 5 } })));
        assert_eq!(observe(observer.chat("m").start(), 1, script).count().await, 5);
        let readings = Readings::of(&observer);
        let seconds = |name: &str| readings.histogram(name, &[]).sum;
        assert_eq!((seconds("llmobs.time_to_first_token"), seconds("llmobs.inter_token.duration")), (0.04, 0.02));
        let tokens = |kind| readings.count("llmobs.token.processed", &[("llmobs.token.kind", kind)]);
        assert_eq!(["uncached", "cache_read", "text", "reasoning"].map(tokens), [5, 4, 2, 5]);
        assert_eq!(readings.count("llmobs.operation.ended", &[("llmobs.finish_reason", "tool_call")]), 1);
    }

    #[tokio::test]
    async fn an_answer_is_whole_when_its_last_choice_is() {
        let end = |index| part(json!([choice(index, &json!({ "content": "a" }), &json!("stop"))]), Value::Null);
        for (parts, outcome) in [(vec![end(0), end(1)], "completed"), (vec![end(0)], "failed"), (vec![], "failed")] {
            let (observer, _) = client();
            observe(observer.chat("m").start(), 2, stream::iter(parts)).count().await;
            let ended = [("llmobs.operation.outcome", outcome)];
            assert_eq!(Readings::of(&observer).count("llmobs.operation.ended", &ended), 1, "{outcome}");
        }
    }

    #[test]
    fn errors_have_the_types_of_the_list() {
        let frame = serde_json::from_str::<u32>("{}").unwrap_err();
        let frame = OpenAIError::JSONDeserialize(frame, r#"{"error":{"code":"rate_limit_exceeded"}}"#.to_owned());
        assert_eq!(error_type(&frame), ErrorType::RateLimited);
        assert_eq!(error_type(&OpenAIError::InvalidArgument("no".to_owned())), ErrorType::InvalidRequest);
    }
}
