//! The moment at which a fact is recorded: as soon as it is true. Operations in flight are visible.

use std::time::Duration;

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::in_flight::WaitsFor;
use llmobs::semconv::value::State;
use llmobs::testing::Readings;

use crate::fixture::DURATION;
use crate::fixture::Fixture;
use crate::fixture::ITL;
use crate::fixture::MODEL;
use crate::fixture::PREFILL;
use crate::fixture::PROCESSED;
use crate::fixture::QUEUE;
use crate::fixture::TTFT;
use crate::fixture::expect_pending;
use crate::fixture::ms;
use crate::fixture::seconds_to_duration;

const OLDEST: &str = "llmobs.operation.oldest.age";

#[test]
fn queue_prefill_and_ttft_are_recorded_at_their_moment() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    assert_eq!(fixture.count("llmobs.operation.started", &[]), 1);
    marker.enqueued();
    fixture.advance(ms(10));
    marker.scheduled();
    assert_eq!(fixture.histogram(QUEUE), (1, ms(10)));
    fixture.advance(ms(40));
    marker.first_token();
    assert_eq!(fixture.histogram(PREFILL), (1, ms(40)));
    assert_eq!(fixture.histogram(TTFT), (1, ms(50)));
    assert_eq!(fixture.histogram(DURATION).0, 0, "the duration is recorded at the end");
    operation.complete();
    assert_eq!(fixture.histogram(DURATION).0, 1);
}

#[tokio::test]
async fn tokens_and_itl_are_recorded_once_a_second_and_at_the_end() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(250, ms(10)));
    let mut seen = vec![(0, 0)];
    while stream.next().await.is_some() {
        let now = (fixture.count(PROCESSED, &[]), fixture.histogram(ITL).0);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, [(0, 0), (100, 99), (200, 199)], "after each second, and not in between");
    assert_eq!((fixture.count(PROCESSED, &[]), fixture.histogram(ITL).0), (250, 249));
}

#[tokio::test]
async fn a_long_stream_is_never_more_than_a_second_behind() {
    let fixture = Fixture::new();
    let mut stream =
        fixture.chat().observe(fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(300, ms(33)));
    for read in 1..=301_u64 {
        stream.next().await;
        assert!(read - fixture.count(PROCESSED, &[]) <= 31, "one second of tokens, and the one that waits for it");
    }
}

#[test]
fn the_in_flight_registry_shows_age_state_and_what_each_operation_waits_for() {
    let fixture = Fixture::new();
    let operation = fixture.observer.chat(MODEL).preparing().start();
    let marker = operation.marker().clone();
    let assert_entry = |state, waits_for, age| {
        let table = fixture.observer.in_flight();
        assert_eq!((table.len(), table[0].state, table[0].waits_for, table[0].age), (1, state, waits_for, age));
        assert_eq!(fixture.active_in_state(state.as_str()), 1);
        assert_eq!(fixture.count("llmobs.operation.active", &[]), 1, "in one state at a time");
    };
    assert_entry(State::Preparing, WaitsFor::Preparation, ms(0));
    fixture.advance(ms(5));
    marker.enqueued();
    fixture.advance(ms(10));
    assert_entry(State::Queued, WaitsFor::Queue, ms(15));
    marker.scheduled();
    fixture.advance(ms(20));
    assert_entry(State::Prefill, WaitsFor::Engine, ms(35));
    marker.first_token();
    fixture.advance(ms(40));
    assert_entry(State::Decode, WaitsFor::Engine, ms(75));
    operation.complete();
    assert!(fixture.observer.in_flight().is_empty());
    let states = ["preparing", "queued", "prefill", "decode", "blocked"].map(|state| fixture.time_in_state(state));
    assert_eq!(states, [ms(5), ms(10), ms(20), ms(40), ms(0)]);
}

#[tokio::test]
async fn the_in_flight_registry_shows_tokens_their_rate_and_a_consumer_that_is_away() {
    let fixture = Fixture::new();
    let mut stream =
        fixture.chat().observe(fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(9, ms(20)).hang_at_end());
    assert_eq!(fixture.observer.in_flight()[0].tokens_per_second, None);
    for _ in 0..6 {
        stream.next().await;
    }
    fixture.advance(ms(20));
    let away = &fixture.observer.in_flight()[0];
    assert_eq!((away.state, away.waits_for, away.tokens), (State::Blocked, WaitsFor::Consumer, 6));
    assert_eq!(away.tokens_per_second, Some(50.0), "six tokens in 120 ms");
    assert_eq!((away.operation.as_str(), away.provider.as_str(), away.model.as_str()), ("chat", "unknown", MODEL));
    for _ in 0..4 {
        stream.next().await;
    }
    expect_pending(&mut stream).await;
    let back = &fixture.observer.in_flight()[0];
    assert_eq!((back.state, back.waits_for, back.tokens), (State::Decode, WaitsFor::Engine, 10));
}

