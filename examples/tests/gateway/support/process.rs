//! The programs under test: the gateway, and `axum-chat` behind it.

use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::Page;
use super::get;

/// Time limit for a program to start listening.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running gateway.
pub(crate) struct GatewayProcess(RunningProgram);

impl GatewayProcess {
    /// Starts a gateway in front of this upstream.
    pub(crate) fn start(upstream: SocketAddr, arguments: &[&str]) -> Self {
        Self::start_with_url(&format!("http://{upstream}"), arguments)
    }

    pub(crate) fn start_with_url(upstream: &str, arguments: &[&str]) -> Self {
        let own_arguments = ["--listen", "127.0.0.1:0", "--upstream", upstream];
        Self(RunningProgram::start(Command::new(&built_programs().gateway).args(own_arguments).args(arguments)))
    }

    /// Starts a gateway that exports telemetry to a collector.
    pub(crate) fn start_with_collector(upstream: SocketAddr, collector: SocketAddr) -> Self {
        Self::start_with_capture(upstream, collector, "")
    }

    /// Starts a gateway that exports telemetry to a collector, with content captured in the given mode.
    pub(crate) fn start_with_capture(upstream: SocketAddr, collector: SocketAddr, mode: &str) -> Self {
        let upstream = format!("http://{upstream}");
        let mut command = Command::new(&built_programs().gateway);
        command.args(["--listen", "127.0.0.1:0", "--upstream", &upstream, "--model", "m"]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"));
        command.env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        if !mode.is_empty() {
            command.env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", mode);
        }
        Self(RunningProgram::start(&mut command))
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Returns the metrics page.
    pub(crate) async fn scrape(&self) -> Page {
        self.0.scrape().await
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.0.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success());
    }

    /// Waits for the end of the program; returns its exit status and its log.
    pub(crate) fn wait(self) -> (ExitStatus, Vec<Value>) {
        self.0.wait()
    }
}

/// A running `axum-chat` with the synthetic engine.
pub(crate) struct ChatProcess(RunningProgram);

impl ChatProcess {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Self::command();
        let own_arguments = ["--listen", "127.0.0.1:0", "--engine", "synthetic"];
        Self(RunningProgram::start(command.args(own_arguments).args(arguments)))
    }

    /// Returns the command without settings from the test's environment.
    pub(crate) fn command() -> Command {
        let mut command = Command::new(&built_programs().chat);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LLMOBS_CHAT_") {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.0.address
    }

    pub(crate) async fn scrape(&self) -> Page {
        self.0.scrape().await
    }

    /// Kills the program without a graceful shutdown.
    pub(crate) fn kill(mut self) {
        self.0.child.kill().expect("it runs");
        drop(self);
    }
}

/// Runs the `async-openai` client; returns the printed answer and the client's metrics.
pub(crate) async fn run_client(server: SocketAddr, model: &str) -> (String, Page) {
    let mut command = Command::new(&built_programs().client);
    command.args([model, "one two three"]);
    command.env("OPENAI_BASE_URL", format!("http://{server}/v1")).env("OPENAI_API_KEY", "test-key");
    let output = tokio::task::spawn_blocking(move || command.stderr(Stdio::null()).output()).await;
    let output = output.expect("no task panics").expect("the client runs");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let (answer, metrics) = text.split_once('\n').expect("an answer, and metrics");
    (answer.to_owned(), Page::parse(metrics))
}

/// A program that logs its address. Killed on drop.
struct RunningProgram {
    address: SocketAddr,
    child: Child,
    log: Option<JoinHandle<Vec<Value>>>,
}

impl RunningProgram {
    fn start(command: &mut Command) -> Self {
        // Removes the collector settings of the developer's environment.
        let command_variables: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        let other_variables =
            std::env::vars_os().map(|(name, _)| name).filter(|name| !command_variables.contains(name));
        for name in other_variables.filter(|name| name.to_string_lossy().starts_with("OTEL_")) {
            command.env_remove(name);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
        let (listening, addresses) = mpsc::channel();
        let log = std::thread::spawn(move || {
            let mut log: Vec<Value> = Vec::new();
            for line in lines.map_while(Result::ok) {
                let fields: Value = serde_json::from_str(&line).expect("a log line is JSON");
                if let Some(address) = fields["address"].as_str() {
                    let _ = listening.send(address.parse());
                }
                log.push(fields);
            }
            log
        });
        let address = addresses.recv_timeout(START_TIMEOUT).expect("it listens").expect("it logs its address");
        Self { address, child, log: Some(log) }
    }

    async fn scrape(&self) -> Page {
        let reply = get(self.address, "/metrics", &[]).await;
        assert_eq!(reply.status, 200);
        let page = Page::parse(&reply.body);
        // The other kinds are frames of an upstream that cannot be read.
        for anomaly in ["mark_out_of_order", "double_end"] {
            assert_eq!(page.count("llmobs_self_anomalies_total", &[("llmobs_anomaly", anomaly)]), 0, "{anomaly}");
        }
        page
    }

    fn wait(mut self) -> (ExitStatus, Vec<Value>) {
        let log = self.log.take().expect("wait is called once").join().expect("the log is read");
        (self.child.wait().expect("it exits"), log)
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Programs {
    gateway: PathBuf,
    chat: PathBuf,
    client: PathBuf,
}

/// Builds the programs and returns their paths. Cargo passes a test only the paths of its own package's binaries, not
/// of examples or other packages. Within `cargo test --workspace` they are already built, so this is fast.
fn built_programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments =
            ["build", "--workspace", "--bin", "axum-chat", "--bin", "async-openai-client", "--example", "gateway"];
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let built = Command::new(cargo)
            .args(arguments)
            .args(["--profile", profile, "--message-format", "json-render-diagnostics"])
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "the programs can be built");
        let lines = String::from_utf8(built.stdout).expect("cargo writes text");
        let artifacts: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let path = |name: &str| {
            let matching = artifacts.iter().filter(|artifact| artifact["target"]["name"] == name);
            let path = matching.filter_map(|artifact| artifact["executable"].as_str()).next_back();
            PathBuf::from(path.unwrap_or_else(|| panic!("cargo built no {name}")))
        };
        Programs { gateway: path("gateway"), chat: path("axum-chat"), client: path("async-openai-client") }
    })
}
