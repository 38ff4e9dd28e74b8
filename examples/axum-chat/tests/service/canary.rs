//! Tests the canary of the operations kit against a service that works and one that ended: the script, and the module of the
//! blackbox exporter.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::support::Server;
use crate::support::eventually;
use crate::support::get;
use crate::support::lock_shared;

/// The folder of the canary's files.
const LOAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ops/load");

/// The first line of the page of a probe with an answer, and of one without.
const SUCCESS: &str = "\nprobe_success 1\n";
const FAILURE: &str = "\nprobe_success 0\n";

const FIRST_TOKEN: &str = "probe_http_duration_seconds{phase=\"first_token\"}";

#[tokio::test]
async fn the_script_sees_an_answer_an_error_and_the_end_of_the_service() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let url = format!("http://{}/v1/chat/completions", server.address);
    let Some((succeeded, page)) = run_script(&url, "synthetic") else { return };
    assert!(succeeded && page.contains(SUCCESS) && page.contains(FIRST_TOKEN), "{page}");
    let completed = [("llmobs_operation_outcome", "completed")];
    assert_eq!(server.scrape().await.count("llmobs_operation_ended_total", &completed), 1);
    let output = [("llmobs_token_direction", "output")];
    assert_eq!(server.scrape().await.count("llmobs_token_processed_total", &output), 1, "the cost of a canary");

    let fails = |model: &str| {
        let (succeeded, page) = run_script(&url, model).expect("it ran before");
        assert!(!succeeded && page.contains(FAILURE) && !page.contains(FIRST_TOKEN), "{page}");
    };
    fails("not served");
    drop(server);
    fails("synthetic");
}

/// Runs the script once. Returns whether it succeeded, and its page; nothing if there is no Python.
fn run_script(url: &str, model: &str) -> Option<(bool, String)> {
    let python = std::env::var_os("LLMOBS_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(&python);
    command.arg(format!("{LOAD}/canary.py")).args([url, "--model", model, "--timeout", "20", "--once"]);
    match command.output() {
        Ok(output) => Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound && std::env::var_os("CI").is_none() => {
            println!("skipped: {} cannot be run", python.display());
            None
        }
        Err(error) => panic!("{}: {error}", python.display()),
    }
}

#[tokio::test]
async fn the_exporter_sees_an_answer_and_the_end_of_the_service() {
    let _lock = lock_shared().await;
    let Some(exporter) = Exporter::start().await else { return };
    let server = Server::synthetic(&[]);
    let (canary, health) = ("/v1/chat/completions", "/healthz");
    for (module, path) in [("llm_canary", canary), ("health", health)] {
        let page = exporter.probe(module, server.address, path).await;
        assert!(page.contains(SUCCESS), "{module}: {page}");
    }
    // A path that gives no answer of the model.
    assert!(exporter.probe("llm_canary", server.address, health).await.contains(FAILURE));
    let address = server.address;
    drop(server);
    for (module, path) in [("llm_canary", canary), ("health", health)] {
        let page = exporter.probe(module, address, path).await;
        assert!(page.contains(FAILURE), "{module}: {page}");
    }
}

/// A running blackbox exporter with the modules of the kit. Killed on drop.
struct Exporter {
    address: SocketAddr,
    child: Child,
}

impl Exporter {
    /// Starts the exporter. Returns nothing if it is not installed.
    async fn start() -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        drop(listener);
        let child = Command::new("prometheus-blackbox-exporter")
            .arg(format!("--config.file={LOAD}/blackbox.yml"))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                println!("skipped: the Debian package prometheus-blackbox-exporter cannot be run: {error}");
                return None;
            }
        };
        let exporter = Self { address, child };
        eventually("the exporter listens", async || TcpStream::connect(address).ok()).await;
        Some(exporter)
    }

    /// Returns the page of a probe.
    async fn probe(&self, module: &str, target: SocketAddr, path: &str) -> String {
        get(self.address, &format!("/probe?module={module}&target=http://{target}{path}"), &[]).await.body
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // An error is ignored: the exporter has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
