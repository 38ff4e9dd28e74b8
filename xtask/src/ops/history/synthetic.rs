//! Synthetic series of metrics of systems that do not run here ([`Absent`]): names, kinds, labels and bounds are those of the
//! tables; the values rise and fall.
//!
//! [`Absent`]: crate::ops::boards::panel::Absent

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;

use crate::ops::boards::board::Board;
use crate::ops::boards::panel::Absent;
use crate::ops::boards::panel::Load;
use crate::ops::boards::panel::Source;
use crate::ops::names::Kind;
use crate::ops::names::Metric;
use crate::ops::names::Names;
use crate::ops::names::Origin;
use crate::ops::promql;

/// Seconds between two samples.
const STEP: u64 = 15;

/// The values of labels for which the tables have no list. All other labels have the value `x`.
const VALUES: [(&str, &[&str]); 11] = [
    ("gen_ai_request_model", &["small", "large"]),
    ("model_name", &["small", "large"]),
    ("model", &["small", "large"]),
    ("gpu", &["0", "1"]),
    ("pod", &["chat-1", "chat-2"]),
    ("namespace", &["llm"]),
    ("resource", &["cpu", "memory", "nvidia_com_gpu"]),
    ("container", &["app"]),
    ("exporter", &["otlp_grpc", "otlp_http"]),
    ("receiver", &["otlp"]),
    ("reason", &["CrashLoopBackOff", "OOMKilled"]),
];

/// The bounds of histograms of other systems.
const BOUNDS: [&str; 8] = ["0.01", "0.05", "0.1", "0.5", "1.0", "5.0", "20.0", "100.0"];

/// The most series of one metric.
const MOST_SERIES: usize = 24;

/// Returns the series that panels with synthetic load read. Fails for a series of llmobs, except one of a GPU: the example
/// `ops_history` and the load record all others.
pub(super) fn wanted(boards: &[Board], names: &Names) -> Result<BTreeSet<String>, String> {
    let mut wanted = BTreeSet::new();
    for board in boards {
        for panel in board.panels().filter(|panel| panel.source() == Source::Prometheus) {
            let Load::Synthetic(absent) = panel.load else { continue };
            for target in &panel.targets {
                let checked = promql::check_panel(&board.with_texts(&target.query), names)?;
                for series in checked.series {
                    let sources = sources(names, series);
                    let own = sources.iter().find(|source| !is_foreign(names, source));
                    if let Some(own) = own.filter(|_| absent != Absent::Gpu) {
                        return Err(format!("{}, {}: {own} is a series of llmobs", board.uid, panel.title));
                    }
                    wanted.extend(sources);
                }
            }
        }
    }
    Ok(wanted)
}

/// Returns the series itself, or those of other systems that a recording rule reads for it.
fn sources(names: &Names, series: String) -> Vec<String> {
    match names.get(&series).map(|metric| &metric.origin) {
        Some(Origin::Recorded { sources }) => sources.iter().filter(|name| is_foreign(names, name)).cloned().collect(),
        _ => vec![series],
    }
}

fn is_foreign(names: &Names, series: &str) -> bool {
    names.get(series).is_some_and(|metric| matches!(metric.origin, Origin::Foreign { .. }))
}

/// Returns the samples of these series as OpenMetrics text, from `start` to `end` in seconds since 1970.
pub(super) fn samples(series: &BTreeSet<String>, names: &Names, start: u64, end: u64) -> String {
    let mut text = String::new();
    let metrics: BTreeMap<&str, &Metric> =
        series.iter().filter_map(|series| names.get(series)).map(|metric| (metric.name.as_str(), metric)).collect();
    for metric in metrics.values() {
        for labels in label_sets(metric) {
            add_series(&mut text, metric, &labels, start, end);
        }
    }
    text
}

/// Returns the label sets of a metric, without `le`.
pub(in crate::ops) fn label_sets(metric: &Metric) -> Vec<String> {
    let job = match &metric.origin {
        Origin::Foreign { system } => system.split(' ').next().unwrap_or_default().to_lowercase(),
        _ => "chat".to_owned(),
    };
    let mut sets = vec![format!("job=\"{job}\",instance=\"{job}:1\"")];
    for (label, listed) in
        metric.labels.iter().filter(|(label, _)| !matches!(label.as_str(), "job" | "instance" | "le"))
    {
        let listed: Option<Vec<&str>> = listed
            .as_ref()
            .filter(|values| !values.is_empty())
            .map(|values| values.iter().map(String::as_str).collect());
        let known = VALUES.iter().find(|(name, _)| name == label).map(|(_, values)| values.to_vec());
        let values =
            known.filter(|known| listed.as_ref().is_none_or(|listed| known.iter().all(|value| listed.contains(value))));
        let values = values.or(listed).unwrap_or_else(|| vec!["x"]);
        sets = sets
            .iter()
            .flat_map(|set| values.iter().take(8).map(move |value| format!("{set},{label}=\"{value}\"")))
            .take(MOST_SERIES)
            .collect();
    }
    sets
}

