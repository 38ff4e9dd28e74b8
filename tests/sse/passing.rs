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
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::semconv::value::OperationName;
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
    let (clock, hand) = Clock::manual();
    let builder =
        Observer::builder().role(Role::Gateway).model("m").clock(clock).level(Level::Standard).first_token(rule);
    (builder.build().unwrap(), hand)
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn frame(choice: u32, delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{delta}}}]}}\n\n")
}

fn finish(choice: u32) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n")
}

/// Returns a stream that pends forever. (`stream::pending` is unsuitable: its size hint reports an ended stream.)
fn silence<T>() -> impl Stream<Item = T> + Unpin {
    stream::poll_fn(|_| Poll::Pending)
}

fn ended(observer: &Observer, attributes: &[(&str, &str)]) -> u64 {
    assert_books!(observer);
    assert_eq!(Books::of(observer).ended, 1);
    Readings::of(observer).count(ENDED, attributes)
}

#[tokio::test]
async fn every_item_passes_untouched_whatever_is_in_it() {
    for (name, dialect, bytes) in transcripts::ALL {
        let (observer, _) = gateway(FirstToken::Generated);
        let pieces: Vec<Vec<u8>> = bytes.chunks(11).map(<[u8]>::to_vec).collect();
        let watched = observe(observer.chat("m").start(), *dialect, stream::iter(pieces.clone()));
        assert_eq!(watched.size_hint(), (pieces.len(), Some(pieces.len())));
        assert_eq!(watched.collect::<Vec<_>>().await, pieces, "{name}");
        assert_books!(observer);
    }
}

#[tokio::test]
async fn an_item_passes_in_the_poll_in_which_it_comes() {
    let (observer, _) = gateway(FirstToken::Generated);
    // Half a frame, then pending forever: a decoder that waits for the second half would hang.
    let halves = stream::iter(["data: {\"choi"]).chain(silence());
    let mut watched = observe(observer.chat("m").start(), Dialect::OpenAi, halves);
    assert_eq!(watched.next().now_or_never(), Some(Some("data: {\"choi")));
    assert_eq!(watched.next().now_or_never(), None);
}

#[tokio::test]
async fn the_first_token_is_neither_a_keep_alive_nor_a_role() {
    for (rule, expected) in [(FirstToken::Generated, 60), (FirstToken::VisibleContent, 100)] {
        let (observer, hand) = gateway(rule);
        let answer = ScriptedStream::new(&hand)
            .wait(ms(10))
            .item(": keep-alive\n\n".to_owned())
            .wait(ms(20))
            .item(frame(0, "{\"role\":\"assistant\",\"content\":\"\"}"))
            .wait(ms(30))
            .item(frame(0, "{\"reasoning\":\"Hm\"}"))
            .wait(ms(40))
            .item(frame(0, "{\"content\":\"Yes\"}"))
            .wait(ms(50))
            .item(finish(0));
        observe(observer.chat("m").start(), Dialect::OpenAi, answer).count().await;
        let first = Readings::of(&observer).histogram(TTFT, &[]);
        assert_eq!((first.count, first.sum), (1, ms(expected).as_secs_f64()), "{rule:?}");
    }
}

#[tokio::test]
async fn a_frame_cut_in_two_came_with_its_second_half() {
    let (observer, hand) = gateway(FirstToken::Generated);
    let whole = frame(0, "{\"content\":\"Yes\"}");
    let (one, other) = whole.split_at(30);
    let answer = ScriptedStream::new(&hand).wait(ms(10)).item(one).wait(ms(20)).item(other);
    let mut watched = observe(observer.chat("m").start(), Dialect::OpenAi, answer);
    watched.next().await;
    watched.next().await;
    assert_eq!(Readings::of(&observer).histogram(TTFT, &[]).sum, 0.03);
}

