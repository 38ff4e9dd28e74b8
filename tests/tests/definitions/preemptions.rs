//! The state of an operation that its engine takes out of the batch.

use llmobs::clock::Moment;
use llmobs::in_flight::WaitsFor;

use crate::fixture::Fixture;
use crate::fixture::ms;
use crate::scene::Scene;

#[test]
fn a_preempted_operation_is_queued_until_it_is_scheduled_again() {
    let mut scene = Scene::new();
    let states = |scene: &Scene| ["queued", "decode", "blocked"].map(|state| scene.fixture.time_in_state(state));
    scene.pause(|scene| scene.advance(20));
    scene.advance(3); // The consumer is away.
    assert!(scene.poll().is_pending());
    scene.marker.preempted();
    scene.advance(50);
    assert_eq!(scene.fixture.active_in_state("queued"), 1);
    let listed = &scene.fixture.observer.in_flight()[0];
    assert_eq!((listed.preemptions, listed.silence), (1, ms(50)), "it is no progress");
    assert_eq!(listed.waits_for, WaitsFor::Queue);
    assert_eq!(states(&scene), [ms(50), ms(20), ms(3)]);
    scene.marker.scheduled();
    scene.advance(20);
    assert_eq!((scene.fixture.active_in_state("queued"), scene.fixture.active_in_state("decode")), (0, 1));
    assert_eq!(states(&scene), [ms(50), ms(40), ms(3)]);
    assert_eq!(scene.fixture.observer.in_flight()[0].preemptions, 1, "counted once");
    // The consumer is away while the operation is out of the batch.
    scene.token();
    scene.marker.preempted();
    scene.advance(7);
    assert_eq!(scene.fixture.active_in_state("blocked"), 1);
    assert!(scene.poll().is_pending());
    scene.advance(5);
    assert_eq!(states(&scene), [ms(55), ms(40), ms(10)]);
    drop(scene.stream);
    let states = ["queued", "decode", "blocked"].map(|state| scene.fixture.time_in_state(state));
    assert_eq!(states, [ms(55), ms(40), ms(10)], "the end changes nothing");
}

#[test]
fn a_preemption_before_scheduled_or_out_of_the_batch_is_an_anomaly() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let (marker, anomalies) =
        (operation.marker(), || fixture.count("llmobs.self.anomalies", &[("llmobs.anomaly", "mark_out_of_order")]));
    marker.preempted();
    assert_eq!(anomalies(), 1, "not scheduled");
    fixture.advance(ms(10));
    marker.scheduled();
    marker.preempted_at(fixture.manual_clock.now());
    assert_eq!((anomalies(), fixture.observer.in_flight()[0].preemptions), (1, 1));
    marker.preempted();
    assert_eq!((anomalies(), fixture.observer.in_flight()[0].preemptions), (2, 1), "out of the batch");
    fixture.advance(ms(5));
    let returned = fixture.manual_clock.now();
    marker.scheduled();
    fixture.advance(ms(5));
    marker.preempted_at(Moment::from_nanos(returned.as_nanos() - 1));
    assert_eq!((anomalies(), fixture.observer.in_flight()[0].preemptions), (3, 2), "moved to the last mark");
    assert_eq!(fixture.time_in_state("queued"), ms(10));
    let marker = marker.clone();
    operation.complete();
    marker.preempted();
    assert_eq!(anomalies(), 3, "ignored after the end");
}
