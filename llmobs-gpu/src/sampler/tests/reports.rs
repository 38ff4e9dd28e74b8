//! Errors reported by devices, and the effects of heat.

use std::task::Context as TaskContext;
use std::task::Poll;
use std::task::Waker;

use futures_util::StreamExt;
use llmobs::Chunk;
use opentelemetry::Context;
use opentelemetry::SpanId;
use opentelemetry::TraceFlags;
use opentelemetry::TraceId;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceState;
use tracing_subscriber::Layer;
use tracing_subscriber::layer;
use tracing_subscriber::layer::SubscriberExt;

use super::attribution::set_power;
use super::*;
use crate::report::DeviceState;

#[test]
fn an_xid_is_counted_by_its_code_and_changes_the_status_by_its_severity() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_000));
    let mut report = |code| {
        rig.worker.sampling.pending_xids.lock().push(crate::XidEvent::new(0, code));
        rig.run(ms(1_000));
        (rig.device(0).state, rig.value("llmobs.gpu.xid.errors", &[("llmobs.gpu.xid.code", &code.to_string())]))
    };
    assert_eq!(report(31), (DeviceState::Ok, 1.0), "an error that a program causes");
    assert_eq!(report(63), (DeviceState::Degraded, 1.0));
    assert_eq!(report(48), (DeviceState::Failed, 1.0));
    assert_eq!(report(48), (DeviceState::Failed, 2.0));
    report(70_000);
    assert!(is_close(rig.value("llmobs.gpu.xid.errors", &[("llmobs.gpu.xid.code", "_OTHER")]), 1.0));
}

#[test]
fn heat_degrades_a_device_and_a_power_cap_does_not() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    fake.set(0, "reasons", 0x4);
    rig.run(ms(2_100));
    assert_eq!(rig.device(0).state, DeviceState::Ok);
    fake.set(0, "reasons", 0x40 | 0x8);
    rig.run(ms(3_000));
    assert_eq!(rig.device(0).state, DeviceState::Degraded);
    let status = |reason| rig.value("llmobs.gpu.throttle.status", &[("llmobs.gpu.throttle.reason", reason)]);
    assert!(is_close(status("thermal"), 1.0) && is_close(status("hw"), 1.0) && is_close(status("capped"), 0.0));
    fake.set(0, "reasons", 0);
    rig.run(ms(3_000));
    assert_eq!(rig.device(0).state, DeviceState::Ok);
    let observed = rig.value("llmobs.gpu.throttle.time", &[("llmobs.gpu.throttle.reason", "hw")]);
    assert!((2.0..=4.0).contains(&observed), "the driver does not measure this time, so the sampler does: {observed}");
}

#[test]
fn a_stall_has_the_cause_gpu_throttle_if_heat_slowed_a_device_of_its_model() {
    let fake = Fake::new();
    let ids = ["GPU-00000000-0000-0000-0000-000000000000", "GPU-00000000-0000-0000-0000-000000000001"];
    let mut rig = Rig::with(&fake, |builder| builder.model_devices("hot", [ids[0]]).model_devices("cool", [ids[1]]));
    rig.run(ms(1_100));
    let mut pause = |model: &str, reasons: u64| {
        rig.observer.declare_model(model);
        let (sender, receiver) = std::sync::mpsc::channel();
        let next =
            move |_: &mut TaskContext<'_>| receiver.try_recv().map_or(Poll::Pending, |item| Poll::Ready(Some(item)));
        let mut stream = rig.observer.chat(model).start().observe(futures_util::stream::poll_fn(next));
        let mut poll = || stream.poll_next_unpin(&mut TaskContext::from_waker(Waker::noop())).is_ready();
        sender.send(Chunk::tokens(1)).unwrap();
        assert!(poll());
        assert!(!poll(), "the consumer waits");
        fake.set(0, "reasons", reasons);
        rig.run(ms(3_000));
        sender.send(Chunk::tokens(1)).unwrap();
        assert!(poll());
        fake.set(0, "reasons", 0);
        rig.run(ms(2_000));
        let stalls = |cause| {
            rig.metrics()
                .count("llmobs.stall.events", &[("gen_ai.request.model", model), ("llmobs.stall.cause", cause)])
        };
        (stalls("gpu_throttle"), stalls("engine"))
    };
    assert_eq!(pause("hot", 0x40), (1, 0), "heat");
    assert_eq!(pause("hot", 0x80), (2, 0), "the power brake");
    assert_eq!(pause("hot", 0x4), (2, 1), "a power cap is normal");
    assert_eq!(pause("cool", 0x40), (0, 1), "heat of another device");
    assert_eq!(pause("anywhere", 0x40), (1, 0), "a model without a placement is on all devices");
}

