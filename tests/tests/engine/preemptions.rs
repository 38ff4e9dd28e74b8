//! The preemptions of operations.

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::testing::Readings;

use super::fixture::observer;

const NAME: &str = "llmobs.operation.preemptions";

#[test]
fn each_operation_that_was_scheduled_has_one_sample() {
    let (observer, _) = observer(Level::Standard);
    assert_eq!(Readings::new(&observer).histogram(NAME, &[]).buckets.len(), 9, "exists at zero");
    for scheduled in [1, 3] {
        let operation = observer.chat("m").start();
        (0..scheduled).for_each(|_| operation.marker().scheduled());
        if scheduled == 1 { operation.complete() } else { operation.fail(ErrorType::Inference) }
    }
    let in_queue = observer.chat("m").start();
    in_queue.marker().enqueued();
    in_queue.cancel();
    observer.chat("m").start().complete();
    let samples = Readings::new(&observer).histogram(NAME, &[]);
    assert_eq!((samples.count, samples.sum), (2, 2.0));
    assert_eq!(samples.buckets[0], (0.0, 1), "an operation without preemptions counts");
}

#[test]
fn other_roles_see_no_engine() {
    let observer = Observer::builder().role(Role::Gateway).level(Level::Full).model("m").build().unwrap();
    let operation = observer.chat("m").start();
    operation.marker().scheduled();
    operation.complete();
    assert_eq!(Readings::new(&observer).histogram(NAME, &[]).count, 0);
}
