//! The times of the evaluations, and their table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use promql_parser::util::parse_duration;
use serde_json::Value;

use crate::ops::programs::prometheus::Prometheus;
use crate::ops::rules::File;

/// Time between two looks. Each evaluation is seen, because groups are evaluated less often.
const PAUSE: Duration = Duration::from_secs(5);

/// The number of rules in the table.
const SLOWEST: usize = 12;

/// The seconds of the evaluations of each group and of each rule.
#[derive(Debug, Default)]
pub(super) struct Times {
    groups: BTreeMap<String, Group>,
}

#[derive(Debug, Default)]
struct Group {
    /// The moment of the last evaluation that was seen.
    last: String,
    seconds: Vec<f64>,
    /// By the number of the rule in the group and its name.
    rules: BTreeMap<(usize, String), Vec<f64>>,
}

impl Times {
    /// Reads the times again and again. Fails if a rule fails, or if a group was evaluated less than five times.
    pub(super) fn collect(prometheus: &Prometheus, duration: Duration) -> Result<Self, String> {
        let mut times = Self::default();
        let start = Instant::now();
        while start.elapsed() < duration {
            for group in prometheus.rule_groups()? {
                times.add(&group)?;
            }
            thread::sleep(PAUSE);
        }
        match times.groups.iter().find(|(_, group)| group.seconds.len() < 5) {
            None if times.groups.is_empty() => Err("Prometheus has no rules".to_owned()),
            None => Ok(times),
            Some((name, group)) => Err(format!("{name} was evaluated {} times only", group.seconds.len())),
        }
    }

    /// Adds the last evaluation of a group, unless it was seen before.
    fn add(&mut self, group: &Value) -> Result<(), String> {
        let name = group["name"].as_str().unwrap_or_default();
        let seen = self.groups.entry(name.to_owned()).or_default();
        let last = group["lastEvaluation"].as_str().unwrap_or_default();
        if seen.last.is_empty() || seen.last == last {
            // The evaluation before the first look is not a part of the measurement.
            last.clone_into(&mut seen.last);
            return Ok(());
        }
        last.clone_into(&mut seen.last);
        seen.seconds.push(group["evaluationTime"].as_f64().unwrap_or_default());
        for (index, rule) in group["rules"].as_array().into_iter().flatten().enumerate() {
            let name = rule["name"].as_str().unwrap_or_default().to_owned();
            if rule["health"] == "err" {
                return Err(format!("{name}: {}", rule["lastError"]));
            }
            let seconds = rule["evaluationTime"].as_f64().unwrap_or_default();
            seen.rules.entry((index, name)).or_default().push(seconds);
        }
        Ok(())
    }

    /// Returns the sum of the medians of all groups, in seconds.
    pub(super) fn sum(&self) -> f64 {
        self.groups.values().map(|group| median(&group.seconds)).sum()
    }

    /// Returns the tables of the groups and of the slowest rules. Below the groups are their sum, and the part of a core that all
    /// of them take at their own intervals.
    pub(super) fn table(&self, files: &[File]) -> String {
        let mut text = "| group | every | evaluations | minimum | median |\n|---|---|---:|---:|---:|\n".to_owned();
        let groups: BTreeMap<&str, Option<&str>> = files
            .iter()
            .flat_map(|file| &file.groups)
            .map(|group| (group.name.as_str(), group.interval.as_deref()))
            .collect();
        let (mut least, mut share) = (0.0, 0.0);
        for (name, group) in &self.groups {
            let every = groups.get(name.as_str()).copied().flatten().unwrap_or("1m");
            let (minimum, median, count) = (minimum(&group.seconds), median(&group.seconds), group.seconds.len());
            least += minimum;
            share += parse_duration(every).map_or(0.0, |interval| median / interval.as_secs_f64());
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "| `{name}` | {every} | {count} | {minimum:.3} | {median:.3} |");
        }
        let _ = writeln!(text, "| all | | | {least:.3} | {:.3} |\n", self.sum());
        let _ = writeln!(text, "At these intervals all groups take {:.1} % of a core.\n", 100.0 * share);
        text += "| slowest rules | minimum | median |\n|---|---:|---:|\n";
        let mut rules: Vec<_> = self
            .groups
            .values()
            .flat_map(|group| &group.rules)
            .map(|((_, name), seconds)| (median(seconds), minimum(seconds), name))
            .collect();
        rules.sort_by(|one, other| other.0.total_cmp(&one.0));
        for (median, minimum, name) in rules.iter().take(SLOWEST) {
            let _ = writeln!(text, "| `{name}` | {minimum:.3} | {median:.3} |");
        }
        text
    }
}

fn minimum(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        length if length.is_multiple_of(2) => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
        length => sorted[length / 2],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn group(moment: &str, seconds: f64, health: &str) -> Value {
        let rule = json!({"name": "a", "health": health, "evaluationTime": seconds, "lastError": "no"});
        json!({"name": "g", "lastEvaluation": moment, "evaluationTime": seconds, "rules": [rule]})
    }

    #[test]
    fn an_evaluation_counts_once_and_the_first_seen_not_at_all() {
        let mut times = Times::default();
        for (moment, seconds) in [("1", 9.0), ("2", 0.5), ("2", 0.5), ("3", 0.25), ("4", 0.75)] {
            times.add(&group(moment, seconds, "ok")).unwrap();
        }
        assert_eq!(times.groups["g"].seconds, [0.5, 0.25, 0.75]);
        assert!((times.sum() - 0.5).abs() < 1e-9);
        let table = times.table(&[]);
        assert!(
            table.contains("| `g` | 1m | 3 | 0.250 | 0.500 |") && table.contains("take 0.8 % of a core"),
            "{table}"
        );
    }

    #[test]
    fn a_rule_that_fails_ends_the_measurement() {
        let mut times = Times::default();
        times.add(&group("1", 0.1, "ok")).unwrap();
        assert!(times.add(&group("2", 0.1, "err")).unwrap_err().contains('a'));
    }
}
