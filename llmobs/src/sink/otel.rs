//! The OpenTelemetry sink, a backend of recorded values, which depends on the API crate only: the instruments of an
//! observer, its logger, and the references by which an application passes its providers. Only this module and its
//! children use `opentelemetry::metrics` and `opentelemetry::logs`.

mod bound_instrument;
mod logger;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use opentelemetry::Context;
use opentelemetry::InstrumentationScope;
use opentelemetry::KeyValue;
use opentelemetry::StringValue;
use opentelemetry::Value;
use opentelemetry::global::BoxedTracer;
use opentelemetry::global::ObjectSafeTracerProvider;
use opentelemetry::metrics::Counter;
use opentelemetry::metrics::Gauge;
use opentelemetry::metrics::Histogram;
use opentelemetry::metrics::Meter;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::metrics::UpDownCounter;
use opentelemetry::trace::TraceContextExt;

pub(crate) use self::bound_instrument::BoundInstrument;
use self::bound_instrument::to_i64;
pub(crate) use self::logger::EventLogger;
pub use self::logger::LoggerProviderRef;
pub(crate) use self::logger::global_logger;
#[cfg(feature = "otlp")]
pub(crate) use self::logger::set_global_logger_provider;
use super::observable::ObservableSource;
use crate::catalog::Instrument;
use crate::catalog::Profile;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::measurement::BucketBounds;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::Observation;
use crate::measurement::TraceLink;
use crate::semconv::value::OTHER;

/// The OpenTelemetry instruments of an observer, one for each row. A row is the description of one metric.
#[derive(Debug)]
pub(crate) struct Instruments {
    meter: Meter,
    /// The instrument of each row of the catalog, by `RowId`.
    instruments: Box<[InstrumentSlot]>,
    /// True if the meter records nothing, so that no more measurements are passed to it.
    is_noop: AtomicBool,
}

/// A cell with the instrument of a row, which is created at the first use: each histogram of the SDK takes 137 KB per
/// reader, used or not.
pub(super) type InstrumentSlot = OnceLock<ApiInstrument>;

/// An instrument of the OpenTelemetry API, before it is bound to the labels of a series.
#[derive(Debug)]
pub(super) enum ApiInstrument {
    /// A counter of whole numbers.
    Counter(Counter<u64>),
    /// A gauge.
    Gauge(Gauge<f64>),
    /// A histogram.
    Histogram(Histogram<f64>),
    /// A counter of fractional values.
    FloatCounter(Counter<f64>),
    /// An up-down counter of whole numbers.
    UpDownCounter(UpDownCounter<i64>),
}

impl Instruments {
    /// Returns the instruments of a meter, none of them created.
    pub(super) fn new(meter: Meter) -> Self {
        let instruments = RowId::ALL.iter().map(|_| InstrumentSlot::new()).collect();
        Self { meter, instruments, is_noop: AtomicBool::new(false) }
    }

    /// Returns the series of a row of the catalog with these labels. `bounds` are the buckets of a histogram. Returns
    /// `None` once the meter is known to record nothing.
    pub(super) fn bind(&self, id: RowId, labels: &[Label], bounds: &BucketBounds) -> Option<BoundInstrument> {
        self.bind_row(&self.instruments[id as usize], id.row(), labels, bounds)
    }

    /// Returns the series of a row with these labels; the row's instrument is in `slot`, and is created at the first
    /// call. Returns `None` once the meter is known to record nothing.
    pub(super) fn bind_row(
        &self,
        slot: &InstrumentSlot,
        row: &Row,
        labels: &[Label],
        bounds: &BucketBounds,
    ) -> Option<BoundInstrument> {
        if self.is_noop() {
            return None;
        }
        let attributes = to_attributes(labels);
        Some(match slot.get_or_init(|| self.create(row, bounds)) {
            ApiInstrument::Counter(counter) => BoundInstrument::counter(counter, attributes),
            ApiInstrument::Gauge(gauge) => BoundInstrument::gauge(gauge, attributes),
            ApiInstrument::Histogram(histogram) => BoundInstrument::histogram(histogram, attributes),
            ApiInstrument::FloatCounter(counter) => BoundInstrument::FloatCounter(counter.clone(), attributes.into()),
            ApiInstrument::UpDownCounter(counter) => BoundInstrument::up_down_counter(counter, attributes),
        })
    }

