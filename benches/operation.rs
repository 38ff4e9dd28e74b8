//! Measures the cost of an operation, compared with the usual ways of recording the same values.

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs_benches::Contest;
use llmobs_benches::Results;
use llmobs_benches::budget;
use llmobs_benches::timed;
use metrics_exporter_prometheus::PrometheusBuilder;

use self::by_hand::ByHand;
use self::by_hand::Fact;
use self::otel::MODEL;

#[path = "support/by_hand.rs"]
mod by_hand;
#[path = "support/otel.rs"]
mod otel;
#[path = "support/work.rs"]
mod work;

const BOUND: bool = cfg!(feature = "otel-bound");
const DISABLED: &str = "llmobs, disabled";
const PROMETHEUS: &str = "llmobs, Prometheus alone";
const BOTH: &str = if BOUND { "llmobs, both backends, bound" } else { "llmobs, both backends" };
const BY_HAND: &str = "by hand: both backends, labels built beforehand";
const BY_HAND_BUILT: &str = "by hand: both backends, labels built for it";

fn main() {
    let latencies = latencies();
    latencies.print(BY_HAND, DISABLED);
    let most = if BOUND { 0.4 } else { 0.9 };
    budget("both backends, of the usual way", latencies.nanos(BOTH) / latencies.nanos(BY_HAND), most, "");
    let whole = operations();
    whole.print(BY_HAND, DISABLED);
    println!("both backends, of the usual way: {:.2}", whole.nanos(BOTH) / whole.nanos(BY_HAND));
}

const PHASES: [&str; 5] = ["queue", "prefill", "first_token", "decode", "total"];

/// Compares recording five latencies of a running operation. The clock is a manual one, so reading the time costs
/// nothing; the alternatives receive fixed values.
fn latencies() -> Results {
    let provider = otel::provider();
    let facts = PHASES.map(|phase| Fact::histogram("phase_duration", &[("llmobs.phase.name", phase)]));
    let by_hand = ByHand::new(&provider, &facts);
    let recorder = PrometheusBuilder::new().set_buckets(&by_hand::BOUNDS).expect("bounds").build_recorder();
    let exporter = recorder.handle();
    let handles = metrics::with_local_recorder(&recorder, || {
        PHASES.map(|phase| metrics::histogram!("handle", "operation" => "chat", "model" => MODEL, "phase" => phase))
    });
    let phases = |observer: Observer| {
        let marker = observer.chat(MODEL).start();
        move |turns: u64| {
            timed(|| (0..turns).for_each(|_| PHASES.iter().for_each(|phase| drop(marker.marker().phase(phase)))))
        }
    };
    let manual = || work::observer().clock(Clock::manual().0).phases(PHASES);
    Contest::new("five latencies")
        .rival(DISABLED, phases(Observer::disabled()))
        .rival(PROMETHEUS, phases(manual().build().expect("builds")))
        .rival(BOTH, phases(manual().meter_provider(&provider).build().expect("builds")))
        .rival(BY_HAND, |turns| timed(|| (0..turns).for_each(|_| by_hand.record(black_box(0.02)))))
        .rival(BY_HAND_BUILT, |turns| timed(|| (0..turns).for_each(|_| by_hand.build_and_record(black_box(0.02)))))
        .rival("metrics + exporter, handles", |turns| {
            let record = || (0..turns).for_each(|_| handles.iter().for_each(|handle| handle.record(black_box(0.02))));
            let time = timed(record);
            exporter.run_upkeep();
            time
        })
        .rival("metrics + exporter, histogram! with 4 labels", |turns| {
            let record = |phase| {
                let model = black_box(MODEL).to_owned();
                metrics::histogram!("macro", "operation" => "chat", "provider" => "candle", "model" => model, "phase" => phase)
                    .record(black_box(0.02));
            };
            let work = || (0..turns).for_each(|_| PHASES.into_iter().for_each(record));
            let time = metrics::with_local_recorder(&recorder, || timed(work));
            exporter.run_upkeep();
            time
        })
        .run()
}

fn operations() -> Results {
    let provider = otel::provider();
    let facts = work::facts();
    let by_hand = ByHand::new(&provider, &facts);
    let enabled = work::observer().build().expect("builds");
    let page = |observer: &Observer| llmobs::prometheus::page(observer, None).body;
    work::operation(&enabled);
    let before = page(&enabled);
    work::operation(&enabled);
    assert_eq!(changes(&before, &page(&enabled)), facts.len(), "by hand records as many facts as llmobs does");
    let both = work::observer().meter_provider(&provider).build().expect("builds");
    let run = |observer: Observer| move |turns: u64| timed(|| (0..turns).for_each(|_| work::operation(&observer)));
    Contest::new(&format!("a whole operation ({} facts)", facts.len()))
        .rival(DISABLED, run(Observer::disabled()))
        .rival(PROMETHEUS, run(enabled))
        .rival(BOTH, run(both))
        .rival(BY_HAND, |turns| timed(|| (0..turns).for_each(|_| by_hand.record(four_clock_readings()))))
        .rival(BY_HAND_BUILT, |turns| {
            timed(|| (0..turns).for_each(|_| by_hand.build_and_record(four_clock_readings())))
        })
        .run()
}

/// Reads the clock four times (start, scheduled, first token, end): the minimum for any implementation.
#[expect(clippy::disallowed_methods, reason = "so the usual way has it")]
fn four_clock_readings() -> f64 {
    let [start, scheduled, first, end] = [(); 4].map(|()| Instant::now());
    let waits: Duration = scheduled.saturating_duration_since(start) + end.saturating_duration_since(first);
    waits.as_secs_f64()
}

/// Returns how many counters and histograms changed.
fn changes(before: &str, after: &str) -> usize {
    let counts = |line: &&str| {
        let name = line.split('{').next().unwrap_or_default();
        (name.ends_with("_total") || name.ends_with("_count")) && !name.contains("state_time")
    };
    let before: Vec<&str> = before.lines().filter(counts).collect();
    after.lines().filter(counts).filter(|line| !before.contains(line)).count()
}
