//! `#[llm_span]` allocates exactly as much as the builder called directly.

use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Observer;
use llmobs::Role;
use llmobs_tests::allocator::CountingAllocator;
use llmobs_tests::allocator::allocation_count;
use llmobs_tests::macro_pairs::MODEL;
use llmobs_tests::macro_pairs::builder;
use llmobs_tests::macro_pairs::macros;
use tracing_subscriber::layer::SubscriberExt;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Returns the allocations of the second of two calls. The first call creates the series.
fn allocations_of_second<T>(call: impl Fn() -> T) -> u64 {
    let _ = call();
    let before = allocation_count();
    let _ = call();
    allocation_count() - before
}

fn drain(stream: impl Stream) {
    let mut stream = pin!(stream);
    while let Poll::Ready(Some(_)) = stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {}
}

fn compare(observer: &Observer, name: &str) {
    let mut counts = Vec::new();
    for fails in [false, true] {
        counts.push((
            allocations_of_second(|| macros::value(observer, fails)),
            allocations_of_second(|| builder::value(observer, fails)),
            "a value",
        ));
        counts.push((
            allocations_of_second(|| macros::future(observer, fails).now_or_never()),
            allocations_of_second(|| builder::future(observer, fails).now_or_never()),
            "a future",
        ));
        counts.push((
            allocations_of_second(|| macros::step(observer, fails)),
            allocations_of_second(|| builder::step(observer, fails)),
            "a step",
        ));
    }
    for count in [0, 100] {
        counts.push((
            allocations_of_second(|| drain(macros::items(observer, count).take(count))),
            allocations_of_second(|| drain(builder::items(observer, count).take(count))),
            "a stream",
        ));
    }
    for (by_attribute, by_builder, operation) in counts {
        assert_eq!(by_attribute, by_builder, "{name}: {operation}");
    }
}

#[test]
fn the_attribute_allocates_as_much_as_the_builder() {
    for role in [Role::Server, Role::Client] {
        let observer = Observer::builder().role(role).model(MODEL).build().unwrap();
        compare(&observer, &format!("{role:?}"));
        let subscriber =
            tracing_subscriber::registry().with(tracing_subscriber::fmt::layer().with_writer(std::io::sink));
        tracing::subscriber::with_default(subscriber, || compare(&observer, &format!("{role:?}, with spans")));
    }
    assert!(
        allocations_of_second(|| macros::value(&Observer::builder().build().unwrap(), false)) > 0,
        "the allocator counts"
    );
}

#[test]
fn a_disabled_observer_allocates_nothing() {
    let observer = Observer::disabled();
    assert_eq!(allocations_of_second(|| macros::value(&observer, true)), 0);
    assert_eq!(allocations_of_second(|| macros::future(&observer, false).now_or_never()), 0);
    assert_eq!(allocations_of_second(|| drain(macros::items(&observer, 9).take(9))), 0);
    assert_eq!(allocations_of_second(|| macros::step(&observer, false)), 0);
}
