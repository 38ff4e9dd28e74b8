//! `#[llm_span]` allocates exactly as much as the builder called by hand.

#[allow(dead_code, reason = "what is held is not asked here")]
#[path = "support/allocator.rs"]
mod allocator;
#[path = "../benches/support/pairs.rs"]
mod pairs;

use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use allocator::Counting;
use allocator::made;
use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Observer;
use llmobs::Role;
use pairs::MODEL;
use pairs::attribute;
use pairs::by_hand;
use tracing_subscriber::layer::SubscriberExt;

#[global_allocator]
static HEAP: Counting = Counting;

/// Returns the allocations of the second of two calls. The first call creates the series.
fn second<T>(call: impl Fn() -> T) -> u64 {
    let _ = call();
    let before = made();
    let _ = call();
    made() - before
}

fn read(stream: impl Stream) {
    let mut stream = pin!(stream);
    while let Poll::Ready(Some(_)) = stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {}
}

fn compare(observer: &Observer, name: &str) {
    let mut counts = Vec::new();
    for fails in [false, true] {
        counts.push((
            second(|| attribute::value(observer, fails)),
            second(|| by_hand::value(observer, fails)),
            "a value",
        ));
        counts.push((
            second(|| attribute::future(observer, fails).now_or_never()),
            second(|| by_hand::future(observer, fails).now_or_never()),
            "a future",
        ));
        counts.push((second(|| attribute::step(observer, fails)), second(|| by_hand::step(observer, fails)), "a step"));
    }
    for count in [0, 100] {
        counts.push((
            second(|| read(attribute::items(observer, count).take(count))),
            second(|| read(by_hand::items(observer, count).take(count))),
            "a stream",
        ));
    }
    for (attribute, by_hand, what) in counts {
        assert_eq!(attribute, by_hand, "{name}: {what}");
    }
}

#[test]
fn the_attribute_allocates_what_the_builder_by_hand_does() {
    for role in [Role::Server, Role::Client] {
        let observer = Observer::builder().role(role).model(MODEL).build().unwrap();
        compare(&observer, &format!("{role:?}"));
        let subscriber =
            tracing_subscriber::registry().with(tracing_subscriber::fmt::layer().with_writer(std::io::sink));
        tracing::subscriber::with_default(subscriber, || compare(&observer, &format!("{role:?}, with spans")));
    }
    assert!(second(|| attribute::value(&Observer::builder().build().unwrap(), false)) > 0, "it counts");
}

#[test]
fn a_disabled_observer_asks_for_nothing() {
    let observer = Observer::disabled();
    assert_eq!(second(|| attribute::value(&observer, true)), 0);
    assert_eq!(second(|| attribute::future(&observer, false).now_or_never()), 0);
    assert_eq!(second(|| read(attribute::items(&observer, 9).take(9))), 0);
    assert_eq!(second(|| attribute::step(&observer, false)), 0);
}
