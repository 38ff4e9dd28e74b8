//! The cost of a model on GPUs of one's own: the price of the time is that of the requests and of the idle time, exactly.

use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;

use llmobs_tests::random::Random;

use crate::fixture::book;
use crate::fixture::cost;
use crate::fixture::nanos;

/// A price of 3.6 dollars an hour: 1,000 nano-dollars a microsecond.
const PRICES: &str = "[[gpu]]\nmodel = 'own'\nusd_per_hour = 3.6\n";

fn observer() -> (Observer, ManualClock) {
    let (clock, manual_clock) = Clock::manual();
    (Observer::builder().model("own").clock(clock).prices(book(PRICES)).build().unwrap(), manual_clock)
}

fn idle(observer: &Observer) -> u64 {
    nanos(observer, "llmobs.cost.idle.usd", &[("gen_ai_request_model", "own")])
}

#[test]
fn the_time_without_an_operation_is_idle_and_the_rest_is_shared() {
    let (observer, clock) = observer();
    let second = Duration::from_secs(1);
    clock.advance(second);
    assert_eq!((idle(&observer), cost(&observer, &[])), (1_000_000, 0));
    let first = observer.chat("own").start();
    clock.advance(second);
    let other = observer.chat("own").start();
    clock.advance(second);
    first.marker().usage(Usage::new().input(10).output(2));
    first.complete();
    clock.advance(second);
    other.cancel();
    clock.advance(second);
    let of = |outcome| cost(&observer, &[("llmobs_operation_outcome", outcome), ("llmobs_token_kind", "gpu_time")]);
    assert_eq!((of("completed"), of("cancelled")), (1_500_000, 1_500_000));
    assert_eq!(idle(&observer), 2_000_000);
}

#[test]
fn an_operation_that_waits_does_not_use_the_gpus() {
    let (observer, clock) = observer();
    let second = Duration::from_secs(1);
    let operation = observer.chat("own").preparing().start();
    clock.advance(second);
    operation.marker().enqueued();
    clock.advance(second);
    assert_eq!(idle(&observer), 2_000_000);
    operation.marker().scheduled();
    clock.advance(second);
    operation.marker().preempted();
    clock.advance(second);
    operation.marker().scheduled();
    clock.advance(second);
    operation.complete();
    assert_eq!((idle(&observer), cost(&observer, &[])), (3_000_000, 2_000_000));

    let operation = observer.chat("own").start();
    clock.advance(second);
    operation.marker().enqueued();
    clock.advance(second);
    operation.complete();
    assert_eq!((idle(&observer), cost(&observer, &[])), (4_000_000, 3_000_000), "it used them before it was enqueued");
}

#[test]
fn requests_and_idle_time_add_up_to_the_price_of_the_time() {
    for seed in 0..40 {
        let (observer, clock) = observer();
        let started = clock.now();
        let mut random = Random::new(seed);
        let mut running = Vec::new();
        for _ in 0..60 {
            clock.advance(Duration::from_nanos(random.below(1_000_000_007)));
            if random.chance(50) || running.is_empty() {
                running.push(observer.chat("own").start());
            } else {
                let operation = running.swap_remove(random.index(running.len()));
                match random.below(6) {
                    0 => operation.marker().enqueued(),
                    1 => operation.marker().scheduled(),
                    2 => {
                        operation.fail(ErrorType::Inference);
                        continue;
                    }
                    3 => {
                        operation.reject(ErrorType::Overloaded);
                        continue;
                    }
                    _ => {
                        operation.complete();
                        continue;
                    }
                }
                running.push(operation);
            }
        }
        drop(running);
        clock.advance(Duration::from_nanos(random.below(1_000_000_007)));
        let time = clock.now().since(started).as_nanos();
        let price = u64::try_from(time / 1_000).unwrap();
        assert_eq!(cost(&observer, &[]) + idle(&observer), price, "seed {seed}");
    }
}
