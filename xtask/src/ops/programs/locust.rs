//! Locust: the load generator in Python.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;

use super::python;

/// The time after the end of the load in which the last answers may end.
const STOP: &str = "30s";

/// A line of Locust's table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Line {
    /// The method of a request, or the name of a time that the file reports.
    #[serde(rename = "method")]
    pub(crate) kind: String,
    pub(crate) name: String,
    #[serde(rename = "num_requests")]
    pub(crate) count: f64,
    #[serde(rename = "num_failures")]
    pub(crate) failures: f64,
    /// The sum of the times in milliseconds.
    #[serde(rename = "total_response_time")]
    pub(crate) milliseconds: f64,
}

/// Returns the command of Locust: on the path, or in the package that the Python interpreter finds.
fn program() -> Option<Command> {
    if runs(Command::new("locust")) {
        return Some(Command::new("locust"));
    }
    let module = || {
        let mut command = python();
        command.args(["-m", "locust"]);
        command
    };
    runs(module()).then(module)
}

fn runs(mut command: Command) -> bool {
    let status = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Returns whether Locust is installed.
pub(crate) fn is_installed() -> bool {
    program().is_some()
}

/// Runs a file of Locust against an address for this time, and returns the lines of its table.
pub(crate) fn run(file: &Path, address: &str, time: Duration) -> Result<Vec<Line>, String> {
    let mut command = program().ok_or("locust is not installed (`pip install locust`)")?;
    command
        .arg("-f")
        .arg(file)
        .args(["--headless", "--only-summary", "--json", "-u", "8", "-r", "8", "--stop-timeout", STOP])
        // The caller judges failed requests.
        .args(["--exit-code-on-error", "0"])
        .args(["--host", &format!("http://{address}"), "-t", &format!("{}s", time.as_secs())])
        .env("MODEL", "synthetic")
        .stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("locust: {error}"))?;
    if !output.status.success() {
        return Err(format!("locust failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("the table of locust: {error}"))
}