    /// Returns whether the meter is known to record nothing; `false` until `register_callbacks` was called.
    pub(super) fn is_noop(&self) -> bool {
        self.is_noop.load(Ordering::Relaxed)
    }

    /// Creates the instrument of a row of the catalog before its first use, for a row that may be recorded in a
    /// callback, where no instrument can be created.
    pub(super) fn create_in_advance(&self, id: RowId, bounds: &BucketBounds) {
        if !self.is_noop() {
            self.instruments[id as usize].get_or_init(|| self.create(id.row(), bounds));
        }
    }

    fn create(&self, row: &Row, bounds: &BucketBounds) -> ApiInstrument {
        let (name, unit, description) = (row.name, row.unit, row.description);
        match row.instrument {
            Instrument::Histogram => ApiInstrument::Histogram(
                self.meter
                    .f64_histogram(name)
                    .with_unit(unit)
                    .with_description(description)
                    .with_boundaries(bounds.values().to_vec())
                    .build(),
            ),
            Instrument::Gauge => {
                ApiInstrument::Gauge(self.meter.f64_gauge(name).with_unit(unit).with_description(description).build())
            }
            Instrument::UpDownCounter => ApiInstrument::UpDownCounter(
                self.meter.i64_up_down_counter(name).with_unit(unit).with_description(description).build(),
            ),
            Instrument::Counter if !row.is_integer() => ApiInstrument::FloatCounter(
                self.meter.f64_counter(name).with_unit(unit).with_description(description).build(),
            ),
            _ => ApiInstrument::Counter(
                self.meter.u64_counter(name).with_unit(unit).with_description(description).build(),
            ),
        }
    }

    /// Registers callbacks with which the meter reads every observable row of the catalog at each collection, while the
    /// source exists. Returns whether the meter records measurements, as tested with these callbacks and a bound
    /// counter.
    pub(super) fn register_callbacks(&self, source: &Weak<dyn ObservableSource>) -> MeterHealth {
        // Every registered callback holds a clone.
        let registration = Arc::new(());
        for id in RowId::ALL.iter().copied().filter(|id| id.row().is_observable() && id.is_built()) {
            let (callback_registration, source) = (Arc::clone(&registration), Weak::clone(source));
            self.register_callback(id.row(), move || {
                let _ = &callback_registration;
                source.upgrade().map_or_else(Vec::new, |source| {
                    source.prepare();
                    source.read_for_otel(id)
                })
            });
        }
        // A meter that records nothing drops a callback immediately.
        if Arc::strong_count(&registration) == 1 {
            self.is_noop.store(true, Ordering::Relaxed);
            MeterHealth::Noop
        } else if self.has_working_counters() {
            MeterHealth::Recording
        } else {
            MeterHealth::BoundInstrumentsMismatch
        }
    }

