//! The comparison of the results of one query on two stores.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The largest relative difference that is the same result, and the largest that is a close one: VictoriaMetrics does not
/// extrapolate rates to the ends of their window.
const SAME: f64 = 0.001;
const CLOSE: f64 = 0.1;

/// The share of points that may be missing on one side: the ends of series.
const MOST_MISSING: f64 = 0.1;

/// The difference of two results.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparison {
    /// The points that both have, only the first, and only the second.
    both: usize,
    only_first: usize,
    only_second: usize,
    /// The median and the largest relative difference of the points that both have.
    median: f64,
    largest: f64,
}

impl Comparison {
    /// Compares the series of two answers by their labels.
    pub(super) fn new(first: &[Value], second: &[Value]) -> Self {
        let (first, second) = (points(first), points(second));
        let shared = first.iter().filter_map(|(key, value)| Some(relative(*value, *second.get(key)?)));
        let mut differences: Vec<f64> = shared.collect();
        differences.sort_by(f64::total_cmp);
        let both = differences.len();
        Self {
            both,
            only_first: first.len() - both,
            only_second: second.len() - both,
            median: differences.get(both / 2).copied().unwrap_or(0.0),
            largest: differences.last().copied().unwrap_or(0.0),
        }
    }

    /// Returns whether points are missing on one side, or the median difference is large.
    pub(super) fn differs(&self) -> bool {
        self.median > CLOSE || self.missing() > MOST_MISSING
    }

    /// Returns the class of the difference.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            _ if self.differs() => "different",
            Self { both: 0, .. } => "empty on both",
            Self { largest, .. } if *largest <= SAME && self.only_first + self.only_second == 0 => "same",
            _ => "close",
        }
    }

    fn missing(&self) -> f64 {
        let all = self.both + self.only_first + self.only_second;
        ratio(self.only_first + self.only_second, all.max(1))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} points on both, {} only on Prometheus, {} only on VictoriaMetrics, difference {:.1} % (median), {:.1} % (largest)",
            self.kind(),
            self.both,
            self.only_first,
            self.only_second,
            self.median * 100.0,
            self.largest * 100.0
        )
    }
}

/// Returns the values that are numbers, by series and second.
fn points(series: &[Value]) -> BTreeMap<(String, u64), f64> {
    let mut points = BTreeMap::new();
    for one in series {
        let mut labels: BTreeMap<String, Value> = serde_json::from_value(one["metric"].clone()).unwrap_or_default();
        labels.remove("__name__");
        let labels = format!("{labels:?}");
        for point in one["values"].as_array().into_iter().flatten() {
            let value = point[1].as_str().and_then(|text| text.parse().ok()).filter(|value: &f64| value.is_finite());
            if let (Some(second), Some(value)) = (point[0].as_f64(), value) {
                points.insert((labels.clone(), second.round().to_bits()), value);
            }
        }
    }
    points
}

fn relative(first: f64, second: f64) -> f64 {
    let scale = first.abs().max(second.abs());
    if scale < 1e-12 { 0.0 } else { (first - second).abs() / scale }
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn ratio(part: usize, all: usize) -> f64 {
    part as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn series(name: &str, values: &[f64]) -> Value {
        let values: Vec<_> = values.iter().enumerate().map(|(at, value)| json!([at, value.to_string()])).collect();
        json!({"metric": {"__name__": name, "job": "a"}, "values": values})
    }

    #[test]
    fn results_are_the_same_close_or_different() {
        let first = [series("x", &[1.0, 2.0, 4.0])];
        let kind = |second: &[f64]| Comparison::new(&first, &[series("", second)]).kind();
        assert_eq!(kind(&[1.0, 2.0, 4.0]), "same");
        assert_eq!(kind(&[1.0, 2.02, 3.9]), "close");
        assert_eq!(kind(&[1.0, 3.0, 9.0]), "different");
        assert_eq!(kind(&[1.0, 2.0]), "different");
        assert_eq!(Comparison::new(&[], &[]).kind(), "empty on both");
        assert_eq!(Comparison::new(&first, &[]).kind(), "different");
        assert_eq!(Comparison::new(&first, &[series("", &[f64::NAN; 3])]).kind(), "different");
    }
}
