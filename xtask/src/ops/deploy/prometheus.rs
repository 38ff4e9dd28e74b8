//! The rules about the files of Prometheus: limits, retention, targets, remote write, counters of DCGM.

use std::collections::BTreeSet;

use serde_json::Value;

use super::list;
use super::path;
use super::read;
use super::report::Report;
use super::yaml;
use crate::ops::names::Names;
use crate::ops::names::Origin;

const CONFIG: &str = "prometheus/prometheus.yml";
const FLAGS: &str = "prometheus/flags.txt";
const COUNTERS: &str = "prometheus/dcgm-counters.csv";

/// Days that a budget of 30 days and its alerts need.
const LEAST_RETENTION: u64 = 35;

/// Jobs for which a rule, a board or a page needs the scrape.
const JOBS: [&str; 14] = [
    "alertmanager",
    "canary",
    "collector",
    "dcgm",
    "dynamo",
    "llmobs",
    "node",
    "prometheus",
    "sglang",
    "tempo",
    "tgi",
    "torchserve",
    "triton",
    "vllm",
];

/// Resource attributes that must not become labels: each process or request has values of its own.
const UNBOUNDED: [&str; 4] = ["service.instance.id", "process.pid", "k8s.pod.uid", "container.id"];

pub(super) fn check(names: &Names, report: &mut Report) -> Result<(), String> {
    check_config(&yaml::parse(CONFIG, &read(CONFIG)?)?, report);
    check_flags(&read(FLAGS)?, report);
    check_otlp(&yaml::parse("prometheus/otlp.yml", &read("prometheus/otlp.yml")?)?, report);
    for file in list("prometheus/remote-write", &[".yml"])? {
        check_remote_write(&file, &yaml::parse(&file, &read(&file)?)?, report);
    }
    let foreign = names.series().filter(|series| {
        series.starts_with("DCGM_") && names.get(series).is_some_and(|it| matches!(it.origin, Origin::Foreign { .. }))
    });
    check_counters(&read(COUNTERS)?, &foreign.collect(), report);
    Ok(())
}

fn check_config(config: &Value, report: &mut Report) {
    let mut jobs = BTreeSet::new();
    for job in yaml::items(config, &["scrape_configs"]) {
        let name = yaml::text(job, &["job_name"]).unwrap_or_default();
        jobs.insert(name);
        for limit in ["sample_limit", "label_limit"] {
            let is_set = job.get(limit).and_then(Value::as_u64).is_some_and(|limit| limit > 0);
            report.require(is_set, CONFIG, "limits of a scrape", &format!("the job `{name}` has no {limit}"));
        }
        for discovery in yaml::items(job, &["file_sd_configs"]) {
            for file in yaml::texts(discovery, &["files"]) {
                let text = format!("`{file}` of the job `{name}` does not exist");
                report.require(path(&format!("prometheus/{file}")).exists(), CONFIG, "files of targets", &text);
            }
        }
    }
    for job in JOBS {
        report.require(jobs.contains(job), CONFIG, "jobs", &format!("the job `{job}` is missing"));
    }
    let exemplars = yaml::at(config, &["storage", "exemplars", "max_exemplars"]);
    report.require(exemplars.is_some(), CONFIG, "exemplars", "`storage.exemplars.max_exemplars` is missing");
    let window = yaml::text(config, &["storage", "tsdb", "out_of_order_time_window"]);
    report.require(window.is_some(), CONFIG, "samples by OTLP", "`out_of_order_time_window` is missing");
    let rules = yaml::texts(config, &["rule_files"]);
    report.require(rules.contains(&"rules/*.yml"), CONFIG, "rules", "`rule_files` does not contain rules/*.yml");
    let replica = yaml::text(config, &["global", "external_labels", "replica"]);
    report.require(replica.is_some(), CONFIG, "duplicates of a pair", "the external label `replica` is missing");
}

/// Returns the flags, without comments.
pub(super) fn flags(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with("--")).collect()
}

