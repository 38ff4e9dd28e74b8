//! A board: rows of panels, and where each panel is.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::panel::Panel;
use super::panel::Source;
use super::panel_json;
use super::query::variables_in;
use super::variables::Variable;
use crate::ops::names::Names;
use crate::ops::promql;

/// The columns of Grafana's grid.
pub(super) const COLUMNS: u64 = 24;

/// The oldest schema that has all that the boards use: that of Grafana 10.4. Newer versions migrate it when they load it.
const SCHEMA_VERSION: u64 = 39;

/// The tag by which the boards find each other.
const TAG: &str = "llmobs";

/// A board of Grafana.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) uid: &'static str,
    pub(crate) rows: Vec<Row>,
    pub(super) variables: Vec<Variable>,
    title: &'static str,
    text: &'static str,
}

/// A row with a title.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) panels: Vec<Panel>,
    title: &'static str,
}

impl Board {
    /// Returns an empty board. `uid` is the file's name and the end of the board's address.
    pub(super) fn new(uid: &'static str, title: &'static str, text: &'static str, variables: &[Variable]) -> Self {
        Self { uid, rows: Vec::new(), variables: variables.to_vec(), title, text }
    }

    /// Adds a row.
    pub(super) fn row(mut self, title: &'static str, panels: impl IntoIterator<Item = Panel>) -> Self {
        self.rows.push(Row { panels: panels.into_iter().collect(), title });
        self
    }

    /// Returns the title.
    pub(crate) const fn title(&self) -> &'static str {
        self.title
    }

    /// Returns all panels.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.rows.iter().flat_map(|row| &row.panels)
    }

    /// Returns the board as Grafana's JSON, after the check of its queries against the table of names.
    pub(super) fn to_json(&self, names: &Names) -> Result<Value, String> {
        self.check_variables(names)?;
        let metrics = self.panels().map(|panel| self.metrics_of(panel, names));
        let errors: Vec<_> = metrics.filter_map(Result::err).collect();
        if !errors.is_empty() {
            return Err(errors.join("\n"));
        }
        let mut panels = Vec::new();
        let (mut id, mut top) = (0, 0);
        for row in &self.rows {
            id += 1;
            panels.push(json!({
                "id": id, "type": "row", "title": row.title, "collapsed": false, "panels": [],
                "gridPos": { "x": 0, "y": top, "w": COLUMNS, "h": 1 },
            }));
            top += 1;
            for line in lines(&row.panels) {
                let widths = widths(line);
                let height = line.iter().map(|panel| panel.size().1).max().unwrap_or_default();
                let mut left = 0;
                for (panel, width) in line.iter().zip(widths) {
                    id += 1;
                    let mut value = panel_json::to_json(panel, id, &self.metrics_of(panel, names)?);
                    value["gridPos"] = json!({ "x": left, "y": top, "w": width, "h": panel.size().1 });
                    panels.push(value);
                    left += width;
                }
                top += height;
            }
        }
        Ok(json!({
            "uid": self.uid,
            "title": self.title,
            "description": self.text,
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": true,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "refresh": "30s",
            "timezone": "browser",
            "weekStart": "",
            "time": { "from": "now-1h", "to": "now" },
            "timepicker": {},
            "links": [links()],
            "annotations": { "list": self.annotations() },
            "templating": { "list": self.variables.iter().map(|variable| variable.to_json()).collect::<Vec<_>>() },
            "panels": panels,
        }))
    }

    /// Checks the queries of a panel, and returns the names of their metrics.
    fn metrics_of(&self, panel: &Panel, names: &Names) -> Result<Vec<String>, String> {
        let mut metrics = BTreeSet::new();
        for target in panel.targets.iter().filter(|_| panel.source() == Source::Prometheus) {
            let checked = promql::check_panel(&self.with_texts(&target.query), names)
                .map_err(|error| format!("`{}`: {error}", panel.title))?;
            metrics.extend(checked.series.iter().filter_map(|series| Some(names.get(series)?.name.clone())));
        }
        Ok(metrics.into_iter().collect())
    }

    /// Replaces the variables that are numbers or texts by their defaults.
    pub(crate) fn with_texts(&self, query: &str) -> String {
        self.variables.iter().fold(query.to_owned(), |query, variable| match variable {
            Variable::Text { name, value, .. } if !value.is_empty() => query.replace(&format!("${name}"), value),
            _ => query,
        })
    }

    /// Checks the metrics and labels from which the variables take their values, that each variable of a query is declared,
    /// and the queries of the annotations.
    fn check_variables(&self, names: &Names) -> Result<(), String> {
        for variable in &self.variables {
            let Some(query) = variable.query() else { continue };
            let failed = |error: &str| format!("the variable `{}`: {error}", variable.name());
            let arguments = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
            let (selector, label) = arguments.and_then(|inner| inner.rsplit_once(", ")).ok_or_else(|| failed(query))?;
            let checked = promql::check_panel(selector, names).map_err(|error| failed(&error))?;
            if !checked.labels.contains(label) {
                return Err(failed(&format!("{selector} has no label {label}")));
            }
        }
        let targets = self.panels().flat_map(|panel| panel.targets.iter());
        let used: BTreeSet<String> = targets.flat_map(|target| variables_in(&target.query)).collect();
        let declared = |name: &str| self.variables.iter().any(|variable| variable.name() == name);
        if let Some(name) = used.iter().find(|name| !name.starts_with("__") && !declared(name)) {
            return Err(format!("a query has the variable `{name}`, which the board does not declare"));
        }
        for annotation in self.annotations().as_array().into_iter().flatten() {
            if let Some(query) = annotation["expr"].as_str() {
                promql::check_panel(query, names)?;
            }
        }
        Ok(())
    }

    /// Marks new versions of the service, and its restarts.
    fn annotations(&self) -> Value {
        let built_in = json!({
            "builtIn": 1, "datasource": { "type": "grafana", "uid": "-- Grafana --" }, "enable": true, "hide": true,
            "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard",
        });
        let mut list = vec![built_in];
        if self.variables.iter().any(|variable| variable.name() == "job") {
            let matcher = r#"job=~"$job""#;
            list.push(annotation(
                "Restarts",
                "orange",
                &format!("resets(process_uptime_seconds{{{matcher}}}[2m]) > 0"),
                "{{job}} {{instance}} started again",
            ));
            list.push(annotation(
                "Versions",
                "blue",
                &format!(
                    "count by (job, llmobs_build_version) (llmobs_build_info{{{matcher}}}) unless \
                     count by (job, llmobs_build_version) (llmobs_build_info{{{matcher}}} offset 2m)"
                ),
                "{{job}} has version {{llmobs_build_version}}",
            ));
        }
        Value::Array(list)
    }
}

