//! The rules about the Compose file and the files of Tempo and Loki.

use serde_json::Value;

use super::path;
use super::prometheus;
use super::read;
use super::report::Report;
use super::yaml;

const FILE: &str = "compose/compose.yaml";
const TEMPO: &str = "compose/tempo.yaml";
const LOKI: &str = "compose/loki.yaml";
const GATEWAY: &str = "collector/gateway.yaml";

/// The age in seconds above which Tempo discards spans from their metrics, if it is not set.
const TEMPO_SLACK: f64 = 30.0;

/// The parts of the stack.
const SERVICES: [&str; 8] = ["alertmanager", "blackbox", "chat", "collector", "grafana", "loki", "prometheus", "tempo"];

/// Services whose image has no program for a health check, and the optional one.
const WITHOUT_HEALTH_CHECK: [&str; 2] = ["collector", "jaeger"];

/// Attributes that may be index labels of Loki: each has few values.
const INDEXED: [&str; 4] = ["service.name", "deployment.environment.name", "k8s.namespace.name", "k8s.cluster.name"];

pub(super) fn check(report: &mut Report) -> Result<(), String> {
    let flags = read("prometheus/flags.txt")?;
    check_stack(&yaml::parse(FILE, &read(FILE)?)?, &prometheus::flags(&flags), report);
    let gateway = yaml::parse(GATEWAY, &read(GATEWAY)?)?;
    check_tempo(&yaml::parse(TEMPO, &read(TEMPO)?)?, &gateway, report);
    check_loki(&yaml::parse(LOKI, &read(LOKI)?)?, report);
    Ok(())
}

fn check_stack(stack: &Value, flags: &[&str], report: &mut Report) {
    for service in SERVICES {
        let exists = yaml::at(stack, &["services", service]).is_some();
        report.require(exists, FILE, "parts of the stack", &format!("`{service}` is missing"));
    }
    for (name, service) in yaml::entries(stack, &["services"]) {
        let image = yaml::text(service, &["image"]).unwrap_or_default();
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        let is_pinned = tag.split('.').count() >= 3;
        report.require(is_pinned, FILE, "images with a version", &format!("`{name}`: {image:?}"));
        for port in yaml::texts(service, &["ports"]) {
            let text = format!("`{name}`: {port:?} is open to the network");
            report.require(port.starts_with("127.0.0.1:"), FILE, "ports on the loopback", &text);
        }
        let is_checked = service.get("healthcheck").is_some() || WITHOUT_HEALTH_CHECK.contains(&name);
        report.require(is_checked, FILE, "health checks", &format!("`{name}` has none"));
        for (other, _) in yaml::entries(service, &["depends_on"]) {
            let exists = yaml::at(stack, &["services", other]).is_some();
            report.require(exists, FILE, "order of start", &format!("`{name}` waits for `{other}`, which is missing"));
        }
        check_volumes(stack, name, service, report);
    }
    let command = yaml::texts(stack, &["services", "prometheus", "command"]);
    for flag in flags.iter().copied().chain(["--web.enable-otlp-receiver"]) {
        report.require(command.contains(&flag), FILE, "flags of Prometheus", &format!("`{flag}` is missing"));
    }
}

/// A mounted file is in the kit, and a named volume is declared. The files of a part of the kit, such as `grafana`, are
/// required once its folder exists.
fn check_volumes(stack: &Value, name: &str, service: &Value, report: &mut Report) {
    for volume in yaml::texts(service, &["volumes"]) {
        let source = volume.split(':').next().unwrap_or_default();
        let exists = match source.strip_prefix("../").or_else(|| source.strip_prefix("./")) {
            Some(file) if source.starts_with("../") => {
                let part = file.split('/').next().unwrap_or_default();
                path(file).exists() || !path(part).exists()
            }
            Some(file) => path("compose").join(file).exists(),
            None => yaml::at(stack, &["volumes", source]).is_some(),
        };
        report.require(exists, FILE, "mounted files", &format!("`{source}` of `{name}` does not exist"));
    }
}

/// `gateway` is the configuration of the collector that samples before Tempo.
fn check_tempo(tempo: &Value, gateway: &Value, report: &mut Report) {
    let processors = yaml::texts(tempo, &["overrides", "defaults", "metrics_generator", "processors"]);
    for processor in ["span-metrics", "service-graphs"] {
        let text = format!("`{processor}` is off: its metrics are missing");
        report.require(processors.contains(&processor), TEMPO, "metrics of spans", &text);
    }
    let duration = |value: &Value, path: &[&str]| yaml::text(value, path).and_then(yaml::seconds);
    let slack = duration(tempo, &["metrics_generator", "metrics_ingestion_time_range_slack"]).unwrap_or(TEMPO_SLACK);
    let wait = duration(gateway, &["processors", "tail_sampling", "decision_wait"]);
    let text =
        format!("spans older than {slack} s are discarded, and the sampler of {GATEWAY} holds them for {wait:?} s");
    report.require(wait.is_some_and(|wait| slack > wait), TEMPO, "age of spans", &text);
    for write in yaml::items(tempo, &["metrics_generator", "storage", "remote_write"]) {
        let sends = write.get("send_exemplars").and_then(Value::as_bool) == Some(true);
        report.require(sends, TEMPO, "metrics of spans", "exemplars are not sent");
    }
    for protocol in ["grpc", "http"] {
        let path = ["distributor", "receivers", "otlp", "protocols", protocol, "endpoint"];
        let is_open = yaml::text(tempo, &path).is_some_and(|address| address.starts_with("0.0.0.0:"));
        report.require(is_open, TEMPO, "addresses", &format!("{protocol} listens inside of the container only"));
    }
}

