//! Tests the metrics page, and that neither the page nor the log contains content.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use serde_json::json;

use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::get;
use crate::support::lock_shared;
use crate::support::post;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[tokio::test]
async fn the_page_is_in_the_requested_format() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let classic = get(server.address, "/metrics", &[]).await;
    assert_eq!(classic.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!classic.body.contains("# EOF"));
    let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let open = get(server.address, "/metrics", &[("Accept", prometheus)]).await;
    assert_eq!(open.header("content-type"), Some(OPEN_METRICS));
    assert!(open.body.ends_with("# EOF\n"));
    assert!(!get(server.address, "/metrics", &[("Accept", "text/plain")]).await.body.contains("# EOF"));
}

#[tokio::test]
async fn the_page_of_a_used_service_passes_promtool() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let chat = json!({ "model": "synthetic", "stream": true, "max_tokens": 5,
        "messages": [{ "role": "user", "content": "Hello" }] });
    let mut stream = StreamedAnswer::open(server.address, "/v1/chat/completions", &chat).await;
    stream.read_to_end(std::time::Duration::ZERO).await;
    post(server.address, "/v1/completions", r#"{"model":"synthetic","prompt":"hello","max_tokens":3}"#).await;
    post(server.address, "/v1/completions", "no JSON").await;
    let page = get(server.address, "/metrics", &[]).await.body;

    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = match promtool {
        Ok(promtool) => promtool,
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("skipped: promtool (of the Debian package prometheus) cannot be run: {error}");
            return;
        }
        Err(error) => panic!("promtool (of the Debian package prometheus) is required: {error}"),
    };
    promtool.stdin.take().expect("a pipe").write_all(page.as_bytes()).expect("promtool reads");
    let output = promtool.wait_with_output().expect("promtool ends");
    let report = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    // The name is that of the conventions, and the suffix what the Prometheus exporter of OpenTelemetry makes of it.
    let known = "process_unix_file_descriptor_count non-histogram and non-summary metrics should not have";
    let findings: Vec<_> = report.lines().filter(|line| !line.is_empty() && !line.starts_with(known)).collect();
    assert!(findings.is_empty() && output.status.code().is_some_and(|code| [0, 3].contains(&code)), "{report}");
}

#[tokio::test]
async fn no_prompt_is_logged_or_on_the_page() {
    const CANARY: &str = "canary-7f3a91";
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--log", "debug"]);
    let address = server.address;
    let chat = json!({ "model": "synthetic", "stream": true, "max_tokens": 3,
        "messages": [{ "role": "system", "content": CANARY }, { "role": "user", "content": CANARY }] });
    let mut stream = StreamedAnswer::open(address, "/v1/chat/completions", &chat).await;
    stream.read_to_end(std::time::Duration::ZERO).await;
    for body in [
        json!({ "model": "synthetic", "prompt": CANARY, "max_tokens": 3 }).to_string(),
        json!({ "model": CANARY, "prompt": CANARY }).to_string(),
        json!({ "model": "synthetic", "prompt": CANARY, "max_tokens": CANARY }).to_string(),
        json!({ "model": "synthetic", "prompt": { "text": CANARY } }).to_string(),
        format!("{{\"prompt\":\"{CANARY}"),
        json!({ "model": "synthetic", "prompt": format!("{CANARY} ").repeat(9_000) }).to_string(),
    ] {
        for path in ["/v1/chat/completions", "/v1/completions", "/v1/generate"] {
            post(address, path, &body).await;
        }
    }
    for accept in ["text/plain", OPEN_METRICS] {
        let page = get(address, "/metrics", &[("Accept", accept)]).await.body;
        assert!(page.contains("llmobs_operation_started_total") && !page.contains(CANARY));
    }
    server.terminate();
    let (_, log) = server.wait();
    assert!(
        log.iter().filter(|line| line.contains(r#""message":"llm_request_complete""#)).count() == 19,
        "one line for each request"
    );
    assert!(log.iter().all(|line| !line.contains(CANARY)));
}
