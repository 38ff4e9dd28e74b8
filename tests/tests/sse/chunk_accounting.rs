//! Accounting of one network read: half a frame, many frames, several kinds and choices in one read, a refusal.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::sse::Dialect;
use llmobs::sse::observe;
use llmobs::stream::FirstToken;
use llmobs::testing::Readings;
use llmobs::testing::ScriptedStream;
use proptest::prelude::*;

const TIME_TO_FIRST_CHUNK: &str = "gen_ai.client.operation.time_to_first_chunk";
const TIME_PER_CHUNK: &str = "gen_ai.client.operation.time_per_output_chunk";
const TTFT: &str = "llmobs.time_to_first_token";
const ITL: &str = "llmobs.inter_token.duration";

fn gateway(rule: FirstToken) -> (Observer, ManualClock) {
    let (clock, manual_clock) = Clock::manual();
    let builder = Observer::builder().role(Role::Gateway).model("m").clock(clock).level(Level::Standard);
    (builder.first_token(rule).build().unwrap(), manual_clock)
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn frame(choice: u32, delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{delta}}}]}}\n\n")
}

/// Returns the number of samples, and their sum in microseconds.
fn histogram(observer: &Observer, name: &str) -> (u64, u64) {
    let histogram = Readings::new(observer).histogram(name, &[]);
    (histogram.count, (histogram.sum * 1e6).round() as u64)
}

fn token_count(observer: &Observer, kind: &str) -> u64 {
    Readings::new(observer).count("llmobs.token.processed", &[("llmobs.token.kind", kind)])
}

#[tokio::test]
async fn a_keep_alive_or_half_a_frame_does_not_count_as_a_chunk() {
    for (rule, ttft) in [(FirstToken::Generated, 75_000), (FirstToken::Chunk, 35_000)] {
        let (observer, manual_clock) = gateway(rule);
        let token = frame(0, "{\"content\":\"a\"}");
        let (head, tail) = token.split_at(20);
        let answer = ScriptedStream::new(&manual_clock)
            .wait(ms(10))
            .item(": keep-alive\n\n")
            .wait(ms(20))
            .item("data: {\"choices\":");
        let answer = answer.wait(ms(5)).item("[]}\n\n").wait(ms(7)).item("event: ping\ndata: {\"type\":\"ping\"}\n\n");
        let answer = answer.wait(ms(30)).item(head).wait(ms(3)).item(tail).wait(ms(9)).item(&token);
        observe(observer.chat("m").start(), Dialect::OpenAi, answer.wait(ms(4)).item("data: [DONE]\n\n")).count().await;
        assert_eq!(histogram(&observer, TIME_TO_FIRST_CHUNK), (1, 35_000));
        assert_eq!(histogram(&observer, TIME_PER_CHUNK), (2, 49_000));
        assert_eq!((histogram(&observer, TTFT), histogram(&observer, ITL)), ((1, ttft), (1, 9_000)), "{rule:?}");
    }
}

#[tokio::test]
async fn frames_in_one_read_are_a_chunk_each_and_share_its_time() {
    let (observer, manual_clock) = gateway(FirstToken::Generated);
    let token = frame(0, "{\"content\":\"a\"}");
    let answer = ScriptedStream::new(&manual_clock).wait(ms(50)).item(token.clone()).wait(ms(30)).item(token.repeat(3));
    observe(observer.chat("m").start(), Dialect::OpenAi, answer).count().await;
    assert_eq!(histogram(&observer, TIME_TO_FIRST_CHUNK), (1, 50_000));
    assert_eq!(histogram(&observer, TIME_PER_CHUNK), (3, 30_000));
    let buckets = Readings::new(&observer).histogram(TIME_PER_CHUNK, &[]).buckets;
    assert!(buckets.iter().all(|(upper, count)| (*upper >= 0.01) == (*count == 3)), "each of 10 ms: {buckets:?}");
}

