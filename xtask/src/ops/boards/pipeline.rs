//! The board of the telemetry itself: scrapes, exports, cardinality, the process, and the collector.

use super::board::Board;
use super::panel::Absent;
use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::quantiles;
use super::panel::stacked;
use super::panel::table;
use super::panel::tile;
use super::variables;

pub(super) fn board() -> Board {
    let variables = [variables::DATASOURCE, variables::JOB, variables::INSTANCE];
    Board::new(
        "llmobs-pipeline",
        "LLM telemetry pipeline",
        "The telemetry of one service: whether it arrives, and what it costs.",
        &variables,
    )
    .row("Now", now())
    .row("Scrapes", scrapes())
    .row("Exports over OTLP", exports())
    .row("Cardinality and corrections", cardinality())
    .row("Process", process())
    .row("Collector", collector())
    .row("Prometheus", prometheus())
}

fn now() -> Vec<Panel> {
    vec![
        tile("Targets up", "short", "sum(up{<P>})")
            .says("Targets of the job whose last scrape succeeded.")
            .no_value("no scrape"),
        tile("Targets down", "short", "sum(1 - up{<P>})")
            .says("Targets of the job whose last scrape failed.")
            .no_value("no scrape")
            .from(1.0, "red"),
        tile("Series of the page", "short", "sum(llmobs_self_series_usage{<P>})")
            .says("Series on the pages of all processes."),
        tile("Dropped items", "cps", "sum(rate(llmobs_self_dropped_total{<P>}[<R>]))")
            .says("Telemetry items that were dropped in a second.")
            .no_value("no pipeline")
            .from(1.0, "yellow"),
        tile("Oldest export", "s", "max(llmobs_self_export_age_seconds{<P>})")
            .says("Time since the last successful export; the highest of the signals.")
            .no_value("no pipeline")
            .from(120.0, "yellow")
            .from(600.0, "red"),
        tile("Folded labels", "cps", "sum(rate(llmobs_self_folded_labels_total{<P>}[<R>]))")
            .says("Label values in a second that became `_OTHER`, to limit the cardinality.")
            .from(1.0, "yellow"),
        tile("Memory", "bytes", "sum(process_memory_usage_bytes{<P>})").says("Physical memory of the processes."),
        tile("Uptime", "s", "min(process_uptime_seconds{<P>})").says("Time since the newest process started."),
    ]
}

fn scrapes() -> Vec<Panel> {
    vec![
        lines("Up", "short")
            .query("{{instance}}", "max by (instance) (up{<P>})")
            .says("1 if the last scrape of the target succeeded."),
        lines("Duration of scrapes", "s")
            .query("{{instance}}", "max by (instance) (scrape_duration_seconds{<P>})")
            .says("Time of one scrape."),
        lines("Samples of a scrape", "short")
            .query("{{instance}}", "max by (instance) (scrape_samples_scraped{<P>})")
            .says("Samples on each page. A sample limit should be 25 % above the highest."),
    ]
}

fn exports() -> Vec<Panel> {
    vec![
        quantiles("Duration of exports", "s", "llmobs_self_export_duration_seconds", "<P>")
            .no_value("no pipeline")
            .says("Time of one export attempt, failed ones included."),
        stacked("Exports by result", "cps")
            .query(
                "{{llmobs_signal}} {{error_type}}",
                "sum by (llmobs_signal, error_type) (rate(llmobs_self_export_duration_seconds_count{<P>}[<R>]))",
            )
            .no_value("no pipeline")
            .says("Export attempts in a second, by signal and error type; successful ones have none."),
        stacked("Dropped items", "cps")
            .query(
                "{{llmobs_signal}} {{llmobs_drop_reason}}",
                "sum by (llmobs_signal, llmobs_drop_reason) (rate(llmobs_self_dropped_total{<P>}[<R>]))",
            )
            .no_value("no pipeline")
            .says("Items dropped in a second, by signal and reason."),
        lines("Time since the last export", "s")
            .query("{{llmobs_signal}}", "max by (llmobs_signal) (llmobs_self_export_age_seconds{<P>})")
            .no_value("no pipeline")
            .says("Time since the last successful export of each signal."),
        lines("Export queues", "percentunit")
            .query(
                "{{llmobs_signal}}",
                "sum by (llmobs_signal) (llmobs_self_export_queue_usage{<P>}) / (sum by (llmobs_signal) (llmobs_self_export_queue_limit{<P>}) > 0)",
            )
            .no_value("no pipeline")
            .says("Used share of the export queue of each signal."),
    ]
}

