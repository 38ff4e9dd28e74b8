//! A running VictoriaMetrics, and `vmalert` over its past.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use super::folder::Folder;
use super::free_address;
use super::http;
use super::is_installed;
use super::program::Program;
use super::program::wait_until_ready;
use super::prometheus;

/// The names of the program: in Debian's package, and in the project's own.
const NAMES: [&str; 2] = ["victoria-metrics", "victoria-metrics-prod"];

/// A running VictoriaMetrics of one node.
#[derive(Debug)]
pub(crate) struct Victoria {
    address: String,
    /// Ends with the value.
    _program: Program,
}

impl Victoria {
    /// Returns the name of the program, if it and `vmalert` are installed.
    pub(crate) fn program() -> Option<&'static str> {
        NAMES.into_iter().find(|name| is_installed(name)).filter(|_| is_installed("vmalert"))
    }

    /// Starts VictoriaMetrics in the folder and waits until it is ready.
    pub(crate) fn start(folder: &Folder) -> Result<Self, String> {
        let name = Self::program().ok_or("VictoriaMetrics is not installed (Debian package `victoria-metrics`)")?;
        let address = free_address()?;
        let log = folder.path().join("victoria-metrics.log");
        let mut command = Command::new(name);
        command
            .arg(format!("-storageDataPath={}", folder.path().join("victoria").display()))
            .arg(format!("-httpListenAddr={address}"))
            // Months. Samples with equal timestamps, of rules that are evaluated twice, count once.
            .args(["-retentionPeriod=3", "-dedup.minScrapeInterval=1ms", "-search.disableCache", "-loggerLevel=WARN"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?);
        let program = Program::start(name, &mut command)?;
        if wait_until_ready(&address) {
            return Ok(Self { address, _program: program });
        }
        Err(format!("VictoriaMetrics is not ready after 20 s:\n{}", fs::read_to_string(log).unwrap_or_default()))
    }

    /// Imports samples as text, with timestamps in milliseconds, and makes them visible to queries.
    pub(crate) fn import(&self, samples: &str) -> Result<(), String> {
        let answer = http::exchange(&self.address, "POST", "/api/v1/import/prometheus", "text/plain", samples);
        answer.map_err(|error| format!("VictoriaMetrics: {error}"))?;
        self.flush()
    }

    /// Makes all samples that were written visible to queries.
    pub(crate) fn flush(&self) -> Result<(), String> {
        let answer = http::exchange(&self.address, "GET", "/internal/force_flush", "text/plain", "");
        answer.map(drop).map_err(|error| format!("VictoriaMetrics: {error}"))
    }

    /// Evaluates the rules of files over a period, in seconds since 1970, with `vmalert`, which writes the results.
    pub(crate) fn replay(&self, files: &[PathBuf], period: (u64, u64)) -> Result<(), String> {
        let url = format!("http://{}", self.address);
        let mut command = Command::new("vmalert");
        command.args(files.iter().map(|file| format!("-rule={}", file.display())));
        command
            .args([format!("-datasource.url={url}"), format!("-remoteWrite.url={url}")])
            .args([format!("-replay.timeFrom={}", rfc3339(period.0)?), format!("-replay.timeTo={}", rfc3339(period.1)?)])
            .args(["-datasource.queryStep=0s", "-replay.rulesDelay=0s", "-remoteWrite.flushInterval=200ms", "-replay.disableProgressBar", "-loggerLevel=ERROR"])
            // Without the first flag, the points of a recorded series are five minutes apart. The address is in the sources
            // of alerts, which are not opened.
            .args(["-external.url=http://127.0.0.1/", "-httpListenAddr=127.0.0.1:0"]);
        let output = command.output().map_err(|error| format!("vmalert: {error}"))?;
        let log = String::from_utf8_lossy(&output.stderr);
        output.status.success().then_some(()).ok_or_else(|| format!("vmalert cannot replay the rules: {log}"))?;
        self.flush()
    }

    /// Runs a query over a period and returns the series.
    pub(crate) fn query(&self, query: &str, period: (u64, u64), step: u64) -> Result<Vec<Value>, String> {
        prometheus::query_range(&self.address, query, period, step)
    }
}

/// Returns a moment as `vmalert` reads it.
fn rfc3339(seconds: u64) -> Result<String, String> {
    let output = Command::new("date").args(["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%dT%H:%M:%SZ"]).output();
    let output = output.map_err(|error| format!("date: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
