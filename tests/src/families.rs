//! A common form of both backends' contents: families of series under their Prometheus names.

use std::collections::BTreeMap;
use std::fmt;

/// Label values by Prometheus label name.
pub type Labels = BTreeMap<String, String>;

/// Families by the name in the `# TYPE` line of the classic format.
pub type Families = BTreeMap<String, Family>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    pub kind: MetricKind,
    pub series: BTreeMap<Labels, Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    Histogram(Histogram),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    pub count: u64,
    pub sum: f64,
    /// The number of values in each bucket alone (not cumulative), by upper bound.
    pub buckets: Vec<(f64, u64)>,
}

impl Family {
    pub fn new(kind: MetricKind) -> Self {
        Self { kind, series: BTreeMap::new() }
    }

    /// Inserts a series. Panics if the labels exist already: parsers reject duplicate series.
    pub fn insert(&mut self, labels: Labels, value: Value) {
        let previous = self.series.insert(labels.clone(), value);
        assert!(previous.is_none(), "the series {labels:?} is present twice");
    }
}

impl Value {
    /// Returns whether this is a histogram without a value. OpenTelemetry does not export its series; the page shows
    /// the series from its first use on.
    pub fn is_empty_histogram(&self) -> bool {
        matches!(self, Self::Histogram(histogram) if histogram.count == 0)
    }

    /// Returns whether nothing was recorded.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Number(number) => *number == 0.0,
            Self::Histogram(histogram) => histogram.count == 0,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Histogram(Histogram { count, sum, buckets }) => {
                let full = buckets.iter().filter(|(_, count)| *count > 0);
                let full: Vec<_> = full.map(|(bound, count)| format!("{bound}: {count}")).collect();
                write!(f, "count {count}, sum {sum}, buckets of {} {{{}}}", buckets.len(), full.join(", "))
            }
        }
    }
}

/// Describes every difference, one text each; empty if both backends are equal. Histograms without a value are ignored
/// on both sides.
pub fn differences(otel: &Families, page: &Families) -> Vec<String> {
    let mut found = Vec::new();
    let mut names: Vec<_> = otel.keys().chain(page.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let empty = BTreeMap::new();
        let series = |families: &Families| families.get(name).map_or_else(|| empty.clone(), |f| f.series.clone());
        let kinds = (otel.get(name).map(|family| family.kind), page.get(name).map(|family| family.kind));
        if let (Some(here), Some(there)) = kinds
            && here != there
        {
            found.push(format!("{name}: OpenTelemetry has a {here:?}, the page a {there:?}"));
        }
        let (here, there) = (series(otel), series(page));
        for (labels, value) in here.iter().filter(|(_, value)| !value.is_empty_histogram()) {
            match there.get(labels) {
                None => found.push(format!("{name}{labels:?}: {value} in OpenTelemetry, not on the page")),
                Some(other) if !values_equal(value, other) => {
                    found.push(format!("{name}{labels:?}:\n  OpenTelemetry: {value}\n  the page:      {other}"));
                }
                Some(_) => {}
            }
        }
        for (labels, value) in there.iter().filter(|(_, value)| !value.is_empty_histogram()) {
            if !here.contains_key(labels) {
                found.push(format!("{name}{labels:?}: {value} on the page, not in OpenTelemetry"));
            }
        }
    }
    found
}

fn values_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => approximately_equal(*one, *other),
        (Value::Histogram(one), Value::Histogram(other)) => {
            let bound =
                |(one, other): (&(f64, u64), &(f64, u64))| one.0.total_cmp(&other.0).is_eq() && one.1 == other.1;
            one.count == other.count
                && approximately_equal(one.sum, other.sum)
                && one.buckets.len() == other.buckets.len()
                && one.buckets.iter().zip(&other.buckets).all(bound)
        }
        _ => false,
    }
}

/// Returns whether two sums are equal up to the rounding error of the order of additions.
fn approximately_equal(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
}
