//! `llm_request_complete`: one event for each operation.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::FinishReason;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use serde_json::Value;
use serde_json::json;
use tracing::Level;

use llmobs_tests::event_recorder::EventRecorder;

const COMPLETE: &str = "llm_request_complete";

#[tokio::test]
async fn an_operation_has_one_event_with_all_its_known_fields() {
    let (recorder, _guard) = EventRecorder::install();
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().model("m").clock(clock).build().unwrap();
    let operation = observer.chat("m").conversation("conv_1").max_tokens(64).start();
    let marker = operation.marker().clone();
    marker.response_id("resp_1");
    marker.enqueued();
    manual_clock.advance(Duration::from_millis(10));
    marker.scheduled();
    marker.usage(Usage::new().input(12).cache_read(4).output(3));
    let ticks = manual_clock.clone();
    let stream = operation.observe_with(stream::iter([1, 2, 3]), move |n| {
        ticks.advance(Duration::from_millis(20));
        let chunk = Chunk::tokens(1).produced_at(ticks.now());
        if *n == 3 { chunk.finish_reason(FinishReason::Stop) } else { chunk }
    });
    stream.count().await;
    let event = recorder.only_event(COMPLETE);
    assert_eq!(event.level, Level::INFO);
    for (field, value) in [
        ("message", json!(COMPLETE)),
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("unknown")),
        ("gen_ai.request.model", json!("m")),
        ("gen_ai.response.id", json!("resp_1")),
        ("gen_ai.conversation.id", json!("conv_1")),
        ("llmobs.role", json!("server")),
        ("llmobs.operation.outcome", json!("completed")),
        ("llmobs.finish_reasons", json!("stop")),
        ("gen_ai.request.max_tokens", json!(64)),
        ("gen_ai.request.stream", json!(true)),
        ("gen_ai.usage.input_tokens", json!(12)),
        ("gen_ai.usage.cache_read.input_tokens", json!(4)),
        ("gen_ai.usage.output_tokens", json!(3)),
        ("llmobs.token.source", json!("reported")),
        ("llmobs.queue.duration", json!(0.01)),
        ("llmobs.prefill.duration", json!(0.02)),
        ("llmobs.decode.duration", json!(0.04)),
        ("llmobs.time_to_first_token", json!(0.03)),
        ("llmobs.time_per_output_token", json!(0.02)),
        ("llmobs.operation.longest_gap.duration", json!(0.02)),
        ("llmobs.operation.attempts", json!(1)),
        ("llmobs.log.reason", json!("all")),
        ("llmobs.log.ratio", json!(1.0)),
    ] {
        assert_eq!(event.fields.get(field), Some(&value), "{field}");
    }
    assert!(!event.fields.contains_key("error.type"));
    assert!(!event.fields.contains_key("trace_id"), "there is no trace");
}

