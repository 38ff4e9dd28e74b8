//! The rules about the Kubernetes manifests, beyond their schemas: names that must fit each other, probes, limits, rights.

use std::collections::BTreeSet;

use serde_json::Value;

use super::list;
use super::path;
use super::prometheus;
use super::read;
use super::report::Report;
use super::yaml;
use crate::ops::names::Names;
use crate::ops::promql;
use crate::ops::promql::Purpose;

#[cfg(test)]
mod tests;

const FOLDER: &str = "kubernetes";
const KUSTOMIZATION: &str = "kustomization.yaml";

/// Kinds whose pods are checked.
const WORKLOADS: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

/// Kinds that Prometheus selects by the label `release`.
const SELECTED: [&str; 4] = ["PodMonitor", "Probe", "PrometheusRule", "ServiceMonitor"];

/// A manifest with its file.
struct Manifest {
    file: String,
    value: Value,
}

impl Manifest {
    fn kind(&self) -> &str {
        yaml::text(&self.value, &["kind"]).unwrap_or_default()
    }

    fn name(&self) -> &str {
        yaml::text(&self.value, &["metadata", "name"]).unwrap_or_default()
    }

    fn at(&self, path: &[&str]) -> Option<&Value> {
        yaml::at(&self.value, path)
    }

    fn require(&self, condition: bool, report: &mut Report, rule: &str, text: &str) {
        report.require(condition, &self.file, rule, &format!("{}/{}: {text}", self.kind(), self.name()));
    }
}

pub(super) fn check(names: &Names, report: &mut Report) -> Result<(), String> {
    let mut manifests = Vec::new();
    for file in list(FOLDER, &[".yaml"])? {
        for value in yaml::parse_all(&file, &read(&file)?)? {
            manifests.push(Manifest { file: file.clone(), value });
        }
    }
    check_all(&manifests, names, report);
    check_kustomization(&yaml::parse(KUSTOMIZATION, &read(KUSTOMIZATION)?)?, &manifests, report);
    let flags = read("prometheus/flags.txt")?;
    for manifest in manifests.iter().filter(|manifest| manifest.kind() == "Prometheus") {
        check_prometheus(manifest, &flags, report);
    }
    Ok(())
}

fn check_all(manifests: &[Manifest], names: &Names, report: &mut Report) {
    for manifest in manifests {
        if WORKLOADS.contains(&manifest.kind()) {
            check_workload(manifest, report);
        }
        if SELECTED.contains(&manifest.kind()) {
            check_selected(manifest, manifests, report);
        }
        match manifest.kind() {
            "Service" | "NetworkPolicy" | "PodDisruptionBudget" => check_selector(manifest, manifests, report),
            "ClusterRole" | "Role" => check_rights(manifest, report),
            "HorizontalPodAutoscaler" | "ScaledObject" => check_autoscaler(manifest, manifests, names, report),
            "Ingress" => check_ingress(manifest, report),
            "ResourceQuota" => check_quota(manifest, manifests, report),
            _ => {}
        }
    }
}

