//! A parser of the Prometheus text format, limited to what the tests of programs need.

/// A parsed metrics page.
#[derive(Debug, Clone)]
pub struct Page {
    samples: Vec<(String, f64)>,
}

impl Page {
    /// Parses a page.
    ///
    /// # Panics
    ///
    /// Panics if a line that is neither empty nor a comment does not end with a blank and a number.
    pub fn parse(text: &str) -> Self {
        let samples = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
                (series.to_owned(), value.parse().expect("a value is a number"))
            })
            .collect();
        Self { samples }
    }

    /// Returns the sum over all series with this name and all these labels; zero if there are none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let expected: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let of_name = |series: &str| series.split('{').next() == Some(name);
        // A label begins the list or follows a comma: `model` does not match the end of `request_model`.
        let has_label =
            |series: &str, label: &String| ["{", ","].iter().any(|sign| series.contains(&format!("{sign}{label}")));
        let has_labels = |series: &str| expected.iter().all(|label| has_label(series, label));
        let samples = self.samples.iter().filter(|(series, _)| of_name(series) && has_labels(series));
        // Starts at 0.0, because the sum of an empty iterator of floats is -0.0.
        samples.fold(0.0, |sum, (_, value)| sum + value)
    }

    /// Returns the same sum as an integer.
    ///
    /// # Panics
    ///
    /// Panics if the sum is negative or has a fraction.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let sum = self.sum(name, labels);
        assert!(sum >= 0.0 && sum.fract().abs() < f64::EPSILON, "{name} is not a count: {sum}");
        format!("{sum:.0}").parse().expect("an integer")
    }

    /// Returns the number of ended operations with this outcome: `completed`, `cancelled`, or an outcome with its error
    /// type such as `failed/timeout`.
    pub fn ended_count(&self, outcome: &str) -> u64 {
        let (outcome, error) = outcome.split_once('/').unwrap_or((outcome, ""));
        let mut labels = vec![("llmobs_operation_outcome", outcome)];
        labels.extend((!error.is_empty()).then_some(("error_type", error)));
        self.count("llmobs_operation_ended_total", &labels)
    }

    /// Returns the number of started operations.
    pub fn started_count(&self) -> u64 {
        self.count("llmobs_operation_started_total", &[])
    }

    /// Returns the mean of a histogram's values since an earlier scrape, in the unit of the metric.
    ///
    /// # Panics
    ///
    /// Panics if no value was recorded since.
    pub fn mean_since(&self, earlier: &Self, name: &str) -> f64 {
        self.mean_with_labels_since(earlier, name, &[])
    }

    /// Returns the same mean over the series with all these labels.
    ///
    /// # Panics
    ///
    /// Panics if no value was recorded since.
    pub fn mean_with_labels_since(&self, earlier: &Self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let difference = |suffix: &str| {
            self.sum(&format!("{name}{suffix}"), labels) - earlier.sum(&format!("{name}{suffix}"), labels)
        };
        assert!(difference("_count") > 0.0, "{name} has no samples");
        difference("_sum") / difference("_count")
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_label_is_matched_by_its_whole_name() {
        let page = Page::parse("a{error_type=\"x\",type=\"y\"} 1\na{type=\"x\"} 2\n");
        assert_eq!(page.count("a", &[("type", "x")]), 2);
        assert_eq!(page.count("a", &[("error_type", "x"), ("type", "y")]), 1);
        assert_eq!(page.count("a", &[]), 3);
    }
}