fn cardinality() -> Vec<Panel> {
    vec![
        stacked("Series by group", "short")
            .query("{{llmobs_metric_group}}", "sum by (llmobs_metric_group) (llmobs_self_series_usage{<P>})")
            .says("Series on the pages, by group of metrics."),
        stacked("Folded label values", "cps")
            .query("{{llmobs_label}}", "sum by (llmobs_label) (rate(llmobs_self_folded_labels_total{<P>}[<R>]))")
            .says("Label values in a second that became `_OTHER`, by label."),
        stacked("Corrected measurements", "cps")
            .query("{{llmobs_anomaly}}", "sum by (llmobs_anomaly) (rate(llmobs_self_anomalies_total{<P>}[<R>]))")
            .under(Load::History)
            .says("Measurements that could not be true, by kind: errors of the instrumentation."),
        stacked("Redactions", "cps")
            .query("{{llmobs_detector}}", "sum by (llmobs_detector) (rate(llmobs_self_redactions_total{<P>}[<R>]))")
            .under(Load::History)
            .no_value("no content captured")
            .says("Placeholders in captured content, by detector."),
        table("Versions")
            .column(
                "Processes",
                "short",
                "count by (llmobs_build_version, llmobs_build_level, llmobs_build_profile, llmobs_build_features) (llmobs_build_info{<P>})",
            )
            .width(16)
            .says("Processes by version, level and profile of llmobs."),
    ]
}

fn process() -> Vec<Panel> {
    vec![
        stacked("CPU", "short")
            .query(
                "{{instance}} {{cpu_mode}}",
                "sum by (instance, cpu_mode) (rate(process_cpu_time_seconds_total{<P>}[<R>]))",
            )
            .says("CPUs that each process uses, by mode."),
        lines("Memory by process", "bytes")
            .query("{{instance}}", "max by (instance) (process_memory_usage_bytes{<P>})")
            .says("Physical memory of each process."),
        lines("Open files", "short")
            .query("{{instance}}", "max by (instance) (process_unix_file_descriptor_count{<P>})")
            .says("Open file descriptors of each process."),
        quantiles("Delay of the async runtime", "s", "llmobs_runtime_lag_seconds", "<P>")
            .says("Time by which a task of the async runtime ran too late."),
        lines("Uptime by process", "s")
            .query("{{instance}}", "max by (instance) (process_uptime_seconds{<P>})")
            .says("Time since each process started."),
    ]
}

fn collector() -> Vec<Panel> {
    let signals = ["spans", "metric_points", "log_records"];
    let rates = |title, direction: &str, label: &str| {
        signals.iter().fold(stacked(title, "cps"), |panel, signal| {
            panel.query(
                &format!("{signal} {{{{{label}}}}}"),
                &format!("sum by ({label}) (rate(otelcol_{direction}_{signal}_total[<R>]))"),
            )
        })
    };
    [
        rates("Collector: accepted", "receiver_accepted", "receiver").says("Items in a second that the collector accepted."),
        rates("Collector: refused", "receiver_refused", "receiver")
            .says("Items in a second that the collector refused: its memory limit, or a full pipeline."),
        rates("Collector: sent", "exporter_sent", "exporter").says("Items in a second that the collector delivered."),
        rates("Collector: failed", "exporter_send_failed", "exporter").says("Items in a second that the collector could not deliver."),
        rates("Collector: not queued", "exporter_enqueue_failed", "exporter")
            .says("Items in a second that a full queue lost."),
        lines("Collector: queues", "percentunit")
            .query(
                "{{exporter}}",
                "max by (exporter) (otelcol_exporter_queue_size) / (max by (exporter) (otelcol_exporter_queue_capacity) > 0)",
            )
            .says("Used share of the queue of each exporter."),
    ]
    .map(|panel| panel.under(Load::Synthetic(Absent::Collector)).no_value("no collector"))
    .into()
}

fn prometheus() -> Vec<Panel> {
    vec![
        lines("Series in memory", "short")
            .query("{{instance}}", "max by (instance) (prometheus_tsdb_head_series)")
            .no_value("Prometheus is not scraped")
            .says("Series that Prometheus holds in memory."),
        lines("Duration of rule groups", "s")
            .query("{{rule_group}}", "max by (rule_group) (prometheus_rule_group_last_duration_seconds)")
            .no_value("Prometheus is not scraped")
            .says("Time of the last evaluation of each group of rules."),
        stacked("Failures", "cps")
            .query("rules", "sum(rate(prometheus_rule_evaluation_failures_total[<R>]))")
            .query("remote write", "sum(rate(prometheus_remote_storage_samples_failed_total[<R>]))")
            .query("notifications", "sum(rate(prometheus_notifications_dropped_total[<R>]))")
            .no_value("Prometheus is not scraped")
            .says("Rule evaluations that failed, samples that remote write lost, and alerts that were not delivered, in a second."),
    ]
}
