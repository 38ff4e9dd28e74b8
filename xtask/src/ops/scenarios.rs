//! The tests of the alerts: reads `docs/ops/src/tests.toml` and the recorded pages of `docs/ops/src/pages`, and makes tests
//! for promtool.
//!
//! Each case is one fault, as series that are healthy first. Every [`Situation`] is derived from it. In each of them the alert
//! fires, or the table says why it is silent; the same outcome is written into the runbook page.

use std::collections::BTreeSet;

use self::cases::CASES;
use self::cases::Case;
use self::cases::Quiet;
use self::cases::Source;
use self::recording::Recording;
use self::series::Series;
pub(crate) use self::situation::Outcome;
pub(crate) use self::situation::Situation;
use self::test_file::Test;
use super::names::Names;
use super::output::FOLDER;
use super::output::Output;
use super::rules;
use super::rules::File;
use super::rules::alerts;

mod cases;
mod engines;
pub(crate) mod page;
mod recording;
mod roles;
pub(crate) mod series;
mod situation;
mod test_file;
mod values;
mod variants;

/// The number of minutes from which the rules are evaluated every 10 minutes instead of each minute: a test of a week would
/// take minutes otherwise.
const LONG: usize = 400;

/// A file of tests with the rules that it loads.
pub(crate) struct TestFile {
    pub(crate) name: String,
    pub(crate) rules: String,
    pub(crate) tests: String,
}

/// The tests of all alerts, and what they assert.
pub(crate) struct Scenarios {
    pub(crate) files: Vec<TestFile>,
    pub(crate) outcomes: Vec<Outcome>,
}

/// Returns a file of tests for each alert, and one for the quiet situations. Fails if an alert has no case.
pub(crate) fn read(rules: &[File], names: &Names) -> Result<Scenarios, String> {
    let source = Source::read()?;
    check_cases(&source, rules)?;
    let mut files = Vec::new();
    let mut outcomes = Vec::new();
    for alert in alerts(rules) {
        let read = rules::needed(rules, &[&alert.name]);
        for (is_long, step) in [(false, 1), (true, 10)] {
            let mut tests = Vec::new();
            for case in source.case.iter().filter(|case| case.alert == alert.name && (case.at > LONG) == is_long) {
                let failed = |error| format!("{FOLDER}/{CASES}: {}: {error}", alert.name);
                tests.extend(of_case(case, names, &read, &mut outcomes).map_err(failed)?);
            }
            if !tests.is_empty() {
                files.push(file(format!("{}-{step}", alert.name), step, rules, &[&alert.name], &tests));
            }
        }
    }
    let read: BTreeSet<String> = rules.iter().flat_map(|file| file.reads.values().flatten().cloned()).collect();
    let mut tests = Vec::new();
    for quiet in &source.quiet {
        let failed = |error| format!("{FOLDER}/{CASES}: {}: {error}", quiet.name);
        tests.extend(of_quiet(quiet, names, &read).map_err(failed)?);
    }
    let (by_job, others): (Vec<_>, Vec<_>) =
        alerts(rules).map(|alert| alert.name.as_str()).partition(|alert| rules::is_by_job(rules, alert));
    for (name, alerts) in [("quiet-others", others), ("quiet", by_job)] {
        files.push(file(name.to_owned(), 2, rules, &alerts, &tests));
    }
    files.extend(engines::files(rules, names)?);
    Ok(Scenarios { files, outcomes })
}

/// Returns a file with the rules of these alerts. The situations share one test if the rules are by job: they cannot see
/// each other, and the rules are evaluated once for all of them.
fn file(name: String, step: usize, rules: &[File], alerts: &[&str], tests: &[Test]) -> TestFile {
    let write = match alerts.iter().all(|alert| rules::is_by_job(rules, alert)) {
        true => test_file::write_joined,
        false => test_file::write,
    };
    TestFile { tests: write(&name, step, tests), name, rules: rules::of_alerts(rules, alerts) }
}

