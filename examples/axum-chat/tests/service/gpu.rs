//! Tests GPU metrics, with the fake library named on the command line.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::support::Collector;
use crate::support::Page;
use crate::support::Server;
use crate::support::attributes;
use crate::support::eventually;
use crate::support::get;
use crate::support::hex;
use crate::support::lock_shared;
use crate::support::post;
use crate::support::post_with;

/// Simulates the load of two devices.
const POWER_SCRIPT_ENV: (&str, &str) = ("FAKE_NVML_WATTS", "90:300,400:200; 250");

/// Mean power of both devices together, in watts.
const MEAN_WATTS: f64 = 214.0 + 250.0;

/// Trace ids of the three requests.
const TRACES: [&str; 3] =
    ["4bf92f3577b34da6a3ce929d0e0e4731", "4bf92f3577b34da6a3ce929d0e0e4732", "4bf92f3577b34da6a3ce929d0e0e4733"];

#[tokio::test]
async fn the_page_has_the_readings_of_the_named_library() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--synthetic-token", "1ms", "--gpu", &library_argument()]);
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
async fn a_missing_library_does_not_stop_the_service() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--gpu", "nvml:/nowhere/libnvidia-ml.so.1"]);
    let page = get(server.address, "/metrics", &[]).await.body;
    assert!(page.contains(r#"llmobs_gpu_collector_status{llmobs_collector_state="no_driver"} 1"#), "{page}");
}

#[tokio::test]
async fn the_energy_of_every_request_is_on_the_page_in_the_log_and_at_the_collector() {
    let _lock = lock_shared().await;
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let server = Server::start_with(
        &[POWER_SCRIPT_ENV, ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)],
        &["--engine", "synthetic", "--gpu", &library_argument()],
    );
    let mut last = None;
    let before = eventually("two devices have a counter, and the page does not change", async || {
        let totals = EnergyTotals::from_page(&server.scrape().await);
        let is_stable = last.replace(totals) == Some(totals);
        (is_stable && totals.measured > 2_000.0 - 1e-6).then_some(totals)
    })
    .await;
    // One request alone, then two concurrent ones.
    send_request(&server, TRACES[0]).await;
    tokio::join!(send_request(&server, TRACES[1]), send_request(&server, TRACES[2]));
    let (page, after) =
        eventually("the energy of all three requests is known, and the totals are balanced", async || {
            let page = server.scrape().await;
            let known = page.count("llmobs_operation_energy_joules_count", &[]) == 3;
            let totals = EnergyTotals::from_page(&page);
            (known && totals.is_balanced_since(&before)).then_some((page, totals))
        })
        .await;
    assert_eq!(page.ended_count("completed"), 3);
    assert!(after.measured > before.measured && after.request > 0.0 && after.idle > 0.0, "{after:?}");
    let sum = page.sum("llmobs_operation_energy_joules_sum", &[]);
    assert!((sum - after.request).abs() < 1e-6, "{sum} and {after:?}");

    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success(), "{log:?}");
    let mut logged = 0.0;
    for (trace, sharing) in TRACES.into_iter().zip([1.0, 2.0, 2.0]) {
        let energy = single_log_line(&log, "llm_request_energy", trace);
        let joules = energy["llmobs.operation.energy.attributed"].as_f64().expect("joules");
        logged += joules;
        assert_eq!(energy["llmobs.operation.energy.source"], json!("counter"));
        assert_eq!(energy["llmobs.operation.energy.method"], json!("tokens"));
        assert_eq!(energy["llmobs.operation.energy.complete"], json!(true));
        assert_eq!(energy["gen_ai.usage.output_tokens"], json!(30));
        let complete = single_log_line(&log, "llm_request_complete", trace);
        assert_eq!(complete["span_id"], energy["span_id"]);
        let seconds = complete["llmobs.operation.duration"].as_f64().expect("seconds");
        let expected = MEAN_WATTS * seconds / sharing;
        assert!((joules / expected - 1.0).abs() < 0.5, "{expected} J were expected: {energy}");
        // At its end, an operation has only a provisional energy value.
        let provisional = complete["llmobs.operation.energy.provisional"].as_f64().expect("a provisional value");
        assert!(provisional > 0.0 && complete["llmobs.operation.energy.attributed"].is_null(), "{complete}");
        println!(
            "{seconds:.3} s: {expected:.1} J expected, {provisional:.1} J provisional at its end, {joules:.1} J final"
        );
        // Emitted from a separate thread, and with the trace id of the request, as the events of the request's thread.
        for (name, field) in [
            ("llm_request_energy", "llmobs.operation.energy.attributed"),
            ("llm_request_complete", "llmobs.operation.duration"),
        ] {
            let sent = collector.inbox().logs().into_iter().map(|log| log.item).filter(|log| log.event_name == name);
            let mut sent = sent.filter(|log| hex(&log.trace_id) == trace);
            let record = sent.next().unwrap_or_else(|| panic!("no {name} of {trace} was sent"));
            assert_eq!(Value::from(hex(&record.span_id)), complete["span_id"]);
            let logged = if name == "llm_request_energy" { &energy } else { &complete };
            assert_eq!(attributes(&record.attributes)[field], logged[field]);
            assert_eq!(sent.next(), None, "one {name} for each request");
        }
    }
    assert!((logged - sum).abs() < 1e-6, "{logged} J in the log, {sum} J on the page");
}

