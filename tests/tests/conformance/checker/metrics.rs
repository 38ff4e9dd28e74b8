//! Tests of the checks of metrics.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Gauge;
use opentelemetry_proto::tonic::metrics::v1::Histogram;
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Sum;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Point;

use super::SpanAttributes;
use super::V1_41;
use super::chat;
use super::key_value;
use super::text;
use llmobs_tests::conventions::ViolationKind;

#[test]
fn conforming_metrics_pass() {
    assert_eq!(V1_41.check_metric(&token_usage_metric()), []);
    assert_eq!(V1_41.check_metric(&operation_ended_metric()), []);
    let labelled =
        V1_41.with_labels(&["tier"]).check_metric(&with_attribute(operation_ended_metric(), "tier", text("free")));
    assert_eq!(labelled, []);
}

#[test]
fn each_violation_of_a_metric_is_found() {
    let found = |metric: &Metric| {
        let found = V1_41.check_metric(metric);
        found.into_iter().map(|violation| violation.kind).collect::<Vec<_>>()
    };
    let which = |metric: &Metric| match &found(metric)[..] {
        [ViolationKind::Mismatch(which, ..)] => *which,
        other => panic!("{other:?}"),
    };
    assert_eq!(which(&Metric { unit: "token".to_owned(), ..token_usage_metric() }), "unit");
    assert_eq!(which(&Metric { unit: String::new(), ..operation_ended_metric() }), "unit");
    let gauge = |metric: Metric| {
        let point = NumberDataPoint {
            attributes: point_attributes(&metric),
            value: Some(Point::AsInt(1)),
            ..Default::default()
        };
        Metric { data: Some(Data::Gauge(Gauge { data_points: vec![point] })), ..metric }
    };
    assert_eq!(which(&gauge(operation_ended_metric())), "instrument");
    let Some(Data::Sum(sum)) = operation_ended_metric().data else { panic!() };
    let not_monotonic =
        Metric { data: Some(Data::Sum(Sum { is_monotonic: false, ..sum })), ..operation_ended_metric() };
    assert_eq!(which(&not_monotonic), "instrument");
    let other = Metric { name: "gen_ai.client.inference.duration".to_owned(), ..token_usage_metric() };
    assert_eq!(found(&other), [ViolationKind::UnknownSignal]);
    assert_eq!(
        found(&Metric { name: "llmobs.unheard_of".to_owned(), ..operation_ended_metric() }),
        [ViolationKind::UnknownSignal]
    );
    let id = with_attribute(token_usage_metric(), "gen_ai.conversation.id", text("c"));
    assert_eq!(found(&id), [ViolationKind::Misplaced("gen_ai.conversation.id".to_owned())]);
    let stray = with_attribute(operation_ended_metric(), "llmobs.queue.exit", text("scheduled"));
    assert_eq!(found(&stray), [ViolationKind::Misplaced("llmobs.queue.exit".to_owned())]);
    assert_eq!(
        found(&with_attribute(operation_ended_metric(), "tier", text("free"))),
        [ViolationKind::UnknownAttribute("tier".to_owned())]
    );
    let kind = with_attribute(token_usage_metric(), "gen_ai.token.type", text("completion"));
    assert!(matches!(&found(&kind)[..], [ViolationKind::WrongValue(..)]));
    let missing = found(&without_attribute(token_usage_metric(), "gen_ai.token.type"));
    assert_eq!(missing, [ViolationKind::Missing("gen_ai.token.type".to_owned())]);
    assert_eq!(found(&without_attribute(operation_ended_metric(), "llmobs.operation.outcome")).len(), 1);
    assert_eq!(
        found(&without_attribute(token_usage_metric(), "gen_ai.request.model")).len(),
        1,
        "llmobs always knows the model"
    );
    assert_eq!(found(&Metric { description: String::new(), ..operation_ended_metric() }).len(), 1);
}

#[test]
fn the_number_type_of_a_counter_is_checked_against_its_definition() {
    let wrong = Metric {
        name: "hw.energy".to_owned(),
        unit: "J".to_owned(),
        data: Some(Data::Sum(Sum {
            is_monotonic: true,
            data_points: vec![NumberDataPoint {
                attributes: vec![key_value("hw.id", text("GPU-1")), key_value("hw.type", text("gpu"))],
                value: Some(Point::AsInt(1)),
                ..Default::default()
            }],
            ..Default::default()
        })),
        ..operation_ended_metric()
    };
    let found = V1_41.check_metric(&wrong);
    assert!(matches!(&found[..], [one] if matches!(one.kind, ViolationKind::Mismatch("number", ..))), "{found:?}");
}

fn token_usage_metric() -> Metric {
    let attributes = chat().with("gen_ai.token.type", text("input")).attributes;
    let point = HistogramDataPoint { attributes, ..HistogramDataPoint::default() };
    Metric {
        name: "gen_ai.client.token.usage".to_owned(),
        description: "Tokens".to_owned(),
        unit: "{token}".to_owned(),
        data: Some(Data::Histogram(Histogram { data_points: vec![point], ..Histogram::default() })),
        ..Metric::default()
    }
}

fn operation_ended_metric() -> Metric {
    let attributes = chat().with("llmobs.operation.outcome", text("completed")).attributes;
    let point = NumberDataPoint { attributes, value: Some(Point::AsInt(1)), ..NumberDataPoint::default() };
    Metric {
        name: "llmobs.operation.ended".to_owned(),
        description: "Operations".to_owned(),
        unit: "{operation}".to_owned(),
        data: Some(Data::Sum(Sum { data_points: vec![point], is_monotonic: true, ..Sum::default() })),
        ..Metric::default()
    }
}

fn with_attribute(metric: Metric, name: &str, value: Value) -> Metric {
    let mut attributes = point_attributes(&metric);
    attributes.retain(|pair| pair.key != name);
    attributes.push(key_value(name, value));
    with_point_attributes(metric, attributes)
}

fn without_attribute(metric: Metric, name: &str) -> Metric {
    let mut attributes = point_attributes(&metric);
    attributes.retain(|pair| pair.key != name);
    with_point_attributes(metric, attributes)
}

fn point_attributes(metric: &Metric) -> Vec<KeyValue> {
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes.clone(),
        Some(Data::Histogram(histogram)) => histogram.data_points[0].attributes.clone(),
        other => panic!("{other:?}"),
    }
}

fn with_point_attributes(mut metric: Metric, attributes: Vec<KeyValue>) -> Metric {
    match &mut metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes = attributes,
        Some(Data::Histogram(histogram)) => histogram.data_points[0].attributes = attributes,
        other => panic!("{other:?}"),
    }
    metric
}
