//! A pipeline for the whole process. Each test runs in a separate process, because a process has one global subscriber.

use std::collections::HashMap;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::otlp::InitError;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;
use llmobs::otlp::StandardOutput;
use opentelemetry::global;
use opentelemetry::trace::Span;
use opentelemetry::trace::Tracer;

use llmobs_tests::collector::Collector;

const MODEL: &str = "smollm2-135m-instruct";
const TIMEOUT: Duration = Duration::from_secs(10);

/// Runs one test of this file in another process, and returns its standard output.
fn run_in_child(test: &str) -> String {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let result = child
        .args([&format!("otlp_init::{test}"), "--exact", "--nocapture"])
        .env(CHILD_TEST_VARIABLE, test)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&result.stdout).into_owned();
    assert!(result.status.success(), "{output}{}", String::from_utf8_lossy(&result.stderr));
    output
}

/// The environment variable that makes a process run a test. Its value is the name of the test.
const CHILD_TEST_VARIABLE: &str = "LLMOBS_TEST_ALONE";

fn is_child(test: &str) -> bool {
    std::env::var(CHILD_TEST_VARIABLE).is_ok_and(|name| name == test)
}

#[test]
fn standard_output_has_a_line_of_json_for_each_event_and_nothing_of_the_spans_around_it() {
    let output = run_in_child("a_service_that_writes_json");
    let lines: Vec<serde_json::Value> =
        output.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let with = |message: &str| {
        let mut found =
            lines.iter().filter(|line| line["message"].as_str().is_some_and(|text| text.starts_with(message)));
        found.next().filter(|_| found.next().is_none()).unwrap_or_else(|| panic!("`{message}` once in {output}"))
    };
    assert_eq!(with("application event")["number"], 7);
    let complete = with("llm_request_complete");
    assert_eq!(
        (&complete["gen_ai.request.model"], &complete["llmobs.operation.outcome"]),
        (&MODEL.into(), &"completed".into())
    );
    assert_eq!(complete["trace_id"].as_str().map(str::len), Some(32));
    let failure = with("exports fail: cannot connect");
    assert_eq!((&failure["signal"], &failure["error.type"]), (&"traces".into(), &"upstream".into()));
    assert!(!output.contains("a prompt"), "{output}");
}

#[test]
fn a_service_that_writes_json() {
    if !is_child("a_service_that_writes_json") {
        return;
    }
    let settings = llmobs::otlp::builder().environment([("", ""); 0]).endpoint("http://127.0.0.1:1");
    let settings = settings.without_signal(Signal::Metrics).without_signal(Signal::Logs);
    let pipeline = settings.shutdown_timeout(Duration::from_secs(1)).init().unwrap();
    let observer = Observer::builder().model(MODEL).build().unwrap();
    tracing::info_span!("outer", content = "a prompt").in_scope(|| {
        tracing::info!(number = 7, "application event");
        observer.chat(MODEL).start().complete();
    });
    drop(pipeline);
}

#[test]
fn a_service_that_exports_no_spans_gets_no_warning_about_their_layer() {
    let output = run_in_child("a_service_without_traces");
    assert!(output.contains("llm_request_complete") && !output.contains("no layer of OpenTelemetry"), "{output}");
}

#[test]
fn a_service_without_traces() {
    if !is_child("a_service_without_traces") {
        return;
    }
    let pipeline = llmobs::otlp::builder().environment([("OTEL_SDK_DISABLED", "true")]).init().unwrap();
    Observer::builder().model(MODEL).build().unwrap().chat(MODEL).start().complete();
    drop(pipeline);
}

