//! A running Alertmanager.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::folder::Folder;
use super::free_address;
use super::http;
use super::is_installed;
use super::program::Program;
use super::program::wait_until_ready;

/// The names of the program: in Debian's package, and in the project's own.
const NAMES: [&str; 2] = ["prometheus-alertmanager", "alertmanager"];

/// The number of times that an address is read until Alertmanager has processed all alerts, and the pause between two.
const ATTEMPTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// The labels of an alert.
pub(crate) type Labels = BTreeMap<String, String>;

/// A running Alertmanager.
#[derive(Debug)]
pub(crate) struct Alertmanager {
    pub(crate) address: String,
    /// Ends with the value.
    _program: Program,
}

impl Alertmanager {
    /// Returns the name of the program, if it is installed.
    pub(crate) fn program() -> Option<&'static str> {
        NAMES.into_iter().find(|name| is_installed(name))
    }

    /// Starts Alertmanager with a configuration, and waits until it is ready.
    pub(crate) fn start(folder: &Folder, config: &str) -> Result<Self, String> {
        let file = folder.write("alertmanager.yml", config)?;
        let log = folder.path().join("alertmanager.log");
        let name = Self::program();
        let name = name.ok_or("Alertmanager is not installed (Debian package `prometheus-alertmanager`)")?;
        let address = free_address()?;
        let mut command = Command::new(name);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().join("alertmanager").display()))
            .arg(format!("--web.listen-address={address}"))
            // An empty address: no cluster.
            .args(["--cluster.listen-address=", "--log.level=warn"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?);
        let program = Program::start(name, &mut command)?;
        if wait_until_ready(&address) {
            return Ok(Self { address, _program: program });
        }
        Err(format!("Alertmanager is not ready after 20 s:\n{}", fs::read_to_string(log).unwrap_or_default()))
    }

    /// Sends alerts, each with its labels.
    pub(crate) fn post<'a>(&self, alerts: impl Iterator<Item = &'a Labels>) -> Result<(), String> {
        let body = Value::from_iter(alerts.map(|labels| json!({ "labels": labels }))).to_string();
        self.ask("POST", "/api/v2/alerts", &body).map(drop)
    }

    /// Reads an address of the API until the answer has what it must have. Returns what is wrong with the last answer.
    pub(crate) fn wait_for(&self, path: &str, check: impl Fn(&Value) -> Result<(), String>) -> Result<(), String> {
        let mut last = Ok(());
        for _ in 0..ATTEMPTS {
            let answer = self.ask("GET", path, "")?;
            let answer = serde_json::from_str(&answer).map_err(|error| format!("Alertmanager: {error}: {answer}"))?;
            last = check(&answer);
            if last.is_ok() {
                break;
            }
            thread::sleep(PAUSE);
        }
        last
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<String, String> {
        let answer = http::exchange(&self.address, method, path, "application/json", body);
        answer.map_err(|error| format!("Alertmanager: {error}"))
    }
}
