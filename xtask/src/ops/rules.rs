//! The recording rules and alerts of Prometheus: reads `docs/ops/src/rules/*.toml`, checks each query, and writes
//! `docs/ops/prometheus/rules/*.yml`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::names::Names;
use super::names::values::Values;
use super::output::FOLDER;
use super::output::Output;
use super::promql;
use super::promql::Purpose;
use crate::workspace_root;

use self::source::Alert;
use self::source::Source;

mod macros;
mod pages;
pub(crate) mod source;
mod yaml;

/// The files of rules, in the order in which their queries are checked: a file reads the recorded series of earlier ones.
const FILES: [&str; 9] =
    ["objectives", "engines", "serving", "engine", "baselines", "money", "gpu", "pipeline", "kubernetes"];

/// The rules of one file.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) groups: Vec<source::Group>,
    /// The series that each rule reads.
    pub(crate) reads: Reads,
}

/// The series that rules read, by the name of the rule.
pub(crate) type Reads = BTreeMap<String, BTreeSet<String>>;

/// Reads the rules, and checks each query. The recorded series join the table of names.
pub(crate) fn read(names: &mut Names) -> Result<Vec<File>, String> {
    let values = Values::read()?;
    let mut files = Vec::new();
    for name in FILES {
        let path = format!("src/rules/{name}.toml");
        let text = read_file(&path)?;
        let source: Source = toml::from_str(&text).map_err(|error| format!("{FOLDER}/{path}: {error}"))?;
        let groups = source.groups().map_err(|error| format!("{FOLDER}/{path}: {error}"))?;
        let mut reads = Reads::new();
        for group in &groups {
            reads.extend(check_group(group, names).map_err(|error| format!("{FOLDER}/{path}: {error}"))?);
        }
        files.push(File { name: name.to_owned(), groups, reads });
    }
    pages::check(&files)?;
    for alert in alerts(&files) {
        values.check_log_query(&alert.log).map_err(|error| format!("{}: {error}", alert.name))?;
    }
    Ok(files)
}

/// Adds the files of rules.
pub(crate) fn add(files: &[File], output: &mut Output) -> Result<(), String> {
    files.iter().try_for_each(|file| {
        output.add(&format!("prometheus/rules/{}.yml", file.name), yaml::write(std::slice::from_ref(file), |_| true))
    })
}

/// Returns the paths of the files of rules that the folder has, in order.
pub(crate) fn paths() -> Result<Vec<PathBuf>, String> {
    let folder = workspace_root().join(FOLDER).join("prometheus/rules");
    let failed = |error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(&folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Returns the rules that alerts need: themselves, and the recorded series that they read.
pub(crate) fn of_alerts(files: &[File], alerts: &[&str]) -> String {
    let needed = needed(files, alerts);
    yaml::write(files, |name| needed.contains(name))
}

/// Returns the rules of the file with this name.
pub(crate) fn only(files: &[File], name: &str) -> String {
    files
        .iter()
        .filter(|file| file.name == name)
        .map(|file| yaml::write(std::slice::from_ref(file), |_| true))
        .collect()
}

/// Returns whether an alert and all rules that it needs are by job: a service does not change the alerts of another one.
pub(crate) fn is_by_job(files: &[File], alert: &str) -> bool {
    let needed = needed(files, &[alert]);
    let groups = || files.iter().flat_map(|file| &file.groups);
    let records = groups().flat_map(|group| group.records.iter().map(|rule| (&rule.name, &rule.expr)));
    let alerts = groups().flat_map(|group| group.alerts.iter().map(|rule| (&rule.name, &rule.expr)));
    records.chain(alerts).filter(|(name, _)| needed.contains(*name)).all(|(_, query)| promql::is_by(query, "job"))
}

/// Returns the names of the alerts, and of all series that they read, also through recording rules.
pub(crate) fn needed(files: &[File], alerts: &[&str]) -> BTreeSet<String> {
    let mut needed: BTreeSet<String> = alerts.iter().map(|alert| (*alert).to_owned()).collect();
    let mut before = 0;
    while needed.len() > before {
        before = needed.len();
        let read: Vec<String> = files
            .iter()
            .flat_map(|file| needed.iter().filter_map(|name| file.reads.get(name)))
            .flatten()
            .cloned()
            .collect();
        needed.extend(read);
    }
    needed
}

/// Returns all alerts of the files.
pub(crate) fn alerts(files: &[File]) -> impl Iterator<Item = &Alert> {
    files.iter().flat_map(|file| &file.groups).flat_map(|group| &group.alerts)
}

/// Checks the queries of a group, and returns the series that they read.
fn check_group(group: &source::Group, names: &mut Names) -> Result<Reads, String> {
    let mut reads = Reads::new();
    for record in &group.records {
        let failed = |error| format!("{}: {error}", record.name);
        if !record.name.starts_with("llmobs:") {
            return Err(format!("{}: the name of a recorded series begins with `llmobs:`", record.name));
        }
        let mut checked = promql::check(&record.expr, names, Purpose::Query).map_err(failed)?;
        checked.labels.extend(record.labels.keys().cloned());
        names.record(&record.name, &checked.labels, &checked.series).map_err(failed)?;
        reads.entry(record.name.clone()).or_default().append(&mut checked.series);
    }
    for alert in &group.alerts {
        let failed = |error| format!("{}: {error}", alert.name);
        let checked = promql::check(&alert.expr, names, Purpose::Alert).map_err(failed)?;
        reads.insert(alert.name.clone(), checked.series);
        promql::check_panel(&alert.query, names).map_err(failed)?;
        alert.check().map_err(failed)?;
    }
    Ok(reads)
}

fn read_file(path: &str) -> Result<String, String> {
    let full: PathBuf = workspace_root().join(FOLDER).join(path);
    fs::read_to_string(&full).map_err(|error| format!("{FOLDER}/{path}: {error}"))
}