/// Adds the page of the alerts that page, by role.
pub(crate) fn add_roles(rules: &[File], output: &mut Output) -> Result<(), String> {
    roles::add(&Source::read()?, rules, output).map_err(|error| format!("{FOLDER}/{CASES}: {error}"))
}

fn check_cases(source: &Source, files: &[File]) -> Result<(), String> {
    let missing = |name: &str| !source.case.iter().any(|case| case.alert == name);
    if let Some(alert) = alerts(files).find(|alert| missing(&alert.name)) {
        return Err(format!("{FOLDER}/{CASES} has no case for the alert {}", alert.name));
    }
    let has_others = |case: &Case| source.case.iter().filter(|other| other.alert == case.alert).count() > 1;
    if let Some(case) = source.case.iter().find(|case| case.fault.is_empty() == has_others(case)) {
        return Err(format!("{FOLDER}/{CASES}: {}: the faults have a description if there are several", case.alert));
    }
    for case in &source.case {
        case.check_source().map_err(|error| format!("{FOLDER}/{CASES}: {}: {error}", case.alert))?;
    }
    match source.case.iter().find(|case| !alerts(files).any(|alert| alert.name == case.alert)) {
        None => Ok(()),
        Some(case) => Err(format!("{FOLDER}/{CASES} has a case for the unknown alert {}", case.alert)),
    }
}

/// Returns the tests of one fault, and adds what the alert does in each situation. A situation whose series are those of the
/// fault has no test of its own.
fn of_case(
    case: &Case,
    names: &Names,
    read: &BTreeSet<String>,
    outcomes: &mut Vec<Outcome>,
) -> Result<Vec<Test>, String> {
    let length = case.at + 1;
    let page = case.page.as_deref().map(Recording::read).transpose()?;
    let past = case.past.as_deref().map(Recording::read).transpose()?;
    let mut series = match &page {
        Some(page) => page.fault(past.as_ref(), case.onset, length, names, read)?,
        None => Vec::new(),
    };
    series.extend(written(&case.series, length, names)?);
    let series = variants::with_process(&series, names);
    check_case(case, &series)?;
    let requests = match (&page, &past) {
        (Some(page), Some(past)) => page.requests().max(past.requests()),
        (Some(page), None) => page.requests(),
        (None, _) => case.requests.unwrap_or(1.0),
    };
    let mut same = vec!["fault"];
    let mut tests = Vec::new();
    for (situation, derived) in variants::of_fault(&series, case.onset, requests) {
        let reason = case.silent.get(situation.name());
        let is_fault = derived == series;
        let why = match reason {
            Some(_) if is_fault => {
                return Err(format!("`{}`: the series are those of the fault, so the alert fires", situation.name()));
            }
            Some(reason) => reason.as_str(),
            None if is_fault => situation.why_it_is_the_fault(),
            None => situation.why_it_fires(),
        };
        outcomes.push(Outcome {
            alert: case.alert.clone(),
            fault: case.fault.clone(),
            situation,
            fires: reason.is_none(),
            why: why.to_owned(),
        });
        if is_fault {
            same.push(situation.name());
        } else {
            let test = match (reason, situation) {
                (Some(_), _) => Test::silent,
                (None, Situation::FewRequests) => Test::fires_once,
                (None, _) => Test::fires,
            };
            tests.push(test(&case.alert, situation.name(), case.at, &derived));
        }
    }
    tests.insert(0, Test::fires(&case.alert, &same.join(", "), case.at, &series));
    Ok(tests)
}

/// Fails if a reason is empty or is that of an unknown situation, or if the number of requests is missing or has no meaning.
fn check_case(case: &Case, series: &[Series]) -> Result<(), String> {
    for (situation, reason) in &case.silent {
        if !Situation::ALL.iter().any(|known| known.name() == situation) {
            return Err(format!("`{situation}` is no situation"));
        }
        if reason.trim().is_empty() {
            return Err(format!("the silence in the situation `{situation}` needs a reason"));
        }
    }
    match (series.iter().find(|one| one.grows_with_requests()), case.requests) {
        (_, Some(_)) if case.page.is_some() => {
            Err("the recording shows the requests, so `requests` has no meaning".to_owned())
        }
        _ if case.page.is_some() => Ok(()),
        (Some(counter), None) => Err(format!("{} grows with requests: `requests` must be given", counter.name)),
        (None, Some(_)) => Err("no counter grows with requests: `requests` has no meaning".to_owned()),
        (_, Some(requests)) if requests < variants::FEW => Err("`requests` must be 3 an hour or more".to_owned()),
        _ => Ok(()),
    }
}