#[tokio::test]
async fn nothing_has_energy_if_the_gpu_is_off() {
    let _lock = lock_shared().await;
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let server = Server::start_with(
        &[POWER_SCRIPT_ENV, ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)],
        &["--engine", "synthetic", "--synthetic-token", "1ms", "--gpu", "off"],
    );
    send_request(&server, TRACES[0]).await;
    let page = get(server.address, "/metrics", &[]).await.body;
    for row in ["\nllmobs_operation_energy", "\nllmobs_gpu_energy", "\nhw_"] {
        assert!(!page.contains(row), "{page}");
    }
    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success(), "{log:?}");
    assert_eq!(
        single_log_line(&log, "llm_request_complete", TRACES[0])["llmobs.operation.energy.provisional"],
        Value::Null
    );
    assert!(!log.iter().any(|line| line.contains("energy")), "{log:?}");
}

/// The devices' energy counters and the assigned energy, in joules.
#[derive(Debug, Clone, Copy, PartialEq)]
struct EnergyTotals {
    measured: f64,
    request: f64,
    idle: f64,
    unattributed: f64,
}

impl EnergyTotals {
    fn from_page(page: &Page) -> Self {
        let kind = |kind| page.sum("llmobs_gpu_energy_attributed_joules_total", &[("llmobs_energy_kind", kind)]);
        Self {
            measured: page.sum("hw_energy_joules_total", &[]),
            request: kind("request"),
            idle: kind("idle"),
            unattributed: kind("unattributed"),
        }
    }

    /// Returns whether the counters grew by the assigned energy.
    fn is_balanced_since(&self, earlier: &Self) -> bool {
        let attributed = |totals: &Self| totals.request + totals.idle + totals.unattributed;
        (self.measured - earlier.measured - (attributed(self) - attributed(earlier))).abs() < 1e-6
    }
}

/// Requests thirty tokens within a trace.
async fn send_request(server: &Server, trace: &str) {
    let body = json!({ "model": "synthetic", "max_tokens": 30, "messages": [{ "role": "user", "content": "Hi" }] });
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("traceparent", traceparent.as_str())];
    let reply = post_with(server.address, "/v1/chat/completions", &headers, &body.to_string()).await;
    assert_eq!((reply.status, reply.header("x-trace-id")), (200, Some(trace)), "{}", reply.body);
}

/// Returns the only log line with this event name and trace id.
fn single_log_line(log: &[String], name: &str, trace: &str) -> Value {
    let lines = log.iter().map(|line| serde_json::from_str::<Value>(line).expect("a log line is JSON"));
    let mut found = lines.filter(|line| line["message"] == name && line["trace_id"] == trace);
    let first = found.next().unwrap_or_else(|| panic!("no {name} of {trace}: {log:#?}"));
    assert_eq!(found.next(), None, "one {name} for each request");
    first
}

/// Returns the command-line name of the fake library, which cargo builds beside this test.
fn library_argument() -> String {
    let test_binary = std::env::current_exe().expect("the path of the test binary");
    let library: PathBuf = test_binary.with_file_name("libfake_nvml.so");
    assert!(library.exists(), "cargo builds the library for tests");
    format!("nvml:{}", library.display())
}
