//! How many instructions a chunk takes, which no neighbour on the machine can change.
//!
//! The program runs itself under `valgrind --tool=callgrind` with two numbers of chunks; the difference is what the
//! chunks took. The clock is a manual one, so reading the time is one load and not in the numbers.

use std::hint::black_box;
use std::pin::Pin;
use std::process::Command;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Clock;
use llmobs::Drive;
use llmobs::Observer;
use llmobs_benches::Table;
use llmobs_benches::is_quick;
use opentelemetry::metrics::MeterProvider;

#[path = "support/otel.rs"]
mod otel;

const RIVALS: [(&str, fn(usize)); 5] = [
    ("the bare stream", bare),
    ("llmobs, disabled", disabled),
    ("llmobs, Prometheus alone", prometheus),
    ("llmobs, + OpenTelemetry", both),
    ("by hand: OpenTelemetry, 4 attributes", by_hand),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, rival, chunks] = &arguments[..]
        && flag == "--rival"
    {
        let (_, run) = RIVALS.iter().find(|(name, _)| name == rival).expect("a rival's name");
        return run(chunks.parse().expect("a number of chunks"));
    }
    let (few, many) = if is_quick() { (100, 1_100) } else { (10_000, 110_000) };
    let mut table = Table::new(&["a chunk that is ready (manual clock)", "instructions"]);
    for (name, _) in RIVALS {
        let (Some(before), Some(after)) = (instructions(name, few), instructions(name, many)) else {
            return println!("valgrind is not installed, so no instructions are counted");
        };
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let each = after.saturating_sub(before) as f64 / (many - few) as f64;
        table.row(&[name, &format!("{each:.1}")]);
    }
    table.print();
}

/// All instructions of a run with so many chunks.
fn instructions(rival: &str, chunks: usize) -> Option<u64> {
    let this = std::env::current_exe().expect("a path to this program");
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["--rival", rival, &chunks.to_string()])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&valgrind.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected : ").nth(1)).expect("callgrind's summary");
    Some(collected.trim().parse().expect("a number"))
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

fn bare(chunks: usize) {
    read(source(chunks));
}

fn disabled(chunks: usize) {
    let operation = Observer::disabled().chat(otel::MODEL).start();
    read(operation.observe_with(source(chunks), |_: &u32| Chunk::tokens(1)));
}

fn prometheus(chunks: usize) {
    let (clock, hand) = Clock::manual();
    let observer = Observer::builder().clock(clock).model(otel::MODEL).build().expect("builds");
    let operation = observer.chat(otel::MODEL).start();
    let stream = operation.observe_with(source(chunks), |_: &u32| {
        hand.advance(Duration::from_micros(10));
        Chunk::tokens(1)
    });
    read(stream.drive(Drive::Lazy));
}

fn both(chunks: usize) {
    let (clock, hand) = Clock::manual();
    let provider = otel::provider();
    let observer =
        Observer::builder().clock(clock).model(otel::MODEL).meter_provider(&provider).build().expect("builds");
    let operation = observer.chat(otel::MODEL).start();
    let stream = operation.observe_with(source(chunks), |_: &u32| {
        hand.advance(Duration::from_micros(10));
        Chunk::tokens(1)
    });
    read(stream.drive(Drive::Lazy));
}

fn by_hand(chunks: usize) {
    let provider = otel::provider();
    let histogram = provider.meter("by hand").f64_histogram("inter_token").build();
    let attributes = otel::attributes(("llmobs.token.kind", "text"));
    let stream = stream::iter((0..chunks).map(|_| histogram.record(black_box(0.02), &attributes)));
    read(stream);
}
