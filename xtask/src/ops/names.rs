//! The table of all metrics that a query may name: the catalog of llmobs, the metrics of other systems, and the results
//! of recording rules.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

pub(crate) mod catalog;
mod foreign;
pub(crate) mod values;

/// Labels that Prometheus or the receiver of OTLP adds to every series, with the names that the scrape configurations of
/// the kit give them.
pub(crate) const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// The kind of a metric, in the words of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The source of the definition of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A row of the catalog, with its level (`core`) and its roles (`all` or a list).
    Own { level: String, roles: String },
    /// A metric of another system, such as `vLLM`.
    Foreign { system: String },
    /// The result of a recording rule, with the series of the catalog and of other systems that it reads.
    Recorded { sources: BTreeSet<String> },
}

/// A metric with its labels. A label has a list of values if no other value can occur.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    /// The name without `_bucket`, `_sum` and `_count`; counters with `_total`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) unit: String,
    pub(crate) labels: BTreeMap<String, Option<Vec<String>>>,
    /// The default bounds of a histogram of the catalog.
    pub(crate) bounds: Vec<String>,
    pub(crate) origin: Origin,
}

impl Metric {
    /// Returns whether the value is a ratio, an age or a point in time, whose sum or mean over series means nothing.
    pub(crate) fn is_not_additive(&self) -> bool {
        let ends = ["_ratio", "_age_seconds", "_silence_seconds", "_timestamp_seconds", "_time_to_full_seconds"];
        self.kind == Kind::Gauge
            && (self.unit == "1"
                || ends.iter().any(|end| self.name.ends_with(end))
                || self.name.contains(":ratio")
                || self.name.contains(":age"))
    }

    /// Returns the names of the series: the name itself, or those of a histogram.
    fn series(&self) -> Vec<String> {
        match self.kind {
            Kind::Histogram => ["bucket", "sum", "count"].iter().map(|end| format!("{}_{end}", self.name)).collect(),
            _ => vec![self.name.clone()],
        }
    }
}

/// All known metrics, by the name of their series.
#[derive(Debug, Default)]
pub(crate) struct Names {
    series: BTreeMap<String, Metric>,
}

impl Names {
    /// Reads the catalog from `docs/metrics.md`, the values of attributes from `semconv/registry`, and the metrics of
    /// other systems from `docs/ops/foreign.toml`.
    pub(crate) fn load() -> Result<Self, String> {
        let mut names = Self::default();
        for metric in catalog::read()? {
            names.add(metric)?;
        }
        for metric in foreign::read()? {
            names.add(metric)?;
        }
        Ok(names)
    }

    /// Adds a metric. Fails if one of its series exists.
    pub(crate) fn add(&mut self, mut metric: Metric) -> Result<(), String> {
        for label in TARGET_LABELS.iter().filter(|_| !matches!(metric.origin, Origin::Recorded { .. })) {
            metric.labels.insert((*label).to_owned(), None);
        }
        for series in metric.series() {
            let mut part = metric.clone();
            if series.ends_with("_bucket") && metric.kind == Kind::Histogram {
                part.labels.insert("le".to_owned(), None);
            }
            if self.series.insert(series.clone(), part).is_some() {
                return Err(format!("{series} is in the tables twice"));
            }
        }
        Ok(())
    }

    /// Adds the result of a recording rule, with its labels and the series that its query reads.
    pub(crate) fn record(
        &mut self,
        name: &str,
        labels: &BTreeSet<String>,
        series: &BTreeSet<String>,
    ) -> Result<(), String> {
        let mut sources = BTreeSet::new();
        for series in series {
            match self.get(series).map(|metric| &metric.origin) {
                Some(Origin::Recorded { sources: inner }) => sources.extend(inner.iter().cloned()),
                _ => drop(sources.insert(series.clone())),
            }
        }
        let labels: BTreeMap<_, _> = labels.iter().map(|label| (label.clone(), None)).collect();
        // Several rules can write the same name, with another value of a label. Their labels must be the same.
        if let Some(metric) = self.series.get_mut(name) {
            return match &mut metric.origin {
                Origin::Recorded { sources: earlier } if metric.labels == labels => {
                    earlier.append(&mut sources);
                    Ok(())
                }
                _ => Err(format!("{name} has other labels in an earlier rule, or is no recorded series")),
            };
        }
        self.add(Metric {
            name: name.to_owned(),
            kind: Kind::Gauge,
            unit: String::new(),
            labels,
            bounds: Vec::new(),
            origin: Origin::Recorded { sources },
        })
    }

    /// Returns the metric of a series.
    pub(crate) fn get(&self, series: &str) -> Option<&Metric> {
        self.series.get(series)
    }

    /// Returns the names of all series.
    pub(crate) fn series(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// Returns up to three known names that contain the longest known beginning of `series`, for an error message.
    pub(crate) fn similar(&self, series: &str) -> Vec<&str> {
        (4..=series.len())
            .rev()
            .filter_map(|end| series.get(..end))
            .map(|start| self.series().filter(|name| name.starts_with(start)).take(3).collect::<Vec<_>>())
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_contain_the_series_of_the_catalog_and_of_other_systems() {
        let names = Names::load().unwrap();
        let ended = names.get("llmobs_operation_ended_total").unwrap();
        assert_eq!(ended.kind, Kind::Counter);
        assert!(ended.labels["llmobs_operation_outcome"].as_ref().unwrap().contains(&"completed".to_owned()));
        assert!(ended.labels["error_type"].as_ref().unwrap().contains(&"out_of_memory".to_owned()));
        assert_eq!(ended.labels["gen_ai_request_model"], None);
        assert_eq!(ended.origin, Origin::Own { level: "core".to_owned(), roles: "all".to_owned() });
        let bucket = names.get("llmobs_queue_duration_seconds_bucket").unwrap();
        assert!(bucket.labels.contains_key("le") && bucket.bounds.contains(&"0.5".to_owned()));
        assert!(!names.get("llmobs_queue_duration_seconds_count").unwrap().labels.contains_key("le"));
        assert!(names.get("llmobs_queue_duration_seconds").is_none());
        assert!(names.get("vllm:num_requests_waiting").unwrap().labels.contains_key("model_name"));
        assert!(names.get("llmobs_engine_kv_cache_utilization_ratio").unwrap().is_not_additive());
        assert!(!names.get("llmobs_operation_active").unwrap().is_not_additive());
    }

    #[test]
    fn a_series_cannot_be_added_twice() {
        let mut names = Names::load().unwrap();
        let copy = names.get("llmobs_operation_active").unwrap().clone();
        assert!(names.add(copy).unwrap_err().contains("twice"));
    }

    #[test]
    fn an_unknown_name_has_similar_names() {
        let names = Names::load().unwrap();
        assert!(names.similar("llmobs_operation_endet_total").contains(&"llmobs_operation_ended_total"));
        assert!(names.similar("zzzz_nothing").is_empty());
    }
}
