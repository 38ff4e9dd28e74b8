//! The board of Kubernetes: pods, replicas and resources of the namespaces of a service.

use super::board::Board;
use super::panel::Absent;
use super::panel::Load;
use super::panel::Panel;
use super::panel::bars;
use super::panel::lines;
use super::panel::stacked;
use super::panel::tile;
use super::variables;
use super::variables::Variable;

const NAMESPACE: Variable =
    Variable::Values { name: "namespace", label: "Namespace", query: "label_values(kube_pod_status_phase, namespace)" };
const POD: Variable = Variable::Values {
    name: "pod",
    label: "Pod",
    query: "label_values(kube_pod_status_phase{namespace=~\"$namespace\"}, pod)",
};

pub(super) fn board() -> Board {
    let variables = [variables::DATASOURCE, NAMESPACE, POD];
    Board::new(
        "llmobs-kubernetes",
        "LLM on Kubernetes",
        "Pods, replicas and resources, from kube-state-metrics and cAdvisor.",
        &variables,
    )
    .row("Now", now())
    .row("Pods", pods())
    .row("Replicas", replicas())
    .row("Resources", resources())
}

/// Returns a query of a metric of pods with the board's selectors in place of `<N>`.
fn of_pods(query: &str) -> String {
    query.replace("<N>", r#"namespace=~"$namespace",pod=~"$pod""#).replace("<D>", r#"namespace=~"$namespace""#)
}

fn common(panel: Panel) -> Panel {
    panel.under(Load::Synthetic(Absent::Kubernetes)).no_value("no kube-state-metrics")
}

fn now() -> Vec<Panel> {
    [
        tile("Pods running", "short", &of_pods("sum(kube_pod_status_phase{<N>,phase=\"Running\"})")).says("Pods in the phase Running."),
        tile("Pods not ready", "short", &of_pods("sum(kube_pod_status_ready{<N>,condition=\"false\"})"))
            .says("Pods that are not ready.")
            .from(1.0, "yellow"),
        tile("Restarts in an hour", "short", &of_pods("sum(increase(kube_pod_container_status_restarts_total{<N>}[1h]))"))
            .says("Restarts of containers in the last hour.")
            .from(1.0, "yellow")
            .from(5.0, "red"),
        tile("Not schedulable", "short", &of_pods("sum(kube_pod_status_unschedulable{<N>})"))
            .says("Pods for which no node has room: often no free GPU.")
            .from(1.0, "red"),
        tile("Out of memory", "short", &of_pods("sum(increase(container_oom_events_total{<N>}[1h]))"))
            .says("Containers that the kernel ended for their memory in the last hour.")
            .from(1.0, "red"),
        tile(
            "Replicas missing",
            "short",
            &of_pods("sum(kube_deployment_spec_replicas{<D>}) - sum(kube_deployment_status_replicas_ready{<D>})"),
        )
        .says("Replicas that are wanted and not ready.")
        .from(1.0, "yellow"),
        tile(
            "Autoscaler at its limit",
            "percentunit",
            &of_pods("max(kube_horizontalpodautoscaler_status_desired_replicas{<D>} / on (namespace, horizontalpodautoscaler) kube_horizontalpodautoscaler_spec_max_replicas{<D>})"),
        )
        .says("Wanted replicas as a share of the most that the autoscaler may start.")
        .from(1.0, "red"),
        tile(
            "Throttled CPU",
            "percentunit",
            &of_pods("sum(rate(container_cpu_cfs_throttled_periods_total{<N>}[<R>])) / (sum(rate(container_cpu_cfs_periods_total{<N>}[<R>])) > 0)"),
        )
        .says("Share of scheduling periods in which containers reached their CPU limit.")
        .from(0.1, "yellow")
        .from(0.5, "red"),
    ]
    .map(common)
    .into()
}

fn pods() -> Vec<Panel> {
    [
        stacked("Pods by phase", "short")
            .query("{{phase}}", &of_pods("sum by (phase) (kube_pod_status_phase{<N>})"))
            .says("Pods by phase. Pending for long means that no node has room."),
        stacked("Restarts", "short")
            .query("{{pod}} {{container}}", &of_pods("sum by (pod, container) (increase(kube_pod_container_status_restarts_total{<N>}[10m]))"))
            .says("Restarts of containers in ten minutes."),
        stacked("Waiting containers", "short")
            .query("{{reason}}", &of_pods("sum by (reason) (kube_pod_container_status_waiting_reason{<N>})"))
            .says("Containers that wait, by reason."),
        stacked("Last end of containers", "short")
            .query("{{reason}}", &of_pods("sum by (reason) (kube_pod_container_status_last_terminated_reason{<N>})"))
            .says("Containers by the reason of their last end."),
        lines("Time until ready", "s")
            .query(
                "{{pod}}",
                &of_pods("max by (namespace, pod) (kube_pod_status_ready_time{<N>}) - max by (namespace, pod) (kube_pod_created{<N>})"),
            )
            .says("Time from the creation of each pod until it was ready: scheduling, image, model load."),
        lines("Time until scheduled", "s")
            .query(
                "{{pod}}",
                &of_pods("max by (namespace, pod) (kube_pod_status_scheduled_time{<N>}) - max by (namespace, pod) (kube_pod_created{<N>})"),
            )
            .says("Time from the creation of each pod until a node was found."),
    ]
    .map(common)
    .into()
}

fn replicas() -> Vec<Panel> {
    [
        lines("Replicas wanted and ready", "short")
            .query("wanted {{deployment}}", &of_pods("max by (namespace, deployment) (kube_deployment_spec_replicas{<D>})"))
            .query("ready {{deployment}}", &of_pods("max by (namespace, deployment) (kube_deployment_status_replicas_ready{<D>})"))
            .says("Replicas that are wanted, and those that are ready. The distance between the lines is the delay of scaling."),
        lines("Replicas missing", "short")
            .query(
                "{{deployment}}",
                &of_pods("max by (namespace, deployment) (kube_deployment_spec_replicas{<D>}) - max by (namespace, deployment) (kube_deployment_status_replicas_ready{<D>})"),
            )
            .says("Replicas that are wanted and not ready."),
        lines("Autoscaler", "short")
            .query("wanted {{horizontalpodautoscaler}}", &of_pods("max by (namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{<D>})"))
            .query("present {{horizontalpodautoscaler}}", &of_pods("max by (namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas{<D>})"))
            .query("most {{horizontalpodautoscaler}}", &of_pods("max by (namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{<D>})"))
            .says("Replicas that each autoscaler wants, those that exist, and the most that it may start."),
    ]
    .map(common)
    .into()
}

fn resources() -> Vec<Panel> {
    let kind = |metric: &str, resource: &str| {
        of_pods(&format!("sum by (pod) (kube_pod_container_resource_{metric}{{<N>,resource=\"{resource}\"}})"))
    };
    [
        lines("CPU: use, requests and limits", "short")
            .query("use {{pod}}", &of_pods("sum by (pod) (rate(container_cpu_usage_seconds_total{<N>,container!=\"\"}[<R>]))"))
            .query("request {{pod}}", &kind("requests", "cpu"))
            .query("limit {{pod}}", &kind("limits", "cpu"))
            .width(12)
            .says("CPUs that each pod uses, requests and may use."),
        lines("Memory: use, requests and limits", "bytes")
            .query("use {{pod}}", &of_pods("sum by (pod) (container_memory_working_set_bytes{<N>,container!=\"\"})"))
            .query("request {{pod}}", &kind("requests", "memory"))
            .query("limit {{pod}}", &kind("limits", "memory"))
            .width(12)
            .says("Memory that each pod uses, requests and may use."),
        lines("GPUs requested", "short")
            .query("{{pod}}", &kind("requests", "nvidia_com_gpu"))
            .width(8)
            .says("GPUs that each pod requests."),
        bars("Quotas used", "percentunit")
            .query(
                "{{namespace}} {{resource}}",
                &of_pods("max by (namespace, resource) (kube_resourcequota{<D>,type=\"used\"}) / (max by (namespace, resource) (kube_resourcequota{<D>,type=\"hard\"}) > 0)"),
            )
            .width(8)
            .says("Used share of each quota of a namespace."),
        lines("Quotas over time", "percentunit")
            .query(
                "{{namespace}} {{resource}}",
                &of_pods("max by (namespace, resource) (kube_resourcequota{<D>,type=\"used\"}) / (max by (namespace, resource) (kube_resourcequota{<D>,type=\"hard\"}) > 0)"),
            )
            .width(8)
            .says("Used share of each quota of a namespace."),
    ]
    .map(common)
    .into()
}
