//! The program under test.

use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::Page;
use super::get;

/// Time limit for the start: the first start on a machine downloads the model.
const START_TIMEOUT: Duration = Duration::from_secs(300);

/// Returns the command without settings from the test's environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-chat"));
    for (name, _) in std::env::vars_os() {
        if ["LLMOBS_", "OTEL_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// A running service. Killed on drop.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Option<JoinHandle<Vec<String>>>,
    errors: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts the service with the synthetic engine.
    pub(crate) fn synthetic(arguments: &[&str]) -> Self {
        Self::start(&[&["--engine", "synthetic"], arguments].concat())
    }

    /// Starts the service on a free port and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(&[], arguments)
    }

    /// Starts the service with these environment variables.
    pub(crate) fn start_with(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut child = command()
            .envs(variables.iter().copied())
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
        let (listening, addresses) = mpsc::channel();
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            for line in lines.map_while(Result::ok) {
                let fields: Value = serde_json::from_str(&line).expect("a log line is JSON");
                if let Some(address) = fields["address"].as_str() {
                    let _ = listening.send(address.parse());
                }
                log.push(line);
            }
            log
        });
        let lines = BufReader::new(child.stderr.take().expect("standard error is a pipe")).lines();
        let errors = std::thread::spawn(move || {
            let mut errors = String::new();
            for line in lines.map_while(Result::ok) {
                println!("{line}");
                errors.push_str(&line);
                errors.push('\n');
            }
            errors
        });
        let address = addresses.recv_timeout(START_TIMEOUT).expect("it listens").expect("it logs its address");
        Self { address, child, log: Some(log), errors: Some(errors) }
    }

    /// Returns the metrics page.
    pub(crate) async fn scrape(&self) -> Page {
        let reply = get(self.address, "/metrics", &[]).await;
        assert_eq!(reply.status, 200);
        let page = Page::parse(&reply.body);
        assert_eq!(
            page.count("llmobs_self_anomalies_total", &[]),
            0,
            "no marks out of order and no operation ended twice"
        );
        page
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success());
    }

    /// Returns the output on standard error. May be called once, after the program was asked to end.
    pub(crate) fn stderr(&mut self) -> String {
        self.errors.take().expect("stderr is called once").join().expect("standard error is read")
    }

    /// Waits for the end of the program; returns its exit status and its log.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let log = self.log.take().expect("wait is called once").join().expect("the log is read");
        (self.child.wait().expect("it exits"), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
