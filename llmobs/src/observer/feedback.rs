//! The evaluations of an answer, which are recorded during or after its operation.

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
    /// Records a user's evaluation of the answer: an [`Evaluation`], or a score of the evaluation `feedback`. Emits a
    /// log event `gen_ai.evaluation.result` in the operation's trace. The evaluation is counted if its name and label
    /// were declared with [`ObserverBuilder::evaluation`](crate::ObserverBuilder::evaluation).
    pub fn feedback<'a>(&self, evaluation: impl Into<Evaluation<'a>>) {
        self.marker().feedback(evaluation);
    }
}

impl Marker {
    /// Records a user's evaluation of the answer, as [`Operation::feedback`] does, also after the end of the operation.
    pub fn feedback<'a>(&self, evaluation: impl Into<Evaluation<'a>>) {
        if let Some(live) = self.live() {
            evaluated(live, &evaluation.into());
        }
    }
}

impl Observer {
    /// Records an evaluation of an answer whose operation has ended, found by the identifier that was passed to
    /// [`Marker::response_id`]. While the flight recorder holds the operation, the log event is in the operation's
    /// trace and the evaluation is counted for its model. Later, the event has no trace, and the model is `_OTHER`.
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

/// Counts an evaluation whose name and label were declared; an evaluation without a label is not counted. Returns
/// `false` if the label is not declared.
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

/// Runs code as if under a span that has already ended.
fn in_trace(link: Option<TraceLink>, code: impl FnOnce()) {
    let _attached = link.map(|link| {
        let (trace, span) = (TraceId::from_bytes(link.trace_id), SpanId::from_bytes(link.span_id));
        let over = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
        Context::new().with_remote_span_context(over).attach()
    });
    code();
}
