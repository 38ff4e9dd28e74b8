//! Measures the cost of an operation, compared with the usual ways of recording the same values.

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs_benches::Comparison;
use llmobs_benches::Results;
use llmobs_benches::measure_time;
use llmobs_benches::report_budget;
use metrics_exporter_prometheus::PrometheusBuilder;

use self::support::manual_instruments::ManualInstruments;
use self::support::manual_instruments::MetricSpec;
use self::support::meter_provider::MODEL;

mod support {
    pub(crate) mod manual_instruments;
    pub(crate) mod meter_provider;
    pub(crate) mod workload;
}

const BOUND: bool = cfg!(feature = "otel-bound");
const DISABLED: &str = "llmobs, disabled";
const PROMETHEUS: &str = "llmobs, Prometheus alone";
const BOTH: &str = if BOUND { "llmobs, both backends, bound" } else { "llmobs, both backends" };
const BY_HAND: &str = "by hand: both backends, labels built beforehand";
const BY_HAND_BUILT: &str = "by hand: both backends, labels built for it";

fn main() {
    let latencies = compare_latencies();
    latencies.print(BY_HAND, DISABLED);
    let max_ratio = if BOUND { 0.4 } else { 0.9 };
    report_budget(
        "both backends, of the usual way",
        latencies.median_nanos(BOTH) / latencies.median_nanos(BY_HAND),
        max_ratio,
        "",
    );
    let operations = compare_operations();
    operations.print(BY_HAND, DISABLED);
    println!(
        "both backends, of the usual way: {:.2}",
        operations.median_nanos(BOTH) / operations.median_nanos(BY_HAND)
    );
}

const PHASES: [&str; 5] = ["queue", "prefill", "first_token", "decode", "total"];

/// Compares recording five latencies of a running operation. The clock is a manual one, so reading the time costs
/// nothing; the alternatives receive fixed values.
fn compare_latencies() -> Results {
    let provider = support::meter_provider::meter_provider();
    let specs = PHASES.map(|phase| MetricSpec::histogram("phase_duration", &[("llmobs.phase.name", phase)]));
    let instruments = ManualInstruments::new(&provider, &specs);
    let recorder = PrometheusBuilder::new()
        .set_buckets(&support::manual_instruments::BOUNDS)
        .expect("the bucket bounds are valid")
        .build_recorder();
    let exporter = recorder.handle();
    let handles = metrics::with_local_recorder(&recorder, || {
        PHASES.map(|phase| metrics::histogram!("handle", "operation" => "chat", "model" => MODEL, "phase" => phase))
    });
    let phases = |observer: Observer| {
        let operation = observer.chat(MODEL).start();
        move |iterations: u64| {
            measure_time(|| {
                (0..iterations).for_each(|_| PHASES.iter().for_each(|phase| drop(operation.marker().phase(phase))));
            })
        }
    };
    let manual_clock_builder = || support::workload::observer().clock(Clock::manual().0).phases(PHASES);
    Comparison::new("five latencies")
        .candidate(DISABLED, phases(Observer::disabled()))
        .candidate(PROMETHEUS, phases(manual_clock_builder().build().expect("the observer is valid")))
        .candidate(BOTH, phases(manual_clock_builder().meter_provider(&provider).build().expect("the observer is valid")))
        .candidate(BY_HAND, |iterations| {
            measure_time(|| (0..iterations).for_each(|_| instruments.record(black_box(0.02))))
        })
        .candidate(BY_HAND_BUILT, |iterations| {
            measure_time(|| (0..iterations).for_each(|_| instruments.build_and_record(black_box(0.02))))
        })
        .candidate("metrics + exporter, handles", |iterations| {
            let record =
                || (0..iterations).for_each(|_| handles.iter().for_each(|handle| handle.record(black_box(0.02))));
            let time = measure_time(record);
            exporter.run_upkeep();
            time
        })
        .candidate("metrics + exporter, histogram! with 4 labels", |iterations| {
            let record = |phase| {
                let model = black_box(MODEL).to_owned();
                metrics::histogram!("macro", "operation" => "chat", "provider" => "candle", "model" => model, "phase" => phase)
                    .record(black_box(0.02));
            };
            let work = || (0..iterations).for_each(|_| PHASES.into_iter().for_each(record));
            let time = metrics::with_local_recorder(&recorder, || measure_time(work));
            exporter.run_upkeep();
            time
        })
        .run()
}

fn compare_operations() -> Results {
    let provider = support::meter_provider::meter_provider();
    let specs = support::workload::metric_specs();
    let instruments = ManualInstruments::new(&provider, &specs);
    let enabled = support::workload::observer().build().expect("the observer is valid");
    let page = |observer: &Observer| llmobs::prometheus::page(observer, None).body;
    support::workload::run_operation(&enabled);
    let before = page(&enabled);
    support::workload::run_operation(&enabled);
    assert_eq!(
        count_changed_series(&before, &page(&enabled)),
        specs.len(),
        "the manual instruments record as many values as llmobs"
    );
    let both = support::workload::observer().meter_provider(&provider).build().expect("the observer is valid");
    let run = |observer: Observer| {
        move |iterations: u64| {
            measure_time(|| (0..iterations).for_each(|_| support::workload::run_operation(&observer)))
        }
    };
    Comparison::new(&format!("a whole operation ({} facts)", specs.len()))
        .candidate(DISABLED, run(Observer::disabled()))
        .candidate(PROMETHEUS, run(enabled))
        .candidate(BOTH, run(both))
        .candidate(BY_HAND, |iterations| {
            measure_time(|| (0..iterations).for_each(|_| instruments.record(four_clock_readings())))
        })
        .candidate(BY_HAND_BUILT, |iterations| {
            measure_time(|| (0..iterations).for_each(|_| instruments.build_and_record(four_clock_readings())))
        })
        .run()
}

/// Reads the clock four times (start, scheduled, first token, end): the minimum for any implementation.
#[expect(clippy::disallowed_methods, reason = "the usual way reads the system clock")]
fn four_clock_readings() -> f64 {
    let [start, scheduled, first, end] = [(); 4].map(|()| Instant::now());
    let waits: Duration = scheduled.saturating_duration_since(start) + end.saturating_duration_since(first);
    waits.as_secs_f64()
}

/// Returns how many counters and histograms changed.
fn count_changed_series(before: &str, after: &str) -> usize {
    let counts = |line: &&str| {
        let name = line.split('{').next().unwrap_or_default();
        (name.ends_with("_total") || name.ends_with("_count")) && !name.contains("state_time")
    };
    let before: Vec<&str> = before.lines().filter(counts).collect();
    after.lines().filter(counts).filter(|line| !before.contains(line)).count()
}
