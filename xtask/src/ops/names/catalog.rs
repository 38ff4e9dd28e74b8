//! The metrics of llmobs, read from `docs/metrics.md`, which `cargo xtask metrics-doc` writes from the catalog.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use super::Kind;
use super::Metric;
use super::Origin;
use super::values::Values;
use crate::workspace_root;

const PAGE: &str = "docs/metrics.md";

/// The three attributes of `S`, as the page states.
const SERIES: [&str; 3] = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"];

/// Reads all metrics of the page.
pub(crate) fn read() -> Result<Vec<Metric>, String> {
    let page = fs::read_to_string(workspace_root().join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    parse(&page, &Values::read()?)
}

/// Returns the attributes of all metrics of the page.
pub(crate) fn attributes() -> Result<BTreeSet<String>, String> {
    let page = fs::read_to_string(workspace_root().join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|line| line.trim_matches('|').split('|').nth(3));
    Ok(cells.flat_map(listed).map(str::to_owned).collect())
}

fn parse(page: &str, values: &Values) -> Result<Vec<Metric>, String> {
    let mut metrics = Vec::new();
    let mut bounds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [name, kind, unit, attributes, series, level, roles, _profile] if name.starts_with('`') => {
                metrics.push((name.replace('`', ""), row(kind, unit, attributes, series, level, roles, values)?));
            }
            [names, _unit, list] if names.contains('`') => {
                let list: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
                for name in names.split('`').skip(1).step_by(2) {
                    bounds.insert(name.to_owned(), list.clone());
                }
            }
            _ => {}
        }
    }
    if metrics.is_empty() {
        return Err(format!("{PAGE} contains no table of metrics"));
    }
    for (name, metric) in &mut metrics {
        if metric.kind == Kind::Histogram {
            metric.bounds = bounds.get(name).cloned().ok_or_else(|| format!("{PAGE}: no bounds of {name}"))?;
        }
    }
    Ok(metrics.into_iter().map(|(_, metric)| metric).collect())
}

fn row(
    kind: &str,
    unit: &str,
    attributes: &str,
    series: &str,
    level: &str,
    roles: &str,
    values: &Values,
) -> Result<Metric, String> {
    let series = series.replace('`', "");
    let name = series.trim_end_matches("_{bucket,sum,count}").to_owned();
    let kind = match kind.trim_start_matches("observable ") {
        "counter" => Kind::Counter,
        "gauge" | "up-down counter" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        other => return Err(format!("{PAGE}: {name} has the unknown instrument `{other}`")),
    };
    let mut labels = BTreeMap::new();
    for attribute in listed(attributes) {
        labels.insert(attribute.replace('.', "_"), values.of(&name, attribute));
    }
    let origin = Origin::Own { level: level.to_owned(), roles: roles.to_owned() };
    Ok(Metric { name, kind, unit: unit.replace('`', ""), labels, bounds: Vec::new(), origin })
}

/// Returns the attributes of a cell, such as "S, `error.type`".
fn listed(cell: &str) -> Vec<&str> {
    let attributes = cell.split(',').map(str::trim).filter(|attribute| !attribute.is_empty());
    attributes.flat_map(|one| if one == "S" { SERIES.to_vec() } else { vec![one.trim_matches('`')] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_page_gives_a_metric() {
        let page = "| `llmobs.stall.events` | counter | `{stall}` | S, `llmobs.stall.cause` | `llmobs_stall_events_total` | full | all | any |\n";
        let metrics = parse(page, &Values::read().unwrap()).unwrap();
        assert_eq!(metrics[0].name, "llmobs_stall_events_total");
        assert_eq!(metrics[0].labels.len(), 4);
        assert!(metrics[0].labels["llmobs_stall_cause"].as_ref().unwrap().contains(&"reader".to_owned()));
        assert!(parse("# nothing\n", &Values::read().unwrap()).is_err());
    }

    #[test]
    fn a_histogram_without_bounds_is_an_error() {
        let page = "| `llmobs.x` | histogram | `s` | S | `llmobs_x_seconds_{bucket,sum,count}` | full | all | any |\n";
        assert!(parse(page, &Values::read().unwrap()).unwrap_err().contains("no bounds"));
    }
}
