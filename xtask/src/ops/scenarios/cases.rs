//! The table of cases, `docs/ops/src/tests.toml`.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::super::output::FOLDER;
use crate::workspace_root;

/// The path of the table in the folder of the kit.
pub(super) const CASES: &str = "src/tests.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) case: Vec<Case>,
    pub(super) quiet: Vec<Quiet>,
    /// The roles in which an alert that pages has no recording.
    #[serde(default)]
    pub(super) unrecorded: Vec<Unrecorded>,
}

/// A fault under which an alert fires.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) alert: String,
    /// The description of the fault, which an alert with several faults needs.
    #[serde(default)]
    pub(super) fault: String,
    /// The recording of the fault.
    #[serde(default)]
    pub(super) page: Option<String>,
    /// The recording of the healthy traffic before the fault.
    #[serde(default)]
    pub(super) past: Option<String>,
    /// The reason why the series of a case without a recording are written by hand.
    #[serde(default)]
    pub(super) written: Option<String>,
    /// Written series: labels without `job` and `instance`, and values, one a minute.
    #[serde(default)]
    pub(super) series: Vec<(String, String)>,
    /// The minute at which the alert must fire.
    pub(super) at: usize,
    /// The minute at which the fault begins.
    pub(super) onset: usize,
    /// The number of requests an hour, if written series contain counters that grow with requests.
    #[serde(default)]
    pub(super) requests: Option<f64>,
    /// The situations in which the alert is silent, with the reason.
    #[serde(default)]
    pub(super) silent: BTreeMap<String, String>,
}

/// Traffic on which no alert may fire.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quiet {
    pub(super) name: String,
    pub(super) page: String,
    /// The part of the recorded traffic: 1 is all of it, 0 none.
    pub(super) traffic: f64,
    #[serde(default)]
    pub(super) series: Vec<(String, String)>,
    pub(super) minutes: usize,
    /// Alerts that this traffic fires rightly.
    #[serde(default)]
    pub(super) except: Vec<String>,
}

/// A role in which an alert has no recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unrecorded {
    pub(super) alert: String,
    pub(super) role: String,
    pub(super) reason: String,
}

impl Source {
    pub(super) fn read() -> Result<Self, String> {
        let path = workspace_root().join(FOLDER).join(CASES);
        let text = fs::read_to_string(&path).map_err(|error| format!("{FOLDER}/{CASES}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("{FOLDER}/{CASES}: {error}"))
    }
}

impl Case {
    /// Fails if a case has neither a recording nor a reason why its series are written by hand, or both.
    pub(super) fn check_source(&self) -> Result<(), String> {
        match (&self.page, &self.written, &self.past) {
            (Some(_), None, _) => Ok(()),
            (None, Some(reason), None) if !reason.trim().is_empty() => Ok(()),
            (None, _, None) => {
                Err("has no `page`, and no reason in `written` why its series are written by hand".to_owned())
            }
            (Some(_), Some(_), _) => Err("has a `page`, so `written` has no meaning".to_owned()),
            (None, _, Some(_)) => Err("`past` needs a `page`".to_owned()),
        }
    }
}