/// Pods have probes, limits, an image with a version, and no rights that they do not need.
fn check_workload(manifest: &Manifest, report: &mut Report) {
    let pod = manifest.at(&["spec", "template", "spec"]).unwrap_or(&Value::Null);
    for container in yaml::items(pod, &["containers"]) {
        for probe in ["readinessProbe", "livenessProbe"] {
            manifest.require(container.get(probe).is_some(), report, "probes", &format!("no {probe}"));
        }
        let image = yaml::text(container, &["image"]).unwrap_or_default();
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        let is_pinned = tag.is_some_and(|tag| tag != "latest" && tag.contains('.'));
        manifest.require(is_pinned, report, "images with a version", &format!("`{image}`"));
        let memory = yaml::text(container, &["resources", "limits", "memory"]);
        let requests = yaml::at(container, &["resources", "requests"]);
        manifest.require(memory.is_some() && requests.is_some(), report, "limits", "no request or limit of memory");
        let root = yaml::at(container, &["securityContext", "runAsUser"]).and_then(Value::as_u64) == Some(0);
        let non_root = yaml::at(pod, &["securityContext", "runAsNonRoot"]).and_then(Value::as_bool) == Some(true);
        manifest.require(root || non_root, report, "rights", "neither runAsNonRoot nor an explicit root");
        let drops = yaml::texts(container, &["securityContext", "capabilities", "drop"]);
        manifest.require(drops == ["ALL"], report, "rights", "capabilities are not dropped");
        check_go_memory(manifest, container, memory.unwrap_or_default(), report);
    }
    let labels = manifest.at(&["spec", "template", "metadata", "labels"]);
    let selector = manifest.at(&["spec", "selector", "matchLabels"]);
    let fits = labels.zip(selector).is_some_and(|(labels, selector)| is_selected(labels, selector));
    manifest.require(fits, report, "selectors", "the selector does not select the pods");
    if manifest.name() == "otel-events" {
        let replicas = manifest.at(&["spec", "replicas"]).and_then(Value::as_u64);
        let strategy = manifest.at(&["spec", "strategy", "type"]).and_then(Value::as_str);
        let is_single = replicas == Some(1) && strategy == Some("Recreate");
        manifest.require(is_single, report, "one replica", "two collectors send each event twice");
    }
    if manifest.name() == "chat" {
        let grace = yaml::at(pod, &["terminationGracePeriodSeconds"]).and_then(Value::as_u64).unwrap_or(30);
        manifest.require(grace >= 40, report, "time to drain", &format!("{grace} s end running answers"));
    }
}

/// Go's garbage collector keeps the memory below the limit only if it knows it: 80 % of the limit of the container.
fn check_go_memory(manifest: &Manifest, container: &Value, limit: &str, report: &mut Report) {
    if !yaml::text(container, &["image"]).unwrap_or_default().contains("opentelemetry-collector") {
        return;
    }
    let variable = yaml::items(container, &["env"]).find(|it| yaml::text(it, &["name"]) == Some("GOMEMLIMIT"));
    let set = variable.and_then(|variable| mebibytes(yaml::text(variable, &["value"])?));
    let wanted = mebibytes(limit).map(|limit| limit * 8 / 10);
    let text = format!("GOMEMLIMIT is {set:?} MiB, and 80 % of {limit} are {wanted:?}");
    manifest.require(set.is_some() && set == wanted, report, "GOMEMLIMIT", &text);
}

/// Returns the mebibytes of `512Mi`, `4Gi` or `409MiB`.
fn mebibytes(text: &str) -> Option<u64> {
    let text = text.trim_end_matches('B');
    if let Some(number) = text.strip_suffix("Gi") {
        return number.parse::<u64>().ok().map(|number| number * 1024);
    }
    text.strip_suffix("Mi")?.parse().ok()
}

/// Returns true if an object with the labels is selected.
fn is_selected(labels: &Value, selector: &Value) -> bool {
    yaml::entries(selector, &[]).all(|(key, value)| labels.get(key) == Some(value))
}

/// A Service, policy or budget selects the pods of a workload of its namespace.
fn check_selector(manifest: &Manifest, manifests: &[Manifest], report: &mut Report) {
    let selector = match manifest.kind() {
        "Service" => manifest.at(&["spec", "selector"]),
        "NetworkPolicy" => manifest.at(&["spec", "podSelector", "matchLabels"]),
        _ => manifest.at(&["spec", "selector", "matchLabels"]),
    };
    let selects = |workload: &Manifest| {
        WORKLOADS.contains(&workload.kind())
            && workload.at(&["metadata", "namespace"]) == manifest.at(&["metadata", "namespace"])
            && workload
                .at(&["spec", "template", "metadata", "labels"])
                .zip(selector)
                .is_some_and(|(labels, selector)| is_selected(labels, selector))
    };
    manifest.require(manifests.iter().any(selects), report, "selectors", "no workload has the selected pods");
    if manifest.kind() == "Service" && manifest.name() == "otel-gateway" {
        let is_headless = manifest.at(&["spec", "clusterIP"]).and_then(Value::as_str) == Some("None");
        manifest.require(is_headless, report, "selectors", "the front of the gateway needs the addresses of its pods");
    }
}

