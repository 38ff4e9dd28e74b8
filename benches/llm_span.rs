//! Measures the cost of `#[llm_span]` compared with the builder, in instructions.

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
use llmobs_benches::instructions;
use llmobs_benches::is_quick;
use llmobs_benches::report_budget;

use llmobs_tests::macro_pairs::MODEL;
use llmobs_tests::macro_pairs::builder;
use llmobs_tests::macro_pairs::macros;

/// A name, and a function that runs the given number of iterations.
type Candidate = (&'static str, fn(&Observer, usize));

/// Pairs of candidates: the builder, then the attribute.
const CANDIDATE_PAIRS: [[Candidate; 2]; 5] = [
    [
        ("a value, by hand", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(builder::value(observer, false))));
        }),
        ("a value, by the attribute", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(macros::value(observer, false))));
        }),
    ],
    [
        ("an error, by hand", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(builder::value(observer, true))));
        }),
        ("an error, by the attribute", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(macros::value(observer, true))));
        }),
    ],
    [
        ("a future, by hand", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(block_on_ready(builder::future(observer, false)))));
        }),
        ("a future, by the attribute", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(block_on_ready(macros::future(observer, false)))));
        }),
    ],
    [
        ("a stream of 16, by hand", |observer, iterations| {
            (0..iterations).for_each(|_| drain(builder::items(observer, 16)));
        }),
        ("a stream of 16, by the attribute", |observer, iterations| {
            (0..iterations).for_each(|_| drain(macros::items(observer, 16)));
        }),
    ],
    [
        ("a tool, by hand", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(builder::step(observer, false))));
        }),
        ("a tool, by the attribute", |observer, iterations| {
            (0..iterations).for_each(|_| drop(black_box(macros::step(observer, false))));
        }),
    ],
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, candidate, iterations] = &arguments[..]
        && flag == "--candidate"
    {
        let (_, run) =
            CANDIDATE_PAIRS.iter().flatten().find(|(name, _)| name == candidate).expect("the name of a candidate");
        let (clock, _manual_clock) = Clock::manual();
        let observer = Observer::builder().clock(clock).provider("candle").model(MODEL);
        return run(
            &observer.build().expect("the observer is valid"),
            iterations.parse().expect("a number of iterations"),
        );
    }
    let (few, many) = if is_quick() { (100, 1_100) } else { (1_000, 21_000) };
    let instructions_per_iteration = |name: &str| {
        let (before, after) = (instructions(name, few)?, instructions(name, many)?);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let difference = after.saturating_sub(before) as f64 / (many - few) as f64;
        Some(difference)
    };
    let mut table = Table::new(&["manual clock", "instructions", "of by hand"]);
    let mut max_ratio = 0.0_f64;
    for [(builder_name, _), (macro_name, _)] in CANDIDATE_PAIRS {
        let (Some(builder_count), Some(macro_count)) =
            (instructions_per_iteration(builder_name), instructions_per_iteration(macro_name))
        else {
            return println!("valgrind is not installed, so no instructions are counted");
        };
        let ratio = macro_count / builder_count;
        max_ratio = max_ratio.max(ratio);
        table.row(&[builder_name, &format!("{builder_count:.0}"), ""]);
        table.row(&[macro_name, &format!("{macro_count:.0}"), &format!("{ratio:.3}")]);
    }
    table.print();
    report_budget("the attribute, of the builder by hand", max_ratio, 1.05, "");
}

fn block_on_ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the future is ready"),
    }
}

fn drain(mut stream: impl Stream + Unpin) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = Pin::new(&mut stream).poll_next(&mut context) {
        black_box(item);
    }
}
