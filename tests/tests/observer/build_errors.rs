//! Every `BuildError`, with a message that names the setter to change.

use std::time::Duration;

use llmobs::BuildError;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::catalog::Buckets;
use llmobs::prometheus::prometheus_client::registry::Registry;
use llmobs::semconv::value::OperationName;
use opentelemetry::metrics::noop::NoopMeterProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use llmobs_tests::otel_backend::OtelBackend;

/// Returns the error of `build`. Panics unless the message names all of these setters.
fn assert_build_error(builder: ObserverBuilder<'_>, setters: &[&str]) -> BuildError {
    let error = builder.build().expect_err("the settings are invalid");
    for setter in setters {
        assert!(error.to_string().contains(&format!("`{setter}`")), "{error} does not name `{setter}`");
    }
    error
}

#[test]
fn a_meter_that_records_nothing_is_refused_when_it_was_given() {
    let noop = NoopMeterProvider::new();
    assert_eq!(
        assert_build_error(Observer::builder().meter_provider(&noop), &["meter_provider"]),
        BuildError::NoopMeter
    );
    let without_reader = SdkMeterProvider::builder().build();
    let built = assert_build_error(Observer::builder().meter_provider(&without_reader), &["meter_provider"]);
    assert_eq!(built, BuildError::NoopMeter);
    let shut_down = OtelBackend::new().provider;
    shut_down.shutdown().unwrap();
    let built = assert_build_error(Observer::builder().meter_provider(&shut_down), &["meter_provider"]);
    assert_eq!(built, BuildError::NoopMeter);
}

#[test]
fn a_global_meter_that_records_nothing_is_not_an_error() {
    // No test of this process sets a global meter provider.
    let observer = Observer::builder().model("m").build().unwrap();
    observer.chat("m").start().complete();
    llmobs::assert_books!(observer);
}

#[test]
fn a_registry_that_holds_metrics_of_an_observer_is_refused() {
    let mut registry = Registry::default();
    Observer::builder().registry(&mut registry).build().unwrap();
    assert_eq!(
        assert_build_error(Observer::builder().registry(&mut registry), &["registry"]),
        BuildError::AlreadyRegistered
    );
}

#[test]
fn more_label_sets_than_the_backend_keeps_are_refused() {
    let models = || (0..60).map(|number| format!("m-{number}"));
    let named = &["models", "max_undeclared_models", "operations", "label", "series_limit"];
    let BuildError::TooManySeries { label_sets: sets, limit } =
        assert_build_error(Observer::builder().models(models()), named)
    else {
        panic!("another error");
    };
    assert!(sets > limit && limit == 2_000, "{sets} of {limit}");
    // Each of the settings contributes, and a higher limit accepts them.
    let ten = || Observer::builder().models((0..10).map(|number| format!("m-{number}")));
    ten().build().unwrap();
    let too_many =
        |builder: ObserverBuilder<'_>| matches!(assert_build_error(builder, named), BuildError::TooManySeries { .. });
    assert!(too_many(ten().max_undeclared_models(50)));
    assert!(too_many(ten().operations((0..6).map(|number| OperationName::other(format!("o-{number}"))))));
    assert!(too_many(ten().label("tier", (0..10).map(|number| format!("t-{number}")))));
    Observer::builder().models(models()).series_limit(5_000).build().unwrap();
}

#[test]
fn the_default_cap_shrinks_to_fit_the_series_limit() {
    let builder = Observer::builder().role(Role::Client).models((0..40).map(|number| format!("m-{number}")));
    let observer = builder.build().expect("a default is not refused");
    (0..100).for_each(|number| observer.chat(&format!("wild-{number}")).start().complete());
    let series = llmobs::testing::Readings::new(&observer).series("llmobs.operation.started").len();
    assert!((42..72).contains(&series), "{series}");
}

#[test]
fn more_bucket_edges_than_a_stream_holds_are_refused() {
    let limits = |count: u64, buckets| {
        let objectives = (0..count).map(|number| {
            Objective::new(format!("o-{number}")).time_to_first_token(Duration::from_micros(333 + number))
        });
        objectives.fold(Observer::builder().buckets(buckets), ObserverBuilder::objective)
    };
    limits(9, Buckets::Default).build().unwrap();
    match assert_build_error(limits(10, Buckets::Default), &["objective", "buckets"]) {
        BuildError::TooManyBucketBounds { metric, bounds: edges, limit } => {
            assert!(metric.ends_with("time_to_first_token") && edges == limit + 1, "{metric} {edges} {limit}");
        }
        other => panic!("{other}"),
    }
    assert!(matches!(
        assert_build_error(limits(3, Buckets::Fine), &["objective"]),
        BuildError::TooManyBucketBounds { .. }
    ));
    // Equal limits of several objectives need one bucket edge.
    let same = (0..20).map(|number| Objective::new(format!("o-{number}")).duration(Duration::from_millis(777)));
    same.fold(Observer::builder(), ObserverBuilder::objective).build().unwrap();
}