/// Returns the tests of traffic on which no alert fires.
fn of_quiet(quiet: &Quiet, names: &Names, read: &BTreeSet<String>) -> Result<Vec<Test>, String> {
    let mut series = Recording::read(&quiet.page)?.traffic(quiet.traffic, quiet.minutes, names, read)?;
    series.extend(written(&quiet.series, quiet.minutes, names)?);
    let series = variants::with_process(&series, names);
    let last = quiet.minutes - 1;
    let mut tests = vec![Test::quiet(&quiet.name, &quiet.except, last, &series)];
    for (situation, derived) in variants::all(&series, quiet.minutes / 2) {
        if situation != Situation::First && quiet.traffic >= 1.0 {
            let name = format!("{}, {}", quiet.name, situation.name());
            tests.push(Test::quiet(&name, &quiet.except, last, &derived));
        }
    }
    Ok(tests)
}

/// Returns written series with the labels of a target, and the series that every target has.
fn written(source: &[(String, String)], length: usize, names: &Names) -> Result<Vec<Series>, String> {
    let mut series = Vec::new();
    for (selector, text) in source {
        series.push(Series::parse(selector, values::parse(text, length)?, names)?);
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: &str = "'kube_pod_status_phase{phase=\"Pending\"}', '0x2 1x9'";
    const STARTED: &str = "'llmobs_operation_started_total{OPERATION}', '0x2 600x9'";

    /// Returns the outcomes of a fault with one series, and with more lines in the table of cases.
    fn outcomes(series: &str, more: &str) -> Result<Vec<Outcome>, String> {
        let text = format!("alert = 'A'\nonset = 2\nat = 9\nseries = [[{series}]]\n{more}");
        let case: Case = toml::from_str(&text).map_err(|error| error.to_string())?;
        let mut outcomes = Vec::new();
        of_case(&case, &Names::load()?, &BTreeSet::new(), &mut outcomes)?;
        Ok(outcomes)
    }

    #[test]
    fn each_situation_has_an_outcome_with_a_reason() {
        let outcomes = outcomes(PODS, "").unwrap();
        for situation in Situation::ALL {
            assert!(outcomes.iter().any(|one| one.situation == situation && one.fires && !one.why.is_empty()));
        }
        assert!(outcomes.iter().any(|one| one.why == "does not depend on requests"));
    }

    #[test]
    fn silence_needs_a_reason_and_a_situation_that_differs_from_the_fault() {
        for (more, part) in [
            ("[silent]\n'restart' = 'x'", "the series are those of the fault"),
            ("[silent]\n'reboot' = 'x'", "is no situation"),
            ("[silent]\n'gap in scraping' = ' '", "needs a reason"),
            ("requests = 60.0", "no counter grows with requests"),
        ] {
            let error = outcomes(PODS, more).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert!(!outcomes(PODS, "[silent]\n'gap in scraping' = 'x'").unwrap().iter().all(|one| one.fires));
    }

    #[test]
    fn a_fault_of_requests_needs_their_number() {
        assert!(outcomes(STARTED, "").unwrap_err().contains("`requests` must be given"));
        assert!(outcomes(STARTED, "requests = 2.0").unwrap_err().contains("3 an hour"));
        let outcomes = outcomes(STARTED, "requests = 600.0\n[silent]\n'no requests' = 'nothing starts'").unwrap();
        let silent: Vec<_> = outcomes.iter().filter(|one| !one.fires).map(|one| one.why.as_str()).collect();
        assert_eq!(silent, ["nothing starts"]);
    }
}