fn add_series(text: &mut String, metric: &Metric, labels: &str, start: u64, end: u64) {
    let phase = phase(&format!("{}{labels}", metric.name));
    let bounds: Vec<&str> = match metric.bounds.is_empty() {
        true => BOUNDS.to_vec(),
        false => metric.bounds.iter().map(String::as_str).collect(),
    };
    let mut buckets = vec![0.0; bounds.len()];
    let (mut total, mut sum) = (0.0, 0.0);
    for time in (start..end).step_by(usize::try_from(STEP).unwrap_or(15)) {
        let wave = wave(time, phase);
        match metric.kind {
            Kind::Counter => {
                // Times of seconds or less in a step, in the unit of the metric.
                let scale = match metric.unit.as_str() {
                    "ns" => 1e9,
                    "us" => 1e6,
                    _ => 1.0,
                };
                total += (5.0 + 4.0 * wave) * scale;
                line(text, &metric.name, labels, total, time);
            }
            Kind::Gauge => line(text, &metric.name, labels, gauge(metric, wave, end), time),
            Kind::Histogram => {
                let added = 10.0 + 5.0 * wave;
                total += added;
                for (index, bucket) in buckets.iter_mut().enumerate() {
                    // The share up to each bound rises with the bound and moves with the time.
                    let share = (to_f64(index + 1) / to_f64(bounds.len() + 1)).powf(1.0 + 0.8 * wave);
                    *bucket += added * share;
                    let labels = format!("{labels},le=\"{}\"", bounds[index]);
                    line(text, &format!("{}_bucket", metric.name), &labels, *bucket, time);
                }
                sum += added * (0.5 + 0.3 * wave);
                line(text, &format!("{}_bucket", metric.name), &format!("{labels},le=\"+Inf\""), total, time);
                line(text, &format!("{}_count", metric.name), labels, total, time);
                line(text, &format!("{}_sum", metric.name), labels, sum, time);
            }
        }
    }
}

fn gauge(metric: &Metric, wave: f64, end: u64) -> f64 {
    let is_state = ["kube_pod_status_phase", "kube_pod_status_ready", "kube_pod_status_unschedulable"];
    if is_state.contains(&metric.name.as_str()) {
        return if wave > 0.0 { 1.0 } else { 0.0 };
    }
    if metric.name.starts_with("kube_pod_") && metric.unit == "s" {
        // A moment in the day before.
        return to_f64(usize::try_from(end).unwrap_or(0)) - 86_400.0 + 300.0 * wave;
    }
    match metric.unit.as_str() {
        "1" => 0.5 + 0.4 * wave,
        _ => 50.0 + 30.0 * wave,
    }
}

fn line(text: &mut String, name: &str, labels: &str, value: f64, time: u64) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{name}{{{labels}}} {value} {time}");
}

/// Returns a value from -1 to 1 with a period of half an hour.
fn wave(time: u64, phase: f64) -> f64 {
    (to_f64(usize::try_from(time % 1_800).unwrap_or(0)) / 1_800.0 * std::f64::consts::TAU + phase).sin()
}

/// Returns a phase that differs between series.
fn phase(series: &str) -> f64 {
    f64::from(series.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) % 628)
        / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn to_f64(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_panels_of_systems_that_do_not_run_here_are_synthetic() {
        let mut names = Names::load().unwrap();
        crate::ops::rules::read(&mut names).unwrap();
        let mut boards = crate::ops::boards::all();
        let series = wanted(&boards, &names).unwrap();
        assert!(
            series.contains("vllm:num_requests_running") && !series.contains("llmobs_cost_usd_total"),
            "{series:?}"
        );
        for panel in boards.iter_mut().flat_map(|board| &mut board.rows).flat_map(|row| &mut row.panels) {
            if panel.title == "Dollars an hour" {
                panel.load = Load::Synthetic(Absent::Kubernetes);
            }
        }
        let error = wanted(&boards, &names).unwrap_err();
        assert!(error.contains("Dollars an hour: llmobs_cost_usd_total is a series of llmobs"), "{error}");
    }

    #[test]
    fn the_page_of_the_boards_gives_the_reason_for_each_system_that_does_not_run() {
        let page = std::fs::read_to_string(crate::workspace_root().join("docs/ops/grafana/README.md")).unwrap();
        for absent in Absent::ALL {
            assert!(page.contains(absent.reason()), "{}", absent.reason());
        }
    }

    #[test]
    fn a_metric_of_a_table_has_samples_with_its_labels() {
        let names = Names::load().unwrap();
        let series = BTreeSet::from(["tgi_request_duration_bucket".to_owned(), "kube_resourcequota".to_owned()]);
        let text = samples(&series, &names, 1_000, 1_060);
        assert!(text.contains("tgi_request_duration_bucket{job=\"tgi\",instance=\"tgi:1\",le=\"+Inf\"} "));
        assert_eq!(text.lines().filter(|line| line.starts_with("tgi_request_duration_count{")).count(), 4);
        assert!(text.contains("type=\"hard\"") && text.contains("type=\"used\"") && text.contains("nvidia_com_gpu"));
        let buckets: Vec<f64> = text
            .lines()
            .filter(|line| line.starts_with("tgi_request_duration_bucket") && line.ends_with(" 1045"))
            .map(|line| line.split(' ').nth(1).unwrap().parse().unwrap())
            .collect();
        assert!(buckets.len() == BOUNDS.len() + 1 && buckets.is_sorted(), "{buckets:?}");
    }
}
