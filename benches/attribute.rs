//! Measures the cost of `#[llm_span]` compared with the builder by hand, in instructions.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use futures_util::Stream;
use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs_benches::Table;
use llmobs_benches::budget;
use llmobs_benches::instructions;
use llmobs_benches::is_quick;

use self::pairs::MODEL;
use self::pairs::attribute;
use self::pairs::by_hand;

#[path = "support/pairs.rs"]
mod pairs;

/// A name, and a function that runs the given number of turns.
type Rival = (&'static str, fn(&Observer, usize));

/// Pairs of rivals: by hand, then with the attribute.
const PAIRS: [[Rival; 2]; 5] = [
    [
        ("a value, by hand", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(by_hand::value(observer, false))));
        }),
        ("a value, by the attribute", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(attribute::value(observer, false))));
        }),
    ],
    [
        ("an error, by hand", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(by_hand::value(observer, true))));
        }),
        ("an error, by the attribute", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(attribute::value(observer, true))));
        }),
    ],
    [
        ("a future, by hand", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(run(by_hand::future(observer, false)))));
        }),
        ("a future, by the attribute", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(run(attribute::future(observer, false)))));
        }),
    ],
    [
        ("a stream of 16, by hand", |observer, turns| {
            (0..turns).for_each(|_| read(by_hand::items(observer, 16)));
        }),
        ("a stream of 16, by the attribute", |observer, turns| {
            (0..turns).for_each(|_| read(attribute::items(observer, 16)));
        }),
    ],
    [
        ("a tool, by hand", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(by_hand::step(observer, false))));
        }),
        ("a tool, by the attribute", |observer, turns| {
            (0..turns).for_each(|_| drop(black_box(attribute::step(observer, false))));
        }),
    ],
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, rival, turns] = &arguments[..]
        && flag == "--rival"
    {
        let (_, run) = PAIRS.iter().flatten().find(|(name, _)| name == rival).expect("a rival's name");
        let (clock, _hand) = Clock::manual();
        let observer = Observer::builder().clock(clock).provider("candle").model(MODEL);
        return run(&observer.build().expect("builds"), turns.parse().expect("a number of turns"));
    }
    let (few, many) = if is_quick() { (100, 1_100) } else { (1_000, 21_000) };
    let each = |name: &str| {
        let (before, after) = (instructions(name, few)?, instructions(name, many)?);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let each = after.saturating_sub(before) as f64 / (many - few) as f64;
        Some(each)
    };
    let mut table = Table::new(&["manual clock", "instructions", "of by hand"]);
    let mut most = 0.0_f64;
    for [(one, _), (other, _)] in PAIRS {
        let (Some(by_hand), Some(attribute)) = (each(one), each(other)) else {
            return println!("valgrind is not installed, so no instructions are counted");
        };
        let share = attribute / by_hand;
        most = most.max(share);
        table.row(&[one, &format!("{by_hand:.0}"), ""]);
        table.row(&[other, &format!("{attribute:.0}"), &format!("{share:.3}")]);
    }
    table.print();
    budget("the attribute, of the builder by hand", most, 1.05, "");
}

fn run<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("it never waits"),
    }
}

fn read(mut stream: impl Stream + Unpin) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = Pin::new(&mut stream).poll_next(&mut context) {
        black_box(item);
    }
}