#[test]
fn a_later_subscriber_of_the_application_panics_after_a_line_that_names_the_cure() {
    let output = run_in_child("a_service_that_installs_its_subscriber_second");
    let lines: Vec<_> = output.lines().filter(|line| line.contains("`without_subscriber()`")).collect();
    let [line] = lines[..] else { panic!("one line: {output}") };
    for part in [
        r#""level":"INFO""#,
        r#""target":"llmobs""#,
        "installed the `tracing` subscriber of the process",
        "`Pipeline::layer()`",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn a_service_that_installs_its_subscriber_second() {
    if !is_child("a_service_that_installs_its_subscriber_second") {
        return;
    }
    let settings = llmobs::otlp::builder().environment([("OTEL_SDK_DISABLED", "true")]);
    let pipeline = settings.standard_output(StandardOutput::Json).init().unwrap();
    let panic = std::panic::catch_unwind(|| tracing_subscriber::fmt().init()).unwrap_err();
    let text = panic.downcast_ref::<String>().map(String::as_str);
    assert!(text.unwrap_or_default().contains("Unable to install global subscriber"), "{text:?}");
    drop(pipeline);
}

#[test]
fn an_earlier_subscriber_of_the_application_is_an_error_of_init() {
    let output = run_in_child("a_service_that_installs_its_subscriber_first");
    assert!(!output.contains("installed the `tracing` subscriber of the process"), "{output}");
}

#[test]
fn a_service_that_installs_its_subscriber_first() {
    if !is_child("a_service_that_installs_its_subscriber_first") {
        return;
    }
    tracing_subscriber::fmt().init();
    let settings = || llmobs::otlp::builder().environment([("OTEL_SDK_DISABLED", "true")]);
    assert_eq!(settings().init().unwrap_err(), InitError::SubscriberAlreadySet);
    drop(settings().without_subscriber().init().unwrap());
}

#[test]
fn one_pipeline_serves_the_process() {
    run_in_child("one_pipeline_serves_the_process_until_it_is_shut_down");
}

#[test]
fn one_pipeline_serves_the_process_until_it_is_shut_down() {
    if !is_child("one_pipeline_serves_the_process_until_it_is_shut_down") {
        return;
    }
    let collector = Collector::start();
    let settings = || {
        let pairs = [("OTEL_PROPAGATORS", "tracecontext,baggage,b3"), ("RUST_LOG", "info,application=debug")];
        let builder = llmobs::otlp::builder().environment(pairs).standard_output(StandardOutput::Text);
        builder.endpoint(collector.endpoint()).protocol(Protocol::Grpc).metrics_interval(100 * TIMEOUT)
    };
    let pipeline = settings().init().unwrap();

    // A second pipeline is refused, and the first one continues.
    assert_eq!(settings().init().unwrap_err(), InitError::AlreadyRunning);
    assert_eq!(settings().without_subscriber().init().unwrap_err(), InitError::AlreadyRunning);

    // `init` installed the global providers, the propagators and the subscriber, and the observer reports the
    // pipeline's metrics.
    let observer = Observer::builder().model(MODEL).build().unwrap();
    observer.chat(MODEL).start().complete();
    observer.chat(MODEL).start().fail(ErrorType::Inference);
    global::tracer("application").start("by hand").end();
    global::meter("application").u64_counter("counted").build().add(7, &[]);
    tracing::debug!(target: "application", "application event");
    tracing::trace!(target: "application", "below the filter");
    let mut carrier = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        tracing::info_span!("outgoing")
            .in_scope(|| propagator.inject_context(&opentelemetry::Context::current(), &mut carrier));
    });
    assert!(carrier["traceparent"].starts_with("00-"), "{carrier:?}");

    pipeline.shutdown(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    let mut names: Vec<_> = seen.spans.iter().map(|span| span.item.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["by hand", &format!("chat {MODEL}"), &format!("chat {MODEL}"), "outgoing"]);
    assert_eq!(seen.last_sum("counted", &[]), Some(7.0));
    assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(2.0));
    assert_eq!(seen.last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", "traces")]), Some(2_048.0));
    assert_eq!(seen.last_sum("llmobs.self.dropped", &[]), Some(0.0));
    let log_count = |scope: &str| seen.logs.iter().filter(|log| log.scope.name == scope).count();
    assert_eq!(log_count("application"), 1);
    // Two wide events, and one warning that names the unsupported propagator.
    let warnings = seen.logs.iter().filter(|log| format!("{:?}", log.item.body).contains("OTEL_PROPAGATORS: `b3`"));
    assert_eq!(warnings.count(), 1);
    assert!(log_count("llmobs") >= 3);

    // After the shutdown another pipeline is possible, but not another subscriber.
    assert_eq!(settings().init().unwrap_err(), InitError::SubscriberAlreadySet);
    let second = Collector::start();
    let pipeline = settings().endpoint(second.endpoint()).without_subscriber().init().unwrap();
    global::tracer("application").start("again").end();
    pipeline.shutdown(TIMEOUT).unwrap();
    assert_eq!(second.inbox().spans().len(), 1);
    assert_eq!(pipeline.sent(Signal::Traces), 1);
}
