//! The effect of an observed answer on the metrics, and its bytes, which pass unchanged.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::semconv::value::OperationName;
use llmobs::semconv::value::ServiceTier;
use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use llmobs::sse::Event;
use llmobs::sse::observe;
use llmobs::sse::observe_with;
use llmobs::stream::FirstToken;
use llmobs::testing::Books;
use llmobs::testing::Readings;
use llmobs::testing::ScriptedStream;

use crate::transcripts;

const ENDED: &str = "llmobs.operation.ended";
const TTFT: &str = "llmobs.time_to_first_token";

fn gateway(rule: FirstToken) -> (Observer, ManualClock) {
    let (clock, manual_clock) = Clock::manual();
    let builder =
        Observer::builder().role(Role::Gateway).model("m").clock(clock).level(Level::Standard).first_token(rule);
    (builder.build().unwrap(), manual_clock)
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn delta_frame(choice: u32, delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{delta}}}]}}\n\n")
}

fn finish_frame(choice: u32) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n")
}

/// Returns a stream that pends forever. (`stream::pending` is unsuitable: its size hint reports an ended stream.)
fn pending_forever<T>() -> impl Stream<Item = T> + Unpin {
    stream::poll_fn(|_| Poll::Pending)
}

fn ended_count(observer: &Observer, attributes: &[(&str, &str)]) -> u64 {
    assert_books!(observer);
    assert_eq!(Books::new(observer).ended, 1);
    Readings::new(observer).count(ENDED, attributes)
}

#[tokio::test]
async fn every_item_passes_unchanged_whatever_its_content() {
    for (name, dialect, bytes) in transcripts::ALL {
        let (observer, _) = gateway(FirstToken::Generated);
        let chunks: Vec<Vec<u8>> = bytes.chunks(11).map(<[u8]>::to_vec).collect();
        let observed = observe(observer.chat("m").start(), *dialect, stream::iter(chunks.clone()));
        assert_eq!(observed.size_hint(), (chunks.len(), Some(chunks.len())));
        assert_eq!(observed.collect::<Vec<_>>().await, chunks, "{name}");
        assert_books!(observer);
    }
}

#[tokio::test]
async fn an_item_passes_in_the_poll_in_which_it_arrives() {
    let (observer, _) = gateway(FirstToken::Generated);
    // Half a frame, then pending forever: a decoder that waits for the second half would hang.
    let half_frame = stream::iter(["data: {\"choi"]).chain(pending_forever());
    let mut observed = observe(observer.chat("m").start(), Dialect::OpenAi, half_frame);
    assert_eq!(observed.next().now_or_never(), Some(Some("data: {\"choi")));
    assert_eq!(observed.next().now_or_never(), None);
}

#[tokio::test]
async fn neither_a_keep_alive_nor_a_role_is_the_first_token() {
    for (rule, expected) in [(FirstToken::Generated, 60), (FirstToken::VisibleContent, 100)] {
        let (observer, manual_clock) = gateway(rule);
        let answer = ScriptedStream::new(&manual_clock)
            .wait(ms(10))
            .item(": keep-alive\n\n".to_owned())
            .wait(ms(20))
            .item(delta_frame(0, "{\"role\":\"assistant\",\"content\":\"\"}"))
            .wait(ms(30))
            .item(delta_frame(0, "{\"reasoning\":\"Hm\"}"))
            .wait(ms(40))
            .item(delta_frame(0, "{\"content\":\"Yes\"}"))
            .wait(ms(50))
            .item(finish_frame(0));
        observe(observer.chat("m").start(), Dialect::OpenAi, answer).count().await;
        let first = Readings::new(&observer).histogram(TTFT, &[]);
        assert_eq!((first.count, first.sum), (1, ms(expected).as_secs_f64()), "{rule:?}");
    }
}

#[tokio::test]
async fn a_frame_split_in_two_has_the_time_of_its_second_half() {
    let (observer, manual_clock) = gateway(FirstToken::Generated);
    let frame = delta_frame(0, "{\"content\":\"Yes\"}");
    let (head, tail) = frame.split_at(30);
    let answer = ScriptedStream::new(&manual_clock).wait(ms(10)).item(head).wait(ms(20)).item(tail);
    let mut observed = observe(observer.chat("m").start(), Dialect::OpenAi, answer);
    observed.next().await;
    observed.next().await;
    assert_eq!(Readings::new(&observer).histogram(TTFT, &[]).sum, 0.03);
}

