//! What somebody thought of an answer, which comes after it.

use opentelemetry::Context;
use opentelemetry::SpanId;
use opentelemetry::TraceFlags;
use opentelemetry::TraceId;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceState;

use super::Observer;
use super::marker::Marker;
use super::operation::Operation;
use super::operation_state::OperationState;
use crate::catalog::RowId;
use crate::event::Evaluation;
use crate::measurement::TraceLink;
use crate::semconv::attribute::GEN_AI_EVALUATION_NAME;
use crate::semconv::value::OperationName;
use crate::series::EXTRA_LABELS;
use crate::series::OperationSeries;

impl Operation {
    /// The user's judgement of the answer: an [`Evaluation`], or a score of the metric `feedback`. It has a log event
    /// `gen_ai.evaluation.result` in the operation's trace, and is counted where its name and label were declared with
    /// [`ObserverBuilder::evaluation`](crate::ObserverBuilder::evaluation).
    pub fn feedback<'a>(&self, evaluation: impl Into<Evaluation<'a>>) {
        self.marker().feedback(evaluation);
    }
}

impl Marker {
    /// The user's judgement of the answer, as [`Operation::feedback`] takes it, also after the end.
    pub fn feedback<'a>(&self, evaluation: impl Into<Evaluation<'a>>) {
        if let Some(live) = self.live() {
            evaluated(live, &evaluation.into());
        }
    }
}

impl Observer {
    /// A judgement of an answer that ended, by the identifier that [`Marker::response_id`] was given. Its event is in
    /// the operation's trace, and it counts for the operation's model, while the flight recorder remembers the
    /// operation; later it has no trace and counts for the model `_OTHER`.
    pub fn evaluation<'a>(&self, response_id: &str, evaluation: impl Into<Evaluation<'a>>) {
        let Some(core) = &self.core else { return };
        let evaluation = evaluation.into();
        let ended = core.flight.find(response_id);
        let model = ended.as_ref().map_or("", |ended| ended.model.as_str());
        let name = ended
            .as_ref()
            .map_or(OperationName::Chat, |ended| OperationName::other(ended.operation.as_str().to_owned()));
        let series = core.series(self.role, &name, &self.provider, model, [0; EXTRA_LABELS]);
        if !count(&series, &evaluation) {
            core.folded(GEN_AI_EVALUATION_NAME);
        }
        in_trace(ended.and_then(|ended| ended.ids), || evaluation.write(Some(response_id)));
    }
}

pub(super) fn evaluated(live: &OperationState, evaluation: &Evaluation<'_>) {
    if !count(&live.series, evaluation) {
        live.core.folded(GEN_AI_EVALUATION_NAME);
    }
    let id = live.noted().and_then(|notes| notes.response_id.get());
    in_trace(live.link, || evaluation.write(id.map(AsRef::as_ref)));
}

/// Counts a judgement whose name and label were declared; one without a label is no event of a known kind and is not
/// counted. Tells whether nothing was lost.
fn count(series: &OperationSeries, evaluation: &Evaluation<'_>) -> bool {
    let Some(label) = evaluation.label else { return true };
    let declared = &series.vocabulary().evaluations;
    let place = declared.iter().position(|(name, known)| **name == *evaluation.name && **known == *label);
    match place {
        Some(place) => series.add(RowId::Evaluations, place, 1),
        None => return false,
    }
    true
}

/// Runs code as if it ran under a span that is over.
fn in_trace(link: Option<TraceLink>, code: impl FnOnce()) {
    let _attached = link.map(|link| {
        let (trace, span) = (TraceId::from_bytes(link.trace_id), SpanId::from_bytes(link.span_id));
        let over = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
        Context::new().with_remote_span_context(over).attach()
    });
    code();
}