/// Prometheus selects by the label `release`. A monitor of this kit's own Services names a port that they have.
fn check_selected(manifest: &Manifest, manifests: &[Manifest], report: &mut Report) {
    let release = manifest.at(&["metadata", "labels", "release"]);
    manifest.require(
        release.is_some(),
        report,
        "the label release",
        "kube-prometheus-stack ignores it without the label",
    );
    if manifest.kind() == "PrometheusRule" {
        return;
    }
    if manifest.kind() != "Probe" {
        for limit in ["sampleLimit", "labelLimit"] {
            manifest.require(manifest.at(&["spec", limit]).is_some(), report, "limits of a scrape", limit);
        }
    }
    let Some(selector) = manifest.at(&["spec", "selector", "matchLabels"]) else { return };
    if manifest.kind() == "ServiceMonitor" {
        let services = manifests.iter().filter(|service| {
            let labels = service.at(&["metadata", "labels"]);
            service.kind() == "Service" && labels.is_some_and(|labels| is_selected(labels, selector))
        });
        let ports: BTreeSet<&str> = services
            .flat_map(|service| yaml::items(&service.value, &["spec", "ports"]))
            .filter_map(|port| yaml::text(port, &["name"]))
            .collect();
        for endpoint in yaml::items(&manifest.value, &["spec", "endpoints"]) {
            let port = yaml::text(endpoint, &["port"]).unwrap_or_default();
            manifest.require(
                ports.contains(port),
                report,
                "selectors",
                &format!("no selected Service has the port {port}"),
            );
        }
    }
}

/// Roles read; none may read secrets or write.
fn check_rights(manifest: &Manifest, report: &mut Report) {
    for rule in yaml::items(&manifest.value, &["rules"]) {
        let verbs = yaml::texts(rule, &["verbs"]);
        let reads = verbs.iter().all(|verb| ["get", "list", "watch"].contains(verb));
        manifest.require(reads, report, "rights", &format!("verbs {verbs:?}"));
        let resources = yaml::texts(rule, &["resources"]);
        let is_narrow = !resources.iter().any(|resource| ["*", "secrets", "configmaps"].contains(resource));
        manifest.require(is_narrow, report, "rights", &format!("resources {resources:?}"));
    }
}

/// An autoscaler has a target, a slow scale-down, and queries of known metrics.
fn check_autoscaler(manifest: &Manifest, manifests: &[Manifest], names: &Names, report: &mut Report) {
    let target = manifest.at(&["spec", "scaleTargetRef", "name"]).and_then(Value::as_str).unwrap_or_default();
    let exists = manifests.iter().any(|it| WORKLOADS.contains(&it.kind()) && it.name() == target);
    manifest.require(exists, report, "autoscaling", &format!("no workload has the name {target}"));
    let behavior = match manifest.kind() {
        "ScaledObject" => manifest.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "behavior"]),
        _ => manifest.at(&["spec", "behavior"]),
    };
    let window = behavior.and_then(|it| yaml::at(it, &["scaleDown", "stabilizationWindowSeconds"])?.as_u64());
    manifest.require(window >= Some(300), report, "autoscaling", "the window of a scale-down is below 300 s");
    for metric in yaml::items(&manifest.value, &["spec", "metrics"]) {
        let name = yaml::text(metric, &["pods", "metric", "name"]).unwrap_or_default();
        manifest.require(names.get(name).is_some(), report, "autoscaling", &format!("no table has the metric {name}"));
    }
    let mut queries = 0;
    for trigger in yaml::items(&manifest.value, &["spec", "triggers"]) {
        let query = yaml::text(trigger, &["metadata", "query"]).unwrap_or_default();
        if let Err(error) = promql::check(query, names, Purpose::Query) {
            manifest.require(false, report, "autoscaling", &error);
        }
        queries += 1;
    }
    if manifest.kind() == "ScaledObject" {
        let fallback = manifest.at(&["spec", "fallback", "replicas"]).is_some();
        manifest.require(queries > 0 && fallback, report, "autoscaling", "no trigger, or no number without Prometheus");
    }
}

