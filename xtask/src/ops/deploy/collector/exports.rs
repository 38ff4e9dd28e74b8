//! The rules about exporters, their queues and their storage.

use serde_json::Value;

use super::components;
use super::config::Config;
use crate::ops::deploy::report::Report;
use crate::ops::deploy::yaml;

/// The exporter that sends to no network.
const LOCAL: &str = "debug";

/// The least number of items of a batch unless a file sets another.
const DEFAULT_MIN_SIZE: u64 = 8192;

pub(super) fn check(file: &str, config: &Config, report: &mut Report) {
    for (name, exporter) in yaml::entries(&config.value, &["exporters"]) {
        match components::type_of(name) {
            LOCAL => {}
            "prometheus_remote_write" => check_remote_write(file, name, exporter, report),
            kind => {
                check_queue(file, name, exporter, config, report);
                if kind == "load_balancing" {
                    check_load_balancing(file, name, exporter, config, report);
                }
                check_thanos(file, name, exporter, report);
            }
        }
    }
    for (name, storage) in config.of_type("extensions", "file_storage") {
        let creates = storage.get("create_directory").and_then(Value::as_bool) == Some(true);
        report.require(creates, file, "storage", &format!("`{name}` needs `create_directory: true`"));
    }
}

/// Batches are sent only if `batch` is written. A queue of items must hold at least one batch.
fn check_queue(file: &str, name: &str, exporter: &Value, config: &Config, report: &mut Report) {
    let queue = exporter.get("sending_queue");
    let batch = queue.and_then(|queue| queue.get("batch"));
    report.require(batch.is_some(), file, "batches", &format!("`{name}` has no `sending_queue.batch`"));
    let number = |value: Option<&Value>, key: &str| value.and_then(|value| value.get(key)).and_then(Value::as_u64);
    if queue.and_then(|queue| yaml::text(queue, &["sizer"])) == Some("items") {
        let (size, least) = (number(queue, "queue_size"), number(batch, "min_size").unwrap_or(DEFAULT_MIN_SIZE));
        let fits = size.is_some_and(|size| size >= least);
        report.require(fits, file, "batches", &format!("`queue_size` of `{name}` is less than a batch of {least}"));
    }
    if let Some(storage) = queue.and_then(|queue| yaml::text(queue, &["storage"])) {
        let extensions = yaml::texts(&config.value, &["service", "extensions"]);
        let text = format!("`{storage}` of `{name}` is not in `service.extensions`");
        report.require(extensions.contains(&storage), file, "storage", &text);
        let waits = queue.and_then(|queue| queue.get("wait_for_result")).and_then(Value::as_bool) == Some(true);
        report.require(!waits, file, "storage", &format!("`{name}` cannot wait for the result of a stored request"));
    }
}

fn check_remote_write(file: &str, name: &str, exporter: &Value, report: &mut Report) {
    let rule = "remote write";
    report.require(exporter.get("remote_write_queue").is_some(), file, rule, &format!("`{name}`: remote_write_queue"));
    let wrong = exporter.get("sending_queue").is_some();
    report.require(!wrong, file, rule, &format!("`{name}` has no sending_queue, but a remote_write_queue"));
    let suffixes = exporter.get("add_metric_suffixes").and_then(Value::as_bool) != Some(false);
    report.require(suffixes, file, rule, &format!("`{name}` without suffixes gives names that no query has"));
}

fn check_load_balancing(file: &str, name: &str, exporter: &Value, config: &Config, report: &mut Report) {
    let rule = "load balancing";
    let resolvers = yaml::entries(exporter, &["resolver"]).count();
    report.require(resolvers == 1, file, rule, &format!("`{name}` has {resolvers} resolvers, not 1"));
    let has_endpoint = yaml::at(exporter, &["protocol", "otlp", "endpoint"]).is_some();
    report.require(!has_endpoint, file, rule, &format!("`{name}` has an endpoint, which the resolver replaces"));
    for pipeline in config.pipelines.iter().filter(|pipeline| pipeline.exporters.iter().any(|used| used == name)) {
        let key = yaml::text(exporter, &["routing_key"]).unwrap_or("traceID");
        let fits = pipeline.signal() != "traces" || key == "traceID";
        report.require(fits, file, rule, &format!("`{name}` must route traces by traceID, not by {key}"));
    }
}

/// Thanos Receive has one path, to which `endpoint` would append /v1/metrics.
fn check_thanos(file: &str, name: &str, exporter: &Value, report: &mut Report) {
    let endpoint = yaml::text(exporter, &["endpoint"]).unwrap_or_default();
    let is_thanos = endpoint.contains(":19291/");
    report.require(!is_thanos, file, "the path of Thanos", &format!("`{name}` needs `metrics_endpoint`"));
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn an_exporter_without_batches_is_refused() {
        refused("sidecar", "      batch: {}\n", "", "batches");
        refused("gateway-front", "      batch: {}\n", "", "batches");
        refused("agent", "queue_size: 100000", "queue_size: 1000", "less than a batch of 2000");
        refused("agent", "        min_size: 2000\n", "        min_size: 200000\n", "less than a batch of 200000");
    }

    #[test]
    fn a_storage_that_is_not_started_is_refused() {
        refused("agent", "extensions: [health_check, file_storage/queue]", "extensions: [health_check]", "storage");
        refused("gateway", "    create_directory: true\n", "", "storage");
        refused(
            "gateway",
            "storage: file_storage/queue",
            "storage: file_storage/queue\n      wait_for_result: true",
            "wait",
        );
    }

    #[test]
    fn a_wrong_queue_of_remote_write_is_refused() {
        refused("gateway-remote-write", "remote_write_queue", "sending_queue", "remote write");
        refused("gateway-remote-write", "add_metric_suffixes: true", "add_metric_suffixes: false", "suffixes");
    }

    #[test]
    fn a_load_balancer_that_splits_traces_is_refused() {
        refused("gateway-front", "routing_key: traceID", "routing_key: service", "load balancing");
        let two = "resolver:\n      static: {hostnames: [a]}";
        refused("gateway-front", "resolver:", two, "load balancing");
        refused("gateway-front", "timeout: 10s", "endpoint: gateway:4317", "load balancing");
    }

    #[test]
    fn an_address_of_thanos_to_which_a_path_is_appended_is_refused() {
        refused(
            "gateway",
            "http://prometheus:9090/api/v1/otlp",
            "http://thanos:19291/api/v1/otlp",
            "the path of Thanos",
        );
    }
}
