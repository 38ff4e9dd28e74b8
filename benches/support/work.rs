//! One complete operation, and the values that it records.

use std::hint::black_box;

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Usage;

use crate::by_hand::Fact;
use crate::otel::MODEL;

/// Returns the builder of an observer with one declared model.
pub(crate) fn observer() -> ObserverBuilder<'static> {
    Observer::builder().provider("candle").model(MODEL)
}

/// Runs one completed operation of a server, without a stream.
pub(crate) fn operation(observer: &Observer) {
    let operation = observer.chat(black_box(MODEL)).start();
    let marker = operation.marker().clone();
    marker.enqueued();
    marker.scheduled();
    marker.first_token();
    marker.usage(Usage::new().input(37).output(12));
    marker.finish_reason(FinishReason::Stop);
    operation.complete();
}

/// Returns the values that the operation records in both backends, at the default level.
pub(crate) fn facts() -> Vec<Fact> {
    let processed = |direction, kind| {
        let more =
            [("llmobs.token.direction", direction), ("llmobs.token.kind", kind), ("llmobs.token.source", "reported")];
        Fact::counter("processed", &more)
    };
    let mut facts = vec![
        Fact::counter("started", &[]),
        Fact::counter("ended", &[("llmobs.operation.outcome", "completed"), ("llmobs.finish_reason", "stop")]),
        processed("input", "uncached"),
        processed("output", "text"),
        Fact::histogram("queue_duration", &[("llmobs.queue.exit", "scheduled")]),
    ];
    let names = ["prefill", "decode", "ttft", "server_ttft", "server_tpot", "server_duration", "input", "output"];
    facts.extend(names.map(|name| Fact::histogram(name, &[])));
    facts
}
