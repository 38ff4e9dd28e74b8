//! Counts the instructions of a chunk and of an operation, a measure that other load on the machine does not affect.
//!
//! The program runs itself under `valgrind --tool=callgrind` with two numbers of iterations; the difference is the cost
//! of the extra iterations. The clock is a manual one, so a clock reading costs one load.

use std::hint::black_box;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::stream::Producer;
use llmobs_benches::Table;
use llmobs_benches::instructions;
use llmobs_benches::is_quick;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use self::support::manual_instruments::ManualInstruments;
use self::support::manual_instruments::MetricSpec;
use self::support::meter_provider::MODEL;

mod support {
    pub(crate) mod manual_instruments;
    pub(crate) mod meter_provider;
    pub(crate) mod workload;
}

/// A name, and a function that runs the given number of iterations.
type Candidate = (&'static str, fn(usize));

const CANDIDATES: [Candidate; 15] = [
    ("a chunk: the bare stream", |chunks| drain(token_stream(chunks))),
    ("a chunk: llmobs, disabled", |chunks| observe(&Observer::disabled(), &Clock::manual().1, chunks)),
    ("a chunk: llmobs, Prometheus alone", |chunks| {
        with_observer(None, |observer, manual_clock| observe(observer, manual_clock, chunks));
    }),
    ("a chunk: llmobs, both backends", |chunks| {
        with_observer(Some(&support::meter_provider::meter_provider()), |observer, manual_clock| {
            observe(observer, manual_clock, chunks);
        });
    }),
    ("a chunk: by hand, both backends", |chunks| {
        let instruments = ManualInstruments::new(
            &support::meter_provider::meter_provider(),
            &[MetricSpec::histogram("inter_token", &[])],
        );
        drain(stream::iter((0..chunks).map(|_| instruments.record(black_box(0.02)))));
    }),
    ("an operation: llmobs, disabled", |iterations| {
        (0..iterations).for_each(|_| support::workload::run_operation(&Observer::disabled()));
    }),
    ("an operation: llmobs, Prometheus alone", |iterations| {
        with_observer(None, |observer, _| (0..iterations).for_each(|_| support::workload::run_operation(observer)));
    }),
    ("an operation: the same, judged by an objective", |iterations| {
        let builder = support::workload::observer().clock(Clock::manual().0);
        let objective = Objective::new("fast").duration(Duration::from_secs(5));
        let observer = builder.objective(objective).build().expect("the observer is valid");
        (0..iterations).for_each(|_| support::workload::run_operation(&observer));
    }),
    ("an operation: the same, records to a callback", |iterations| {
        let builder = support::workload::observer().clock(Clock::manual().0);
        let observer = builder.on_end(|record| drop(black_box(record))).build().expect("the observer is valid");
        (0..iterations).for_each(|_| support::workload::run_operation(&observer));
    }),
    ("an operation: the same, records in a channel", |iterations| {
        let (builder, mut records) = support::workload::observer().clock(Clock::manual().0).on_end_channel(1);
        let observer = builder.build().expect("the observer is valid");
        (0..iterations).for_each(|_| {
            support::workload::run_operation(&observer);
            black_box(records.try_recv());
        });
    }),
    ("an operation: llmobs, both backends", |iterations| {
        with_observer(Some(&support::meter_provider::meter_provider()), |observer, _| {
            (0..iterations).for_each(|_| support::workload::run_operation(observer));
        });
    }),
    ("an operation of a tenant: llmobs, Prometheus alone", |iterations| with_tenant(None, iterations)),
    ("an operation of a tenant: llmobs, both backends", |iterations| {
        with_tenant(Some(&support::meter_provider::meter_provider()), iterations);
    }),
    ("an operation: by hand, both backends", |iterations| {
        let instruments =
            ManualInstruments::new(&support::meter_provider::meter_provider(), &support::workload::metric_specs());
        (0..iterations).for_each(|_| instruments.record(black_box(0.02)));
    }),
    ("an operation: by hand, labels built for it", |iterations| {
        let instruments =
            ManualInstruments::new(&support::meter_provider::meter_provider(), &support::workload::metric_specs());
        (0..iterations).for_each(|_| instruments.build_and_record(black_box(0.02)));
    }),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, candidate, iterations] = &arguments[..]
        && flag == "--candidate"
    {
        let (_, run) = CANDIDATES.iter().find(|(name, _)| name == candidate).expect("the name of a candidate");
        return run(iterations.parse().expect("a number of iterations"));
    }
    let (few, many) = if is_quick() { (100, 1_100) } else { (1_000, 21_000) };
    let mut table = Table::new(&["manual clock", "instructions"]);
    for (name, _) in CANDIDATES {
        let (Some(before), Some(after)) = (instructions(name, few), instructions(name, many)) else {
            return println!("valgrind is not installed, so no instructions are counted");
        };
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let difference = after.saturating_sub(before) as f64 / (many - few) as f64;
        table.row(&[name, &format!("{difference:.0}")]);
    }
    table.print();
}

fn token_stream(chunks: usize) -> impl Stream<Item = u32> + Unpin {
    stream::iter((0..chunks).map(|_| black_box(1)))
}

fn drain(mut stream: impl Stream + Unpin) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = Pin::new(&mut stream).poll_next(&mut context) {
        black_box(item);
    }
}

fn with_observer(provider: Option<&SdkMeterProvider>, body: impl FnOnce(&Observer, &ManualClock)) {
    let (clock, manual_clock) = Clock::manual();
    body(&build(support::workload::observer().clock(clock), provider), &manual_clock);
}

fn with_tenant(provider: Option<&SdkMeterProvider>, iterations: usize) {
    let observer = build(support::workload::observer().clock(Clock::manual().0).tenants(["free", "pro"]), provider);
    for _ in 0..iterations {
        support::workload::complete_operation(observer.chat(black_box(MODEL)).tenant(black_box("pro")).start());
    }
}

fn build<'a>(builder: ObserverBuilder<'a>, provider: Option<&'a SdkMeterProvider>) -> Observer {
    let builder = match provider {
        Some(provider) => builder.meter_provider(provider),
        None => builder,
    };
    builder.build().expect("the observer is valid")
}

fn observe(observer: &Observer, manual_clock: &ManualClock, chunks: usize) {
    let stream = observer.chat(MODEL).start().observe_with(token_stream(chunks), |_: &u32| {
        manual_clock.advance(Duration::from_micros(10));
        Chunk::tokens(1)
    });
    drain(stream.producer(Producer::Pull));
}
