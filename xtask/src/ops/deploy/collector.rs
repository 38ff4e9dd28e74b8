//! The collector's files: each configuration is a list of files that the collector merges, and must keep all rules.

use std::collections::BTreeSet;

use serde_json::Value;

use self::config::Config;
use super::read;
use super::report::Report;
use super::yaml;
use crate::ops::names::catalog;

mod cardinality;
mod components;
mod config;
mod content_keys;
mod exports;
mod privacy;
mod sampling;
mod structure;

/// The image of the collector.
pub(super) const IMAGE: &str = "otel/opentelemetry-collector-contrib:0.159.0";

/// The configurations: a name, and the files in the order in which the collector loads them.
pub(super) const CONFIGURATIONS: &[(&str, &[&str])] = &[
    ("agent", &["collector/common.yaml", "collector/agent.yaml"]),
    ("agent-scrape", &["collector/common.yaml", "collector/agent.yaml", "collector/agent-scrape.yaml"]),
    ("sidecar", &["collector/common.yaml", "collector/sidecar.yaml"]),
    ("gateway-front", &["collector/common.yaml", "collector/gateway-front.yaml"]),
    ("gateway", &["collector/common.yaml", "collector/gateway.yaml"]),
    (
        "gateway-remote-write",
        &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-remote-write.yaml"],
    ),
    ("gateway-cardinality", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-cardinality.yaml"]),
    ("gateway-datadog", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-datadog.yaml"]),
    ("gateway-new-relic", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-new-relic.yaml"]),
    ("gateway-honeycomb", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-honeycomb.yaml"]),
    ("gateway-langsmith", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-langsmith.yaml"]),
    ("gateway-langfuse", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-langfuse.yaml"]),
    ("gateway-phoenix", &["collector/common.yaml", "collector/gateway.yaml", "collector/gateway-phoenix.yaml"]),
    ("events", &["collector/common.yaml", "collector/events.yaml"]),
    ("elastic", &["collector/common.yaml", "collector/elastic.yaml"]),
    ("opensearch", &["collector/common.yaml", "collector/opensearch.yaml"]),
];

/// Checks all configurations, and that each file of the folder is part of one.
pub(super) fn check(report: &mut Report) -> Result<(), String> {
    let content_keys = content_keys::read()?;
    let attributes = catalog::attributes()?;
    for (_, files) in CONFIGURATIONS {
        let config = Config::new(merged(files)?);
        check_config(files.last().copied().unwrap_or_default(), &config, &content_keys, &attributes, report);
    }
    for file in super::list("collector", &[".yaml", ".yml"])? {
        let is_used = CONFIGURATIONS.iter().any(|(_, files)| files.contains(&file.as_str()));
        report.require(is_used, &file, "every file is loaded", "no configuration of the check contains it");
    }
    Ok(())
}

/// Reads the files of a configuration and merges them.
pub(super) fn merged(files: &[&str]) -> Result<Value, String> {
    let mut config = Value::Object(serde_json::Map::new());
    for file in files {
        yaml::merge(&mut config, yaml::parse(file, &read(file)?)?);
    }
    Ok(config)
}

fn check_config(
    file: &str,
    config: &Config,
    content_keys: &[String],
    attributes: &BTreeSet<String>,
    report: &mut Report,
) {
    structure::check(file, config, report);
    exports::check(file, config, report);
    privacy::check(file, config, content_keys, report);
    sampling::check(file, config, report);
    cardinality::check(file, config, attributes, report);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the findings for a configuration of the kit in which one text was replaced.
    pub(super) fn findings_after(name: &str, from: &str, to: &str) -> Vec<String> {
        let (_, files) = CONFIGURATIONS.iter().find(|(of, _)| *of == name).unwrap();
        let mut config = Value::Object(serde_json::Map::new());
        let mut replaced = 0;
        for file in *files {
            let text = read(file).unwrap();
            replaced += text.matches(from).count();
            yaml::merge(&mut config, yaml::parse(file, &text.replace(from, to)).unwrap());
        }
        assert!(replaced > 0 || from.is_empty(), "{name} does not contain {from:?}");
        let mut report = Report::default();
        let attributes = catalog::attributes().unwrap();
        check_config(name, &Config::new(config), &content_keys::read().unwrap(), &attributes, &mut report);
        report.findings().to_vec()
    }

    /// Asserts that a configuration is accepted, and refused by a rule after a replacement.
    #[track_caller]
    pub(super) fn refused(name: &str, from: &str, to: &str, rule: &str) {
        let before = findings_after(name, "exporters", "exporters");
        assert_eq!(before, Vec::<String>::new());
        let findings = findings_after(name, from, to);
        assert!(findings.iter().any(|finding| finding.contains(rule)), "{rule}: {findings:?}");
    }

    #[test]
    fn every_configuration_keeps_the_rules() {
        let mut report = Report::default();
        check(&mut report).unwrap();
        assert_eq!(report.findings(), [""; 0]);
    }
}