fn check_loki(loki: &Value, report: &mut Report) {
    let path = ["distributor", "otlp_config", "default_resource_attributes_as_index_labels"];
    let labels = yaml::texts(loki, &path);
    report.require(!labels.is_empty(), LOKI, "index labels", "the defaults of Loki index the pod and the instance");
    for label in labels {
        report.require(INDEXED.contains(&label), LOKI, "index labels", &format!("`{label}` has too many values"));
    }
    let metadata = yaml::at(loki, &["limits_config", "allow_structured_metadata"]).and_then(Value::as_bool);
    report.require(metadata == Some(true), LOKI, "structured metadata", "attributes of logs are refused");
    let schema = yaml::items(loki, &["schema_config", "configs"]).last();
    let schema = schema.and_then(|it| yaml::text(it, &["schema"]));
    report.require(
        schema == Some("v13"),
        LOKI,
        "structured metadata",
        &format!("needs the schema v13, not {schema:?}"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(file: &str, from: &str, to: &str) -> Vec<String> {
        let text = read(file).unwrap();
        assert!(text.contains(from), "{file} does not contain {from:?}");
        let value = yaml::parse(file, &text.replacen(from, to, 1)).unwrap();
        let flags = read("prometheus/flags.txt").unwrap();
        let mut report = Report::default();
        match file {
            FILE => check_stack(&value, &prometheus::flags(&flags), &mut report),
            TEMPO => {
                let gateway = yaml::parse(GATEWAY, &read(GATEWAY).unwrap()).unwrap();
                check_tempo(&value, &gateway, &mut report);
            }
            _ => check_loki(&value, &mut report),
        }
        report.findings().to_vec()
    }

    /// Asserts that the change adds exactly one kind of finding.
    #[track_caller]
    fn refused(file: &str, from: &str, to: &str, rule: &str) {
        let before = findings(file, from, from);
        let after = findings(file, from, to);
        assert!(after.len() > before.len() && after.iter().any(|it| it.contains(rule)), "{rule}: {after:?}");
    }

    #[test]
    fn a_stack_with_an_open_port_or_a_floating_image_is_refused() {
        refused(FILE, "127.0.0.1:9090:9090", "9090:9090", "ports on the loopback");
        refused(FILE, "prom/prometheus:v3.13.2", "prom/prometheus:latest", "images with a version");
        refused(FILE, "prom/prometheus:v3.13.2", "prom/prometheus:v3", "images with a version");
    }

    #[test]
    fn a_stack_with_a_missing_part_is_refused() {
        refused(FILE, "  loki:\n    image", "  logs:\n    image", "parts of the stack");
        refused(FILE, "./tempo.yaml:", "./tempo3.yaml:", "mounted files");
        refused(FILE, "  prometheus: {}\n", "", "mounted files");
        refused(FILE, "      - --storage.tsdb.retention.time=40d\n", "", "flags of Prometheus");
        refused(
            FILE,
            "    healthcheck:\n      test: [CMD, /usr/local/bin/healthy]\n      interval: 10s\n",
            "",
            "health",
        );
        refused(FILE, "      alertmanager:\n        condition", "      alerts:\n        condition", "order of start");
    }

    #[test]
    fn a_tempo_without_metrics_of_spans_is_refused() {
        refused(TEMPO, "[span-metrics, service-graphs]", "[service-graphs]", "metrics of spans");
        refused(TEMPO, "send_exemplars: true", "send_exemplars: false", "exemplars");
        refused(TEMPO, "endpoint: 0.0.0.0:4317", "endpoint: localhost:4317", "addresses");
    }

    #[test]
    fn a_tempo_that_discards_the_spans_which_the_sampler_held_is_refused() {
        refused(TEMPO, "time_range_slack: 6m", "time_range_slack: 5m", "age of spans");
        refused(TEMPO, "  metrics_ingestion_time_range_slack: 6m\n", "", "age of spans");
    }

    #[test]
    fn a_loki_with_many_streams_is_refused() {
        refused(LOKI, "k8s.cluster.name", "k8s.pod.name", "index labels");
        refused(LOKI, "allow_structured_metadata: true", "allow_structured_metadata: false", "structured metadata");
        refused(LOKI, "schema: v13", "schema: v12", "structured metadata");
    }
}
