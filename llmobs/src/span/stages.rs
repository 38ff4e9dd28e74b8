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
use crate::clock::seconds;

/// A stage of a model call. Its start and end are nanoseconds on the observer's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageSpan {
    pub(crate) name: &'static str,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// All stages of a model call. `moment`, which is not before the end of any stage, and its wall-clock time `date` convert
/// the times of the stages to dates.
#[derive(Debug)]
pub(crate) struct StageSpans<'a> {
    pub(crate) parts: &'a [StageSpan],
    pub(crate) moment: u64,
    pub(crate) date: SystemTime,
}

impl StageSpans<'_> {
    /// Adds the stages as child spans, after they have ended. `tracing` can only create spans that start now, so the
    /// spans are created with OpenTelemetry's tracer. If the tracer records nothing, the stages are added as span
    /// events.
    pub(crate) fn as_children(&self, held: &OwnedSpan, tracer: &BoxedTracer) {
        let Some(context) = held.context().filter(|_| held.is_recording()) else { return };
        for part in self.parts {
            let builder = SpanBuilder::from_name(part.name).with_start_time(self.at(part.from));
            let mut child = tracer.build_with_context(builder, context);
            if !child.is_recording() {
                return self.as_events(held);
            }
            child.end_with_timestamp(self.at(part.to));
        }
    }

    /// Adds the stages as span events, each at the start of its stage.
    pub(crate) fn as_events(&self, held: &OwnedSpan) {
        let Some(context) = held.context().filter(|_| held.is_recording()) else { return };
        for part in self.parts {
            let took = KeyValue::new(llmobs_attribute::PHASE_DURATION, seconds(part.to.saturating_sub(part.from)));
            context.span().add_event_with_timestamp(part.name, self.at(part.from), vec![took]);
        }
    }

    fn at(&self, moment: u64) -> SystemTime {
        let earlier = Duration::from_nanos(self.moment.saturating_sub(moment));
        self.date.checked_sub(earlier).unwrap_or(self.date)
    }
}
