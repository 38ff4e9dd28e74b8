//! Tests GPU metrics, with the fake library named on the command line.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::support::Collector;
use crate::support::Page;
use crate::support::Server;
use crate::support::attributes;
use crate::support::beside_others;
use crate::support::eventually;
use crate::support::get;
use crate::support::hex;
use crate::support::post;
use crate::support::post_with;

/// Simulates the load of two devices.
const RUNS: (&str, &str) = ("FAKE_NVML_WATTS", "90:300,400:200; 250");

/// Mean power of both devices together, in watts.
const WATTS: f64 = 214.0 + 250.0;

/// Trace ids of the three requests.
const TRACES: [&str; 3] =
    ["4bf92f3577b34da6a3ce929d0e0e4731", "4bf92f3577b34da6a3ce929d0e0e4732", "4bf92f3577b34da6a3ce929d0e0e4733"];

#[tokio::test]
async fn the_page_has_what_the_named_library_says() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--synthetic-token", "1ms", "--gpu", &library()]);
    let body = json!({ "model": "synthetic", "max_tokens": 3, "messages": [{ "role": "user", "content": "Hi" }] });
    assert_eq!(post(server.address, "/v1/chat/completions", &body.to_string()).await.status, 200);
    let lines = [
        "\nhw_gpu_utilization_ratio{",
        "\nhw_energy_joules_total{",
        "\nllmobs_gpu_collector_status{llmobs_collector_state=\"ok\"} 1\n",
    ];
    eventually("the GPUs are on the page", async || {
        let page = get(server.address, "/metrics", &[]).await.body;
        lines.iter().all(|line| page.contains(line)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_library_that_is_not_there_is_no_reason_not_to_serve() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--gpu", "nvml:/nowhere/libnvidia-ml.so.1"]);
    let page = get(server.address, "/metrics", &[]).await.body;
    assert!(page.contains(r#"llmobs_gpu_collector_status{llmobs_collector_state="no_driver"} 1"#), "{page}");
}

#[tokio::test]
async fn every_request_has_its_energy_on_the_page_in_the_log_and_at_the_collector() {
    let _beside = beside_others().await;
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let server = Server::start_with(
        &[RUNS, ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)],
        &["--engine", "synthetic", "--gpu", &library()],
    );
    let mut last = None;
    let before = eventually("two devices have a counter, and the page stands still", async || {
        let books = Books::of(&server.page().await);
        let stands = last.replace(books) == Some(books);
        (stands && books.counters > 2_000.0 - 1e-6).then_some(books)
    })
    .await;
    // One request alone, then two concurrent ones.
    ask(&server, TRACES[0]).await;
    tokio::join!(ask(&server, TRACES[1]), ask(&server, TRACES[2]));
    let (page, after) = eventually("the energy of all three is known, and the books agree", async || {
        let page = server.page().await;
        let known = page.count("llmobs_operation_energy_joules_count", &[]) == 3;
        let books = Books::of(&page);
        (known && books.agree_since(&before)).then_some((page, books))
    })
    .await;
    assert_eq!(page.ended("completed"), 3);
    assert!(after.counters > before.counters && after.request > 0.0 && after.idle > 0.0, "{after:?}");
    let sum = page.sum("llmobs_operation_energy_joules_sum", &[]);
    assert!((sum - after.request).abs() < 1e-6, "{sum} and {after:?}");

    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success(), "{log:?}");
    let mut logged = 0.0;
    for (trace, sharing) in TRACES.into_iter().zip([1.0, 2.0, 2.0]) {
        let energy = only(&log, "llm_request_energy", trace);
        let joules = energy["energy_j"].as_f64().expect("joules");
        logged += joules;
        assert_eq!((&energy["energy_source"], &energy["energy_method"]), (&json!("counter"), &json!("time")));
        assert_eq!((&energy["energy_complete"], &energy["output_tokens"]), (&json!(true), &json!(30)));
        let complete = only(&log, "llm_request_complete", trace);
        assert_eq!(complete["span_id"], energy["span_id"]);
        let seconds = complete["e2e_ms"].as_f64().expect("milliseconds") / 1e3;
        let used = WATTS * seconds / sharing;
        assert!((joules / used - 1.0).abs() < 0.5, "{used} J were used: {energy}");
        // At its end, an operation has only a provisional energy value.
        let provisional = complete["energy_provisional_j"].as_f64().expect("a provisional figure");
        assert!(provisional > 0.0 && complete["energy_j"].is_null(), "{complete}");
        println!("{seconds:.3} s: {used:.1} J were used, {provisional:.1} J are told at its end, {joules:.1} J later");
        // Emitted from a separate thread, and with the trace id of the request, as the events of the request's thread.
        for (name, field) in [("llm_request_energy", "energy_j"), ("llm_request_complete", "e2e_ms")] {
            let sent = collector.inbox().logs().into_iter().map(|log| log.item).filter(|log| log.event_name == name);
            let mut sent = sent.filter(|log| hex(&log.trace_id) == trace);
            let record = sent.next().unwrap_or_else(|| panic!("no {name} of {trace} was sent"));
            assert_eq!(Value::from(hex(&record.span_id)), complete["span_id"]);
            let logged = if name == "llm_request_energy" { &energy } else { &complete };
            assert_eq!(attributes(&record.attributes)[field], logged[field]);
            assert_eq!(sent.next(), None, "one {name} of a request");
        }
    }
    assert!((logged - sum).abs() < 1e-6, "{logged} J in the log, {sum} J on the page");
}

#[tokio::test]
async fn nothing_has_energy_where_no_gpu_is_wanted() {
    let _beside = beside_others().await;
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let server = Server::start_with(
        &[RUNS, ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)],
        &["--engine", "synthetic", "--synthetic-token", "1ms", "--gpu", "off"],
    );
    ask(&server, TRACES[0]).await;
    let page = get(server.address, "/metrics", &[]).await.body;
    for row in ["\nllmobs_operation_energy", "\nllmobs_gpu_energy", "\nhw_"] {
        assert!(!page.contains(row), "{page}");
    }
    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success(), "{log:?}");
    assert_eq!(only(&log, "llm_request_complete", TRACES[0])["energy_provisional_j"], Value::Null);
    assert!(!log.iter().any(|line| line.contains("energy")), "{log:?}");
}

