//! Counts the instructions of a chunk and of an operation, a measure that other load on the machine does not affect.
//!
//! The program runs itself under `valgrind --tool=callgrind` with two numbers of turns; the difference is the cost of
//! the extra turns. The clock is a manual one, so a clock reading costs one load.

use std::hint::black_box;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::stream::Producer;
use llmobs_benches::Table;
use llmobs_benches::instructions;
use llmobs_benches::is_quick;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use self::by_hand::ByHand;
use self::by_hand::Fact;
use self::otel::MODEL;

#[path = "support/by_hand.rs"]
mod by_hand;
#[path = "support/otel.rs"]
mod otel;
#[path = "support/work.rs"]
mod work;

/// A name, and a function that runs the given number of turns.
type Rival = (&'static str, fn(usize));

const RIVALS: [Rival; 10] = [
    ("a chunk: the bare stream", |chunks| read(source(chunks))),
    ("a chunk: llmobs, disabled", |chunks| observe(&Observer::disabled(), &Clock::manual().1, chunks)),
    ("a chunk: llmobs, Prometheus alone", |chunks| enabled(None, |observer, hand| observe(observer, hand, chunks))),
    ("a chunk: llmobs, both backends", |chunks| {
        enabled(Some(&otel::provider()), |observer, hand| observe(observer, hand, chunks));
    }),
    ("a chunk: by hand, both backends", |chunks| {
        let by_hand = ByHand::new(&otel::provider(), &[Fact::histogram("inter_token", &[])]);
        read(stream::iter((0..chunks).map(|_| by_hand.record(black_box(0.02)))));
    }),
    ("an operation: llmobs, disabled", |turns| (0..turns).for_each(|_| work::operation(&Observer::disabled()))),
    ("an operation: llmobs, Prometheus alone", |turns| {
        enabled(None, |observer, _| (0..turns).for_each(|_| work::operation(observer)));
    }),
    ("an operation: llmobs, both backends", |turns| {
        enabled(Some(&otel::provider()), |observer, _| (0..turns).for_each(|_| work::operation(observer)));
    }),
    ("an operation: by hand, both backends", |turns| {
        let by_hand = ByHand::new(&otel::provider(), &work::facts());
        (0..turns).for_each(|_| by_hand.record(black_box(0.02)));
    }),
    ("an operation: by hand, labels built for it", |turns| {
        let by_hand = ByHand::new(&otel::provider(), &work::facts());
        (0..turns).for_each(|_| by_hand.build_and_record(black_box(0.02)));
    }),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, rival, turns] = &arguments[..]
        && flag == "--rival"
    {
        let (_, run) = RIVALS.iter().find(|(name, _)| name == rival).expect("a rival's name");
        return run(turns.parse().expect("a number of turns"));
    }
    let (few, many) = if is_quick() { (100, 1_100) } else { (1_000, 21_000) };
    let mut table = Table::new(&["manual clock", "instructions"]);
    for (name, _) in RIVALS {
        let (Some(before), Some(after)) = (instructions(name, few), instructions(name, many)) else {
            return println!("valgrind is not installed, so no instructions are counted");
        };
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let each = after.saturating_sub(before) as f64 / (many - few) as f64;
        table.row(&[name, &format!("{each:.0}")]);
    }
    table.print();
}

fn source(chunks: usize) -> impl Stream<Item = u32> + Unpin {
    stream::iter((0..chunks).map(|_| black_box(1)))
}

fn read(mut stream: impl Stream + Unpin) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = Pin::new(&mut stream).poll_next(&mut context) {
        black_box(item);
    }
}

fn enabled(provider: Option<&SdkMeterProvider>, then: impl FnOnce(&Observer, &ManualClock)) {
    let (clock, hand) = Clock::manual();
    let mut observer = work::observer().clock(clock);
    if let Some(provider) = provider {
        observer = observer.meter_provider(provider);
    }
    then(&observer.build().expect("builds"), &hand);
}

fn observe(observer: &Observer, hand: &ManualClock, chunks: usize) {
    let stream = observer.chat(MODEL).start().observe_with(source(chunks), |_: &u32| {
        hand.advance(Duration::from_micros(10));
        Chunk::tokens(1)
    });
    read(stream.producer(Producer::Pull));
}