#[test]
fn the_in_flight_registry_lists_the_oldest_first_and_names_the_sampled_trace() {
    use opentelemetry::trace::SpanContext;
    use opentelemetry::trace::SpanId;
    use opentelemetry::trace::TraceContextExt;
    use opentelemetry::trace::TraceFlags;
    use opentelemetry::trace::TraceId;

    let fixture = Fixture::new();
    let start_under = |flags| {
        let (trace, span) = (TraceId::from(0xabc_u128), SpanId::from(0xdef_u64));
        let parent = SpanContext::new(trace, span, flags, false, Default::default());
        let _current = opentelemetry::Context::new().with_remote_span_context(parent).attach();
        let operation = fixture.chat();
        fixture.advance(ms(10));
        operation
    };
    let _running = [start_under(TraceFlags::SAMPLED), start_under(TraceFlags::NOT_SAMPLED)];
    let table = fixture.observer.in_flight();
    assert_eq!(table.iter().map(|operation| operation.age).collect::<Vec<_>>(), [ms(20), ms(10)]);
    assert_eq!(table[0].trace_id.as_deref(), Some("00000000000000000000000000000abc"));
    assert_eq!(table[1].trace_id, None, "a trace that was not sampled has no id here");
}

#[tokio::test]
async fn a_hung_engine_shows_within_a_second() {
    let fixture = Fixture::new();
    let prefill = fixture.chat();
    let mut decoding = fixture.chat().observe(fixture.producer().tokens(1, ms(20)).hang_at_end());
    decoding.next().await;
    expect_pending(&mut decoding).await;
    let in_state = |state| [("llmobs.operation.state", state)];
    let before = fixture.metrics();
    fixture.advance(ms(1_000));
    let after = fixture.metrics();
    for state in ["prefill", "decode"] {
        let grown =
            |name| seconds_to_duration(after.value(name, &in_state(state)) - before.value(name, &in_state(state)));
        assert_eq!(grown(OLDEST), ms(1_000), "{state}");
        assert_eq!(grown("llmobs.operation.state.time"), ms(1_000), "{state}");
        assert_eq!(after.count("llmobs.operation.active", &in_state(state)), 1);
    }
    prefill.complete();
    assert_eq!(fixture.metrics().value(OLDEST, &in_state("prefill")), 0.0);
}

#[test]
fn each_mark_of_an_operation_ends_its_silence() {
    let fixture = Fixture::new();
    let operation = fixture.observer.chat(MODEL).preparing().start();
    let marker = operation.marker().clone();
    let silence = |state| {
        assert_eq!(fixture.observer.in_flight()[0].silence, fixture.silence(state), "{state}");
        fixture.silence(state)
    };
    fixture.advance(ms(5));
    assert_eq!(silence("preparing"), ms(5));
    marker.enqueued();
    fixture.advance(ms(10));
    assert_eq!((silence("queued"), fixture.silence("preparing")), (ms(10), ms(0)));
    marker.scheduled();
    fixture.advance(ms(20));
    assert_eq!(silence("prefill"), ms(20));
    marker.scheduled();
    fixture.advance(ms(1));
    assert_eq!(silence("prefill"), ms(21), "a preemption is no progress");
    marker.first_token();
    fixture.advance(ms(40));
    marker.first_token();
    assert_eq!(silence("decode"), ms(40), "there is one first token");
    operation.complete();
    assert_eq!(fixture.silence("decode"), ms(0));
}

#[tokio::test]
async fn a_stalled_stream_is_silent_since_its_last_token_whatever_else_it_carries() {
    let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
    let producer = fixture.producer().item_after(ms(40), Chunk::no_tokens()).tokens(3, ms(20));
    let producer = producer.item_after(ms(50), Chunk::ignored()).hang_at_end();
    let mut stream = fixture.chat().observe(producer);
    for silence in [40, 0, 0, 0, 50].map(ms) {
        stream.next().await;
        assert_eq!(fixture.silence("blocked"), silence);
    }
    expect_pending(&mut stream).await;
    fixture.advance(ms(30_000));
    assert_eq!(fixture.silence("streaming"), ms(30_050));
    let fresh = fixture.chat();
    assert_eq!((fixture.silence("streaming"), fixture.silence("waiting")), (ms(30_050), ms(0)));
    fixture.advance(ms(7));
    assert_eq!(fixture.silence("waiting"), ms(7), "the longest of the model and state");
    fresh.cancel();
}

#[tokio::test]
async fn a_readers_absence_is_no_silence() {
    let fixture = Fixture::new();
    let producer = fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(1, ms(20));
    let mut stream = fixture.chat().observe(producer.item_after(ms(30), Chunk::ignored()).hang_at_end());
    stream.next().await;
    stream.next().await;
    fixture.advance(ms(5_000));
    assert_eq!(fixture.silence("blocked"), ms(0), "the reader is away");
    stream.next().await;
    fixture.advance(ms(6_000));
    let marker = stream.marker();
    assert_eq!(fixture.silence("blocked"), ms(0), "the item was ready when the reader came back");
    expect_pending(&mut stream).await;
    fixture.advance(ms(100));
    assert_eq!(fixture.silence("decode"), ms(100), "both absences are taken out");
    marker.scheduled();
    fixture.advance(ms(3));
    assert_eq!(fixture.silence("decode"), ms(3), "a mark after an absence");
}

