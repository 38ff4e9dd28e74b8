//! The generated files: those that repeat other files of the kit in another form.

use serde_json::Value;

use super::aggregation;
use super::collector;
use super::list;
use super::read;
use super::sizes;
use super::yaml;
use crate::ops::names::Names;
use crate::ops::output::Output;

/// A configuration of the collector that the operator runs.
struct Operated {
    name: &'static str,
    mode: &'static str,
    /// The limit of the memory in MiB.
    memory: u64,
}

const OPERATED: [Operated; 2] = [
    Operated { name: "sidecar", mode: "sidecar", memory: 256 },
    // The traces of five minutes.
    Operated { name: "gateway", mode: "statefulset", memory: 4096 },
];

/// The volume of the queues, for a configuration with a storage.
const QUEUE: &str = "  volumeMounts:\n    - name: queue\n      mountPath: /var/lib/otelcol\n  volumes:\n    - name: queue\n      \
                     emptyDir:\n        sizeLimit: 5Gi\n";

/// Returns the generated files.
pub(super) fn files(names: &Names) -> Result<Output, String> {
    let mut output = Output::default();
    output.add(
        "prometheus/prometheus-3.yml",
        prometheus_3(&read("prometheus/prometheus.yml")?, &read("prometheus/otlp.yml")?),
    )?;
    output.add("kubernetes/rules.yaml", prometheus_rules()?)?;
    output.add("kubernetes/operator.yaml", operated_collectors()?)?;
    output.add("aggregation.md", aggregation::page(names))?;
    output.add("sizes.md", sizes::page(names))?;
    Ok(output)
}

fn header(source: &str) -> String {
    format!("# Do not edit: `cargo xtask ops` writes this file from {source}.\n")
}

/// Joins the configuration and the settings that only Prometheus 3 knows.
fn prometheus_3(base: &str, otlp: &str) -> String {
    format!("{}\n{base}\n{otlp}", header("prometheus.yml and otlp.yml"))
}

/// Wraps each file of rules in a resource of the Prometheus operator.
fn prometheus_rules() -> Result<String, String> {
    let mut text = header("docs/ops/prometheus/rules");
    text.push_str("# The label `release` is that of monitors.yaml.\n");
    for file in list("prometheus/rules", &[".yml"])? {
        let name = file.trim_start_matches("prometheus/rules/").trim_end_matches(".yml").replace('_', "-");
        text.push_str(&format!(
            "---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: llmobs-{name}\n  \
             namespace: observability\n  labels:\n    release: kube-prometheus-stack\nspec:\n"
        ));
        text.push_str(&indented(&read(&file)?));
    }
    Ok(text)
}

/// Indents the lines by two spaces; leaves comments at the start of a line out.
fn indented(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| format!("  {line}\n")).collect()
}

/// Writes a resource of the OpenTelemetry operator for each configuration that it runs.
fn operated_collectors() -> Result<String, String> {
    let mut text = header("docs/ops/collector");
    text.push_str(
        "# Collectors for the OpenTelemetry operator. The annotation `sidecar.opentelemetry.io/inject:\n\
         # \"observability/sidecar\"` of a pod adds the sidecar to it. `gateway`, with one replica, replaces both stages of\n\
         # gateway.yaml in a small cluster: several need the front, which sends all spans of a trace to one of them.\n",
    );
    for Operated { name, mode, memory } in OPERATED {
        let (_, files) = collector::CONFIGURATIONS.iter().find(|(of, _)| *of == name).ok_or("no such configuration")?;
        let config = collector::merged(files)?;
        text.push_str(&format!(
            "---\napiVersion: opentelemetry.io/v1beta1\nkind: OpenTelemetryCollector\nmetadata:\n  name: {name}\n  \
             namespace: observability\nspec:\n  mode: {mode}\n  image: {image}\n  resources:\n    requests:\n      \
             cpu: 50m\n      memory: {request}Mi\n    limits:\n      memory: {memory}Mi\n  env:\n    - name: GOMEMLIMIT\n      \
             value: {soft}MiB\n",
            image = collector::IMAGE,
            request = memory / 2,
            soft = memory * 8 / 10,
        ));
        if has_storage(&config) {
            text.push_str(QUEUE);
        }
        text.push_str("  config:\n");
        yaml::write(&config, 2, &mut text);
    }
    Ok(text)
}

/// Returns true if a queue of the configuration is on disk.
fn has_storage(config: &Value) -> bool {
    yaml::entries(config, &["extensions"]).any(|(name, _)| name.starts_with("file_storage"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_resources_contain_the_merged_files() {
        let documents = yaml::parse_all("test", &operated_collectors().unwrap()).unwrap();
        assert_eq!(documents.len(), OPERATED.len());
        for (document, Operated { name, mode, .. }) in documents.iter().zip(OPERATED) {
            let (_, files) = collector::CONFIGURATIONS.iter().find(|(of, _)| *of == name).unwrap();
            let config = collector::merged(files).unwrap();
            assert_eq!(yaml::at(document, &["spec", "config"]), Some(&config));
            assert_eq!(yaml::text(document, &["spec", "mode"]), Some(mode));
            let has_volume = yaml::at(document, &["spec", "volumes"]).is_some();
            assert_eq!(has_volume, has_storage(&config), "{name}");
            assert_eq!(has_volume, name == "gateway");
        }
    }

    #[test]
    fn each_file_of_rules_becomes_a_resource_with_its_groups() {
        let documents = yaml::parse_all("test", &prometheus_rules().unwrap()).unwrap();
        let files = list("prometheus/rules", &[".yml"]).unwrap();
        assert_eq!(documents.len(), files.len());
        for (document, file) in documents.iter().zip(files) {
            let groups = yaml::parse(&file, &read(&file).unwrap()).unwrap();
            assert_eq!(document.get("spec"), Some(&groups), "{file}");
        }
    }

    #[test]
    fn the_file_for_prometheus_3_has_the_keys_of_both() {
        let value = yaml::parse("test", &prometheus_3("a: 1\n", "otlp: {b: 2}\n")).unwrap();
        assert_eq!(value, json!({"a": 1, "otlp": {"b": 2}}));
    }
}
