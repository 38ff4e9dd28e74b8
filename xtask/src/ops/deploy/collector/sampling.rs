//! The rules about tail sampling and the metrics of spans.

use std::fs;

use serde_json::Value;

use super::components;
use super::config::Config;
use crate::ops::deploy::report::Report;
use crate::ops::deploy::yaml;
use crate::workspace_root;

/// The longest answer for which the sampler must wait, in seconds.
const LONGEST_ANSWER: f64 = 300.0;

/// The policies of the processor.
const POLICIES: [&str; 15] = [
    "always_sample",
    "and",
    "boolean_attribute",
    "bytes_limiting",
    "composite",
    "drop",
    "latency",
    "numeric_attribute",
    "ottl_condition",
    "probabilistic",
    "rate_limiting",
    "span_count",
    "status_code",
    "string_attribute",
    "trace_state",
];

pub(super) fn check(file: &str, config: &Config, report: &mut Report) {
    check_order(file, config, report);
    for (name, sampling) in config.of_type("processors", "tail_sampling") {
        check_waits(file, name, sampling, report);
        check_policies(file, name, sampling, report);
    }
    for (name, connector) in config.of_type("connectors", "span_metrics") {
        check_span_metrics(file, name, connector, report);
    }
}

/// Metrics of spans are made of all spans: no sampler is before them.
fn check_order(file: &str, config: &Config, report: &mut Report) {
    let makes_metrics = |name: &String| components::type_of(name) == "span_metrics";
    for pipeline in config.pipelines.iter().filter(|pipeline| pipeline.exporters.iter().any(makes_metrics)) {
        for from in config.upstream(pipeline) {
            let text = format!("the pipeline `{}` samples before the metrics of spans", from.name);
            report.require(!from.has_processor("tail_sampling"), file, "metrics before sampling", &text);
        }
    }
    // The sampler makes new batches, without the connection that names of Kubernetes come from.
    for pipeline in &config.pipelines {
        let position = |kind: &str| pipeline.processors.iter().position(|name| components::type_of(name) == kind);
        if let (Some(sampler), Some(names)) = (position("tail_sampling"), position("k8s_attributes")) {
            report.require(
                names < sampler,
                file,
                "metrics before sampling",
                "k8s_attributes must be before the sampler",
            );
        }
    }
}

fn check_waits(file: &str, name: &str, sampling: &Value, report: &mut Report) {
    let rule = "the sampler waits for streams";
    let wait = yaml::text(sampling, &["decision_wait"]).and_then(yaml::seconds).unwrap_or(30.0);
    report.require(wait >= LONGEST_ANSWER, file, rule, &format!("`{name}` waits {wait} s, not {LONGEST_ANSWER}"));
    let has_short = yaml::text(sampling, &["decision_wait_after_root_received"]).is_some();
    report.require(has_short, file, rule, &format!("`{name}` has no decision_wait_after_root_received"));
    let number = |path: &[&str]| yaml::at(sampling, path).and_then(Value::as_u64).unwrap_or_default();
    for cache in ["sampled_cache_size", "non_sampled_cache_size"] {
        let fits = number(&["decision_cache", cache]) > number(&["num_traces"]);
        report.require(fits, file, rule, &format!("`{cache}` of `{name}` must be above num_traces"));
    }
}

/// Each policy has a type of the processor and its settings; `drop` is not inside `composite`; names are those of llmobs.
fn check_policies(file: &str, name: &str, sampling: &Value, report: &mut Report) {
    let rule = "sampling policies";
    for policy in yaml::items(sampling, &["policies"]) {
        let title = yaml::text(policy, &["name"]).unwrap_or_default();
        let kind = yaml::text(policy, &["type"]).unwrap_or_default();
        let is_known = POLICIES.contains(&kind) && (kind == "always_sample" || policy.get(kind).is_some());
        report.require(is_known, file, rule, &format!("`{title}` of `{name}` has the type {kind:?} without settings"));
        let drops = |sub: &Value| yaml::text(sub, &["type"]) == Some("drop");
        let is_nested = yaml::items(policy, &["composite", "composite_sub_policy"]).any(drops);
        report.require(!is_nested, file, rule, &format!("`{title}` has a drop inside of a composite"));
    }
    let names = defined_attributes();
    yaml::walk(sampling, &mut Vec::new(), &mut |path, value| {
        let text = value.as_str().unwrap_or_default();
        let key = if path.last().is_some_and(|key| key == "key") { Some(text) } else { text.split('"').nth(1) };
        let is_ours = |key: &&str| key.starts_with("llmobs.") || key.starts_with("gen_ai.");
        if let Some(key) = key.filter(is_ours) {
            report.require(names.contains(&format!("\"{key}\"")), file, rule, &format!("no span has `{key}`"));
        }
    });
}

