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
use crate::series::MAX_EXTRA_LABELS;
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
        if let Some(state) = self.state() {
            emit_evaluation(state, &evaluation.into());
        }
    }
}

impl Observer {
    /// Records an evaluation of an answer whose operation has ended, found by the identifier that was passed to
    /// [`Marker::response_id`]. While the flight recorder holds the operation, the log event is in the operation's
    /// trace and the evaluation is counted for its model. Later, the event has no trace, and the model is `_OTHER`.
    pub fn record_evaluation<'a>(&self, response_id: &str, evaluation: impl Into<Evaluation<'a>>) {
        let Some(inner) = &self.inner else { return };
        let evaluation = evaluation.into();
        let ended = inner.flight_recorder.find_by_response_id(response_id);
        let model = ended.as_ref().map_or("", |ended| ended.model.as_str());
        let name = ended
            .as_ref()
            .map_or(OperationName::Chat, |ended| OperationName::other(ended.operation.as_str().to_owned()));
        let series = inner.series(self.role, &name, &self.provider, model, [0; MAX_EXTRA_LABELS]);
        if !count_evaluation(&series, &evaluation) {
            inner.count_folded(GEN_AI_EVALUATION_NAME);
        }
        in_span_context(ended.and_then(|ended| ended.trace_ids), || evaluation.emit(Some(response_id)));
    }
}

pub(super) fn emit_evaluation(state: &OperationState, evaluation: &Evaluation<'_>) {
    if !count_evaluation(&state.series, evaluation) {
        state.observer.count_folded(GEN_AI_EVALUATION_NAME);
    }
    let id = state.existing_notes().and_then(|notes| notes.response_id.get());
    in_span_context(state.trace_link, || evaluation.emit(id.map(AsRef::as_ref)));
}

/// Counts an evaluation whose name and label were declared; an evaluation without a label is not counted. Returns
/// `false` if the label is not declared.
fn count_evaluation(series: &OperationSeries, evaluation: &Evaluation<'_>) -> bool {
    let Some(label) = evaluation.label else { return true };
    let declared = &series.declared_names().evaluations;
    let index = declared.iter().position(|(name, known)| **name == *evaluation.name && **known == *label);
    match index {
        Some(index) => series.add(RowId::Evaluations, index, 1),
        None => return false,
    }
    true
}

/// Runs code as if under a span that has already ended.
fn in_span_context(link: Option<TraceLink>, code: impl FnOnce()) {
    let _attached = link.map(|link| {
        let (trace, span) = (TraceId::from_bytes(link.trace_id), SpanId::from_bytes(link.span_id));
        let span_context = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
        Context::new().with_remote_span_context(span_context).attach()
    });
    code();
}