#[tokio::test]
async fn deltas_of_one_read_share_its_time() {
    let (observer, manual_clock) = gateway(FirstToken::Generated);
    let token = delta_frame(0, "{\"content\":\"a\"}");
    let answer = ScriptedStream::new(&manual_clock)
        .wait(ms(50))
        .item(token.clone())
        .wait(ms(30))
        .item(token.repeat(3))
        .item(finish_frame(0));
    observe(observer.chat("m").start(), Dialect::OpenAi, answer).count().await;
    let gaps = Readings::new(&observer).histogram("llmobs.inter_token.duration", &[]);
    assert_eq!(gaps.count, 3);
    assert!((gaps.sum - 0.03).abs() < 1e-9, "{}", gaps.sum);
}

#[tokio::test]
async fn only_the_first_choice_seen_is_timed() {
    let (observer, manual_clock) = gateway(FirstToken::Generated);
    let both = delta_frame(0, "{\"content\":\"A\"}") + &delta_frame(1, "{\"content\":\"B\"}");
    let answer = ScriptedStream::new(&manual_clock)
        .wait(ms(10))
        .item(delta_frame(1, "{\"content\":\"B\"}"))
        .wait(ms(20))
        .item(both);
    observe(observer.chat("m").start(), Dialect::OpenAi, answer.item(finish_frame(0) + &finish_frame(1))).count().await;
    let gaps = Readings::new(&observer).histogram("llmobs.inter_token.duration", &[]);
    assert_eq!((gaps.count, gaps.sum), (1, 0.02));
}

#[tokio::test]
async fn the_usage_that_the_upstream_reports_is_recorded() {
    let (observer, _) = gateway(FirstToken::Generated);
    observe(observer.chat("m").start(), Dialect::Anthropic, stream::iter([transcripts::anthropic])).count().await;
    let readings = Readings::new(&observer);
    let tokens = |kind, source| {
        readings.count("llmobs.token.processed", &[("llmobs.token.kind", kind), ("llmobs.token.source", source)])
    };
    let kinds = ["uncached", "cache_read", "cache_write", "text", "reasoning"];
    assert_eq!(kinds.map(|kind| tokens(kind, "reported")), [25, 1_000, 200, 49, 40]);
    assert_eq!(kinds.map(|kind| tokens(kind, "counted")), [0; 5]);
    let standard = |kind| readings.histogram("gen_ai.client.token.usage", &[("gen_ai.token.type", kind)]).sum;
    assert_eq!((standard("input"), standard("output")), (1_225.0, 89.0));
    assert_eq!(ended_count(&observer, &[("llmobs.finish_reason", "tool_call")]), 1);
}

#[tokio::test]
async fn without_a_report_the_deltas_are_counted_and_a_dropped_stream_wastes_them() {
    let (observer, _) = gateway(FirstToken::Generated);
    let deltas = [
        delta_frame(0, "{\"reasoning\":\"a\"}"),
        delta_frame(0, "{\"content\":\"b\"}"),
        delta_frame(0, "{\"content\":\"c\"}"),
    ];
    let mut observed =
        observe(observer.chat("m").start(), Dialect::OpenAi, stream::iter(deltas).chain(pending_forever()));
    for _ in 0..3 {
        observed.next().await;
    }
    drop(observed);
    let readings = Readings::new(&observer);
    let counted = |kind| {
        readings.count("llmobs.token.processed", &[("llmobs.token.kind", kind), ("llmobs.token.source", "counted")])
    };
    assert_eq!((counted("reasoning"), counted("text")), (1, 2));
    assert_eq!(readings.count("llmobs.token.wasted", &[]), 3);
    assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "cancelled")]), 1);
}

#[tokio::test]
async fn a_placeholder_for_the_output_is_not_a_report_when_the_stream_is_dropped() {
    let (observer, _) = gateway(FirstToken::Generated);
    let partial = std::str::from_utf8(transcripts::anthropic).unwrap().split("event: message_delta").next().unwrap();
    let mut observed =
        observe(observer.chat("m").start(), Dialect::Anthropic, stream::iter([partial]).chain(pending_forever()));
    observed.next().await;
    drop(observed);
    let readings = Readings::new(&observer);
    assert_eq!(readings.histogram("llmobs.operation.output_tokens", &[]).sum, 4.0, "four deltas");
    assert_eq!(readings.histogram("llmobs.operation.input_tokens", &[]).sum, 1_225.0);
}

