//! GPUs, from whatever library the command line names.

use std::path::PathBuf;

use serde_json::json;

use crate::support::Server;
use crate::support::beside_others;
use crate::support::eventually;
use crate::support::get;
use crate::support::post;

#[tokio::test]
async fn the_page_has_what_the_named_library_says() {
    let _beside = beside_others().await;
    let library = library();
    let server = Server::synthetic(&["--synthetic-token", "1ms", "--gpu", &format!("nvml:{}", library.display())]);
    let body = json!({ "model": "synthetic", "max_tokens": 3, "messages": [{ "role": "user", "content": "Hi" }] });
    assert_eq!(post(server.address, "/v1/chat/completions", &body.to_string()).await.status, 200);
    let page = eventually("the GPUs are on the page", async || {
        let page = get(server.address, "/metrics", &[]).await.body;
        page.contains("\nhw_gpu_utilization_ratio{").then_some(page)
    })
    .await;
    assert!(page.contains("\nhw_energy_joules_total{"), "{page}");
    assert!(page.contains(r#"llmobs_gpu_collector_status{llmobs_collector_state="ok"} 1"#), "{page}");
}

#[tokio::test]
async fn a_library_that_is_not_there_is_no_reason_not_to_serve() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--gpu", "nvml:/nowhere/libnvidia-ml.so.1"]);
    let page = get(server.address, "/metrics", &[]).await.body;
    assert!(page.contains(r#"llmobs_gpu_collector_status{llmobs_collector_state="no_driver"} 1"#), "{page}");
}

/// The fake library, which cargo builds beside this test.
fn library() -> PathBuf {
    let beside = std::env::current_exe().expect("this test is a file");
    let library = beside.with_file_name("libfake_nvml.so");
    assert!(library.exists(), "cargo builds it for tests");
    library
}