/// Returns the names of all attributes of the library, in quotes: those of the conventions and its own.
fn defined_attributes() -> String {
    let read = |path: &str| fs::read_to_string(workspace_root().join(path)).unwrap_or_default();
    let own = read("semconv/registry/attributes.yaml");
    let keys = own.lines().filter_map(|line| line.trim().strip_prefix("- key: "));
    keys.fold(read("llmobs/src/semconv/attribute.rs"), |names, key| format!("{names}\"{key}\"\n"))
}

fn check_span_metrics(file: &str, name: &str, connector: &Value, report: &mut Report) {
    let rule = "metrics of spans";
    let unit = yaml::text(connector, &["histogram", "unit"]);
    report.require(unit == Some("s"), file, rule, &format!("`{name}` needs the unit s; the default is ms"));
    let buckets = yaml::texts(connector, &["histogram", "explicit", "buckets"]);
    let last = buckets.last().and_then(|bucket| yaml::seconds(bucket)).unwrap_or(15.0);
    let text = format!("the last bucket of `{name}` is {last} s, less than the longest answer");
    report.require(last >= LONGEST_ANSWER, file, rule, &text);
    let exemplars = yaml::at(connector, &["exemplars", "enabled"]).and_then(Value::as_bool) == Some(true);
    report.require(exemplars, file, rule, &format!("`{name}` has no exemplars"));
    for key in ["metrics_expiration", "aggregation_cardinality_limit"] {
        let text = format!("`{name}` has no {key}: its series are kept without a limit");
        report.require(connector.get(key).is_some(), file, rule, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn a_sampler_before_the_metrics_of_spans_is_refused() {
        let (from, to) = (
            "redaction/secrets]\n      exporters: [span_metrics",
            "redaction/secrets, tail_sampling]\n      exporters: [span_metrics",
        );
        refused("gateway", from, to, "metrics before sampling");
        let (from, to) = (
            "receivers: [forward/sample]\n      processors: [tail_sampling]\n      exporters: [otlp_grpc/tempo]",
            "receivers: [forward/sample]\n      processors: [tail_sampling, k8s_attributes]\n      exporters: [otlp_grpc/tempo]",
        );
        refused("gateway", from, to, "k8s_attributes must be before");
    }

    #[test]
    fn a_sampler_that_does_not_wait_for_a_stream_is_refused() {
        refused("gateway", "decision_wait: 300s", "decision_wait: 30s", "waits 30 s");
        refused("gateway", "    decision_wait: 300s\n", "", "waits 30 s");
        refused("gateway", "    decision_wait_after_root_received: 5s\n", "", "decision_wait_after_root_received");
        refused("gateway", "non_sampled_cache_size: 400000", "non_sampled_cache_size: 100", "above num_traces");
    }

    #[test]
    fn a_wrong_policy_is_refused() {
        refused("gateway", "type: latency", "type: slow", "sampling policies");
        refused("gateway", "key: llmobs.objective.result", "key: llmobs.objective.outcome", "no span has");
        refused("gateway", "llmobs.time_to_first_token\"", "llmobs.ttft\"", "no span has");
        let composite = "type: composite\n        composite:\n          composite_sub_policy: [{name: a, type: drop}]\n      - name: slow\n        type: latency";
        refused("gateway", "type: latency", composite, "inside of a composite");
    }

    #[test]
    fn metrics_of_spans_that_cannot_show_a_long_answer_are_refused() {
        refused("gateway", "unit: s", "unit: ms", "metrics of spans");
        refused("gateway", ", 120s, 300s]", ", 120s]", "metrics of spans");
        refused("gateway", "    metrics_expiration: 10m\n", "", "metrics of spans");
        refused("gateway", "    exemplars:\n      enabled: true\n", "", "metrics of spans");
    }
}
