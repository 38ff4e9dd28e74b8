//! Tests of the rules about manifests: each rule refuses a broken file.

use super::*;
use crate::workspace_root;

/// The label that pods and Services are named by.
const NAME: &str = "app.kubernetes.io/name";

/// Returns the findings for the manifests after a replacement in one file.
fn findings_after(file: &str, from: &str, to: &str) -> Vec<String> {
    let mut manifests = Vec::new();
    for name in list(FOLDER, &[".yaml"]).unwrap() {
        let mut text = read(&name).unwrap();
        if name == format!("{FOLDER}/{file}") {
            assert!(text.contains(from), "{file} does not contain {from:?}");
            text = text.replacen(from, to, 1);
        }
        for value in yaml::parse_all(&name, &text).unwrap() {
            manifests.push(Manifest { file: name.clone(), value });
        }
    }
    let mut report = Report::default();
    check_all(&manifests, &Names::load().unwrap(), &mut report);
    for manifest in manifests.iter().filter(|manifest| manifest.kind() == "Prometheus") {
        check_prometheus(manifest, &read("prometheus/flags.txt").unwrap(), &mut report);
    }
    let overlay = yaml::parse(KUSTOMIZATION, &read(KUSTOMIZATION).unwrap()).unwrap();
    check_kustomization(&overlay, &manifests, &mut report);
    report.findings().to_vec()
}

#[track_caller]
fn refused(file: &str, from: &str, to: &str, rule: &str) {
    let findings = findings_after(file, from, to);
    assert!(findings.iter().any(|finding| finding.contains(rule)), "{rule}: {findings:?}");
}

#[test]
fn the_manifests_keep_the_rules() {
    assert_eq!(findings_after("chat.yaml", "chat", "chat"), [""; 0]);
}

#[test]
fn a_workload_without_probe_limit_version_or_drain_is_refused() {
    refused("gateway.yaml", "readinessProbe", "startupProbe", "probes");
    refused("chat.yaml", "              memory: 4Gi\n", "              cpu: 4\n", "limits");
    refused("blackbox.yaml", "exporter:v0.28.0", "exporter:latest", "images with a version");
    refused("chat.yaml", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 30", "time to drain");
    refused("chat.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "rights");
    refused("agent.yaml", "              drop: [ALL]\n", "", "capabilities");
    refused("agent.yaml", "value: 409MiB", "value: 512MiB", "GOMEMLIMIT");
}

#[test]
fn selectors_that_select_nothing_are_refused() {
    refused("network-policy.yaml", "app.kubernetes.io/name: chat", "app.kubernetes.io/name: chats", "selectors");
    refused("monitors.yaml", "port: http", "port: metrics", "no selected Service has the port");
    refused("monitors.yaml", "    release: kube-prometheus-stack\n", "    x: y\n", "the label release");
    refused("monitors.yaml", "  sampleLimit: 20000\n", "", "limits of a scrape");
}

#[test]
fn rights_beyond_reading_are_refused() {
    refused("agent.yaml", "verbs: [get, list, watch]", "verbs: [get, list, delete]", "rights");
    refused("gateway.yaml", "resources: [endpointslices]", "resources: [endpointslices, secrets]", "rights");
}

#[test]
fn an_autoscaler_without_target_metric_or_window_is_refused() {
    refused("autoscaling.yaml", "    name: chat\n  minReplicas", "    name: chats\n  minReplicas", "autoscaling");
    refused("autoscaling.yaml", "llmobs_engine_queue_work_seconds", "llmobs_queue_work", "no table has the metric");
    refused("keda.yaml", "llmobs_queue_duration_seconds_bucket", "llmobs_queue_time_bucket", "autoscaling");
    refused("keda.yaml", "stabilizationWindowSeconds: 600", "stabilizationWindowSeconds: 60", "autoscaling");
}

#[test]
fn public_pages_and_other_flags_are_refused() {
    refused("ingress.yaml", "path: /v1", "path: /metrics", "private pages");
    refused("ingress.yaml", "path: /v1", "path: /", "private pages");
    refused("prometheus.yaml", "retention: 40d", "retention: 15d", "flags");
    refused("prometheus.yaml", "enableOTLPReceiver: true", "enableOTLPReceiver: false", "flags");
}

#[test]
fn a_mounted_config_map_that_is_not_generated_is_refused() {
    refused("events.yaml", "name: otel-collector\n", "name: otel-events\n", "the overlay");
}

#[test]
fn the_label_of_names_is_on_every_workload() {
    for file in list(FOLDER, &[".yaml"]).unwrap() {
        for value in yaml::parse_all(&file, &read(&file).unwrap()).unwrap() {
            let labels = yaml::at(&value, &["spec", "template", "metadata", "labels"]);
            assert!(labels.is_none_or(|labels| labels.get(NAME).is_some()), "{file}");
        }
    }
}

#[test]
fn a_quota_below_the_autoscaler_is_refused() {
    refused("quota.yaml", "pods: \"20\"", "pods: \"8\"", "quota");
    refused("quota.yaml", "limits.memory: 40Gi", "limits.memory: 32Gi", "quota");
}

#[test]
fn a_second_collector_of_events_or_a_gateway_without_addresses_is_refused() {
    refused("events.yaml", "replicas: 1", "replicas: 2", "one replica");
    refused("events.yaml", "    type: Recreate", "    type: RollingUpdate", "one replica");
    refused("gateway.yaml", "  clusterIP: None\n", "", "needs the addresses");
}

#[test]
fn the_rule_of_the_adapter_is_that_of_the_guide() {
    let guide = std::fs::read_to_string(workspace_root().join("llmobs/docs/guide/autoscaling.md")).unwrap();
    let file = "kubernetes/autoscaling.yaml";
    let manifests = yaml::parse_all(file, &read(file).unwrap()).unwrap();
    let rule = manifests.iter().find_map(|it| yaml::text(it, &["data", "config.yaml"])).unwrap();
    assert!(guide.contains(&format!("```yaml\n{rule}```")), "{rule}");
}
