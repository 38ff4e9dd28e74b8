//! The metrics of other systems, read from `docs/ops/foreign.toml`.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::Kind;
use super::Metric;
use super::Origin;
use crate::ops::output::FOLDER;
use crate::workspace_root;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    system: Vec<System>,
}

/// A system, with the labels that all of its metrics have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    name: String,
    /// The version whose metrics are listed.
    version: String,
    /// The repository and path, or the page, that defines the metrics.
    source: String,
    #[serde(default)]
    labels: Vec<String>,
    metrics: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    r#type: Type,
    unit: String,
    /// Labels in addition to those of the system; a list of values if no other value can occur.
    #[serde(default)]
    labels: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Counter,
    Gauge,
    Histogram,
}

/// Reads the table.
pub(crate) fn read() -> Result<Vec<Metric>, String> {
    let path = workspace_root().join(FOLDER).join("foreign.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{FOLDER}/foreign.toml: {error}"))
}

fn parse(text: &str) -> Result<Vec<Metric>, String> {
    let table: Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut metrics = Vec::new();
    for system in table.system {
        if system.version.is_empty() || system.source.is_empty() {
            return Err(format!("{} needs a version and a source", system.name));
        }
        metrics.extend(system.metrics.iter().map(|row| row.metric(&system)));
    }
    Ok(metrics)
}

impl Row {
    fn metric(&self, system: &System) -> Metric {
        let kind = match self.r#type {
            Type::Counter => Kind::Counter,
            Type::Gauge => Kind::Gauge,
            Type::Histogram => Kind::Histogram,
        };
        let common = system.labels.iter().map(|label| (label.clone(), None));
        let own = self.labels.iter().map(|(label, values)| {
            let with_absent = || values.iter().cloned().chain([String::new()]).collect();
            (label.clone(), (!values.is_empty()).then(with_absent))
        });
        Metric {
            name: self.name.clone(),
            kind,
            unit: self.unit.clone(),
            labels: common.chain(own).collect(),
            bounds: Vec::new(),
            origin: Origin::Foreign { system: system.name.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str = "[[system]]\nname = 'x'\nsource = 'a:b'\nlabels = ['model']\n";

    #[test]
    fn a_row_has_the_labels_of_its_system_and_its_own() {
        let rows = "version = '1'\nmetrics = [{ name = 'x_total', type = 'counter', unit = '1', labels = { kind = ['a'], id = [] } }]";
        let metrics = parse(&format!("{SYSTEM}{rows}")).unwrap();
        assert_eq!(metrics[0].labels.keys().collect::<Vec<_>>(), ["id", "kind", "model"]);
        assert_eq!(metrics[0].labels["kind"], Some(vec!["a".to_owned(), String::new()]));
        assert_eq!(metrics[0].labels["id"], None);
    }

    #[test]
    fn a_system_needs_a_version_and_a_row_a_known_type() {
        assert!(parse(&format!("{SYSTEM}version = ''\nmetrics = []")).unwrap_err().contains("version"));
        let row = "version = '1'\nmetrics = [{ name = 'x', type = 'dial', unit = '1' }]";
        assert!(parse(&format!("{SYSTEM}{row}")).is_err());
    }
}
