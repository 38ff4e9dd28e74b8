//! The stages of a model call in a trace: queue, prefill and decode, with their actual times.

use std::time::Duration;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::Span as _;
use opentelemetry::trace::SpanBuilder;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::Tracer;

use super::owned::OwnedSpan;
use crate::catalog::llmobs_attribute;
use crate::clock::nanos_to_seconds;

/// A stage of a model call. Its start and end are nanoseconds on the observer's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageSpan {
    pub(crate) name: &'static str,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// All stages of a model call. `reference_nanos`, which is not before the end of any stage, and its wall-clock time
/// `reference_time` convert the times of the stages to dates.
#[derive(Debug)]
pub(crate) struct StageSpans<'a> {
    pub(crate) stages: &'a [StageSpan],
    pub(crate) reference_nanos: u64,
    pub(crate) reference_time: SystemTime,
}

impl StageSpans<'_> {
    /// Adds the stages as child spans, after they have ended. `tracing` can only create spans that start now, so the
    /// spans are created with OpenTelemetry's tracer. If the tracer records nothing, the stages are added as span
    /// events.
    pub(crate) fn emit_child_spans(&self, span: &OwnedSpan, tracer: &BoxedTracer) {
        let Some(context) = span.context().filter(|_| span.is_recording()) else { return };
        for stage in self.stages {
            let builder = SpanBuilder::from_name(stage.name).with_start_time(self.system_time_at(stage.start));
            let mut child = tracer.build_with_context(builder, context);
            if !child.is_recording() {
                return self.add_span_events(span);
            }
            child.end_with_timestamp(self.system_time_at(stage.end));
        }
    }

    /// Adds the stages as span events, each at the start of its stage.
    pub(crate) fn add_span_events(&self, span: &OwnedSpan) {
        let Some(context) = span.context().filter(|_| span.is_recording()) else { return };
        for stage in self.stages {
            let duration = KeyValue::new(
                llmobs_attribute::PHASE_DURATION,
                nanos_to_seconds(stage.end.saturating_sub(stage.start)),
            );
            context.span().add_event_with_timestamp(stage.name, self.system_time_at(stage.start), vec![duration]);
        }
    }

    fn system_time_at(&self, moment: u64) -> SystemTime {
        let earlier = Duration::from_nanos(self.reference_nanos.saturating_sub(moment));
        self.reference_time.checked_sub(earlier).unwrap_or(self.reference_time)
    }
}
