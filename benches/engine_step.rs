//! Measures the cost of a step of an engine, compared with the same values in handles of `prometheus-client` and in
//! instruments of OpenTelemetry.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use llmobs::Observer;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::companion::SequenceWork;
use llmobs::companion::StepRef;
use llmobs::engine::Engine;
use llmobs::engine::WaitReason;
use llmobs::semconv::value::Outcome;
use llmobs_benches::Comparison;
use llmobs_benches::measure_time;
use llmobs_benches::report_budget;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use self::support::meter_provider::MODEL;
use self::support::meter_provider::meter_provider;

mod support {
    pub(crate) mod meter_provider;
}

const BOUND: bool = cfg!(feature = "otel-bound");
const DISABLED: &str = "llmobs, disabled";
const PROMETHEUS: &str = "llmobs, Prometheus alone";
const ADDED: &str = "llmobs, Prometheus alone, 8 sequences added";
const NOTIFIED: &str = "llmobs, Prometheus alone, 8 sequences added, a companion";
const BOTH: &str = if BOUND { "llmobs, both backends, bound" } else { "llmobs, both backends" };
const BY_HAND: &str = "by hand: prometheus-client, handles";
const RECORDS: &str = if BOUND {
    "by hand: three bound OpenTelemetry records"
} else {
    "by hand: three OpenTelemetry records, attributes built beforehand"
};

const DURATION_BOUNDS: [f64; 17] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];
const SEQUENCE_BOUNDS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];
const TOKEN_BOUNDS: [f64; 14] =
    [1.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0, 16_384.0, 32_768.0];

fn main() {
    let provider = meter_provider();
    let builder = || Observer::builder().model(MODEL);
    let alone = builder().build().expect("the observer is valid");
    let both = builder().meter_provider(&provider).build().expect("the observer is valid");
    let notified = builder().build().expect("the observer is valid");
    let companion = Arc::new(Empty);
    notified.attach_companion(&companion);
    let by_hand = ByHand::new();
    let meter = provider.meter("by_hand");
    let histograms = ["duration", "sequences", "tokens"].map(|name| meter.f64_histogram(name).build());
    let attributes = [("model", MODEL), ("id", "0"), ("kind", "mixed")].map(|(name, value)| KeyValue::new(name, value));
    let records = histograms.map(|histogram| record(histogram, attributes.clone()));
    let results = Comparison::new("a step of an engine: four numbers and three histograms")
        .candidate(DISABLED, step(Observer::disabled()))
        .candidate(PROMETHEUS, step(alone.clone()))
        .candidate(ADDED, step_of_sequences(alone))
        .candidate(NOTIFIED, step_of_sequences(notified))
        .candidate(BOTH, step(both))
        .candidate(BY_HAND, |iterations| measure_time(|| (0..iterations).for_each(|_| by_hand.step())))
        .candidate(RECORDS, |iterations| {
            measure_time(|| {
                for _ in 0..iterations {
                    records.iter().for_each(|record| record(black_box(8.0)));
                }
            })
        })
        .run();
    results.print(BY_HAND, DISABLED);
    let nanos = |name| results.median_nanos(name);
    report_budget("Prometheus alone, of handles", nanos(PROMETHEUS) / nanos(BY_HAND), 1.2, "");
    report_budget(
        "both backends, of handles and three records",
        nanos(BOTH) / (nanos(BY_HAND) + nanos(RECORDS)),
        1.2,
        "",
    );
}

/// Returns a function that records a value in a histogram with these attributes.
fn record(histogram: opentelemetry::metrics::Histogram<f64>, attributes: [KeyValue; 3]) -> impl Fn(f64) {
    #[cfg(feature = "otel-bound")]
    let bound = histogram.bind(&attributes);
    #[cfg(feature = "otel-bound")]
    return move |value| bound.record(value);
    #[cfg(not(feature = "otel-bound"))]
    move |value| histogram.record(value, &attributes)
}

/// Sets the four numbers that a scheduler reports before a step.
fn report(engine: &Engine) {
    engine.set_running(black_box(8));
    engine.set_waiting(WaitReason::Capacity, black_box(3));
    engine.set_waiting_tokens(black_box(900));
    engine.set_kv_cache_usage(black_box(420));
}

/// Returns a function that runs steps of an engine of this observer.
fn step(observer: Observer) -> impl FnMut(u64) -> Duration {
    let engine = observer.engine(MODEL).build();
    engine.set_kv_cache_limit(1_000);
    move |iterations| {
        measure_time(|| {
            for _ in 0..iterations {
                report(&engine);
                let step = engine.step();
                step.sequences(black_box(8)).prefill_tokens(black_box(512)).decode_tokens(black_box(7)).finish();
            }
        })
    }
}

/// Returns a function that runs the same steps, whose scheduler adds each sequence.
fn step_of_sequences(observer: Observer) -> impl FnMut(u64) -> Duration {
    let engine = observer.engine(MODEL).build();
    engine.set_kv_cache_limit(1_000);
    let operations: Vec<_> = (0..8).map(|_| observer.chat(MODEL).start()).collect();
    let decode = SequenceWork::new().decode_tokens(1).context_tokens(700);
    move |iterations| {
        measure_time(|| {
            for _ in 0..iterations {
                report(&engine);
                let mut step = engine.step();
                step.add_sequence(operations[0].marker(), black_box(SequenceWork::new().prefill_tokens(512)));
                operations[1..].iter().for_each(|operation| step.add_sequence(operation.marker(), black_box(decode)));
                step.finish();
            }
        })
    }
}

/// A companion that does nothing.
struct Empty;

impl Companion for Empty {
    fn on_start(&self, _: OperationRef, _: Moment) {}

    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}

    fn on_end(&self, _: u64, _: Outcome, _: Moment) {}

    fn on_step(&self, step: &StepRef<'_>) {
        black_box(step);
    }
}

/// The same numbers, in handles that were looked up beforehand.
struct ByHand {
    gauges: [Gauge<i64>; 4],
    /// The moment of the last step, from which a collection would compute the age.
    last_step: AtomicU64,
    start: Instant,
    duration: Histogram,
    sequences: Histogram,
    tokens: Histogram,
}

impl ByHand {
    #[expect(clippy::disallowed_methods, reason = "the usual way reads the system clock")]
    fn new() -> Self {
        Self {
            gauges: Default::default(),
            last_step: AtomicU64::new(0),
            start: Instant::now(),
            duration: Histogram::new(DURATION_BOUNDS),
            sequences: Histogram::new(SEQUENCE_BOUNDS),
            tokens: Histogram::new(TOKEN_BOUNDS),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the usual way reads the system clock")]
    fn step(&self) {
        self.gauges.iter().zip([8, 3, 900, 420]).for_each(|(gauge, value)| {
            gauge.set(black_box(value));
        });
        let started = Instant::now();
        let now = Instant::now();
        let since_start = u64::try_from(now.duration_since(self.start).as_nanos()).unwrap_or(u64::MAX);
        self.last_step.store(since_start, Ordering::Relaxed);
        self.duration.observe(now.duration_since(started).as_secs_f64());
        self.sequences.observe(black_box(8.0));
        self.tokens.observe(black_box(519.0));
    }
}
