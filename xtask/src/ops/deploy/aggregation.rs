//! The page about aggregation: for each metric of llmobs, the function that joins the series of several replicas.

use super::sizes;
use crate::ops::names::Kind;
use crate::ops::names::Metric;
use crate::ops::names::Names;

/// Gauges whose aggregation does not follow from their unit: name, aggregation, reason.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("llmobs_backend_status", "sum", "the number of processes in which the backend has the state"),
    ("llmobs_objective_attainment_ratio", "min", "the worst replica; for the service, divide the counters of events"),
    ("llmobs_objective_burn_rate_ratio", "max", "the worst replica; for the service, divide the counters of events"),
    ("llmobs_engine_kv_cache_time_to_full_seconds", "min", "the first cache that is full makes requests wait"),
    ("llmobs_engine_kv_cache_utilization_ratio", "max", "or the sum of the usage divided by the sum of the limit"),
    ("llmobs_engine_queue_work_seconds", "sum", "the work of the service; an autoscaler divides it by the replicas"),
    ("llmobs_budget_limit_usd", "max", "each process has the whole limit"),
    ("llmobs_budget_period_end_timestamp_seconds", "max", "each process has the same"),
    ("llmobs_model_load_duration_seconds", "max", "the slowest start; longer than any wait of an autoscaler"),
    ("llmobs_objective_target_ratio", "max", "each process has the same; during a rollout the stricter counts"),
    ("llmobs_objective_threshold_seconds", "min", "each process has the same; during a rollout the stricter counts"),
    ("llmobs_self_series_usage", "max", "the limit is that of one process"),
    ("llmobs_self_series_limit", "min", "the limit is that of one process"),
    ("llmobs_self_export_queue_usage", "max", "the limit is that of one process"),
    ("llmobs_self_export_queue_limit", "min", "the limit is that of one process"),
    ("llmobs_operation_limit", "sum", "the operations that all processes accept"),
    ("llmobs_admission_limit", "sum", "the operations that all processes admit"),
    ("process_uptime_seconds", "min", "the process that started last"),
    ("process_memory_usage_bytes", "max", "the limit is that of one container"),
    ("process_unix_file_descriptor_count", "max", "the limit is that of one process"),
];

/// Returns the text of `aggregation.md`.
pub(super) fn page(names: &Names) -> String {
    let mut page = "<!-- Do not edit: `cargo xtask ops` writes this page from docs/metrics.md. -->\n\n\
                    # Aggregation over replicas\n\n\
                    The function that joins the series of several replicas into one value for the service. \
                    [semantics](semantics.md) explains the cases. `none`: no function of the series has a meaning.\n\n\
                    | metric | over replicas | notes |\n|---|---|---|\n"
        .to_owned();
    for metric in sizes::metrics(names) {
        let (function, notes) = over_replicas(metric);
        page.push_str(&format!("| `{}` | {function} | {notes} |\n", metric.name));
    }
    page
}

/// Returns the function and a note.
fn over_replicas(metric: &Metric) -> (&'static str, &'static str) {
    let name = metric.name.as_str();
    if let Some((_, function, note)) = SPECIAL.iter().find(|(of, ..)| *of == name) {
        return (function, note);
    }
    let is_device = name.starts_with("hw_") || name.starts_with("llmobs_gpu_");
    match metric.kind {
        Kind::Histogram => ("sum of rates by `le`", "then the quantile"),
        Kind::Counter if is_device => ("max of rates by `hw_id`, then sum", "two processes may read one GPU"),
        Kind::Counter => ("sum of rates", ""),
        Kind::Gauge if is_device => ("max by `hw_id`", "two processes may read one GPU"),
        Kind::Gauge if name.ends_with("_info") => ("count", "or `max` to join its labels"),
        Kind::Gauge if metric.is_not_additive() => ("max", "the worst replica"),
        Kind::Gauge => ("sum", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> &'static str {
        over_replicas(Names::load().unwrap().get(name).unwrap()).0
    }

    #[test]
    fn the_function_follows_from_the_kind_and_the_unit() {
        assert_eq!(of("llmobs_operation_started_total"), "sum of rates");
        assert_eq!(of("llmobs_queue_duration_seconds_count"), "sum of rates by `le`");
        assert_eq!(of("llmobs_operation_active"), "sum");
        assert_eq!(of("llmobs_operation_oldest_age_seconds"), "max");
        assert_eq!(of("llmobs_engine_step_age_seconds"), "max");
        assert_eq!(of("hw_energy_joules_total"), "max of rates by `hw_id`, then sum");
        assert_eq!(of("llmobs_build_info"), "count");
    }

    #[test]
    fn no_age_ratio_or_point_in_time_is_added() {
        let names = Names::load().unwrap();
        for metric in sizes::metrics(&names).filter(|metric| metric.is_not_additive()) {
            assert!(!over_replicas(metric).0.contains("sum"), "{}", metric.name);
        }
    }

    #[test]
    fn each_special_metric_has_a_known_name_and_a_reason() {
        let names = Names::load().unwrap();
        for (name, _, reason) in SPECIAL {
            assert!(names.get(name).is_some_and(|metric| metric.kind == Kind::Gauge), "{name}");
            assert!(!reason.is_empty());
        }
    }
}