/// Splits the panels of a row into lines of the grid.
fn lines(panels: &[Panel]) -> Vec<&[Panel]> {
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (index, panel) in panels.iter().enumerate() {
        let (width, _) = panel.size();
        if used + width > COLUMNS {
            lines.push(&panels[start..index]);
            (start, used) = (index, 0);
        }
        used += width;
    }
    lines.push(&panels[start..]);
    lines
}

/// Returns the widths of the panels of a line. Panels of one width that do not fill the line share it, except tiles.
fn widths(line: &[Panel]) -> Vec<u64> {
    let widths: Vec<u64> = line.iter().map(|panel| panel.size().0).collect();
    let count = line.len() as u64;
    let are_equal = widths.iter().all(|width| Some(width) == widths.first());
    if are_equal && count > 0 && COLUMNS.is_multiple_of(count) && !line.iter().any(Panel::is_tile) {
        return vec![COLUMNS / count; line.len()];
    }
    widths
}

fn annotation(name: &str, color: &str, query: &str, title: &str) -> Value {
    json!({
        "datasource": { "type": "prometheus", "uid": "${datasource}" }, "enable": true, "hide": false, "name": name,
        "iconColor": color, "expr": query, "step": "60s", "titleFormat": title,
    })
}

/// Returns the menu with the other boards, which keep the time and the variables.
fn links() -> Value {
    json!({
        "type": "dashboards", "title": "Boards of llmobs", "tags": [TAG], "asDropdown": true, "icon": "external link",
        "includeVars": true, "keepTime": true, "targetBlank": false, "tooltip": "", "url": "",
    })
}