    /// Registers a callback with which the meter reads an observable row at each collection. If `read` panics, the row
    /// has no values at that collection.
    pub(super) fn register_callback(
        &self,
        row: &'static Row,
        read: impl Fn() -> Vec<Observation> + Send + Sync + 'static,
    ) {
        // A panic would end the reader's thread, and with it the export of every metric of the process.
        let read = move || catch_unwind(AssertUnwindSafe(&read)).unwrap_or_default();
        match row.instrument {
            Instrument::ObservableCounter if row.is_integer() => {
                let builder = self.meter.u64_observable_counter(row.name);
                let builder = builder.with_unit(row.unit).with_description(row.description);
                let count = |value| u64::try_from(to_i64(value)).unwrap_or_default();
                builder
                    .with_callback(move |observer| {
                        observe_all(&read, |value, attributes| observer.observe(count(value), attributes))
                    })
                    .build();
            }
            Instrument::ObservableCounter => {
                let builder = self.meter.f64_observable_counter(row.name);
                let builder = builder.with_unit(row.unit).with_description(row.description);
                builder
                    .with_callback(move |observer| {
                        observe_all(&read, |value, attributes| observer.observe(value, attributes))
                    })
                    .build();
            }
            Instrument::ObservableGauge => {
                let builder = self.meter.f64_observable_gauge(row.name);
                let builder = builder.with_unit(row.unit).with_description(row.description);
                builder
                    .with_callback(move |observer| {
                        observe_all(&read, |value, attributes| observer.observe(value, attributes))
                    })
                    .build();
            }
            // Those of the unit `1` count too.
            Instrument::ObservableUpDownCounter if row.unit == "{USD}" => {
                let builder = self.meter.f64_observable_up_down_counter(row.name);
                let builder = builder.with_unit(row.unit).with_description(row.description);
                builder
                    .with_callback(move |observer| {
                        observe_all(&read, |value, attributes| observer.observe(value, attributes))
                    })
                    .build();
            }
            _ => {
                let builder = self.meter.i64_observable_up_down_counter(row.name);
                let builder = builder.with_unit(row.unit).with_description(row.description);
                builder
                    .with_callback(move |observer| {
                        observe_all(&read, |value, attributes| observer.observe(to_i64(value), attributes))
                    })
                    .build();
            }
        }
    }

    /// Returns whether a bound counter records measurements. A working handle holds its attributes; an inactive one
    /// drops them. Several counters are tried, because the handle of a counter that a View drops is inactive too.
    fn has_working_counters(&self) -> bool {
        let probes = [
            (RowId::FoldedLabels, llmobs_attribute::LABEL, SERIES_ATTRIBUTES[2]),
            (RowId::Anomalies, llmobs_attribute::ANOMALY, "mark_out_of_order"),
            (RowId::Started, SERIES_ATTRIBUTES[2], OTHER),
        ];
        probes.into_iter().any(|(id, name, value)| {
            let value: Arc<str> = value.into();
            let _series = self.bind(id, &[Label::new(name, Arc::clone(&value))], &BucketBounds::new(&[]));
            Arc::strong_count(&value) > 1
        })
    }
}

/// The ability of a meter to record measurements, as tested when the observer is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeterHealth {
    /// The meter records nothing, for example because no meter provider is installed.
    Noop,
    /// The meter loses the values of bound instruments, because their feature is enabled in only one of the API and the
    /// SDK.
    BoundInstrumentsMismatch,
    /// The meter records measurements.
    Recording,
}

/// A reference to any meter provider, from which the meter is created.
///
/// ```
/// use opentelemetry::metrics::noop::NoopMeterProvider;
///
/// let provider = NoopMeterProvider::new();
/// let meters = llmobs::otel::MeterProviderRef::from(&provider);
/// # let _ = meters;
/// ```
#[derive(Clone, Copy)]
pub struct MeterProviderRef<'a>(&'a dyn MeterProvider);

impl<'a, P: MeterProvider> From<&'a P> for MeterProviderRef<'a> {
    fn from(provider: &'a P) -> Self {
        Self(provider)
    }
}

impl fmt::Debug for MeterProviderRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeterProviderRef")
    }
}

impl MeterProviderRef<'_> {
    /// Returns a meter of the provider with the scope `llmobs`, and the schema URL of the profile if it has one.
    pub(crate) fn meter(self, profile: Profile) -> Meter {
        self.0.meter_with_scope(instrumentation_scope(profile))
    }
}

