//! A running Prometheus, and its queries.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use super::folder::Folder;
use super::http;
use super::is_installed;
use super::program::Program;
use super::program::wait_until_ready;
use crate::workspace_root;

/// A running Prometheus.
#[derive(Debug)]
pub(crate) struct Prometheus {
    pub(crate) address: String,
    /// Ends with the value.
    program: Program,
}

impl Prometheus {
    /// Returns whether the program is installed.
    pub(crate) fn is_installed() -> bool {
        is_installed("prometheus")
    }

    /// Starts Prometheus at a free address with a configuration, on the blocks of the folder, and waits until it is ready.
    pub(crate) fn start(folder: &Folder, address: &str, config: &str, arguments: &[&str]) -> Result<Self, String> {
        let file = folder.write("prometheus.yml", config)?;
        let log = folder.path().join("prometheus.log");
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?);
        let program = Program::start("prometheus", &mut command)?;
        if wait_until_ready(address) {
            return Ok(Self { address: address.to_owned(), program });
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        Err(format!("Prometheus is not ready after 20 s:\n{log}"))
    }

    /// Evaluates the recording rules of these files over a period of the history, and adds the results to the data, which
    /// the next start of Prometheus reads.
    pub(crate) fn record(&self, files: &[&str], folder: &Path, (start, end): (u64, u64)) -> Result<(), String> {
        let rules = workspace_root().join("docs/ops/prometheus/rules");
        let mut command = Command::new("promtool");
        command.args(["tsdb", "create-blocks-from", "rules"]);
        command
            .arg(format!("--start={start}"))
            .arg(format!("--end={end}"))
            .arg(format!("--url=http://{}", self.address));
        // Seconds between two evaluations of a group that sets none.
        command.arg("--eval-interval=30s").arg(format!("--output-dir={}", folder.join("data").display()));
        command.args(files.iter().map(|name| rules.join(name))).stdout(Stdio::null()).stderr(Stdio::piped());
        let output = command.output().map_err(|error| format!("promtool: {error}"))?;
        let log = String::from_utf8_lossy(&output.stderr);
        output.status.success().then_some(()).ok_or_else(|| format!("promtool cannot record the rules: {log}"))
    }

    /// Runs a query over a period and returns the series.
    pub(crate) fn query(&self, query: &str, period: (u64, u64), step: u64) -> Result<Vec<Value>, String> {
        query_range(&self.address, query, period, step)
    }

    /// Returns the trace ids of the exemplars of a query in a period.
    pub(crate) fn trace_ids(&self, query: &str, (start, end): (u64, u64)) -> Result<Vec<String>, String> {
        let body = format!("query={}&start={start}&end={end}", http::form_value(query));
        let data = ask(&self.address, "/api/v1/query_exemplars", &body)?;
        let series = data.as_array().into_iter().flatten();
        let exemplars = series.flat_map(|series| series["exemplars"].as_array().into_iter().flatten());
        Ok(exemplars.filter_map(|exemplar| exemplar["labels"]["trace_id"].as_str().map(str::to_owned)).collect())
    }

    /// Returns the state of the groups of rules: times of the last evaluation, and what it took.
    pub(crate) fn rule_groups(&self) -> Result<Vec<Value>, String> {
        let answer = http::exchange(&self.address, "GET", "/api/v1/rules", "text/plain", "");
        let data = data_of(answer)?;
        Ok(data["groups"].as_array().cloned().unwrap_or_default())
    }

    /// Returns the process id.
    pub(crate) fn pid(&self) -> u32 {
        self.program.pid()
    }
}

/// Runs a query over a period, in seconds since 1970, on Prometheus or a store with its API, and returns the series.
pub(super) fn query_range(
    address: &str,
    query: &str,
    (start, end): (u64, u64),
    step: u64,
) -> Result<Vec<Value>, String> {
    let body = format!("query={}&start={start}&end={end}&step={step}", http::form_value(query));
    let data = ask(address, "/api/v1/query_range", &body)?;
    Ok(data["result"].as_array().cloned().unwrap_or_default())
}

/// Sends a form to the API of Prometheus or of a store like it.
fn ask(address: &str, path: &str, body: &str) -> Result<Value, String> {
    let kind = "application/x-www-form-urlencoded";
    let answer = http::exchange(address, "POST", path, kind, body);
    data_of(answer).map_err(|error| format!("{error}\n  in the request: {body}"))
}

/// Returns the data of an answer of the API.
fn data_of(answer: std::io::Result<String>) -> Result<Value, String> {
    let answer = answer.map_err(|error| format!("Prometheus: {error}"))?;
    let mut answer: Value = serde_json::from_str(&answer).map_err(|error| format!("Prometheus: {error}: {answer}"))?;
    if answer["status"] != "success" {
        return Err(answer["error"].to_string());
    }
    Ok(answer["data"].take())
}