#[tokio::test]
async fn a_read_of_several_kinds_and_choices_counts_each_and_times_the_first_choice_seen() {
    let (observer, manual_clock) = gateway(FirstToken::Generated);
    let read = [
        frame(0, "{\"content\":\"A\"}"),
        frame(1, "{\"reasoning\":\"B\"}"),
        frame(0, "{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}"),
        frame(1, "{\"reasoning\":\"B\",\"content\":\"b\"}"),
    ];
    let first = frame(1, "{\"reasoning\":\"B\"}") + &frame(0, "{\"content\":\"A\"}");
    let answer =
        ScriptedStream::new(&manual_clock).wait(ms(10)).item(first).wait(ms(30)).item(read.concat()).wait(ms(1)).item(
            // A later token of the choice that is not timed.
            frame(0, "{\"content\":\"A\"}"),
        );
    let mut observed = observe(observer.chat("m").start(), Dialect::OpenAi, answer);
    for _ in 0..3 {
        observed.next().await;
    }
    drop(observed);
    assert_eq!(histogram(&observer, TTFT), (1, 10_000));
    assert_eq!(histogram(&observer, ITL), (3, 30_000), "three gaps of choice 1");
    assert_eq!((token_count(&observer, "text"), token_count(&observer, "reasoning")), (5, 3));
    assert_books!(&observer);
}

#[tokio::test]
async fn the_first_visible_token_may_be_of_another_choice_than_the_timed_one() {
    let (observer, manual_clock) = gateway(FirstToken::VisibleContent);
    let both = frame(0, "{\"reasoning\":\"A\"}") + &frame(1, "{\"content\":\"B\"}");
    let answer =
        ScriptedStream::new(&manual_clock).wait(ms(10)).item(frame(0, "{\"reasoning\":\"A\"}")).wait(ms(20)).item(both);
    observe(observer.chat("m").start(), Dialect::OpenAi, answer).count().await;
    assert_eq!((histogram(&observer, TTFT), histogram(&observer, ITL)), ((1, 30_000), (1, 20_000)));
}

proptest! {
    /// The number of tokens of each kind and the number of chunks do not depend on the split of frames into reads.
    #[test]
    fn counts_do_not_depend_on_how_frames_are_split_into_reads(
        deltas in prop::collection::vec((0_u32..3, 0_usize..3), 1..30),
        split_points in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let kinds = ["{\"content\":\"a\"}", "{\"reasoning\":\"a\"}", "{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}"];
        let bytes: String = deltas.iter().map(|(choice, kind)| frame(*choice, kinds[*kind])).collect();
        let mut ends: Vec<usize> =
            split_points.iter().map(|point| point.index(bytes.len())).chain([0, bytes.len()]).collect();
        ends.sort_unstable();
        let (observer, manual_clock) = gateway(FirstToken::Generated);
        let mut answer = ScriptedStream::new(&manual_clock);
        for pair in ends.windows(2) {
            answer = answer.wait(ms(2)).item(bytes[pair[0]..pair[1]].to_owned());
        }
        let mut observed = observe(observer.chat("m").start(), Dialect::OpenAi, answer);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            for _ in 1..ends.len() {
                observed.next().await;
            }
        });
        drop(observed);

        let deltas_of = |expected: usize| deltas.iter().filter(|(_, kind)| *kind == expected).count() as u64;
        prop_assert_eq!(token_count(&observer, "reasoning"), deltas_of(1));
        prop_assert_eq!(token_count(&observer, "text"), deltas_of(0) + deltas_of(2));
        prop_assert_eq!(histogram(&observer, TTFT).0, 1);
        prop_assert_eq!(histogram(&observer, TIME_TO_FIRST_CHUNK).0, 1);
        // Every read that the stream waited for is exact: only the tokens of the first read have no sample.
        let in_first = |is_counted: &dyn Fn(u32) -> bool| {
            let end = ends.iter().copied().find(|end| bytes[..*end].contains("\n\n")).unwrap();
            let complete_frames = bytes[..end].matches("\n\n").count();
            deltas[..complete_frames].iter().filter(|(choice, _)| is_counted(*choice)).count() as u64
        };
        let first_choice = deltas[0].0;
        let timed = deltas.iter().filter(|(choice, _)| *choice == first_choice).count() as u64;
        prop_assert_eq!(histogram(&observer, ITL).0, timed - in_first(&|choice| choice == first_choice));
        prop_assert_eq!(histogram(&observer, TIME_PER_CHUNK).0, deltas.len() as u64 - in_first(&|_| true));
    }
}

fn only_end(observer: &Observer) -> (String, String) {
    assert_books!(observer);
    let page = llmobs::prometheus::page(observer, None).body;
    let is_end = |line: &&str| line.starts_with("llmobs_operation_ended_total{") && line.ends_with(" 1");
    let line = page.lines().find(is_end).unwrap();
    let label = |name: &str| {
        let value = line.split_once(&format!("{name}=\""));
        value.and_then(|(_, value)| value.split('"').next()).unwrap_or_default().to_owned()
    };
    (label("llmobs_operation_outcome"), label("error_type") + &label("llmobs_finish_reason"))
}