#[tokio::test]
async fn time_by_state_sums_to_the_ages_of_all_operations_and_consumer_wait_is_blocked_time() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(2, ms(20)));
    for nap in [5, 300, 0] {
        stream.next().await;
        fixture.advance(ms(nap));
    }
    fixture.advance(ms(2_000)); // After the last item, until the consumer polls for the end.
    let states = || ["prefill", "decode", "blocked"].map(|state| fixture.time_in_state(state));
    let seen_while_away = states();
    assert_eq!(stream.next().await, None);
    assert_eq!(states(), seen_while_away, "the end does not change the times before it");
    assert_eq!(states(), [ms(40), ms(15), ms(2_305)]);
}

#[test]
fn levels_switch_at_run_time_and_the_counts_stay_balanced() {
    let fixture = Fixture::with(|builder| builder.level(Level::Core));
    let run_operation = || {
        let operation = fixture.observer.chat(MODEL).max_tokens(64).start();
        fixture.advance(ms(40));
        operation.marker().first_token();
        operation.complete();
    };
    let recorded = || {
        // The page does not show rows above the current level.
        let metrics = fixture.metrics();
        let of = |name| metrics.histogram(name, &[]).count;
        (of(DURATION), of(TTFT), of("llmobs.request.max_tokens"))
    };
    run_operation();
    assert_eq!(recorded(), (1, 0, 0));
    fixture.observer.set_level(Level::Standard);
    run_operation();
    assert_eq!(recorded(), (2, 1, 0));
    fixture.observer.set_level(Level::Full);
    run_operation();
    assert_eq!(recorded(), (3, 2, 1));
    fixture.observer.set_level(Level::Core);
    run_operation();
    assert_eq!(recorded(), (4, 0, 0));
    assert_books!(fixture.observer);
    fixture.observer.set_level(Level::Full);
    assert_eq!(recorded(), (4, 2, 1));
}

#[test]
fn a_gateway_starts_at_the_core_level() {
    let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
    let operation = fixture.chat();
    operation.marker().first_token();
    operation.complete();
    assert_eq!(fixture.histogram(TTFT).0, 0);
    assert_eq!(fixture.histogram("gen_ai.client.operation.duration").0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_can_follow_tokios_paused_time() {
    let observer = Observer::builder().clock(Clock::tokio()).model(MODEL).build().unwrap();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let engine = tokio::spawn(async move {
        for _ in 0..5 {
            tokio::time::sleep(ms(20)).await;
            sender.send(Chunk::tokens(1)).unwrap();
        }
    });
    let receiving =
        futures_util::stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let stream = observer.chat(MODEL).start().observe(receiving);
    assert_eq!(stream.count().await, 5);
    engine.await.unwrap();
    let metrics = Readings::new(&observer);
    // Tokio's timer has a resolution of 1 ms. With paused time the test takes no real time.
    let near = |name: &str, expected: Duration| {
        let sum = seconds_to_duration(metrics.histogram(name, &[]).sum);
        assert!(sum.abs_diff(expected) <= ms(5), "{name}: {sum:?}");
    };
    near(TTFT, ms(20));
    near(ITL, ms(80));
    near(DURATION, ms(100));
    assert_books!(observer);
}

#[tokio::test]
async fn a_scope_has_its_own_observer_and_a_spawned_task_does_not_inherit_it() {
    let (fixture, other) = (Fixture::new(), Fixture::new());
    let inner = async {
        Observer::current().chat(MODEL).start().complete();
        let spawned = tokio::spawn(async { Observer::current().is_enabled() });
        assert!(!spawned.await.unwrap());
        other.observer.scope(async { Observer::current().chat(MODEL).start().cancel() }).await;
        tokio::task::yield_now().await;
        Observer::current().chat(MODEL).start().complete();
    };
    fixture.observer.scope(inner).await;
    assert!(!Observer::current().is_enabled());
    assert_eq!((fixture.ended_count("completed"), fixture.ended_count("cancelled")), (2, 0));
    assert_eq!((other.ended_count("completed"), other.ended_count("cancelled")), (0, 1));
}

#[tokio::test]
async fn scopes_of_interleaved_tasks_do_not_mix() {
    let fixtures = [Fixture::new(), Fixture::new(), Fixture::new()];
    let tasks = fixtures.iter().map(|fixture| {
        fixture.observer.scope(async {
            for _ in 0..10 {
                Observer::current().chat(MODEL).start().complete();
                tokio::task::yield_now().await;
            }
        })
    });
    futures_util::future::join_all(tasks).await;
    for fixture in &fixtures {
        assert_eq!(fixture.ended_count("completed"), 10);
    }
}

#[tokio::test]
async fn a_disabled_observer_observes_nothing_and_passes_everything() {
    let observer = Observer::disabled();
    let operation = observer.chat(MODEL).start();
    operation.marker().first_token();
    let stream = operation.observe(futures_util::stream::iter(["a", "b"]));
    assert_eq!(futures_util::Stream::size_hint(&stream), (2, Some(2)));
    assert_eq!(stream.collect::<String>().await, "ab");
    assert!(observer.in_flight().is_empty());
    assert!(!observer.is_enabled());
}