fn check_flags(text: &str, report: &mut Report) {
    let flags = flags(text);
    let value = |name: &str| flags.iter().find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='));
    let days = value("--storage.tsdb.retention.time").and_then(|time| time.strip_suffix('d')?.parse::<u64>().ok());
    let is_long = days.is_some_and(|days| days >= LEAST_RETENTION);
    report.require(is_long, FLAGS, "retention", &format!("{days:?} days are less than {LEAST_RETENTION}"));
    let has_size = value("--storage.tsdb.retention.size").is_some();
    report.require(has_size, FLAGS, "retention", "no limit of the disk: `--storage.tsdb.retention.size`");
    let features: Vec<&str> = value("--enable-feature").unwrap_or_default().split(',').collect();
    for feature in ["exemplar-storage", "extra-scrape-metrics"] {
        report.require(features.contains(&feature), FLAGS, "features", &format!("`{feature}` is missing"));
    }
}

fn check_otlp(otlp: &Value, report: &mut Report) {
    let file = "prometheus/otlp.yml";
    let strategy = yaml::text(otlp, &["otlp", "translation_strategy"]);
    let is_default = strategy == Some("UnderscoreEscapingWithSuffixes");
    report.require(is_default, file, "names by OTLP", "another translation gives names that no query has");
    for attribute in yaml::texts(otlp, &["otlp", "promote_resource_attributes"]) {
        let text = format!("`{attribute}` has a value of its own for each process");
        report.require(!UNBOUNDED.contains(&attribute), file, "labels with few values", &text);
    }
    let keys: Vec<&str> = yaml::entries(otlp, &[]).map(|(key, _)| key).collect();
    report.require(keys == ["otlp"], file, "joined files", "a key of prometheus.yml would be there twice");
}

fn check_remote_write(file: &str, config: &Value, report: &mut Report) {
    let rule = "remote write";
    let keys: Vec<&str> = yaml::entries(config, &[]).map(|(key, _)| key).collect();
    report.require(keys == ["remote_write"], file, rule, "the file is appended: it has only `remote_write`");
    for write in yaml::items(config, &["remote_write"]) {
        let number = |key: &str| yaml::at(write, &["queue_config", key]).and_then(Value::as_u64);
        let (capacity, shards, samples) = (number("capacity"), number("max_shards"), number("max_samples_per_send"));
        let is_tuned = capacity.zip(samples).is_some_and(|(capacity, samples)| capacity >= 2 * samples);
        report.require(is_tuned, file, rule, "the capacity of a shard is less than two requests");
        report.require(shards.is_some(), file, rule, "`max_shards` is missing");
        let exemplars = write.get("send_exemplars").is_some();
        report.require(exemplars, file, rule, "`send_exemplars` is not decided");
        let backoff = yaml::text(write, &["queue_config", "max_backoff"]);
        report.require(backoff.is_some(), file, rule, "`max_backoff` is missing");
    }
}

