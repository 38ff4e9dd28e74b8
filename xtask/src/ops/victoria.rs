//! `cargo xtask ops-victoria`: the rules of the kit on VictoriaMetrics, compared with Prometheus.
//!
//! Both get the same history ([`History`]). `vmalert` evaluates all files of rules over it, and `promtool` the recording rules
//! for Prometheus. Then the query of each rule runs on both. The command fails if `vmalert` or VictoriaMetrics refuses a rule,
//! or if the results of a query differ that is not on the list of known differences. Needs `prometheus`, `promtool`,
//! `victoria-metrics` and `vmalert` on the path.

use std::collections::BTreeMap;
use std::fs;

use self::comparison::Comparison;
use self::known::KNOWN;
use super::history::History;
use super::history::PACKAGE;
use super::names::Names;
use super::programs;
use super::programs::folder::Folder;
use super::programs::prometheus::Prometheus;
use super::programs::victoria::Victoria;
use super::rules;

mod comparison;
mod known;

/// The files of recording rules.
const RECORDED: &[&str] = &["baselines.yml", "engines.yml", "money.yml", "objectives.yml", "serving.yml"];

/// The number of evaluations: the longest chain of recording rules that read the results of others.
const ROUNDS: usize = 4;

/// Seconds between two points of a query.
const STEP: u64 = 60;

/// Runs the comparison.
pub(crate) fn run() -> Result<(), String> {
    let binaries = programs::build(&[PACKAGE])?;
    let mut names = Names::load()?;
    let rules = rules::read(&mut names)?;
    let folder = Folder::create("ops-victoria")?;
    let history = History::write(&binaries, &folder, &names)?;

    history.import(&folder)?;
    history.record(&folder, &[RECORDED; ROUNDS])?;
    let arguments = ["--storage.tsdb.retention.time=90d"];
    let prometheus = Prometheus::start(&folder, &programs::free_address()?, "", &arguments)?;

    let victoria = Victoria::start(&folder)?;
    let text = fs::read_to_string(&history.file).map_err(|error| format!("{}: {error}", history.file.display()))?;
    victoria.import(&in_milliseconds(&text))?;
    // A rule reads the results of others only after a flush, and the last results of a round may arrive after it.
    for _ in 0..2 * ROUNDS {
        victoria.replay(&rules::paths()?, history.period())?;
    }
    println!("vmalert evaluated all rules over the history");

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for (name, query) in queries(&rules) {
        let ours = prometheus.query(query, history.shown(), STEP);
        let theirs = victoria.query(query, history.shown(), STEP);
        let (ours, theirs) = match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(error), _) => {
                failures.push(format!("{name}: Prometheus refuses the query: {error}"));
                continue;
            }
            (_, Err(error)) => {
                failures.push(format!("{name}: VictoriaMetrics refuses the query: {error}"));
                continue;
            }
        };
        let comparison = Comparison::new(&ours, &theirs);
        *counts.entry(comparison.kind()).or_default() += 1;
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        match (comparison.differs(), known) {
            (true, None) => failures.push(format!("{name}: {comparison}\n  {query}")),
            (true, Some((_, reason))) => println!("{name}: {comparison}: {reason}"),
            (false, Some(_)) => failures.push(format!("{name}: {comparison}, so it is no known difference")),
            (false, None) => {}
        }
    }
    println!("queries of rules on the same two hours: {counts:?}");
    if failures.is_empty() { Ok(()) } else { Err(format!("{} failures:\n{}", failures.len(), failures.join("\n"))) }
}

/// Returns the name and the query of each rule.
fn queries(files: &[rules::File]) -> impl Iterator<Item = (String, &str)> {
    files.iter().flat_map(|file| &file.groups).flat_map(|group| {
        let records = group.records.iter().map(|record| {
            let kind = record.labels.values().next().map_or_else(String::new, |kind| format!(" of {kind}"));
            (format!("{}{kind}", record.name), record.expr.as_str())
        });
        records.chain(group.alerts.iter().map(|alert| (alert.name.clone(), alert.expr.as_str())))
    })
}

/// Returns samples of OpenMetrics with their timestamps in milliseconds, as the import of VictoriaMetrics reads them.
fn in_milliseconds(samples: &str) -> String {
    let lines = samples.lines().filter(|line| !line.starts_with('#'));
    lines.fold(String::with_capacity(samples.len() * 11 / 10), |text, line| text + line + "000\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_in_milliseconds() {
        assert_eq!(in_milliseconds("a{b=\"c\"} 1.5 1796000000\n# EOF\n"), "a{b=\"c\"} 1.5 1796000000000\n");
    }

    #[test]
    fn every_known_difference_names_a_rule() {
        let rules = rules::read(&mut Names::load().unwrap()).unwrap();
        let names: Vec<_> = queries(&rules).map(|(name, _)| name).collect();
        for (known, reason) in KNOWN {
            assert!(names.iter().any(|name| name == known) && !reason.is_empty(), "{known}");
        }
    }
}