#[test]
fn a_stale_throttle_reading_does_not_degrade_a_device() {
    let fake = Fake::new();
    fake.devices(1);
    fake.set(0, "reasons", 0x40);
    let mut rig = Rig::new(&fake);
    rig.run(ms(2_000));
    assert_eq!(rig.device(0).state, DeviceState::Degraded);
    fake.fail("nvmlDeviceGetCurrentClocksEventReasons", EVERY, 999);
    rig.run(ms(10_000));
    assert_eq!(rig.device(0).state, DeviceState::Ok);
}

#[test]
fn a_count_that_decreased_adds_nothing_and_continues_from_its_new_value() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let mut counts = |replays: u64, rows: u64| {
        fake.set(0, "pcie_replays", replays);
        fake.set(0, "remapped_corrected", rows);
        rig.run(ms(30_500));
        let id = [("hw.id", GPU)];
        let cause = [("hw.id", GPU), ("llmobs.gpu.remap.cause", "corrected")];
        (rig.value("llmobs.gpu.pcie.replays", &id), rig.value("llmobs.gpu.remapped_rows", &cause))
    };
    assert_eq!(counts(5, 1), (5.0, 1.0));
    assert_eq!(counts(7, 1), (7.0, 1.0));
    assert_eq!(counts(1, 0), (7.0, 1.0), "the counters restarted, because the driver was loaded again");
    assert_eq!(counts(3, 2), (9.0, 3.0));
}

#[test]
fn an_operation_has_the_throttled_time_of_its_device() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_000));
    let operation = rig.observer.chat("m").start();
    fake.set(0, "reasons", 0x20);
    let mut counter = 1_000_000;
    rig.run_with(ms(5_000), |_| {
        counter += 1_000;
        fake.set(0, "energy_mj", counter);
    });
    operation.complete();
    rig.run_with(ms(2_000), |_| {
        counter += 1_000;
        fake.set(0, "energy_mj", counter);
    });
    let throttled = rig.energies()[0].throttled_seconds;
    assert!((3.0..=6.0).contains(&throttled), "{throttled}");
}

#[test]
fn a_failed_row_remapping_predicts_a_failure() {
    let fake = Fake::new();
    fake.devices(1);
    fake.set(0, "remapped_failure", 1);
    let mut rig = Rig::new(&fake);
    rig.run(ms(100));
    assert_eq!(rig.device(0).state, DeviceState::PredictedFailure);
    fake.set(0, "recovery_action", 1);
    rig.run(ms(31_000));
    assert_eq!(rig.device(0).state, DeviceState::Failed);
}

#[test]
fn a_late_event_of_an_operation_without_a_span_belongs_to_the_trace_of_its_start() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let mut draw = set_power(&fake, 0, 300);
    rig.run_with(ms(1_000), &mut draw);
    let [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
    let (trace_id, span_id) = (TraceId::from_hex(trace).unwrap(), SpanId::from_hex(span).unwrap());
    let caller = SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::default());
    let guard = Context::new().with_remote_span_context(caller).attach();
    let operation = rig.observer.chat("m").start();
    drop(guard);
    rig.manual_clock.advance(ms(200));
    operation.complete();
    let recorder = EventRecorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    tracing::subscriber::with_default(subscriber, || rig.run_with(ms(4_000), |time| draw(time + ms(1_200))));
    assert_eq!(rig.energies().len(), 1);
    assert_eq!(*recorder.0.lock(), [(trace.to_owned(), span.to_owned())]);
    assert!(!Context::current().has_active_span(), "the context must not stay active on the thread");
}

/// The trace and span ids in which energy events were emitted.
#[derive(Clone, Default)]
struct EventRecorder(Arc<Mutex<Vec<(String, String)>>>);

impl<S: tracing::Subscriber> Layer<S> for EventRecorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: layer::Context<'_, S>) {
        if event.metadata().name() == "llm_request_energy" {
            let current = Context::current();
            let ids = current.span().span_context().clone();
            self.0.lock().push((ids.trace_id().to_string(), ids.span_id().to_string()));
        }
    }
}
