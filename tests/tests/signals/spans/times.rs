//! Start and end times of spans.

#![expect(clippy::disallowed_methods, reason = "spans have timestamps, and real time has to pass")]

use std::ops::RangeInclusive;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;

use llmobs::Role;
use llmobs::Usage;
use llmobs::catalog::Level;

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::between;
use llmobs_tests::tracing_backend::duration;
use llmobs_tests::tracing_backend::span_id;

#[test]
fn a_span_lasts_as_long_as_its_operation_however_it_is_used() {
    let backend = TracingBackend::new();
    let before = SystemTime::now();
    let operation = backend.observer(Role::Server).chat(MODEL).start();
    operation.in_scope(|| tracing::info!("an application event"));
    busy_wait(Duration::from_millis(30));
    let ending = SystemTime::now();
    operation.complete();
    let after = SystemTime::now();
    let span = backend.span(&format!("chat {MODEL}"));
    between(before, span.start_time);
    between(ending, span.end_time);
    between(span.end_time, after);
    assert!(duration(&span) >= Duration::from_millis(30));
}

#[test]
fn queue_prefill_and_decode_are_children_with_their_true_times() {
    let backend = TracingBackend::new();
    let observer = backend.observer(Role::Server);
    let operation = observer.chat(MODEL).preparing().start();
    // Makes a call after some time, and returns when: the time before it and the time after it. However long a busy machine
    // pauses, the call is between them.
    let timed = |wait, call: &dyn Fn()| {
        busy_wait(Duration::from_millis(wait));
        let before = SystemTime::now();
        call();
        before..=SystemTime::now()
    };
    let enqueued = timed(2, &|| operation.marker().enqueued());
    let scheduled = timed(3, &|| operation.marker().scheduled());
    let first_token = timed(4, &|| operation.marker().first_token());
    operation.marker().usage(Usage::new().input(3).output(9));
    busy_wait(Duration::from_millis(5));
    let before = SystemTime::now();
    operation.complete();
    let complete = before..=SystemTime::now();
    // The end reads the two clocks one after the other, so all dates may be wrong by the duration of the end, and the system's
    // clock may run a little faster or slower.
    let slack = between(*complete.start(), *complete.end()) + Duration::from_micros(100);
    let contains =
        |range: &RangeInclusive<SystemTime>, date| (*range.start() - slack..=*range.end() + slack).contains(&date);
    let parent = backend.span(&format!("chat {MODEL}"));
    for (name, from, to) in
        [("queue", &enqueued, &scheduled), ("prefill", &scheduled, &first_token), ("decode", &first_token, &complete)]
    {
        let child = backend.span(name);
        assert_eq!(child.parent_span_id, span_id(&parent), "{name}");
        assert_eq!(child.span_context.trace_id(), parent.span_context.trace_id());
        assert!(contains(from, child.start_time), "{name} starts at {:?}, not in {from:?}", child.start_time);
        assert!(contains(to, child.end_time), "{name} ends at {:?}, not in {to:?}", child.end_time);
        between(parent.start_time, child.start_time);
        between(child.end_time, parent.end_time);
    }
}

#[test]
fn at_the_standard_level_queue_and_prefill_are_events_and_at_core_they_are_absent() {
    for (level, expected) in [(Level::Standard, vec!["queue", "prefill"]), (Level::Core, Vec::new())] {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Server).level(level).build().unwrap();
        let operation = observer.chat(MODEL).start();
        operation.marker().enqueued();
        operation.marker().scheduled();
        operation.marker().first_token();
        operation.complete();
        let span = backend.span(&format!("chat {MODEL}"));
        let events: Vec<_> = span.events.iter().map(|event| event.name.as_ref()).collect();
        assert_eq!(events, expected, "{level:?}");
        assert_eq!(backend.spans().len(), 1);
    }
}

#[test]
fn without_a_tracer_provider_queue_and_prefill_are_events_at_every_level() {
    let backend = TracingBackend::new();
    let noop = opentelemetry::trace::noop::NoopTracerProvider::new();
    let observer = backend.builder(Role::Server).tracer_provider(&noop).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().first_token();
    operation.complete();
    let span = backend.span(&format!("chat {MODEL}"));
    assert!(span.events.iter().any(|event| event.name == "prefill"));
}

#[test]
fn an_operation_can_end_on_another_thread() {
    let backend = TracingBackend::new();
    let operation = backend.observer(Role::Server).chat(MODEL).start();
    thread::spawn(move || {
        busy_wait(Duration::from_millis(5));
        operation.complete();
    })
    .join()
    .unwrap();
    assert!(duration(&backend.span(&format!("chat {MODEL}"))) >= Duration::from_millis(5));
}

/// Busy-waits. Spans use the system clock, which a test cannot move.
fn busy_wait(time: Duration) {
    let began = std::time::Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}
