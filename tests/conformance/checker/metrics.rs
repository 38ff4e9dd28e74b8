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

use super::Attributes;
use super::OLD;
use super::chat;
use super::pair;
use super::text;
use crate::support::conventions::What;

#[test]
fn metrics_that_are_right_pass() {
    assert_eq!(OLD.check_metric(&tokens()), []);
    assert_eq!(OLD.check_metric(&ended()), []);
    let labelled = OLD.with_labels(&["tier"]).check_metric(&with(ended(), "tier", text("free")));
    assert_eq!(labelled, []);
}

#[test]
fn each_wrong_of_a_metric_is_found() {
    let found = |metric: &Metric| {
        let found = OLD.check_metric(metric);
        found.into_iter().map(|violation| violation.what).collect::<Vec<_>>()
    };
    let which = |metric: &Metric| match &found(metric)[..] {
        [What::Wrong(which, ..)] => *which,
        other => panic!("{other:?}"),
    };
    assert_eq!(which(&Metric { unit: "token".to_owned(), ..tokens() }), "unit");
    assert_eq!(which(&Metric { unit: String::new(), ..ended() }), "unit");
    let gauge = |metric: Metric| {
        let point = NumberDataPoint { attributes: points(&metric), value: Some(Point::AsInt(1)), ..Default::default() };
        Metric { data: Some(Data::Gauge(Gauge { data_points: vec![point] })), ..metric }
    };
    assert_eq!(which(&gauge(ended())), "instrument");
    let Some(Data::Sum(sum)) = ended().data else { panic!() };
    let falling = Metric { data: Some(Data::Sum(Sum { is_monotonic: false, ..sum })), ..ended() };
    assert_eq!(which(&falling), "instrument");
    let other = Metric { name: "gen_ai.client.inference.duration".to_owned(), ..tokens() };
    assert_eq!(found(&other), [What::UnknownSignal]);
    assert_eq!(found(&Metric { name: "llmobs.unheard_of".to_owned(), ..ended() }), [What::UnknownSignal]);
    let id = with(tokens(), "gen_ai.conversation.id", text("c"));
    assert_eq!(found(&id), [What::Misplaced("gen_ai.conversation.id".to_owned())]);
    let stray = with(ended(), "llmobs.queue.exit", text("scheduled"));
    assert_eq!(found(&stray), [What::Misplaced("llmobs.queue.exit".to_owned())]);
    assert_eq!(found(&with(ended(), "tier", text("free"))), [What::UnknownAttribute("tier".to_owned())]);
    let kind = with(tokens(), "gen_ai.token.type", text("completion"));
    assert!(matches!(&found(&kind)[..], [What::WrongValue(..)]));
    let missing = found(&without(tokens(), "gen_ai.token.type"));
    assert_eq!(missing, [What::Missing("gen_ai.token.type".to_owned())]);
    assert_eq!(found(&without(ended(), "llmobs.operation.outcome")).len(), 1);
    assert_eq!(found(&without(tokens(), "gen_ai.request.model")).len(), 1, "llmobs always knows it");
    assert_eq!(found(&Metric { description: String::new(), ..ended() }).len(), 1);
}

#[test]
fn the_number_of_a_counter_is_held_against_its_definition() {
    let wrong = Metric {
        name: "hw.energy".to_owned(),
        unit: "J".to_owned(),
        data: Some(Data::Sum(Sum {
            is_monotonic: true,
            data_points: vec![NumberDataPoint {
                attributes: vec![pair("hw.id", text("GPU-1")), pair("hw.type", text("gpu"))],
                value: Some(Point::AsInt(1)),
                ..Default::default()
            }],
            ..Default::default()
        })),
        ..ended()
    };
    let found = OLD.check_metric(&wrong);
    assert!(matches!(&found[..], [one] if matches!(one.what, What::Wrong("number", ..))), "{found:?}");
}

fn tokens() -> Metric {
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

fn ended() -> Metric {
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

fn with(metric: Metric, name: &str, value: Value) -> Metric {
    let mut attributes = points(&metric);
    attributes.retain(|pair| pair.key != name);
    attributes.push(pair(name, value));
    replace(metric, attributes)
}

fn without(metric: Metric, name: &str) -> Metric {
    let mut attributes = points(&metric);
    attributes.retain(|pair| pair.key != name);
    replace(metric, attributes)
}

fn points(metric: &Metric) -> Vec<KeyValue> {
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes.clone(),
        Some(Data::Histogram(histogram)) => histogram.data_points[0].attributes.clone(),
        other => panic!("{other:?}"),
    }
}

fn replace(mut metric: Metric, attributes: Vec<KeyValue>) -> Metric {
    match &mut metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes = attributes,
        Some(Data::Histogram(histogram)) => histogram.data_points[0].attributes = attributes,
        other => panic!("{other:?}"),
    }
    metric
}
