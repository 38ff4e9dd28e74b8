//! Checks of metrics.

use llmobs::semconv::attribute as a;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Point;

use super::Conventions;
use super::Findings;
use super::Violation;
use super::ViolationKind;
use crate::semconv::definition::MetricDefinition;
use crate::semconv::definition::Number;
use crate::semconv::definition::Requirement;

impl Conventions {
    /// Returns all violations of one metric.
    pub fn check_metric(&self, metric: &Metric) -> Vec<Violation> {
        let mut findings = Findings::new(&metric.name);
        if metric.description.is_empty() {
            findings.add(ViolationKind::Missing("description".to_owned()));
        }
        match self.metrics().find(|definition| definition.name == metric.name) {
            Some(definition) => self.check_definition(&mut findings, metric, definition),
            None => findings.add(ViolationKind::UnknownSignal),
        }
        findings.violations
    }

    fn check_definition(&self, findings: &mut Findings, metric: &Metric, definition: &MetricDefinition) {
        findings.expect_eq("unit", definition.unit, &metric.unit);
        findings.expect_eq("instrument", format!("{:?}", definition.instrument), instrument(metric));
        if let Some(number) = number_type(metric) {
            findings.expect_eq("number", format!("{:?}", definition.number), format!("{number:?}"));
        }
        let model = (a::GEN_AI_REQUEST_MODEL, Requirement::Required);
        // llmobs always knows the model.
        let known = |attribute: &(&'static str, Requirement)| if attribute.0 == model.0 { model } else { *attribute };
        let mut requirements: Vec<_> = definition.attributes.iter().map(known).collect();
        requirements.extend(self.labels.iter().map(|name| (*name, Requirement::Recommended)));
        self.check_points(findings, metric, &requirements);
    }

    fn check_points(&self, findings: &mut Findings, metric: &Metric, requirements: &[(&'static str, Requirement)]) {
        let points = attributes(metric);
        if points.is_empty() {
            findings.add(ViolationKind::Missing("series".to_owned()));
        }
        for point in points {
            let (labels, point): (Vec<_>, Vec<_>) =
                point.iter().cloned().partition(|pair| self.labels.contains(&pair.key.as_str()));
            for pair in labels {
                super::attributes::check_type(findings, &pair, crate::semconv::definition::AttributeType::String);
            }
            self.check_attributes(findings, &point, requirements);
            // Attributes of llmobs are allowed on a metric only if its definition lists them.
            for pair in point.iter().filter(|pair| pair.key.starts_with("llmobs.")) {
                if !requirements.iter().any(|(name, _)| *name == pair.key) {
                    findings.add(ViolationKind::Misplaced(pair.key.clone()));
                }
            }
        }
    }
}

fn instrument(metric: &Metric) -> &'static str {
    match &metric.data {
        Some(Data::Gauge(_)) => "Gauge",
        Some(Data::Sum(sum)) if sum.is_monotonic => "Counter",
        Some(Data::Sum(_)) => "UpDownCounter",
        Some(Data::Histogram(_) | Data::ExponentialHistogram(_)) => "Histogram",
        _ => "nothing",
    }
}

/// Returns the type of number where OTLP shows it; OTLP always sends the sum of a histogram as a double.
fn number_type(metric: &Metric) -> Option<Number> {
    let of = |points: &[NumberDataPoint]| match points.first()?.value? {
        Point::AsDouble(_) => Some(Number::Double),
        Point::AsInt(_) => Some(Number::Int),
    };
    match metric.data.as_ref()? {
        Data::Gauge(gauge) => of(&gauge.data_points),
        Data::Sum(sum) => of(&sum.data_points),
        _ => None,
    }
}

/// Returns the attributes of every series.
fn attributes(metric: &Metric) -> Vec<&[KeyValue]> {
    match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.iter().map(|point| &*point.attributes).collect(),
        Some(Data::Sum(sum)) => sum.data_points.iter().map(|point| &*point.attributes).collect(),
        Some(Data::Histogram(histogram)) => histogram.data_points.iter().map(|point| &*point.attributes).collect(),
        Some(Data::ExponentialHistogram(histogram)) => {
            histogram.data_points.iter().map(|point| &*point.attributes).collect()
        }
        _ => Vec::new(),
    }
}