#[test]
fn a_cancelled_operation_whose_producer_still_runs_may_have_late_tokens() {
    let late = |role: Role, hold: bool, end: fn(Operation)| {
        let observer = Observer::builder().role(role).model("m").build().unwrap();
        let operation = observer.chat("m").start();
        let engine = hold.then(|| operation.marker().clone());
        end(operation);
        drop(engine);
        let record: Value = serde_json::from_str(&observer.recent_operations()).unwrap();
        record.get("llmobs.late_tokens_possible").cloned()
    };
    assert_eq!(late(Role::Server, true, |operation| operation.cancel()), Some(json!(true)));
    assert_eq!(late(Role::Server, true, drop), Some(json!(true)));
    assert_eq!(late(Role::Server, false, |operation| operation.cancel()), None);
    assert_eq!(late(Role::Server, true, |operation| operation.complete()), None);
    assert_eq!(late(Role::Server, true, |operation| operation.fail(ErrorType::Timeout)), None);
    let abandon_bytes: fn(Operation) = |operation| {
        let bytes = stream::iter([r#"data: {"choices":[{"index":0,"delta":{"content":"a"}}]}"#, "\n\n", "data: "]);
        let mut observed = llmobs::sse::observe(operation, llmobs::sse::Dialect::OpenAi, bytes);
        assert!(observed.next().now_or_never().flatten().is_some());
    };
    assert_eq!(late(Role::Gateway, true, abandon_bytes), Some(json!(true)));
    assert_eq!(late(Role::Gateway, false, abandon_bytes), None, "the marker of the decoder is dropped with the stream");
}

#[test]
fn the_level_depends_on_the_cause_of_the_failure() {
    let objective = || Objective::new("quick").duration(Duration::ZERO);
    type End = fn(llmobs::Operation);
    let ends: [(End, bool, Level); 6] = [
        (|operation| operation.complete(), false, Level::INFO),
        (|operation| operation.complete(), true, Level::WARN),
        (|operation| operation.fail(ErrorType::OutOfMemory), false, Level::ERROR),
        (|operation| operation.fail(ErrorType::InvalidRequest), false, Level::INFO),
        (|operation| operation.reject(ErrorType::Overloaded), true, Level::WARN),
        (|operation| operation.cancel(), false, Level::INFO),
    ];
    for (end, judged, level) in ends {
        let (recorder, _guard) = EventRecorder::install();
        let builder = Observer::builder().model("m");
        let observer = if judged { builder.objective(objective()) } else { builder }.build().unwrap();
        end(observer.chat("m").start());
        let event = recorder.only_event(COMPLETE);
        assert_eq!(event.level, level, "{:?}", event.fields);
    }
}

#[test]
fn successful_operations_are_logged_at_the_sample_ratio_and_carry_it() {
    let (recorder, _guard) = EventRecorder::install();
    let objective = Objective::new("quick").duration(Duration::ZERO);
    let observer = Observer::builder().model("m").log_sample_ratio(0.25).build().unwrap();
    for _ in 0..4_000 {
        observer.chat("m").start().complete();
    }
    let logged = recorder.events_named(COMPLETE);
    assert!((800..1_200).contains(&logged.len()), "{} of 4000", logged.len());
    assert!(
        logged
            .iter()
            .all(|event| event.fields["llmobs.log.reason"] == "sampled" && event.fields["llmobs.log.ratio"] == 0.25)
    );
    let strict = Observer::builder().model("m").log_sample_ratio(0.0).objective(objective).build().unwrap();
    for (end, reason) in [
        ((|operation| operation.fail(ErrorType::Inference)) as fn(llmobs::Operation), "failed"),
        (|operation| operation.reject(ErrorType::RateLimited), "failed"),
        (|operation| operation.complete(), "objective"),
    ] {
        let before = recorder.events_named(COMPLETE).len();
        end(strict.chat("m").start());
        let all = recorder.events_named(COMPLETE);
        assert_eq!(all.len(), before + 1, "{reason}");
        assert_eq!(all[before].fields["llmobs.log.reason"], reason);
    }
}

#[test]
fn a_failure_has_a_separate_event_without_its_text() {
    let (recorder, _guard) = EventRecorder::install();
    let observer = Observer::builder().model("m").build().unwrap();
    let error = "canary-4711".parse::<u8>().unwrap_err();
    let failure = Failure::new(ErrorType::Upstream).message("canary-4711").caused_by(&error);
    observer.chat("m").start().fail(failure);
    let event = recorder.only_event("gen_ai.client.operation.exception");
    assert_eq!(event.level, Level::WARN);
    assert_eq!(event.fields["exception.type"], "core::num::error::ParseIntError");
    observer.chat("m").start().fail(ErrorType::Timeout);
    assert_eq!(recorder.events_named("gen_ai.client.operation.exception")[1].fields["exception.type"], "timeout");
    let ends: [fn(llmobs::Operation); 2] = [|operation| operation.complete(), |operation| operation.cancel()];
    for end in ends {
        end(observer.chat("m").start());
    }
    assert_eq!(recorder.events_named("gen_ai.client.operation.exception").len(), 2);
    let all = format!("{:?} {:?}", recorder, observer.recent_operations());
    assert!(!all.contains("canary"), "{all}");
}

#[test]
fn details_are_emitted_when_they_are_enabled() {
    for (profile, written) in [
        (Profile::V1_41, "gen_ai.usage.cache_creation.input_tokens"),
        (Profile::Latest, "gen_ai.usage.cache_write.input_tokens"),
    ] {
        let (recorder, _guard) = EventRecorder::install();
        let observer = |enabled| {
            let builder = Observer::builder().role(Role::Client).model("m").profile(profile);
            builder.operation_details(enabled).build().unwrap()
        };
        observer(false).chat("m").start().complete();
        assert!(recorder.events_named("gen_ai.client.inference.operation.details").is_empty());
        let operation = observer(true).chat("m").temperature(0.5).seed(7).server("127.0.0.1", 80).start();
        operation.marker().usage(Usage::new().input(5).cache_write(2));
        operation.complete();
        let event = recorder.only_event("gen_ai.client.inference.operation.details");
        assert_eq!(event.level, Level::DEBUG);
        for (field, value) in [
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.request.temperature", json!(0.5)),
            ("gen_ai.request.seed", json!(7)),
            ("server.port", json!(80)),
            (written, json!(2)),
        ] {
            assert_eq!(event.fields.get(field), Some(&value), "{field}, {profile:?}");
        }
    }
}

#[test]
fn the_flight_recorder_writes_the_fields_of_the_event() {
    let (recorder, _guard) = EventRecorder::install();
    let observer = Observer::builder().role(Role::Gateway).model("m").build().unwrap();
    let operation = observer.chat("m").conversation("a \"quoted\" \\ name").max_tokens(5).start();
    operation.marker().usage(Usage::new().input(5).output(7).reasoning(2).cache_read(1));
    operation.marker().first_token();
    operation.marker().finish_reason_for(0, FinishReason::Stop);
    operation.marker().finish_reason_for(1, FinishReason::Length);
    operation.complete();
    let event = recorder.only_event(COMPLETE);
    let lines = observer.recent_operations();
    let Value::Object(mut line) = serde_json::from_str(lines.trim_end()).unwrap() else { panic!("{lines}") };
    assert!(line.remove("timestamp").is_some_and(|time| time.as_f64().unwrap() > 1.7e9));
    let same = |value: &Value| value.as_f64().map_or_else(|| value.clone(), Value::from);
    let recorded: Vec<_> = line.iter().map(|(name, value)| (name.clone(), same(value))).collect();
    let mut logged: Vec<_> = event.fields.iter().map(|(name, value)| (name.clone(), same(value))).collect();
    logged.sort_by(|one, other| one.0.cmp(&other.0));
    let mut recorded_sorted = recorded;
    recorded_sorted.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(recorded_sorted, logged);
}
