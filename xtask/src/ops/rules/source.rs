//! The source of the rules: the tables of `docs/ops/src/rules/*.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::macros;

/// The groups of people that receive alerts. Alertmanager has a receiver for each.
pub(crate) const TEAMS: [&str; 4] = ["serving", "platform", "gpu", "money"];

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    group: Vec<GroupSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupSource {
    name: String,
    #[serde(default)]
    interval: Option<String>,
    #[serde(default)]
    record: Vec<RecordSource>,
    #[serde(default)]
    alert: Vec<Alert>,
}

/// A recording rule, or one for each window if its name and query contain `{window}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordSource {
    name: String,
    #[serde(default)]
    windows: Vec<String>,
    /// Labels that the result gets.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    expr: String,
}

/// A group of rules, which Prometheus evaluates in order.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) interval: Option<String>,
    pub(crate) records: Vec<Record>,
    pub(crate) alerts: Vec<Alert>,
}

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) expr: String,
}

/// The urgency of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Wakes a person.
    Page,
    /// Is worked on in working hours.
    Ticket,
    /// Fires always, to show that alerts arrive.
    Watchdog,
}

/// An alert, with the text of its runbook page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    /// The group of people that receives the alert: `serving`, `platform`, `gpu` or `money`.
    pub(crate) team: String,
    pub(crate) expr: String,
    /// The time for which the condition must hold.
    #[serde(default)]
    pub(crate) hold: Option<String>,
    pub(crate) summary: String,
    /// The runbook page without `.md`, if it is not the name of the alert.
    #[serde(default)]
    pub(crate) page: Option<String>,
    /// The harm that callers feel.
    pub(crate) feel: String,
    /// The first command, if it is not the look at `/debug/llmobs` of the service.
    #[serde(default)]
    pub(crate) first: Option<String>,
    /// The id of a board and the title of a panel on it: `llmobs-engine: Memory`.
    pub(crate) panel: String,
    /// The query that shows the cause; it may contain variables of a dashboard.
    pub(crate) query: String,
    /// The `LogQL` query of the log lines.
    pub(crate) log: String,
    /// The steps that stop the harm.
    pub(crate) stop: String,
    /// The moment to call another team, and its name.
    pub(crate) escalate: String,
}

impl Source {
    /// Returns the groups with all macros and windows replaced.
    pub(crate) fn groups(self) -> Result<Vec<Group>, String> {
        self.group.into_iter().map(GroupSource::expand).collect()
    }
}

impl GroupSource {
    fn expand(self) -> Result<Group, String> {
        let mut records = Vec::new();
        for record in self.record {
            let expr = macros::expand(&record.expr).map_err(|error| format!("{}: {error}", record.name))?;
            if record.windows.is_empty() {
                records.push(Record { name: record.name, labels: record.labels, expr });
                continue;
            }
            for window in &record.windows {
                let with_window = |text: &str| text.replace("{window}", window);
                let labels = record.labels.clone();
                records.push(Record { name: with_window(&record.name), labels, expr: with_window(&expr) });
            }
        }
        let mut alerts = self.alert;
        for alert in &mut alerts {
            alert.expr = macros::expand(&alert.expr).map_err(|error| format!("{}: {error}", alert.name))?;
        }
        Ok(Group { name: self.name, interval: self.interval, records, alerts })
    }
}

impl Alert {
    /// Returns the name of the runbook page without `.md`: `LlmobsEngineHung` has `engine-hung`.
    pub(crate) fn page_name(&self) -> String {
        if let Some(page) = &self.page {
            return page.clone();
        }
        let name = self.name.strip_prefix("Llmobs").unwrap_or(&self.name);
        let mut page = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !page.is_empty() {
                page.push('-');
            }
            page.push(letter.to_ascii_lowercase());
        }
        page
    }

    /// Fails if the name or a text of the alert has the wrong form.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.name.starts_with("Llmobs") {
            return Err("the name of an alert begins with `Llmobs`".to_owned());
        }
        let texts = [&self.summary, &self.feel, &self.panel, &self.log, &self.stop, &self.escalate];
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err("a text of the alert is empty".to_owned());
        }
        if !TEAMS.contains(&self.team.as_str()) {
            return Err(format!("`{}` is no team: {}", self.team, TEAMS.join(", ")));
        }
        Ok(())
    }
}

impl Severity {
    /// Returns the value of the label `severity`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
            Self::Watchdog => "watchdog",
        }
    }
}
