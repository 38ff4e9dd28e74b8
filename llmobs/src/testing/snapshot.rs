//! Snapshots of all metric values, parsed from the Prometheus page.

use std::collections::BTreeMap;

use crate::catalog::ROWS;
use crate::catalog::Row;
use crate::catalog::to_prometheus_name;
use crate::observer::Observer;

/// The values of all metrics of an observer at one moment, by the OpenTelemetry names of metrics and attributes.
///
/// The values are parsed from the page that a scraper receives. [`Readings::new`] requires an observer that owns its
/// registry; for an observer with an external registry, encode that registry and pass the page to [`Readings::parse`].
/// Metrics of a registry with a prefix are not found. Rows of other crates are found by name if they were registered at
/// the observer or added with [`Readings::with_rows`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    samples: Vec<ParsedSample>,
    /// The rows of other crates.
    rows: Vec<&'static Row>,
}

/// One sample line of the page.
#[derive(Debug, Clone, PartialEq)]
struct ParsedSample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// The data of a histogram, summed over the matching series.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HistogramSnapshot {
    /// The number of recorded values.
    pub count: u64,
    /// The sum of the recorded values, in the unit of the metric.
    pub sum: f64,
    /// The cumulative counts: pairs of an upper bound and the number of values at or below it, in ascending order. The
    /// last bound is infinite. Empty if no series matches.
    pub buckets: Vec<(f64, u64)>,
}

impl Readings {
    /// Reads the metrics of an observer that owns its registry. There are no values for a disabled observer or one with
    /// an external registry.
    #[must_use]
    pub fn new(observer: &Observer) -> Self {
        Self::parse(&observer.encode_open_metrics()).with_rows(&observer.registered_rows())
    }

    /// Parses a page in the OpenMetrics format or the classic Prometheus text format. Ignores lines that are not valid.
    #[must_use]
    pub fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        Self { samples: lines.filter_map(ParsedSample::parse).collect(), rows: Vec::new() }
    }

    /// Adds rows of other crates, so that the other methods find them by name.
    #[must_use]
    pub fn with_rows(mut self, rows: &[&'static Row]) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Returns the value of a counter or gauge, summed over all series with these attributes; zero if no series
    /// matches, and for a histogram.
    ///
    /// # Panics
    ///
    /// Panics if no metric with this name is defined.
    #[must_use]
    pub fn value(&self, name: &str, attributes: &[(&str, &str)]) -> f64 {
        let name = self.find_row(name).prometheus_name();
        let total = format!("{name}_total");
        self.matching(attributes).filter(|sample| sample.name == name || sample.name == total).map(|s| s.value).sum()
    }

    /// Returns [`value`](Self::value) as a whole number, rounded down; zero for a negative value.
    ///
    /// # Panics
    ///
    /// Panics if no metric with this name is defined.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number, 0 or more")]
    pub fn count(&self, name: &str, attributes: &[(&str, &str)]) -> u64 {
        self.value(name, attributes) as u64
    }

    /// Returns a histogram, summed over all series with these attributes; empty if no series matches.
    ///
    /// # Panics
    ///
    /// Panics if no metric with this name is defined.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers, 0 or more")]
    pub fn histogram(&self, name: &str, attributes: &[(&str, &str)]) -> HistogramSnapshot {
        let name = self.find_row(name).prometheus_name();
        let mut distribution = HistogramSnapshot::default();
        for sample in self.matching(attributes) {
            match sample.name.strip_prefix(&name) {
                Some("_count") => distribution.count += sample.value as u64,
                Some("_sum") => distribution.sum += sample.value,
                Some("_bucket") => {
                    let bound = sample.labels.get("le").map_or(f64::NAN, |le| le.parse().unwrap_or(f64::INFINITY));
                    let bucket = distribution.buckets.iter_mut().find(|(upper, _)| upper.total_cmp(&bound).is_eq());
                    match bucket {
                        Some((_, count)) => *count += sample.value as u64,
                        None => distribution.buckets.push((bound, sample.value as u64)),
                    }
                }
                _ => {}
            }
        }
        distribution.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        distribution
    }

    /// Returns the labels of every series of a metric, under their Prometheus names; empty if there are no series.
    ///
    /// # Panics
    ///
    /// Panics if no metric with this name is defined.
    #[must_use]
    pub fn series(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let name = self.find_row(name).prometheus_name();
        let is_series_line =
            |sample: &&ParsedSample| matches!(sample.name.strip_prefix(&name), Some("" | "_total" | "_count"));
        self.samples.iter().filter(is_series_line).map(|sample| sample.labels.clone()).collect()
    }

    #[expect(clippy::panic, reason = "a test with an unknown metric name must fail")]
    fn find_row(&self, name: &str) -> &'static Row {
        let mut rows = ROWS.iter().chain(self.rows.iter().copied());
        rows.find(|row| row.name == name).unwrap_or_else(|| panic!("the catalog has no metric `{name}`"))
    }

    fn matching<'a>(&'a self, attributes: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = &'a ParsedSample> {
        self.samples.iter().filter(move |sample| {
            attributes
                .iter()
                .all(|(name, value)| sample.labels.get(&to_prometheus_name(name)).map(String::as_str) == Some(*value))
        })
    }
}