#[tokio::test]
async fn deltas_of_one_piece_share_its_time() {
    let (observer, hand) = gateway(FirstToken::Generated);
    let token = frame(0, "{\"content\":\"a\"}");
    let answer =
        ScriptedStream::new(&hand).wait(ms(50)).item(token.clone()).wait(ms(30)).item(token.repeat(3)).item(finish(0));
    observe(observer.chat("m").start(), Dialect::OpenAi, answer).count().await;
    let gaps = Readings::of(&observer).histogram("llmobs.inter_token.duration", &[]);
    assert_eq!(gaps.count, 3);
    assert!((gaps.sum - 0.03).abs() < 1e-9, "{}", gaps.sum);
}

#[tokio::test]
async fn only_the_first_choice_seen_is_timed() {
    let (observer, hand) = gateway(FirstToken::Generated);
    let both = frame(0, "{\"content\":\"A\"}") + &frame(1, "{\"content\":\"B\"}");
    let answer = ScriptedStream::new(&hand).wait(ms(10)).item(frame(1, "{\"content\":\"B\"}")).wait(ms(20)).item(both);
    observe(observer.chat("m").start(), Dialect::OpenAi, answer.item(finish(0) + &finish(1))).count().await;
    let gaps = Readings::of(&observer).histogram("llmobs.inter_token.duration", &[]);
    assert_eq!((gaps.count, gaps.sum), (1, 0.02));
}

#[tokio::test]
async fn what_the_upstream_reports_is_what_counts() {
    let (observer, _) = gateway(FirstToken::Generated);
    observe(observer.chat("m").start(), Dialect::Anthropic, stream::iter([transcripts::anthropic])).count().await;
    let readings = Readings::of(&observer);
    let tokens = |kind, source| {
        readings.count("llmobs.token.processed", &[("llmobs.token.kind", kind), ("llmobs.token.source", source)])
    };
    let kinds = ["uncached", "cache_read", "cache_write", "text", "reasoning"];
    assert_eq!(kinds.map(|kind| tokens(kind, "reported")), [25, 1_000, 200, 49, 40]);
    assert_eq!(kinds.map(|kind| tokens(kind, "counted")), [0; 5]);
    let standard = |kind| readings.histogram("gen_ai.client.token.usage", &[("gen_ai.token.type", kind)]).sum;
    assert_eq!((standard("input"), standard("output")), (1_225.0, 89.0));
    assert_eq!(ended(&observer, &[("llmobs.finish_reason", "tool_call")]), 1);
}

#[tokio::test]
async fn without_a_report_the_deltas_are_counted_and_a_reader_that_leaves_wastes_them() {
    let (observer, _) = gateway(FirstToken::Generated);
    let deltas = [frame(0, "{\"reasoning\":\"a\"}"), frame(0, "{\"content\":\"b\"}"), frame(0, "{\"content\":\"c\"}")];
    let mut watched = observe(observer.chat("m").start(), Dialect::OpenAi, stream::iter(deltas).chain(silence()));
    for _ in 0..3 {
        watched.next().await;
    }
    drop(watched);
    let readings = Readings::of(&observer);
    let counted = |kind| {
        readings.count("llmobs.token.processed", &[("llmobs.token.kind", kind), ("llmobs.token.source", "counted")])
    };
    assert_eq!((counted("reasoning"), counted("text")), (1, 2));
    assert_eq!(readings.count("llmobs.token.wasted", &[]), 3);
    assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "cancelled")]), 1);
}

#[tokio::test]
async fn a_placeholder_for_the_output_is_no_report_when_the_reader_leaves() {
    let (observer, _) = gateway(FirstToken::Generated);
    let begun = std::str::from_utf8(transcripts::anthropic).unwrap().split("event: message_delta").next().unwrap();
    let mut watched = observe(observer.chat("m").start(), Dialect::Anthropic, stream::iter([begun]).chain(silence()));
    watched.next().await;
    drop(watched);
    let readings = Readings::of(&observer);
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
        assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", error)]), 1);
        assert_eq!(Readings::of(&observer).histogram(TTFT, &[]).count, 1, "there was a first token all the same");
    }
}