#[tokio::test]
async fn an_error_inside_the_answer_fails_the_operation_with_its_type() {
    for (dialect, bytes, error) in [
        (Dialect::Anthropic, transcripts::anthropic_error, "overloaded"),
        (Dialect::Ollama, transcripts::ollama_error, "out_of_memory"),
    ] {
        let (observer, _) = gateway(FirstToken::Generated);
        observe(observer.chat("m").start(), dialect, stream::iter([bytes])).count().await;
        assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", error)]), 1);
        assert_eq!(Readings::new(&observer).histogram(TTFT, &[]).count, 1, "the first token is recorded");
    }
}

#[tokio::test]
async fn a_broken_connection_fails_the_operation_and_later_items_pass() {
    let (observer, _) = gateway(FirstToken::Generated);
    let items = [Ok(delta_frame(0, "{\"content\":\"a\"}")), Err("reset"), Ok(finish_frame(0))];
    let observed = observe(observer.chat("m").start(), Dialect::OpenAi, stream::iter(items.clone()));
    assert_eq!(observed.collect::<Vec<_>>().await, items);
    assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "upstream")]), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_after_a_complete_answer_does_not_fail_the_operation() {
    let body = delta_frame(0, "{\"content\":\"a\"}") + &finish_frame(0) + "data: [DONE]\n\n";
    let length = body.len() as u64;
    for decoder in [Decoder::new(Dialect::OpenAi), Decoder::new(Dialect::OpenAi).content_length(length)] {
        let (observer, _) = gateway(FirstToken::Generated);
        let items = [Ok(body.clone()), Err("reset")];
        let observed = observe(observer.chat("m").start(), decoder, stream::iter(items.clone()));
        assert_eq!(observed.collect::<Vec<_>>().await, items);
        assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "completed")]), 1);
    }
}

#[tokio::test]
async fn an_answer_without_a_finish_reason_is_failed() {
    let (observer, _) = gateway(FirstToken::Generated);
    let items = stream::iter([delta_frame(0, "{\"content\":\"a\"}")]);
    observe(observer.chat("m").start(), Dialect::OpenAi, items).count().await;
    assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "upstream")]), 1);
}

#[tokio::test]
async fn a_last_line_without_a_line_end_is_decoded_when_the_stream_ends() {
    let (observer, _) = gateway(FirstToken::Generated);
    let text = std::str::from_utf8(transcripts::ollama_chat).unwrap().trim_end();
    observe(observer.chat("m").start(), Dialect::Ollama, stream::iter(text.as_bytes().chunks(100))).count().await;
    assert_eq!(ended_count(&observer, &[("llmobs.finish_reason", "stop")]), 1);
    assert_eq!(Readings::new(&observer).histogram("llmobs.operation.output_tokens", &[]).sum, 259.0);
}

#[tokio::test]
async fn a_stream_dropped_after_the_finish_reason_is_completed() {
    let (observer, _) = gateway(FirstToken::Generated);
    let items = stream::iter([delta_frame(0, "{\"content\":\"a\"}"), finish_frame(0)]).chain(pending_forever());
    let mut observed = observe(observer.chat("m").start(), Dialect::OpenAi, items);
    observed.next().await;
    observed.next().await;
    drop(observed);
    assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "completed")]), 1);
}

#[tokio::test]
async fn a_stream_dropped_before_the_last_choice_ended_is_cancelled() {
    let (observer, _) = gateway(FirstToken::Generated);
    let partial = delta_frame(0, "{\"content\":\"a\"}") + &delta_frame(1, "{\"content\":\"b\"}");
    let mut observed = observe(
        observer.chat("m").start(),
        Dialect::OpenAi,
        stream::iter([partial + &finish_frame(0)]).chain(pending_forever()),
    );
    observed.next().await;
    drop(observed);
    assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "cancelled")]), 1);
}

#[tokio::test]
async fn a_disabled_observer_decodes_nothing_and_passes_everything() {
    let (observer, mut event_count) = (Observer::disabled(), 0);
    let observed = observe_with(
        observer.chat("m").start(),
        Dialect::OpenAi,
        stream::iter([transcripts::openai_chat]),
        |_: &Event<'_>| event_count += 1,
    );
    assert_eq!(observed.collect::<Vec<_>>().await, [transcripts::openai_chat]);
    assert_eq!(event_count, 0);
}