impl ParsedSample {
    fn parse(line: &str) -> Option<Self> {
        let labels_end = end_of_labels(line);
        let (head, tail) = line.split_at(labels_end);
        let value = tail.split_whitespace().next()?.parse().ok()?;
        let (name, labels) = head.split_once('{').unwrap_or((head, ""));
        Some(Self {
            name: name.trim().to_owned(),
            labels: parse_labels(labels.strip_suffix('}').unwrap_or(labels)),
            value,
        })
    }
}

/// Returns the byte offset of the end of the labels: after the first `}` outside of quotes, else the first space.
fn end_of_labels(line: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let has_labels = line.find(' ').is_none_or(|space| line[..space].contains('{'));
    for (index, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return index + 1,
            b' ' if !has_labels => return index,
            _ => {}
        }
    }
    line.len()
}

fn parse_labels(mut text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let (mut value, mut escaped, mut end) = (String::new(), false, rest.len());
        for (index, character) in rest.char_indices() {
            match character {
                'n' if std::mem::take(&mut escaped) => value.push('\n'),
                other if std::mem::take(&mut escaped) => value.push(other),
                '\\' => escaped = true,
                '"' => {
                    end = index + 1;
                    break;
                }
                other => value.push(other),
            }
        }
        labels.insert(name.trim_start_matches(',').to_owned(), value);
        text = &rest[end..];
    }
    labels
}

/// The counts of operations that started, ended and are in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Books {
    /// The value of `llmobs.operation.started`.
    pub started: u64,
    /// The value of `llmobs.operation.ended`, summed over all outcomes.
    pub ended: u64,
    /// The ended operations with the outcome `completed`.
    pub completed: u64,
    /// The ended operations with the outcome `failed`.
    pub failed: u64,
    /// The ended operations with the outcome `cancelled`.
    pub cancelled: u64,
    /// The ended operations with the outcome `rejected`.
    pub rejected: u64,
    /// The value of `llmobs.operation.active`, summed over all states.
    pub active: u64,
}

impl Books {
    /// Reads the counts of an observer that owns its registry; all are zero for any other observer.
    #[must_use]
    pub fn new(observer: &Observer) -> Self {
        Self::from(&Readings::new(observer))
    }
}

impl From<&Readings> for Books {
    fn from(readings: &Readings) -> Self {
        let ended = |outcome| readings.count("llmobs.operation.ended", &[("llmobs.operation.outcome", outcome)]);
        Self {
            started: readings.count("llmobs.operation.started", &[]),
            ended: readings.count("llmobs.operation.ended", &[]),
            completed: ended("completed"),
            failed: ended("failed"),
            cancelled: ended("cancelled"),
            rejected: ended("rejected"),
            active: readings.count("llmobs.operation.active", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_escapes_and_exemplars_is_parsed() {
        let readings = Readings::parse(
            "# TYPE x counter\nllmobs_operation_started_total{gen_ai_request_model=\"a \\\"b\\\" } \\\\ \\n\",x=\"y\"} 3\n\
             llmobs_queue_duration_seconds_bucket{le=\"1.0\",llmobs_queue_exit=\"scheduled\"} 2 # {trace_id=\"ab\"} 0.5\n\
             llmobs_queue_duration_seconds_bucket{le=\"+Inf\",llmobs_queue_exit=\"scheduled\"} 4\n\
             llmobs_queue_duration_seconds_count{llmobs_queue_exit=\"scheduled\"} 4\n",
        );
        let model = [("gen_ai.request.model", "a \"b\" } \\ \n")];
        assert_eq!(readings.count("llmobs.operation.started", &model), 3);
        let queue = readings.histogram("llmobs.queue.duration", &[("llmobs.queue.exit", "scheduled")]);
        assert_eq!(queue.count, 4);
        assert_eq!(queue.buckets, [(1.0, 2), (f64::INFINITY, 4)]);
        assert_eq!(readings.histogram("llmobs.queue.duration", &[("llmobs.queue.exit", "shed")]).count, 0);
    }
}
