//! The registry of llmobs' own names in `semconv/registry`, which OpenTelemetry Weaver reads, and the definitions in the code.
//!
//! The other tests of this target check every exported metric, attribute and event against the same registry.

use std::collections::BTreeSet;

use llmobs::FinishReason;
use llmobs::Role;
use llmobs::catalog;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::catalog::Row;
use llmobs::semconv::value::AdmissionDecision;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::BackendState;
use llmobs::semconv::value::CacheKind;
use llmobs::semconv::value::CacheResult;
use llmobs::semconv::value::CacheTier;
use llmobs::semconv::value::DraftResult;
use llmobs::semconv::value::Outcome;
use llmobs::semconv::value::QueueExit;
use llmobs::semconv::value::SequenceState;
use llmobs::semconv::value::ShedReason;
use llmobs::semconv::value::StallCause;
use llmobs::semconv::value::State;
use llmobs::semconv::value::StepKind;
use llmobs::semconv::value::TokenSource;
use llmobs::semconv::value::WaitReason;
use llmobs::semconv::value::Window;
use llmobs_gpu::DriverCall;
use llmobs_gpu::EnergyMethod;
use llmobs_gpu::EnergySource;
use llmobs_gpu::SamplerState;
use llmobs_gpu::ThrottleReason;
use llmobs_gpu::XidSeverity;

use llmobs_tests::semconv::definition::Instrument;
use llmobs_tests::semconv::definition::MetricDefinition;
use llmobs_tests::semconv::definition::Number;
use llmobs_tests::semconv::llmobs as own;

fn own_rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(llmobs_gpu::ROWS.iter().copied()).filter(|row| row.name.starts_with("llmobs."))
}

#[test]
fn the_registry_has_every_metric_of_the_catalog_as_the_catalog_defines_it() {
    let mut registered: Vec<_> = own::METRICS.iter().map(|metric| metric.name).collect();
    for row in own_rows() {
        let metric: &MetricDefinition = own::METRICS.iter().find(|metric| metric.name == row.name).expect(row.name);
        let instrument = match row.instrument {
            catalog::Instrument::Counter | catalog::Instrument::ObservableCounter => Instrument::Counter,
            catalog::Instrument::UpDownCounter | catalog::Instrument::ObservableUpDownCounter => {
                Instrument::UpDownCounter
            }
            catalog::Instrument::Histogram => Instrument::Histogram,
            _ => Instrument::Gauge,
        };
        let number = if row.is_integer() { Number::Int } else { Number::Double };
        assert_eq!((metric.unit, metric.instrument, metric.number), (row.unit, instrument, number), "{}", row.name);
        let attributes: BTreeSet<_> = metric.attributes.iter().map(|(name, _)| *name).collect();
        assert_eq!(attributes, row.attributes.iter().copied().collect(), "{}", row.name);
        registered.retain(|name| *name != row.name);
    }
    assert_eq!(registered, [""; 0], "the catalog has no such metrics");
}

#[test]
fn every_attribute_of_the_registry_is_one_of_a_metric_an_event_or_a_span() {
    let on_metrics = own_rows().flat_map(|row| row.attributes).copied();
    let on_events = own::EVENTS.iter().flat_map(|event| event.attributes).map(|(name, _)| *name);
    let used: BTreeSet<_> = on_metrics.chain(on_events).chain(SPAN_ATTRIBUTES).collect();
    let unused: Vec<_> =
        own::ATTRIBUTES.iter().map(|attribute| attribute.name).filter(|name| !used.contains(name)).collect();
    assert_eq!(unused, [""; 0]);
}

/// Attributes that only spans and their events have.
const SPAN_ATTRIBUTES: [&str; 2] = ["llmobs.phase.duration", "llmobs.sampling.ratio"];

