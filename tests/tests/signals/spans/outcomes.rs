//! The representation of an operation's end on its span.

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Objective;
use llmobs::Role;
use llmobs::catalog::Profile;
use opentelemetry::trace::Status;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use llmobs_tests::tracing_backend::text;
use llmobs_tests::tracing_backend::texts;

#[test]
fn every_end_has_the_same_outcome_on_the_span_as_on_the_metric() {
    type End = fn(llmobs::Operation);
    let ends: [(&str, End, &str, Option<&'static str>); 7] = [
        ("completed", |operation| operation.complete(), "completed", None),
        ("failed", |operation| operation.fail(ErrorType::OutOfMemory), "failed", Some("out_of_memory")),
        ("rejected", |operation| operation.reject(ErrorType::Overloaded), "rejected", Some("overloaded")),
        ("cancelled", |operation| operation.cancel(), "cancelled", Some("cancelled")),
        ("dropped", drop, "cancelled", Some("cancelled")),
        (
            "marked and dropped",
            |operation| operation.marker().set_error(ErrorType::Inference),
            "failed",
            Some("inference"),
        ),
        (
            "panicked",
            |operation| {
                let panicked = catch_unwind(AssertUnwindSafe(move || {
                    let _operation = operation;
                    panic!("on purpose");
                }));
                assert!(panicked.is_err());
            },
            "failed",
            Some("internal"),
        ),
    ];
    for (name, end, outcome, error) in ends {
        let backend = TracingBackend::new();
        end(backend.observer(Role::Server).chat(MODEL).start());
        let span = backend.span(&format!("chat {MODEL}"));
        let found = attributes(&span);
        assert_eq!(found["llmobs.operation.outcome"].as_str(), outcome, "{name}");
        assert_eq!(found.get("error.type").cloned(), error.map(text), "{name}");
        assert_eq!(matches!(span.status, Status::Error { .. }), error.is_some(), "{name}: {:?}", span.status);
        assert!(span.events.iter().all(|event| event.name != "exception"), "{name}: an exception is a log event");
    }
}

#[test]
fn an_operation_that_failed_without_a_finish_reason_has_the_reason_error_in_the_latest_profile() {
    for (profile, reasons) in [(Profile::V1_41, None), (Profile::Latest, Some(texts(&["error"])))] {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Client).profile(profile).build().unwrap();
        observer.chat(MODEL).start().fail(ErrorType::Upstream);
        let found = attributes(&backend.span(&format!("chat {MODEL}")));
        assert_eq!(found.get("gen_ai.response.finish_reasons").cloned(), reasons, "{profile:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_its_span_when_it_ends_and_not_before() {
    let backend = TracingBackend::new();
    let observer = backend.observer(Role::Server);
    let tokens = stream::iter([1, 2, 3]);
    let mut stream = observer.chat(MODEL).start().observe_with(tokens, |n| {
        let chunk = Chunk::tokens(1);
        if *n == 3 { chunk.finish_reason(FinishReason::Stop) } else { chunk }
    });
    let marker = stream.marker();
    while stream.next().await.is_some() {
        assert!(backend.spans().is_empty(), "the stream has not ended");
    }
    let found = attributes(&backend.span(&format!("chat {MODEL}")));
    assert_eq!(found["gen_ai.response.finish_reasons"], texts(&["stop"]));
    assert_eq!(found["gen_ai.request.stream"], opentelemetry::Value::Bool(true));
    assert_eq!(found["gen_ai.usage.output_tokens"], opentelemetry::Value::I64(3));
    drop((marker, stream));
    assert_eq!(backend.spans().iter().filter(|span| span.name.starts_with("chat")).count(), 1);
}

#[tokio::test]
async fn a_client_and_a_gateway_have_the_time_to_the_first_chunk_and_a_server_does_not() {
    for (role, expected) in [(Role::Server, false), (Role::Gateway, true), (Role::Client, true)] {
        let backend = TracingBackend::new();
        let observer = backend.observer(role);
        observer.chat(MODEL).start().observe_with(stream::iter([1, 2]), |_| Chunk::tokens(1)).count().await;
        let found = attributes(&backend.span(&format!("chat {MODEL}")));
        assert_eq!(found.contains_key("gen_ai.response.time_to_first_chunk"), expected, "{role:?}");
        assert!(found.contains_key("llmobs.time_to_first_token"), "{role:?}");
    }
}

#[tokio::test]
async fn the_request_decides_whether_it_is_a_stream_and_without_it_the_answer() {
    for (requested, observed, expected) in
        [(None, false, None), (None, true, Some(true)), (Some(false), true, None), (Some(true), false, Some(true))]
    {
        let backend = TracingBackend::new();
        let operation = backend.observer(Role::Server).chat(MODEL).stream(requested).start();
        match observed {
            true => drop(operation.observe_with(stream::iter([1]), |_| Chunk::tokens(1)).count().await),
            false => operation.complete(),
        }
        let found = attributes(&backend.span(&format!("chat {MODEL}")));
        let stream = found.get("gen_ai.request.stream").cloned();
        assert_eq!(stream, expected.map(opentelemetry::Value::Bool), "{requested:?} {observed}");
    }
}

#[test]
fn a_request_without_a_model_has_neither_the_attribute_nor_a_blank_in_the_name_of_its_span() {
    let backend = TracingBackend::new();
    backend.observer(Role::Gateway).chat("").start().reject(ErrorType::InvalidRequest);
    assert!(!attributes(&backend.span("chat")).contains_key("gen_ai.request.model"));
}

#[test]
fn a_marker_or_a_span_that_outlives_the_operation_does_not_delay_the_export() {
    let backend = TracingBackend::new();
    let operation = backend.observer(Role::Server).chat(MODEL).start();
    let (marker, span) = (operation.marker().clone(), operation.span());
    operation.complete();
    let ended = backend.span(&format!("chat {MODEL}")).end_time;
    drop((marker, span));
    assert_eq!(backend.span(&format!("chat {MODEL}")).end_time, ended);
}

#[test]
fn the_result_of_an_objective_is_on_the_span() {
    for (limit, result) in [(Duration::from_secs(3_600), "good"), (Duration::ZERO, "bad")] {
        let backend = TracingBackend::new();
        let objective = Objective::new("interactive").duration(limit);
        let observer = backend.builder(Role::Server).objective(objective).build().unwrap();
        observer.chat(MODEL).start().complete();
        let found = attributes(&backend.span(&format!("chat {MODEL}")));
        assert_eq!(found["llmobs.objective.result"].as_str(), result);
    }
}