#[tokio::test]
async fn an_upstream_refusal_is_rejected_and_an_upstream_fault_is_failed() {
    let blocked =
        "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":6}}\n\n";
    let array = "[{\"promptFeedback\":{\"blockReason\":\"OTHER\"}}]";
    let limited = "data: {\"error\":{\"code\":429,\"message\":\"slow down\"}}\n\ndata: [DONE]\n\n";
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    let token = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n";
    let server_error = "data: {\"error\":{\"code\":500,\"message\":\"oops\"}}\n\n";
    for (dialect, text, outcome, error) in [
        (Dialect::Gemini, blocked.to_owned(), "rejected", "content_filter"),
        (Dialect::Gemini, array.to_owned(), "rejected", "content_filter"),
        (Dialect::OpenAi, limited.to_owned(), "rejected", "rate_limited"),
        (Dialect::OpenAi, role.to_owned() + limited, "rejected", "rate_limited"),
        (Dialect::OpenAi, token.to_owned() + limited, "failed", "rate_limited"),
        (Dialect::Anthropic, overloaded.to_owned(), "rejected", "overloaded"),
        (Dialect::OpenAi, server_error.to_owned(), "failed", "upstream"),
        (Dialect::OpenAi, role.to_owned() + server_error, "failed", "upstream"),
    ] {
        for size in [7, 4_096] {
            let (observer, _) = gateway(FirstToken::Generated);
            let chunks: Vec<_> = text.as_bytes().chunks(size).collect();
            let observed = observe(observer.chat("m").start(), dialect, stream::iter(chunks.clone()));
            assert_eq!(observed.collect::<Vec<_>>().await, chunks, "every chunk passes through");
            assert_eq!(only_end(&observer), (outcome.into(), error.into()), "{size} bytes per read: {text}");
        }
    }
}

#[tokio::test]
async fn a_gemini_generation_stopped_by_a_filter_is_completed() {
    let (observer, _) = gateway(FirstToken::Generated);
    let text = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"SAFETY\"}]}\n\n";
    observe(observer.chat("m").start(), Dialect::Gemini, stream::iter([text])).count().await;
    assert_eq!(only_end(&observer), ("completed".into(), "content_filter".into()));
}

#[tokio::test]
async fn an_answer_that_ends_before_its_last_choice_is_failed() {
    let finish = |choice| {
        format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n")
    };
    let partial = frame(0, "{\"content\":\"a\"}") + &frame(1, "{\"content\":\"b\"}") + &finish(0);
    for (rest, expected) in [
        (String::new(), ("failed", "upstream")),
        (finish(1), ("completed", "stop")),
        ("data: [DONE]\n\n".into(), ("completed", "stop")),
    ] {
        let (observer, _) = gateway(FirstToken::Generated);
        observe(observer.chat("m").start(), Dialect::OpenAi, stream::iter([partial.clone(), rest])).count().await;
        assert_eq!(only_end(&observer), (expected.0.into(), expected.1.into()));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_a_complete_answer_does_not_fail_it() {
    let token = frame(0, "{\"content\":\"a\"}");
    let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let gemini = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    for (dialect, items, outcome) in [
        (Dialect::OpenAi, [&*token, stop, "data: [DONE]\n\n"].concat(), "completed"),
        // The usage report was still outstanding.
        (Dialect::OpenAi, [&*token, stop].concat(), "failed"),
        (Dialect::OpenAi, token.clone(), "failed"),
        (Dialect::Gemini, gemini.to_owned(), "completed"),
        (Dialect::Gemini, gemini.replace("STOP", ""), "failed"),
    ] {
        for reads_on in [true, false] {
            let (observer, _) = gateway(FirstToken::Generated);
            let items = stream::iter([Ok(items.clone()), Err("unexpected end of file")]);
            let mut observed = observe(
                observer.chat("m").start(),
                dialect,
                items.chain(stream::poll_fn(|_| std::task::Poll::Ready(None))),
            );
            assert!(observed.next().await.is_some_and(|item| item.is_ok()));
            assert!(observed.next().await.is_some_and(|item| item.is_err()), "the error passes through");
            if reads_on {
                assert!(observed.next().await.is_none());
            }
            drop(observed);
            assert_eq!(only_end(&observer).0, outcome, "{dialect:?} {reads_on}");
        }
    }
}
