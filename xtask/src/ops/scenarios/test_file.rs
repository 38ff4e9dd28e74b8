//! Files of tests for `promtool test rules`.

use std::fmt::Write;

use super::series::Series;
use super::values;

/// The series of one situation, and what the alerts do in it.
#[derive(Debug)]
pub(super) struct Test {
    situation: String,
    series: Vec<Series>,
    minute: usize,
    expected: Expected,
}

/// The expected states of alerts.
#[derive(Debug)]
enum Expected {
    /// The alert fires at the minute.
    Fires(String),
    /// The alert fires at some time until the minute.
    FiresOnce(String),
    /// The alert does not fire until the minute.
    Silent(String),
    /// No alert fires until the minute, except the watchdog and these.
    Quiet(Vec<String>),
}

impl Test {
    /// The alert fires at the minute.
    pub(super) fn fires(alert: &str, situation: &str, minute: usize, series: &[Series]) -> Self {
        Self::new(situation, minute, series, Expected::Fires(alert.to_owned()))
    }

    /// The alert fires at some time until the minute.
    pub(super) fn fires_once(alert: &str, situation: &str, minute: usize, series: &[Series]) -> Self {
        Self::new(situation, minute, series, Expected::FiresOnce(alert.to_owned()))
    }

    /// The alert does not fire until the minute.
    pub(super) fn silent(alert: &str, situation: &str, minute: usize, series: &[Series]) -> Self {
        Self::new(situation, minute, series, Expected::Silent(alert.to_owned()))
    }

    /// No alert fires until the minute, except the watchdog and the named ones.
    pub(super) fn quiet(situation: &str, except: &[String], minute: usize, series: &[Series]) -> Self {
        let except = [&["LlmobsWatchdog".to_owned()], except].concat();
        Self::new(situation, minute, series, Expected::Quiet(except))
    }

    fn new(situation: &str, minute: usize, series: &[Series], expected: Expected) -> Self {
        Self { situation: situation.to_owned(), series: series.to_vec(), minute, expected }
    }

    /// Returns the query of the check. `job` is a pattern of the jobs of the situation; none if the test has no others.
    fn query(&self, job: Option<&str>) -> String {
        let job = job.map_or_else(String::new, |job| format!(",job=~\"{job}\""));
        let range = self.minute + 1;
        match &self.expected {
            Expected::Fires(alert) => {
                format!("count by (alertname) (ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"{job}}}) > bool 0")
            }
            Expected::FiresOnce(alert) => {
                let fired = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"{job}}}[{range}m]");
                format!("count by (alertname) (max_over_time({fired})) > bool 0")
            }
            Expected::Silent(alert) => {
                format!("max_over_time(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"{job}}}[{range}m])")
            }
            Expected::Quiet(except) => format!(
                "count by (alertname) (max_over_time(ALERTS{{alertname!~\"{}\",alertstate=\"firing\"{job}}}[{range}m]))",
                except.join("|")
            ),
        }
    }
}

/// Returns the text of a file whose rules are in `NAME.rules.yml` and are evaluated every `step` minutes. Each situation is a
/// test of its own.
pub(super) fn write(name: &str, step: usize, tests: &[Test]) -> String {
    let mut text = head(name, step);
    for test in tests {
        begin(&mut text, &test.situation);
        test.series.iter().for_each(|series| add_series(&mut text, series));
        text += "    promql_expr_test:\n";
        add_check(&mut text, test, &test.query(None));
    }
    text
}

/// Returns the text of a file as [`write`] does it, with all situations in one test: each has jobs of its own, whose names
/// end in its number and its name. One evaluation of the rules then serves all of them. The rules must be by job.
pub(super) fn write_joined(name: &str, step: usize, tests: &[Test]) -> String {
    let mut text = head(name, step);
    begin(&mut text, &format!("{name}: {} situations", tests.len()));
    let mark = |index: usize, test: &Test| format!("#{index} {}", test.situation);
    for (index, test) in tests.iter().enumerate() {
        for series in &test.series {
            let mut series = series.clone();
            series.labels.entry("job".to_owned()).or_default().push_str(&mark(index, test));
            add_series(&mut text, &series);
        }
    }
    text += "    promql_expr_test:\n";
    for (index, test) in tests.iter().enumerate() {
        add_check(&mut text, test, &test.query(Some(&format!(".*{}", mark(index, test)))));
    }
    text
}

fn head(name: &str, step: usize) -> String {
    format!("rule_files:\n  - {name}.rules.yml\nevaluation_interval: {step}m\ntests:\n")
}

// Writing to a `String` cannot fail.

fn begin(text: &mut String, name: &str) {
    let _ = writeln!(text, "  - name: '{name}'\n    interval: 1m\n    input_series:");
}

fn add_series(text: &mut String, series: &Series) {
    let _ = writeln!(text, "      - series: '{}'", series.selector());
    let _ = writeln!(text, "        values: '{}'", values::write(&series.values));
}

fn add_check(text: &mut String, test: &Test, query: &str) {
    let _ = writeln!(text, "      - expr: '{query}'\n        eval_time: {}m", test.minute);
    let _ = match &test.expected {
        Expected::Fires(alert) | Expected::FiresOnce(alert) => writeln!(
            text,
            "        exp_samples:\n          - labels: '{{alertname=\"{alert}\"}}'\n            value: 1"
        ),
        Expected::Silent(_) | Expected::Quiet(_) => writeln!(text, "        exp_samples: []"),
    };
}

#[cfg(test)]
mod tests {
    use super::super::super::names::Names;
    use super::*;

    #[test]
    fn joined_situations_have_their_own_jobs_and_checks() {
        let names = Names::load().unwrap();
        let up = [Series::parse("up", vec![Some(0.0)], &names).unwrap()];
        let tests = [Test::fires("A", "fault", 0, &up), Test::silent("A", "gap", 0, &up)];
        let text = write_joined("A-1", 1, &tests);
        for part in ["job=\"chat#0 fault\"", "job=\"chat#1 gap\"", "job=~\".*#0 fault\"", "job=~\".*#1 gap\"}[1m]"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_eq!(text.matches("  - name:").count(), 1);
        assert_eq!(write("A-1", 1, &tests).matches("  - name:").count(), 2);
    }
}