#[test]
fn labels_that_prometheus_sets_itself_are_refused_with_the_reason() {
    for name in ["job", "instance", "namespace", "pod", "container", "service", "endpoint"] {
        let error = assert_build_error(Observer::builder().label(name, ["a"]), &["label"]);
        assert!(error.to_string().contains(name) && error.to_string().contains("exported_"), "{error}");
    }
}

#[test]
fn invalid_labels_are_refused() {
    let long = "n".repeat(65);
    let names =
        ["le", "quantile", "gen_ai.request.model", "gen_ai_request_model", "error.type", "1st", "_x", "", "a b"];
    for name in names.into_iter().chain([long.as_str(), "ä", "llmobs_operation_state"]) {
        let error = assert_build_error(Observer::builder().label(name, ["a"]), &["label"]);
        assert!(matches!(&error, BuildError::InvalidLabel { setter: "label", name: of, .. } if of == name), "{error}");
    }
    let four =
        || ["a", "b", "c", "d"].into_iter().fold(Observer::builder(), |builder, name| builder.label(name, ["x"]));
    four().build().unwrap();
    assert_build_error(four().label("e", ["x"]), &["label"]);
    assert_build_error(Observer::builder().label("a", ["x"]).label("a", ["y"]), &["label"]);
    assert_build_error(Observer::builder().label("a.b", ["x"]).label("a_b", ["y"]), &["label"]);
    assert_build_error(Observer::builder().label("a", [""; 0]), &["label"]);
}

#[test]
fn invalid_label_values_are_refused() {
    let long = "w".repeat(129);
    for word in ["", "two\nlines", long.as_str()] {
        assert_build_error(Observer::builder().label("a", [word]), &["label"]);
        assert_build_error(Observer::builder().phases([word]), &["phases"]);
        assert_build_error(Observer::builder().evaluation(word, ["pass"]), &["evaluation"]);
        assert_build_error(Observer::builder().evaluation("relevance", [word]), &["evaluation"]);
        assert_build_error(Observer::builder().objective(Objective::new(word.to_owned())), &["objective"]);
    }
    assert_build_error(
        Observer::builder().objective(Objective::new("a")).objective(Objective::new("a")),
        &["objective"],
    );
}

#[cfg(feature = "otel-bound")]
#[test]
fn a_meter_without_bound_instruments_is_refused_where_they_are_enabled() {
    let error = assert_build_error(
        Observer::builder().meter_provider(&unbindable_sdk::UnbindableProvider::default()),
        &["meter_provider"],
    );
    assert_eq!(error, BuildError::BoundInstrumentsMismatch);
    assert!(error.to_string().contains("experimental_metrics_bound_instruments"));
}

/// A meter provider whose instruments cannot be bound: the real SDK without the feature
/// `experimental_metrics_bound_instruments`.
#[cfg(feature = "otel-bound")]
mod unbindable_sdk {
    use std::sync::Arc;
    use std::sync::Mutex;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::KeyValue;
    use opentelemetry::metrics::AsyncInstrumentBuilder;
    use opentelemetry::metrics::Callback;
    use opentelemetry::metrics::Counter;
    use opentelemetry::metrics::InstrumentBuilder;
    use opentelemetry::metrics::InstrumentProvider;
    use opentelemetry::metrics::Meter;
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry::metrics::ObservableGauge;
    use opentelemetry::metrics::SyncInstrument;

    #[derive(Default)]
    pub(super) struct UnbindableProvider(Arc<Instruments>);

    #[derive(Default)]
    struct Instruments {
        gauges: Mutex<Vec<Callback<f64>>>,
    }

    struct Sum;

    impl SyncInstrument<u64> for Sum {
        fn measure(&self, _measurement: u64, _attributes: &[KeyValue]) {}
    }

    impl InstrumentProvider for Instruments {
        fn u64_counter(&self, _: InstrumentBuilder<'_, Counter<u64>>) -> Counter<u64> {
            Counter::new(Arc::new(Sum))
        }

        fn f64_observable_gauge(
            &self,
            builder: AsyncInstrumentBuilder<'_, ObservableGauge<f64>, f64>,
        ) -> ObservableGauge<f64> {
            self.gauges.lock().unwrap().extend(builder.callbacks);
            ObservableGauge::new()
        }
    }

    impl MeterProvider for UnbindableProvider {
        fn meter_with_scope(&self, _: InstrumentationScope) -> Meter {
            Meter::new(Arc::<Instruments>::clone(&self.0))
        }
    }
}
