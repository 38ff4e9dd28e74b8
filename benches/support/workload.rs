//! One complete operation, and the values that it records.

use std::hint::black_box;

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Operation;
use llmobs::Usage;

use super::manual_instruments::MetricSpec;
use super::meter_provider::MODEL;

/// Returns the builder of an observer with one declared model.
pub(crate) fn observer() -> ObserverBuilder<'static> {
    Observer::builder().provider("candle").model(MODEL)
}

/// Runs one completed operation of a server, without a stream.
pub(crate) fn run_operation(observer: &Observer) {
    complete_operation(observer.chat(black_box(MODEL)).start());
}

/// Marks an operation of a server and completes it.
pub(crate) fn complete_operation(operation: Operation) {
    let marker = operation.marker().clone();
    marker.enqueued();
    marker.scheduled();
    marker.first_token();
    marker.usage(Usage::new().input(37).output(12));
    marker.finish_reason(FinishReason::Stop);
    operation.complete();
}

/// Returns the values that the operation records in both backends, at the default level.
pub(crate) fn metric_specs() -> Vec<MetricSpec> {
    let processed = |direction, kind| {
        let extra_labels =
            [("llmobs.token.direction", direction), ("llmobs.token.kind", kind), ("llmobs.token.source", "reported")];
        MetricSpec::counter("processed", &extra_labels)
    };
    let mut specs = vec![
        MetricSpec::counter("started", &[]),
        MetricSpec::counter("ended", &[("llmobs.operation.outcome", "completed"), ("llmobs.finish_reason", "stop")]),
        processed("input", "uncached"),
        processed("output", "text"),
        MetricSpec::histogram("queue_duration", &[("llmobs.queue.exit", "scheduled")]),
    ];
    let names = [
        "prefill",
        "decode",
        "preemptions",
        "ttft",
        "server_ttft",
        "server_tpot",
        "server_duration",
        "input",
        "output",
    ];
    specs.extend(names.map(|name| MetricSpec::histogram(name, &[])));
    specs
}