#[tokio::test]
async fn a_broken_connection_fails_the_operation_and_what_comes_after_passes() {
    let (observer, _) = gateway(FirstToken::Generated);
    let items = [Ok(frame(0, "{\"content\":\"a\"}")), Err("reset"), Ok(finish(0))];
    let watched = observe(observer.chat("m").start(), Dialect::OpenAi, stream::iter(items.clone()));
    assert_eq!(watched.collect::<Vec<_>>().await, items);
    assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "upstream")]), 1);
}

#[tokio::test]
async fn an_answer_that_ends_without_an_end_was_cut_off() {
    let (observer, _) = gateway(FirstToken::Generated);
    let items = stream::iter([frame(0, "{\"content\":\"a\"}")]);
    observe(observer.chat("m").start(), Dialect::OpenAi, items).count().await;
    assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "upstream")]), 1);
}

#[tokio::test]
async fn a_last_line_without_its_end_is_read_when_the_stream_ends() {
    let (observer, _) = gateway(FirstToken::Generated);
    let text = std::str::from_utf8(transcripts::ollama_chat).unwrap().trim_end();
    observe(observer.chat("m").start(), Dialect::Ollama, stream::iter(text.as_bytes().chunks(100))).count().await;
    assert_eq!(ended(&observer, &[("llmobs.finish_reason", "stop")]), 1);
    assert_eq!(Readings::of(&observer).histogram("llmobs.operation.output_tokens", &[]).sum, 259.0);
}

#[tokio::test]
async fn a_reader_that_leaves_after_the_finish_reason_got_all_it_asked_for() {
    let (observer, _) = gateway(FirstToken::Generated);
    let items = stream::iter([frame(0, "{\"content\":\"a\"}"), finish(0)]).chain(silence());
    let mut watched = observe(observer.chat("m").start(), Dialect::OpenAi, items);
    watched.next().await;
    watched.next().await;
    drop(watched);
    assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "completed")]), 1);
}

#[tokio::test]
async fn a_reader_that_leaves_before_the_last_choice_ended_did_not() {
    let (observer, _) = gateway(FirstToken::Generated);
    let begun = frame(0, "{\"content\":\"a\"}") + &frame(1, "{\"content\":\"b\"}");
    let mut watched =
        observe(observer.chat("m").start(), Dialect::OpenAi, stream::iter([begun + &finish(0)]).chain(silence()));
    watched.next().await;
    drop(watched);
    assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "cancelled")]), 1);
}