/// The exporter has exactly the counters that the tables name.
fn check_counters(text: &str, named: &BTreeSet<&str>, report: &mut Report) {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut exported = BTreeSet::new();
    for line in lines {
        let cells: Vec<&str> = line.splitn(3, ',').map(str::trim).collect();
        match cells[..] {
            [name, "gauge" | "counter", help] if !help.is_empty() => drop(exported.insert(name)),
            _ => report.add(COUNTERS, "counters", &format!("`{line}` is not `name, type, help`")),
        }
    }
    for name in named.difference(&exported) {
        report.add(COUNTERS, "counters", &format!("`{name}` of docs/ops/foreign.toml is missing"));
    }
    for name in exported.difference(named) {
        report.add(COUNTERS, "counters", &format!("`{name}` is not in docs/ops/foreign.toml"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(check: impl FnOnce(&mut Report)) -> Vec<String> {
        let mut report = Report::default();
        check(&mut report);
        report.findings().to_vec()
    }

    /// Returns the findings for the configuration after a replacement.
    fn of_config(from: &str, to: &str) -> Vec<String> {
        let text = read(CONFIG).unwrap();
        assert!(text.contains(from), "{from}");
        let config = yaml::parse(CONFIG, &text.replacen(from, to, 1)).unwrap();
        findings(|report| check_config(&config, report))
    }

    #[test]
    fn the_files_keep_the_rules() {
        assert_eq!(findings(|report| check(&Names::load().unwrap(), report).unwrap()), [""; 0]);
    }

    #[test]
    fn a_job_without_a_limit_or_a_file_is_refused() {
        assert!(of_config("    sample_limit: 20000\n", "")[0].contains("limits of a scrape"));
        assert!(of_config("    label_limit: 40\n", "")[0].contains("label_limit"));
        assert!(of_config("targets/vllm.yml", "targets/vlm.yml")[0].contains("files of targets"));
        assert!(of_config("job_name: canary", "job_name: probe")[0].contains("jobs"));
    }

    #[test]
    fn a_server_without_exemplars_rules_or_a_replica_is_refused() {
        assert!(of_config("max_exemplars: 100000", "other: 1")[0].contains("exemplars"));
        assert!(of_config("out_of_order_time_window: 30m", "other: 30m")[0].contains("samples by OTLP"));
        assert!(of_config("rules/*.yml", "rules/*.yaml")[0].contains("rules"));
        assert!(of_config("    replica: a\n", "")[0].contains("duplicates"));
    }

    #[test]
    fn a_retention_that_cannot_show_a_month_is_refused() {
        let flags = read(FLAGS).unwrap();
        assert_eq!(findings(|report| check_flags(&flags, report)), [""; 0]);
        let short = flags.replace("=40d", "=15d");
        assert!(findings(|report| check_flags(&short, report))[0].contains("retention"));
        let none = flags.replace("--storage.tsdb.retention.time=40d", "");
        assert!(findings(|report| check_flags(&none, report))[0].contains("retention"));
        let features = flags.replace("exemplar-storage,", "");
        assert!(findings(|report| check_flags(&features, report))[0].contains("exemplar-storage"));
    }

    #[test]
    fn settings_of_otlp_that_change_names_or_multiply_series_are_refused() {
        let of = |from: &str, to: &str| {
            let text = read("prometheus/otlp.yml").unwrap().replace(from, to);
            findings(|report| check_otlp(&yaml::parse("test", &text).unwrap(), report))
        };
        assert!(of("UnderscoreEscapingWithSuffixes", "NoTranslation")[0].contains("names by OTLP"));
        assert!(of("k8s.pod.name", "service.instance.id")[0].contains("labels with few values"));
    }

    #[test]
    fn remote_write_without_a_sized_queue_is_refused() {
        let of = |from: &str, to: &str| {
            let text = read("prometheus/remote-write/mimir.yml").unwrap().replace(from, to);
            findings(|report| check_remote_write("test", &yaml::parse("test", &text).unwrap(), report))
        };
        assert_eq!(of("", ""), [""; 0]);
        assert!(of("capacity: 5000", "capacity: 2500")[0].contains("less than two requests"));
        assert!(of("    send_exemplars: true\n", "")[0].contains("send_exemplars"));
        assert!(of("      max_shards: 20\n", "")[0].contains("max_shards"));
    }

    #[test]
    fn a_counter_that_is_missing_or_unknown_is_refused() {
        let named = BTreeSet::from(["DCGM_A", "DCGM_B"]);
        let of = |text: &str| findings(|report| check_counters(text, &named, report));
        assert_eq!(of("# x\nDCGM_A, gauge, A.\nDCGM_B, counter, B, too.\n"), [""; 0]);
        assert!(of("DCGM_A, gauge, A.\n")[0].contains("`DCGM_B`"));
        assert!(of("DCGM_A, gauge, A.\nDCGM_B, gauge, B.\nDCGM_C, gauge, C.\n")[0].contains("`DCGM_C`"));
        assert!(of("DCGM_A, gauge, A.\nDCGM_B, label, B.\n")[0].contains("name, type, help"));
    }
}