#[tokio::test]
async fn a_panic_of_the_event_callback_is_a_panic_of_the_stream() {
    let (observer, _) = gateway(FirstToken::Generated);
    let observed = observe_with(
        observer.chat("m").start(),
        Dialect::OpenAi,
        stream::iter([transcripts::openai_chat]),
        |_: &Event<'_>| panic!("the callback panics"),
    );
    let result = std::panic::AssertUnwindSafe(observed.count()).catch_unwind().await;
    assert!(result.is_err());
    assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "internal")]), 1);
}

#[test]
fn an_observed_stream_may_go_to_another_thread_and_be_moved() {
    fn assert_movable<T: Send + Unpin + 'static>(_: &T) {}
    let observed = observe(
        Observer::disabled().chat("m").start(),
        Dialect::OpenAi,
        stream::iter([Ok::<Vec<u8>, std::io::Error>(Vec::new())]),
    );
    assert_movable(&observed);
    let mut observed = Box::pin(observed);
    let poll: Poll<Option<_>> = Pin::new(&mut observed).poll_next(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(poll.is_ready());
}

/// Answers without generated content: they end before the first token.
const EMPTY_ANSWERS: [(Dialect, &str); 6] = [
    (Dialect::OpenAi, ""),
    (Dialect::OpenAi, "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"),
    (Dialect::OpenAi, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    // A single line feed instead of an empty line joins three lines into one event, which is not valid JSON.
    (Dialect::OpenAi, "data: {\"choices\":[]}\ndata: {\"choices\":[]}\ndata: [DONE]\n\n"),
    (Dialect::OpenAi, "data: [DONE]\n\n"),
    (
        Dialect::Anthropic,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":8}}}\n\n",
    ),
];

/// The sign by which the consumer learns that the answer has ended.
enum EndDetection {
    /// The consumer polls until the stream ends.
    Polled,
    /// The consumer counts items, and the stream's size hint reports the end.
    Counted,
    /// The consumer counts bytes; the stream does not report its end, but its length is declared.
    Declared,
}

async fn observed_outcome(name: OperationName, dialect: Dialect, body: &str, end: EndDetection) -> (String, String) {
    let observer = gateway(FirstToken::Generated).0;
    let operation = observer.operation(name, "m").start();
    let chunks: Vec<&str> = if body.is_empty() { Vec::new() } else { vec![body] };
    let count = chunks.len();
    match end {
        EndDetection::Polled => {
            assert_eq!(observe(operation, dialect, stream::iter(chunks)).count().await, count);
        }
        EndDetection::Counted => {
            assert_eq!(observe(operation, dialect, stream::iter(chunks)).take(count).count().await, count);
        }
        EndDetection::Declared => {
            let decoder = Decoder::new(dialect).content_length(body.len() as u64);
            let chunks = stream::iter(chunks).chain(pending_forever());
            assert_eq!(observe(operation, decoder, chunks).take(count).count().await, count);
        }
    }
    assert_books!(observer);
    let readings = Readings::new(&observer);
    let ends = [("completed", ""), ("cancelled", "cancelled"), ("failed", "upstream"), ("rejected", "rate_limited")];
    let (outcome, error) = ends
        .into_iter()
        .find(|(outcome, error)| {
            let error = (!error.is_empty()).then_some(("error.type", *error));
            let labels: Vec<_> = [("llmobs.operation.outcome", *outcome)].into_iter().chain(error).collect();
            readings.count(ENDED, &labels) == 1
        })
        .expect("the operation ended with one of these outcomes");
    (outcome.to_owned(), error.to_owned())
}

#[tokio::test]
async fn an_answer_without_generated_content_is_failed_however_its_end_is_detected() {
    for (dialect, body) in EMPTY_ANSWERS {
        for end in [EndDetection::Polled, EndDetection::Counted, EndDetection::Declared] {
            let (outcome, error) = observed_outcome(OperationName::Chat, dialect, body, end).await;
            assert_eq!((outcome.as_str(), error.as_str()), ("failed", "upstream"), "{body:?}");
        }
    }
}

#[tokio::test]
async fn a_truncated_answer_is_failed_however_its_end_is_detected() {
    let body = delta_frame(0, r#"{"content":"a"}"#);
    for end in [EndDetection::Polled, EndDetection::Counted, EndDetection::Declared] {
        let (outcome, error) = observed_outcome(OperationName::Chat, Dialect::OpenAi, &body, end).await;
        assert_eq!((outcome.as_str(), error.as_str()), ("failed", "upstream"));
    }
}

#[tokio::test]
async fn a_complete_answer_is_completed_however_its_end_is_detected() {
    let chat = delta_frame(0, r#"{"content":"a"}"#) + &finish_frame(0);
    let embeddings = r#"{"object":"list","data":[],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    for (name, body) in [(OperationName::Chat, &*chat), (OperationName::Embeddings, embeddings)] {
        for end in [EndDetection::Polled, EndDetection::Counted, EndDetection::Declared] {
            let (outcome, _) = observed_outcome(name.clone(), Dialect::OpenAi, body, end).await;
            assert_eq!(outcome, "completed", "{body}");
        }
    }
}

#[tokio::test]
async fn a_refusal_in_the_last_bytes_of_an_answer_is_a_rejection() {
    let body = "data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"code\":\"rate_limit_exceeded\"}}\n\n";
    for end in [EndDetection::Polled, EndDetection::Counted, EndDetection::Declared] {
        let (outcome, error) = observed_outcome(OperationName::Chat, Dialect::OpenAi, body, end).await;
        assert_eq!((outcome.as_str(), error.as_str()), ("rejected", "rate_limited"));
    }
}

#[tokio::test]
async fn reported_tokens_are_counted_by_modality() {
    let answer = concat!(
        r#"data: {"candidates":[{"content":{"parts":[{"text":"A cat."}]},"finishReason":"STOP"}],"#,
        r#""usageMetadata":{"promptTokenCount":270,"candidatesTokenCount":4,"thoughtsTokenCount":6,"totalTokenCount":280,"#,
        r#""promptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"IMAGE","tokenCount":258}],"#,
        r#""candidatesTokensDetails":[{"modality":"TEXT","tokenCount":4}],"serviceTier":"flex"}}"#,
        "\n\n",
    );
    let observer = Observer::builder()
        .role(Role::Gateway)
        .model("m")
        .profile(Profile::Latest)
        .level(Level::Standard)
        .build()
        .unwrap();
    let mut tier = None;
    let on = |event: &Event<'_>| {
        if let Event::Usage(usage) = event {
            tier = usage.reported_service_tier();
        }
    };
    let observed = observe_with(observer.chat("m").start(), Dialect::Gemini, stream::iter([answer]), on);
    assert_eq!(observed.count().await, 1);
    assert_eq!(tier, Some(ServiceTier::Flex));
    let readings = Readings::new(&observer);
    for (direction, modality, expected) in [
        ("input", "text", 10),
        ("input", "image", 258),
        ("input", "unknown", 2),
        ("output", "text", 4),
        ("output", "unknown", 6),
        ("output", "audio", 0),
    ] {
        let name = format!("gen_ai.client.inference.usage.{direction}_tokens");
        assert_eq!(readings.count(&name, &[("gen_ai.token.modality", modality)]), expected, "{direction} {modality}");
    }
}

#[tokio::test]
async fn frames_that_cannot_be_read_are_counted_as_anomalies() {
    for (dialect, answer, anomaly) in [
        (Dialect::OpenAi, "data: {oops}\n\ndata: {\"a\":\n\n", "malformed_frame"),
        (Dialect::Anthropic, "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: {}\n\n", "foreign_event"),
        (
            Dialect::OpenAi,
            "data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: {\"type\":\"content_block_delta\"}\n\n",
            "foreign_event",
        ),
        (
            Dialect::Gemini,
            "data: {\"object\":\"chat.completion.chunk\"}\n\ndata: {\"type\":\"ping\"}\n\n",
            "foreign_event",
        ),
        (Dialect::Ollama, "{\"candidates\":[]}\n{\"usageMetadata\":{}}\n", "foreign_event"),
    ] {
        let (observer, _) = gateway(FirstToken::Generated);
        let observed = observe(observer.chat("m").start(), dialect, stream::iter([answer]));
        assert_eq!(observed.count().await, 1);
        assert_eq!(
            Readings::new(&observer).count("llmobs.self.anomalies", &[("llmobs.anomaly", anomaly)]),
            2,
            "{answer}"
        );
        // Nothing was read, so the response is not a completed, empty one.
        assert_eq!(ended_count(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "upstream")]), 1);
    }
    let (observer, _) = gateway(FirstToken::Generated);
    let frame = delta_frame(0, &format!("{{\"content\":\"{}\"}}", "x".repeat(200)));
    let decoder = Decoder::new(Dialect::OpenAi).max_frame_bytes(64);
    assert_eq!(observe(observer.chat("m").start(), decoder, stream::iter([frame])).count().await, 1);
    assert_eq!(Readings::new(&observer).count("llmobs.self.anomalies", &[("llmobs.anomaly", "skipped_frame")]), 1);
}
