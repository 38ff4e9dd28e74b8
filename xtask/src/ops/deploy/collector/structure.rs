//! The rules about components, receivers and the memory.

use serde_json::Value;

use super::components;
use super::config::Config;
use crate::ops::deploy::report::Report;
use crate::ops::deploy::yaml;

/// Components that common.yaml defines for all, and that not every configuration uses.
const SHARED: [&str; 2] = ["transform/drop_content", "redaction/secrets"];

pub(super) fn check(file: &str, config: &Config, report: &mut Report) {
    check_types(file, config, report);
    check_references(file, config, report);
    check_memory_limiter(file, config, report);
    check_receivers(file, config, report);
    let extensions = yaml::texts(&config.value, &["service", "extensions"]);
    let has_health = extensions.iter().any(|name| components::type_of(name) == "health_check");
    report.require(has_health, file, "a health endpoint", "`service.extensions` has no health_check");
    let readers = yaml::items(&config.value, &["service", "telemetry", "metrics", "readers"]).count();
    report.require(readers > 0, file, "own metrics", "`service.telemetry.metrics.readers` is empty");
}

fn check_types(file: &str, config: &Config, report: &mut Report) {
    for kind in components::KINDS {
        for (name, _) in yaml::entries(&config.value, &[kind]) {
            if let Err(reason) = components::judge(kind, name) {
                report.add(file, "current component names", &reason);
            }
        }
    }
}

/// Every component that is named is defined, and every one that is defined is named.
fn check_references(file: &str, config: &Config, report: &mut Report) {
    let rule = "every component is defined and used";
    let mut used: Vec<(&str, &str)> = Vec::new();
    for pipeline in &config.pipelines {
        let groups = [
            ("receivers", &pipeline.receivers),
            ("processors", &pipeline.processors),
            ("exporters", &pipeline.exporters),
        ];
        for (kind, names) in groups {
            for name in names {
                let kind = if kind != "processors" && config.is_connector(name) { "connectors" } else { kind };
                used.push((kind, name));
            }
        }
        let is_empty = pipeline.receivers.is_empty() || pipeline.exporters.is_empty();
        report.require(!is_empty, file, rule, &format!("the pipeline `{}` has no receiver or exporter", pipeline.name));
    }
    used.extend(yaml::texts(&config.value, &["service", "extensions"]).into_iter().map(|name| ("extensions", name)));
    for (kind, name) in &used {
        report.require(config.component(kind, name).is_some(), file, rule, &format!("`{name}` of {kind} is missing"));
    }
    for kind in components::KINDS {
        for (name, _) in yaml::entries(&config.value, &[kind]) {
            let is_used = used.contains(&(kind, name)) || SHARED.contains(&name);
            // A file loaded later may replace the exporters of a pipeline.
            let is_replaced = kind == "exporters" && file.contains("remote-write");
            report.require(is_used || is_replaced, file, rule, &format!("`{name}` of {kind} is not used"));
        }
    }
    for connector in yaml::entries(&config.value, &["connectors"]).map(|(name, _)| name) {
        let ends = |names: fn(&super::config::Pipeline) -> &Vec<String>| {
            config.pipelines.iter().any(|pipeline| names(pipeline).iter().any(|name| name == connector))
        };
        let is_joined = ends(|pipeline| &pipeline.receivers) && ends(|pipeline| &pipeline.exporters);
        report.require(is_joined, file, rule, &format!("the connector `{connector}` joins no two pipelines"));
    }
}

fn check_memory_limiter(file: &str, config: &Config, report: &mut Report) {
    let rule = "memory_limiter first";
    for pipeline in config.entry_pipelines() {
        let first = pipeline.processors.first().map(|name| components::type_of(name));
        report.require(first == Some("memory_limiter"), file, rule, &format!("in the pipeline `{}`", pipeline.name));
    }
    for (name, limiter) in config.of_type("processors", "memory_limiter") {
        let has_interval = limiter.get("check_interval").is_some();
        let has_limit = limiter.get("limit_percentage").is_some() || limiter.get("limit_mib").is_some();
        report.require(has_interval && has_limit, file, rule, &format!("`{name}` needs check_interval and a limit"));
    }
}

/// The OTLP receiver listens to localhost unless an address is given; a sidecar must, all others must not.
fn check_receivers(file: &str, config: &Config, report: &mut Report) {
    let rule = "an explicit address of the OTLP receiver";
    for (name, receiver) in config.of_type("receivers", "otlp") {
        for (protocol, settings) in yaml::entries(receiver, &["protocols"]) {
            let address = yaml::text(settings, &["endpoint"]).unwrap_or_default();
            let is_local = address.starts_with("127.0.0.1:") || address.starts_with("localhost:");
            let is_open = address.starts_with("0.0.0.0:") || address.starts_with("${env:");
            let is_right = if file.contains("sidecar") { is_local } else { is_open };
            report.require(is_right, file, rule, &format!("`{name}` {protocol}: {address:?}"));
        }
    }
    for (name, receiver) in config.of_type("receivers", "prometheus") {
        for job in yaml::items(receiver, &["config", "scrape_configs"]) {
            let has_limit = job.get("sample_limit").and_then(Value::as_u64).is_some_and(|limit| limit > 0);
            report.require(has_limit, file, "a limit of samples", &format!("a job of `{name}` has no sample_limit"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn a_deprecated_or_unknown_component_is_refused() {
        refused("gateway", "otlp_http/", "otlphttp/", "current component names");
        refused("gateway", "span_metrics", "spanmetrics", "current component names");
        refused("agent", "resource_detection", "resource_detector", "current component names");
        refused("sidecar", "transform/drop_content", "batch", "current component names");
    }

    #[test]
    fn a_component_that_is_not_defined_is_refused() {
        refused("gateway", "exporters: [otlp_grpc/tempo]", "exporters: [otlp_grpc/jaeger]", "is missing");
        refused("gateway", "extensions: [health_check, file_storage/queue]", "extensions: [health_check]", "not used");
        refused("agent", "receivers: [otlp, file_log]", "receivers: [otlp]", "`file_log` of receivers is not used");
        refused("gateway", "receivers: [otlp, span_metrics]", "receivers: [otlp]", "joins no two pipelines");
    }

    #[test]
    fn a_pipeline_without_a_memory_limit_at_its_start_is_refused() {
        let (first, second) = ("[memory_limiter, transform/drop_content", "[transform/drop_content, memory_limiter");
        refused("sidecar", first, second, "memory_limiter first");
        refused("sidecar", "    check_interval: 1s\n", "", "memory_limiter first");
        refused("events", "[memory_limiter, ", "[", "memory_limiter first");
    }

    #[test]
    fn an_address_that_does_not_fit_the_place_is_refused() {
        refused("gateway", "endpoint: 0.0.0.0:4317", "endpoint: localhost:4317", "an explicit address");
        refused("agent", "grpc:\n        endpoint: 0.0.0.0:4317", "grpc: {}", "an explicit address");
        refused("sidecar", "127.0.0.1:4318", "0.0.0.0:4318", "an explicit address");
    }

    #[test]
    fn a_scrape_without_a_limit_is_refused() {
        refused("agent-scrape", "          sample_limit: 20000\n", "", "a limit of samples");
    }

    #[test]
    fn a_collector_that_does_not_observe_itself_is_refused() {
        refused("events", "extensions: [health_check]", "extensions: []", "a health endpoint");
        refused("events", "readers:", "no_readers:", "own metrics");
    }
}