#[test]
fn the_values_of_an_attribute_in_the_registry_are_those_of_its_type() {
    let finish_reasons = FinishReason::KNOWN.iter().map(FinishReason::as_str).chain(["_OTHER"]);
    // That of the cost of an attempt.
    let outcomes = Outcome::ALL.iter().map(|outcome| outcome.as_str()).chain(["superseded"]);
    let severities = [XidSeverity::Application, XidSeverity::Warning, XidSeverity::Fatal, XidSeverity::Unknown];
    for (name, values) in [
        ("llmobs.admission.decision", texts(AdmissionDecision::ALL, |value| value.as_str())),
        ("llmobs.admission.reason", texts(ShedReason::ALL, |value| value.as_str())),
        ("llmobs.attempt.kind", texts(AttemptKind::ALL, |value| value.as_str())),
        ("llmobs.backend.state", texts(BackendState::ALL, |value| value.as_str())),
        ("llmobs.build.level", texts(&[Level::Core, Level::Standard, Level::Full], |level| level.as_str())),
        ("llmobs.build.profile", texts(&[Profile::V1_41, Profile::Latest, Profile::Dual], |profile| profile.as_str())),
        ("llmobs.cache.kind", texts(CacheKind::ALL, |value| value.as_str())),
        ("llmobs.cache.result", texts(CacheResult::ALL, |value| value.as_str())),
        ("llmobs.cache.tier", texts(CacheTier::ALL, |value| value.as_str())),
        ("llmobs.collector.state", texts(&SamplerState::ALL, |state| state.as_str())),
        ("llmobs.draft.result", texts(DraftResult::ALL, |value| value.as_str())),
        ("llmobs.finish_reason", finish_reasons.collect()),
        ("llmobs.gpu.call", texts(&DriverCall::ALL, |call| call.as_str())),
        ("llmobs.gpu.throttle.reason", texts(&ThrottleReason::ALL, |reason| reason.as_str())),
        ("llmobs.gpu.xid.severity", texts(&severities, |severity| severity.as_str())),
        ("llmobs.operation.energy.method", texts(&EnergyMethod::ALL, |method| method.as_str())),
        (
            "llmobs.operation.energy.source",
            texts(&[EnergySource::Counter, EnergySource::PowerIntegral], |source| source.as_str()),
        ),
        ("llmobs.operation.outcome", outcomes.collect()),
        ("llmobs.operation.state", texts(State::ALL, |value| value.as_str())),
        ("llmobs.queue.exit", texts(QueueExit::ALL, |value| value.as_str())),
        ("llmobs.role", texts(&[Role::Server, Role::Gateway, Role::Client], |role| role.as_str())),
        ("llmobs.sequence.state", texts(SequenceState::ALL, |value| value.as_str())),
        ("llmobs.stall.cause", texts(StallCause::ALL, |value| value.as_str())),
        ("llmobs.step.kind", texts(StepKind::ALL, |value| value.as_str())),
        ("llmobs.token.source", texts(TokenSource::ALL, |value| value.as_str())),
        ("llmobs.wait.reason", texts(WaitReason::ALL, |value| value.as_str())),
        ("llmobs.window", texts(Window::ALL, |value| value.as_str())),
    ] {
        assert_eq!(registered_values(name), values, "{name}");
    }
}

/// Captured content, records, price books, budgets and backends are signals of their own, whose drops have reasons of their own.
#[cfg(feature = "otlp")]
#[test]
fn the_registry_has_every_signal_and_drop_reason() {
    use llmobs::otlp::DropReason;
    use llmobs::otlp::Signal;
    let mut signals = texts(&Signal::ALL, |signal| signal.as_str());
    signals.extend(["backend", "budget", "content", "pricebook", "record"]);
    assert_eq!(registered_values("llmobs.signal"), signals);
    let reasons = texts(&DropReason::ALL, |reason| reason.as_str());
    assert!(registered_values("llmobs.drop.reason").is_superset(&reasons));
}

fn texts<T: Copy>(values: &[T], text: impl Fn(T) -> &'static str) -> BTreeSet<&'static str> {
    values.iter().map(|value| text(*value)).collect()
}

fn registered_values(name: &str) -> BTreeSet<&'static str> {
    let attribute = own::ATTRIBUTES.iter().find(|attribute| attribute.name == name).expect(name);
    attribute.values.iter().copied().collect()
}
