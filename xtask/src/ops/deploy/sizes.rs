//! The page of sizes: the series of each metric of llmobs, computed from the table of metrics.

use crate::ops::names::Kind;
use crate::ops::names::Metric;
use crate::ops::names::Names;
use crate::ops::names::Origin;
use crate::ops::names::TARGET_LABELS;

/// Seconds between two scrapes, and bytes of a sample on the disk of Prometheus.
const SCRAPE_INTERVAL: u64 = 15;
const BYTES_OF_SAMPLE: f64 = 1.5;

/// The levels, each with those before it.
const LEVELS: [&str; 3] = ["core", "standard", "full"];

/// The sizes for which the page gives the bytes of a day.
const EXAMPLES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Returns the text of `sizes.md`.
pub(super) fn page(names: &Names) -> String {
    let mut page = "<!-- Do not edit: `cargo xtask ops` writes this page from docs/metrics.md. -->\n\n# Sizes\n\n\
         The series of each metric for one value of every open label (one model, one engine, one GPU). A histogram has a \
         series for each bound, one for `+Inf`, a sum and a count. A label with a closed list of values multiplies them: \
         the number is a limit, because many combinations never occur (an operation that completed has no error type). \
         [capacity](capacity.md) has measured numbers and a worked example.\n\n\
         | metric | level | series of one combination | combinations of closed labels | open labels |\n|---|---|---|---|---|\n"
        .to_owned();
    let mut totals = [0_u64; LEVELS.len()];
    for metric in metrics(names) {
        let Origin::Own { level, .. } = &metric.origin else { continue };
        let combinations: u64 = metric.labels.values().flatten().map(|values| values.len().max(1) as u64).product();
        let open = open_labels(metric).join(", ");
        let row = format!("| `{}` | {level} | {} | {combinations} | {open} |\n", metric.name, series(metric));
        page.push_str(&row);
        for (total, _) in totals.iter_mut().zip(LEVELS).skip_while(|(_, of)| of != level) {
            *total += series(metric);
        }
    }
    page.push_str("\n## Series of one combination of all labels, by level\n\nRows of all roles and both profiles together; a process \
        has those of its role and profile.\n\n| level | series |\n|---|---|\n");
    for (level, total) in LEVELS.iter().zip(totals) {
        page.push_str(&format!("| {level} | {total} |\n"));
    }
    page.push_str(&format!(
        "\n## Bytes of a day\n\nPrometheus needs about {BYTES_OF_SAMPLE} bytes on disk for a sample, and scrapes every \
         {SCRAPE_INTERVAL} s here: {} samples of a series in a day. In memory, a series needs about 4 KB while it is \
         active.\n\n| series | samples a second | bytes of a day | 40 days |\n|---|---|---|---|\n",
        samples_of_day()
    ));
    for series in EXAMPLES {
        let day = bytes_of_day(series);
        let row =
            format!("| {series} | {} | {} | {} |\n", series / SCRAPE_INTERVAL, megabytes(day), megabytes(day * 40));
        page.push_str(&row);
    }
    page
}

/// Returns the metrics of llmobs, each once.
pub(super) fn metrics(names: &Names) -> impl Iterator<Item = &Metric> {
    let all = names.series().filter_map(|series| names.get(series).map(|metric| (series, metric)));
    let own = all.filter(|(_, metric)| matches!(metric.origin, Origin::Own { .. }));
    own.filter(|(series, metric)| match metric.kind {
        Kind::Histogram => series.ends_with("_count"),
        _ => true,
    })
    .map(|(_, metric)| metric)
}

/// Returns the number of series of one combination of labels.
fn series(metric: &Metric) -> u64 {
    if metric.kind == Kind::Histogram { metric.bounds.len() as u64 + 3 } else { 1 }
}

/// Returns the labels whose values are not listed.
fn open_labels(metric: &Metric) -> Vec<String> {
    let open = metric.labels.iter().filter(|(_, values)| values.is_none());
    open.filter(|(label, _)| !TARGET_LABELS.contains(&label.as_str())).map(|(label, _)| format!("`{label}`")).collect()
}

fn samples_of_day() -> u64 {
    86_400 / SCRAPE_INTERVAL
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sizes are small"
)]
fn bytes_of_day(series: u64) -> u64 {
    (series as f64 * samples_of_day() as f64 * BYTES_OF_SAMPLE) as u64
}

fn megabytes(bytes: u64) -> String {
    match bytes / 1_000_000 {
        megabytes @ 0..10_000 => format!("{megabytes} MB"),
        megabytes => format!("{} GB", megabytes / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_its_bounds_and_three_series_more() {
        let names = Names::load().unwrap();
        let metric = names.get("llmobs_queue_duration_seconds_count").unwrap();
        assert!(metric.bounds.len() > 10);
        assert_eq!(series(metric), metric.bounds.len() as u64 + 3);
        assert_eq!(series(names.get("llmobs_operation_started_total").unwrap()), 1);
    }

    #[test]
    fn each_metric_of_llmobs_is_on_the_page_once() {
        let names = Names::load().unwrap();
        let page = page(&names);
        for name in ["llmobs_queue_duration_seconds", "llmobs_operation_ended_total", "llmobs_build_info"] {
            assert_eq!(page.matches(&format!("| `{name}` |")).count(), 1, "{name}");
        }
        assert!(!page.contains("vllm:"));
    }

    #[test]
    fn bytes_of_a_day_are_samples_times_their_size() {
        assert_eq!(bytes_of_day(1_000), 8_640_000);
        assert_eq!(megabytes(8_640_000), "8 MB");
        assert_eq!(megabytes(34_560_000_000), "34 GB");
    }
}
