//! Rebuilds a metrics page with `prometheus-client` alone: equal names, labels, buckets and counts, each metric as a
//! `Family`.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Labels as pairs of name and value.
pub(crate) type Labels = Vec<(String, String)>;

/// A registry that renders the same page.
pub(crate) struct MirrorRegistry {
    pub(crate) registry: Registry,
    /// Number of label sets of all metrics; a histogram counts once.
    pub(crate) series_count: usize,
}

/// The samples of a metric, by labels without `le`: bounds and values in the order of the page.
type Samples = BTreeMap<Labels, Vec<(f64, f64)>>;

impl MirrorRegistry {
    /// Builds the mirror of an OpenMetrics page.
    pub(crate) fn from_page(page: &str) -> Self {
        let mut mirror = Self { registry: Registry::default(), series_count: 0 };
        let (mut help, mut metric) = ("", None);
        let mut samples = Samples::new();
        for line in page.lines().chain(["# TYPE end end"]) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                help = rest.split_once(' ').map_or("", |(_, help)| help);
            } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                if let Some((name, kind, help)) = metric.replace((name, kind, help)) {
                    mirror.register_metric(name, kind, help, &std::mem::take(&mut samples));
                }
            } else if let (false, Some((name, ..))) = (line.starts_with('#'), metric) {
                parse_sample(line, name, &mut samples);
            }
        }
        mirror
    }

    fn register_metric(&mut self, name: &str, kind: &str, help: &str, samples: &Samples) {
        self.series_count += samples.len();
        match kind {
            "counter" => {
                let family = Family::<Labels, Counter<f64, AtomicU64>>::default();
                samples.iter().for_each(|(labels, values)| {
                    family.get_or_create(labels).inc_by(values[0].1);
                });
                self.registry.register(name, help, family);
            }
            "histogram" => {
                let bounds: Vec<f64> = samples.values().next().map_or_else(Vec::new, |first| {
                    first.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite()).collect()
                });
                let constructor = move || Histogram::new(bounds.iter().copied());
                let family = Family::<Labels, Histogram, _>::new_with_constructor(constructor);
                for (labels, buckets) in samples {
                    observe_buckets(&family.get_or_create(labels), buckets);
                }
                self.registry.register(name, help, family);
            }
            _ => {
                let family = Family::<Labels, Gauge<f64, AtomicU64>>::default();
                samples.iter().for_each(|(labels, values)| {
                    family.get_or_create(labels).set(values[0].1);
                });
                self.registry.register(name, help, family);
            }
        }
    }
}

/// Returns a histogram with the default bounds of `llmobs.phase.duration`.
pub(crate) fn histogram() -> Histogram {
    let bounds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0];
    Histogram::new(bounds.into_iter().chain([160.0, 320.0, 640.0]))
}

/// Returns the labels of a phase.
pub(crate) fn phase_labels(phase: &str) -> Labels {
    [
        ("gen_ai_operation_name", "chat"),
        ("gen_ai_provider_name", "unknown"),
        ("gen_ai_request_model", "m"),
        ("llmobs_phase_name", phase),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Fills each bucket with as many values as the cumulative counts of the page require.
fn observe_buckets(histogram: &Histogram, buckets: &[(f64, f64)]) {
    let mut below = 0.0;
    for (bound, count) in buckets {
        let mut remaining = count - below;
        while remaining > 0.5 {
            histogram.observe(if bound.is_finite() { *bound } else { 1e6 });
            remaining -= 1.0;
        }
        below = *count;
    }
}

fn parse_sample(line: &str, name: &str, samples: &mut Samples) {
    let line = line.split(" # ").next().unwrap_or(line);
    let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
    let suffix = series.split('{').next().and_then(|full| full.strip_prefix(name)).unwrap_or_default();
    if suffix == "_sum" || suffix == "_count" {
        return;
    }
    let label_text = series.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
    let pairs = label_text.split("\",").filter_map(|pair| pair.split_once("=\""));
    let mut labels: Labels =
        pairs.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned())).collect();
    let bound = labels.iter().position(|(name, _)| name == "le").map(|index| labels.remove(index).1);
    let bound = bound.map_or(0.0, |bound| bound.parse().expect("a bound is a number"));
    samples.entry(labels).or_default().push((bound, value.parse().expect("a value is a number")));
}