/// A reference to any tracer provider, from which the tracer is created.
#[derive(Clone, Copy)]
pub struct TracerProviderRef<'a>(&'a dyn ObjectSafeTracerProvider);

impl<'a, P: ObjectSafeTracerProvider> From<&'a P> for TracerProviderRef<'a> {
    fn from(provider: &'a P) -> Self {
        Self(provider)
    }
}

impl fmt::Debug for TracerProviderRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TracerProviderRef")
    }
}

impl TracerProviderRef<'_> {
    /// Returns a tracer of the provider with the scope `llmobs`, and the schema URL of the profile if it has one.
    pub(crate) fn tracer(self, profile: Profile) -> BoxedTracer {
        BoxedTracer::new(self.0.boxed_tracer(instrumentation_scope(profile)))
    }
}

/// Returns a tracer of the process-wide provider with the scope `llmobs`, and the schema URL of the profile if it has
/// one.
pub(crate) fn global_tracer(profile: Profile) -> BoxedTracer {
    opentelemetry::global::tracer_with_scope(instrumentation_scope(profile))
}

/// Returns a meter of the process-wide provider with the scope `llmobs`, and the schema URL of the profile if it has
/// one.
pub(crate) fn global_meter(profile: Profile) -> Meter {
    opentelemetry::global::meter_with_scope(instrumentation_scope(profile))
}

/// Returns the ids of the current span in OpenTelemetry's context; `None` if there is no span or if it is not sampled.
pub(crate) fn current_trace_link() -> Option<TraceLink> {
    Context::map_current(|context| TraceLink::of_sampled(context.span().span_context()))
}

/// Returns the scope `llmobs` with this crate's version, and the schema URL of the conventions for profile `v1_41`.
fn instrumentation_scope(profile: Profile) -> InstrumentationScope {
    let scope = InstrumentationScope::builder("llmobs").with_version(env!("CARGO_PKG_VERSION"));
    match profile {
        Profile::V1_41 => scope.with_schema_url("https://opentelemetry.io/schemas/1.41.1").build(),
        // The unreleased conventions have no schema URL, and one scope cannot name the schemas of two sets.
        Profile::Latest | Profile::Dual => scope.build(),
    }
}

fn observe_all(read: &impl Fn() -> Vec<Observation>, observe: impl Fn(f64, &[KeyValue])) {
    for observation in read() {
        observe(observation.value, &to_attributes(&observation.labels));
    }
}

fn to_attributes(labels: &[Label]) -> Vec<KeyValue> {
    labels.iter().map(to_attribute).collect()
}

fn to_attribute(label: &Label) -> KeyValue {
    let value: Value = match &label.value {
        LabelValue::Static(text) => (*text).into(),
        LabelValue::Shared(text) => StringValue::from(Arc::clone(text)).into(),
        #[cfg(feature = "tower")]
        LabelValue::Number(number, _) => (*number).into(),
    };
    KeyValue::new(label.name.clone(), value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::metrics::noop::NoopMeterProvider;

    #[derive(Debug)]
    struct EmptySource;

    impl ObservableSource for EmptySource {
        fn prepare(&self) {}

        fn read(&self, _: RowId) -> Vec<Observation> {
            Vec::new()
        }
    }

    #[test]
    fn nothing_is_bound_to_a_meter_that_records_nothing() {
        let instruments = Instruments::new(MeterProviderRef::from(&NoopMeterProvider::new()).meter(Profile::V1_41));
        let bounds = BucketBounds::new(&[0.1]);
        assert!(
            instruments.bind(RowId::InterToken, &[], &bounds).is_some(),
            "the state is unknown before the first use"
        );
        let source: Arc<dyn ObservableSource> = Arc::new(EmptySource);
        assert_eq!(instruments.register_callbacks(&Arc::downgrade(&source)), MeterHealth::Noop);
        assert!(instruments.bind(RowId::InterToken, &[], &bounds).is_none());
    }
}