/// The devices' energy counters and the assigned energy, in joules.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Books {
    counters: f64,
    request: f64,
    idle: f64,
    unattributed: f64,
}

impl Books {
    fn of(page: &Page) -> Self {
        let kind = |kind| page.sum("llmobs_gpu_energy_attributed_joules_total", &[("llmobs_energy_kind", kind)]);
        Self {
            counters: page.sum("hw_energy_joules_total", &[]),
            request: kind("request"),
            idle: kind("idle"),
            unattributed: kind("unattributed"),
        }
    }

    /// Returns whether the counters grew by the assigned energy.
    fn agree_since(&self, earlier: &Self) -> bool {
        let accounted = |books: &Self| books.request + books.idle + books.unattributed;
        (self.counters - earlier.counters - (accounted(self) - accounted(earlier))).abs() < 1e-6
    }
}

/// Requests thirty tokens within a trace.
async fn ask(server: &Server, trace: &str) {
    let body = json!({ "model": "synthetic", "max_tokens": 30, "messages": [{ "role": "user", "content": "Hi" }] });
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("traceparent", traceparent.as_str())];
    let reply = post_with(server.address, "/v1/chat/completions", &headers, &body.to_string()).await;
    assert_eq!((reply.status, reply.header("x-trace-id")), (200, Some(trace)), "{}", reply.body);
}

/// Returns the only log line with this event name and trace id.
fn only(log: &[String], name: &str, trace: &str) -> Value {
    let lines = log.iter().map(|line| serde_json::from_str::<Value>(line).expect("a log line is JSON"));
    let mut found = lines.filter(|line| line["message"] == name && line["trace_id"] == trace);
    let first = found.next().unwrap_or_else(|| panic!("no {name} of {trace}: {log:#?}"));
    assert_eq!(found.next(), None, "one {name} of a request");
    first
}

/// Returns the command-line name of the fake library, which cargo builds beside this test.
fn library() -> String {
    let beside = std::env::current_exe().expect("this test is a file");
    let library: PathBuf = beside.with_file_name("libfake_nvml.so");
    assert!(library.exists(), "cargo builds it for tests");
    format!("nvml:{}", library.display())
}