#[tokio::test]
async fn a_disabled_observer_reads_nothing_and_passes_everything() {
    let (observer, mut seen) = (Observer::disabled(), 0);
    let watched = observe_with(
        observer.chat("m").start(),
        Dialect::OpenAi,
        stream::iter([transcripts::openai_chat]),
        |_: &Event<'_>| seen += 1,
    );
    assert_eq!(watched.collect::<Vec<_>>().await, [transcripts::openai_chat]);
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn a_panic_of_whoever_looks_at_the_events_is_one_of_the_stream() {
    let (observer, _) = gateway(FirstToken::Generated);
    let watched = observe_with(
        observer.chat("m").start(),
        Dialect::OpenAi,
        stream::iter([transcripts::openai_chat]),
        |_: &Event<'_>| panic!("the one who looks"),
    );
    let counted = std::panic::AssertUnwindSafe(watched.count()).catch_unwind().await;
    assert!(counted.is_err());
    assert_eq!(ended(&observer, &[("llmobs.operation.outcome", "failed"), ("error.type", "internal")]), 1);
}

#[test]
fn a_watched_stream_may_go_to_another_thread_and_be_moved() {
    fn is_free<T: Send + Unpin + 'static>(_: &T) {}
    let watched = observe(
        Observer::disabled().chat("m").start(),
        Dialect::OpenAi,
        stream::iter([Ok::<Vec<u8>, std::io::Error>(Vec::new())]),
    );
    is_free(&watched);
    let mut watched = Box::pin(watched);
    let poll: Poll<Option<_>> = Pin::new(&mut watched).poll_next(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(poll.is_ready());
}

/// Answers without generated content: they end before the first token.
const NOTHING: [(Dialect, &str); 6] = [
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
enum End {
    /// The consumer polls until the stream ends.
    Polled,
    /// The consumer counts items, and the stream's size hint reports the end.
    Counted,
    /// The consumer counts bytes; the stream does not report its end, but its length is declared.
    Declared,
}

async fn outcome_of(name: OperationName, dialect: Dialect, body: &str, end: End) -> (String, String) {
    let observer = gateway(FirstToken::Generated).0;
    let operation = observer.operation(name, "m").start();
    let pieces: Vec<&str> = if body.is_empty() { Vec::new() } else { vec![body] };
    let count = pieces.len();
    match end {
        End::Polled => {
            assert_eq!(observe(operation, dialect, stream::iter(pieces)).count().await, count);
        }
        End::Counted => {
            assert_eq!(observe(operation, dialect, stream::iter(pieces)).take(count).count().await, count);
        }
        End::Declared => {
            let reader = Decoder::new(dialect).content_length(body.len() as u64);
            let pieces = stream::iter(pieces).chain(silence());
            assert_eq!(observe(operation, reader, pieces).take(count).count().await, count);
        }
    }
    assert_books!(observer);
    let readings = Readings::of(&observer);
    let ends = [("completed", ""), ("cancelled", "cancelled"), ("failed", "upstream"), ("rejected", "rate_limited")];
    let (outcome, error) = ends
        .into_iter()
        .find(|(outcome, error)| {
            let error = (!error.is_empty()).then_some(("error.type", *error));
            let labels: Vec<_> = [("llmobs.operation.outcome", *outcome)].into_iter().chain(error).collect();
            readings.count(ENDED, &labels) == 1
        })
        .expect("it ended in one of these ways");
    (outcome.to_owned(), error.to_owned())
}

#[tokio::test]
async fn an_answer_that_ends_before_anything_was_generated_failed_however_its_end_is_seen() {
    for (dialect, body) in NOTHING {
        for end in [End::Polled, End::Counted, End::Declared] {
            let (outcome, error) = outcome_of(OperationName::Chat, dialect, body, end).await;
            assert_eq!((outcome.as_str(), error.as_str()), ("failed", "upstream"), "{body:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_off_failed_however_its_end_is_seen() {
    let body = frame(0, r#"{"content":"a"}"#);
    for end in [End::Polled, End::Counted, End::Declared] {
        let (outcome, error) = outcome_of(OperationName::Chat, Dialect::OpenAi, &body, end).await;
        assert_eq!((outcome.as_str(), error.as_str()), ("failed", "upstream"));
    }
}

#[tokio::test]
async fn an_answer_that_is_whole_is_completed_however_its_end_is_seen() {
    let chat = frame(0, r#"{"content":"a"}"#) + &finish(0);
    let embeddings = r#"{"object":"list","data":[],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    for (name, body) in [(OperationName::Chat, &*chat), (OperationName::Embeddings, embeddings)] {
        for end in [End::Polled, End::Counted, End::Declared] {
            let (outcome, _) = outcome_of(name.clone(), Dialect::OpenAi, body, end).await;
            assert_eq!(outcome, "completed", "{body}");
        }
    }
}

#[tokio::test]
async fn a_refusal_in_the_last_bytes_of_a_counted_answer_is_a_rejection() {
    let body = "data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"code\":\"rate_limit_exceeded\"}}\n\n";
    for end in [End::Polled, End::Counted, End::Declared] {
        let (outcome, error) = outcome_of(OperationName::Chat, Dialect::OpenAi, body, end).await;
        assert_eq!((outcome.as_str(), error.as_str()), ("rejected", "rate_limited"));
    }
}