/// The quota has room for the largest number of replicas, and one of a rollout.
fn check_quota(manifest: &Manifest, manifests: &[Manifest], report: &mut Report) {
    let namespace = manifest.at(&["metadata", "namespace"]);
    let beside = || manifests.iter().filter(|other| other.at(&["metadata", "namespace"]) == namespace);
    let most = |keys: &[&str]| beside().filter_map(|it| it.at(keys)?.as_u64()).max().unwrap_or_default();
    let replicas = most(&["spec", "maxReplicas"]).max(most(&["spec", "maxReplicaCount"])) + 1;
    let pods = manifest.at(&["spec", "hard", "pods"]).and_then(|pods| pods.as_str()?.parse::<u64>().ok());
    manifest.require(pods >= Some(replicas), report, "quota", &format!("{pods:?} pods are less than {replicas}"));
    let containers = beside().flat_map(|it| yaml::items(&it.value, &["spec", "template", "spec", "containers"]));
    let memory: u64 =
        containers.filter_map(|container| mebibytes(yaml::text(container, &["resources", "limits", "memory"])?)).sum();
    let hard = manifest.at(&["spec", "hard", "limits.memory"]).and_then(|limit| mebibytes(limit.as_str()?));
    let text = format!("{hard:?} MiB are less than {replicas} times {memory} MiB");
    manifest.require(hard >= Some(replicas * memory), report, "quota", &text);
}

/// The pages for operators are not public.
fn check_ingress(manifest: &Manifest, report: &mut Report) {
    for rule in yaml::items(&manifest.value, &["spec", "rules"]) {
        for route in yaml::items(rule, &["http", "paths"]) {
            let path = yaml::text(route, &["path"]).unwrap_or("/");
            let is_open = path == "/" || ["/metrics", "/debug"].iter().any(|page| path.starts_with(page));
            manifest.require(!is_open, report, "private pages", &format!("the path {path} makes /metrics public"));
        }
    }
}

/// The Prometheus of the operator has the settings of the flags.
fn check_prometheus(manifest: &Manifest, flags: &str, report: &mut Report) {
    let flags = prometheus::flags(flags);
    let flag = |name: &str| flags.iter().find_map(|flag| flag.strip_prefix(name)).unwrap_or_default();
    for (key, name) in
        [("retention", "--storage.tsdb.retention.time="), ("retentionSize", "--storage.tsdb.retention.size=")]
    {
        let value = manifest.at(&["spec", key]).and_then(Value::as_str);
        manifest.require(value == Some(flag(name)), report, "flags", &format!("{key} is not {}", flag(name)));
    }
    let features = yaml::texts(&manifest.value, &["spec", "enableFeatures"]).join(",");
    manifest.require(features == flag("--enable-feature="), report, "flags", &format!("features {features}"));
    let receives = manifest.at(&["spec", "enableOTLPReceiver"]).and_then(Value::as_bool) == Some(true);
    manifest.require(receives, report, "flags", "no OTLP receiver");
}

/// Every file of the overlay exists, and every `ConfigMap` that a pod mounts is generated.
fn check_kustomization(overlay: &Value, manifests: &[Manifest], report: &mut Report) {
    let rule = "the overlay";
    let generated: Vec<&Value> = yaml::items(overlay, &["configMapGenerator"]).collect();
    let files = generated.iter().flat_map(|it| yaml::texts(it, &["files"]));
    for file in yaml::texts(overlay, &["resources"]).into_iter().chain(files) {
        report.require(path(file).exists(), KUSTOMIZATION, rule, &format!("{file} does not exist"));
    }
    for manifest in manifests.iter().filter(|it| WORKLOADS.contains(&it.kind())) {
        for volume in yaml::items(&manifest.value, &["spec", "template", "spec", "volumes"]) {
            let Some(name) = yaml::text(volume, &["configMap", "name"]) else { continue };
            let is_there = generated.iter().any(|it| yaml::text(it, &["name"]) == Some(name));
            manifest.require(is_there, report, rule, &format!("the ConfigMap {name} is not generated"));
        }
    }
}
