//! The evaluations of an answer, such as a user's feedback, recorded during its operation (model call) through a marker
//! or after it through the observer.

use super::routing::current_series;
use crate::catalog::RowId;
use crate::event::Evaluation;
use crate::measurement::TraceLink;
use crate::observer::state::observer_parts::ObserverParts;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::attribute::GEN_AI_EVALUATION_NAME;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::series::MAX_EXTRA_LABELS;
use crate::series::OperationSeries;

/// Counts an evaluation of an answer whose operation has ended and emits its log event. The operation is found by the
/// identifier of the response while the flight recorder holds it; otherwise the event has no trace, and the model is
/// `_OTHER`.
pub(crate) fn record_late_evaluation(parts: &ObserverParts, response_id: &str, evaluation: &Evaluation<'_>) {
    let Some(inner) = &parts.inner else { return };
    let ended = inner.flight_recorder.find_by_response_id(response_id);
    let model = ended.as_ref().map_or("", |ended| ended.model.as_str());
    let name =
        ended.as_ref().map_or(OperationName::Chat, |ended| OperationName::other(ended.operation.as_str().to_owned()));
    let provider = ended
        .as_ref()
        .map_or_else(|| parts.provider.clone(), |ended| Provider::other(ended.provider.as_str().to_owned()));
    let series = inner.models.series(parts.role, &name, &provider, model, [0; MAX_EXTRA_LABELS]);
    if !count_evaluation(&series, evaluation) {
        inner.count_folded(GEN_AI_EVALUATION_NAME);
    }
    in_span_context(ended.and_then(|ended| ended.trace_ids), || evaluation.emit(Some(response_id)));
}

/// Counts an evaluation of the answer of an operation that a marker still holds, and emits its log event in the trace
/// of the operation, also after its end.
pub(crate) fn emit_evaluation(state: &OperationState, evaluation: &Evaluation<'_>) {
    if !count_evaluation(current_series(state), evaluation) {
        state.observer.count_folded(GEN_AI_EVALUATION_NAME);
    }
    let id = state.notes.get().and_then(|notes| notes.response().id);
    in_span_context(state.request.trace_link, || evaluation.emit(id.as_deref()));
}

/// Counts an evaluation whose name and label were declared; an evaluation without a label is not counted. Returns
/// `false` if it has a label and the pair was not declared.
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
    let _attached = link.map(|link| link.to_context().attach());
    code();
}
