//! The tests of the normalising rules: the pages of engines in `docs/ops/src/pages/engines`, and the values of the common
//! names that the rules make of them, in `docs/ops/src/engines.toml`.
//!
//! Gauges have the values of the page throughout. Counters grow by the values of the page each minute, as if it were the
//! first page after a start a minute ago.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde::Deserialize;

use super::super::names::Kind;
use super::super::names::Names;
use super::super::output::FOLDER;
use super::super::rules::File;
use super::super::rules::only;
use super::TestFile;
use super::page;
use super::series::Series;
use super::values;
use crate::workspace_root;

const EXPECTED: &str = "src/engines.toml";

/// The label of the recorded series with the engine.
const KIND: &str = "llmobs_engine_kind";

/// The file of the rules.
const RULES: &str = "engines";

/// The length of a test, and the minute of its queries.
const MINUTES: usize = 30;
const AT: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    engine: Vec<Engine>,
}

/// An engine and the values that the rules record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Engine {
    /// The value of the label, and the name of the page.
    name: String,
    /// The label of the model; `_OTHER` for an engine without one.
    model: String,
    values: BTreeMap<String, f64>,
    /// Names that have the model `_OTHER`, since the engine counts them without a model.
    #[serde(default)]
    without_model: Vec<String>,
}

/// Returns a file of tests for each engine. Fails if a rule has no expected value, or a page contradicts the table of foreign
/// metrics.
pub(super) fn files(rules: &[File], names: &Names) -> Result<Vec<TestFile>, String> {
    let path = workspace_root().join(FOLDER).join(EXPECTED);
    let text = fs::read_to_string(&path).map_err(|error| format!("{FOLDER}/{EXPECTED}: {error}"))?;
    let source: Source = toml::from_str(&text).map_err(|error| format!("{FOLDER}/{EXPECTED}: {error}"))?;
    check_rules(&source, rules).map_err(|error| format!("{FOLDER}/{EXPECTED}: {error}"))?;
    source.engine.iter().map(|engine| of_engine(engine, rules, names)).collect()
}

/// Fails if the expected values are not those of the rules, one for each.
fn check_rules(source: &Source, rules: &[File]) -> Result<(), String> {
    let files = rules.iter().filter(|file| file.name == RULES);
    let records = files.flat_map(|file| &file.groups).flat_map(|group| &group.records);
    let mut recorded: Vec<_> =
        records.filter_map(|record| Some((record.labels.get(KIND)?.as_str(), record.name.as_str()))).collect();
    for engine in &source.engine {
        for name in engine.values.keys() {
            let Some(index) = recorded.iter().position(|one| *one == (engine.name.as_str(), name.as_str())) else {
                return Err(format!("no rule records {name} of {}", engine.name));
            };
            recorded.swap_remove(index);
        }
    }
    match recorded.first() {
        None => Ok(()),
        Some((engine, name)) => Err(format!("{name} of {engine} has no expected value")),
    }
}

fn of_engine(engine: &Engine, rules: &[File], names: &Names) -> Result<TestFile, String> {
    let page = format!("engines/{}", engine.name);
    check_types(&page, names)?;
    let mut text = String::new();
    let name = format!("engine-{}", engine.name);
    let _ = writeln!(
        text,
        "rule_files:\n  - {name}.rules.yml\nevaluation_interval: 1m\ntests:\n  - name: '{page} has the common names'\n    \
         interval: 1m\n    input_series:"
    );
    for (selector, value) in page::samples(&page)? {
        let mut series = Series::parse(&selector, Vec::new(), names)?;
        let at = |minute: usize| if series.is_counter { value * minutes(minute) } else { value };
        series.values = (0..MINUTES).map(|minute| Some(at(minute))).collect();
        let _ = writeln!(
            text,
            "      - series: '{}'\n        values: '{}'",
            series.selector(),
            values::write(&series.values)
        );
    }
    text += "    promql_expr_test:\n";
    for (name, value) in &engine.values {
        let model = if engine.without_model.contains(name) { "_OTHER" } else { &engine.model };
        // Sums of quotients differ in the last digit.
        let _ = writeln!(
            text,
            "      - expr: 'round({name}, 0.0001)'\n        eval_time: {AT}m\n        exp_samples:\n          - labels: \
             '{{job=\"chat\",instance=\"a:8080\",gen_ai_request_model=\"{model}\",{KIND}=\"{}\"}}'\n            value: \
             {value}",
            engine.name
        );
    }
    Ok(TestFile { rules: only(rules, RULES), tests: text, name })
}

/// Fails if a sample of a page has no type, or another one than in the table.
fn check_types(page: &str, names: &Names) -> Result<(), String> {
    let types = page::types(page)?;
    for (selector, _) in page::samples(page)? {
        let name = selector.split('{').next().unwrap_or_default();
        let metric = names.get(name).ok_or_else(|| format!("{page}: no table contains {name}"))?;
        let expected = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        if types.get(&metric.name).map(String::as_str) != Some(expected) {
            return Err(format!("{FOLDER}/src/pages/{page}.prom: {} is a {expected} in the table", metric.name));
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a number of minutes is small")]
const fn minutes(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::rules;

    #[test]
    fn a_rule_without_an_expected_value_and_an_unknown_name_are_errors() {
        let files = rules::read(&mut Names::load().unwrap()).unwrap();
        let source = |text: &str| toml::from_str::<Source>(text).unwrap();
        let none = source("engine = []");
        assert!(check_rules(&none, &files).unwrap_err().contains("has no expected value"));
        let unknown = source("[[engine]]\nname = \"vllm\"\nmodel = \"m\"\nvalues = { \"llmobs:x\" = 1 }");
        assert!(check_rules(&unknown, &files).unwrap_err().contains("no rule records llmobs:x of vllm"));
    }
}
