//! The evaluations of an answer, recorded during or after its operation.

use crate::catalog::RowId;
use crate::event::Evaluation;
use crate::measurement::TraceLink;
use crate::observer::state::observer_parts::ObserverParts;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::attribute::GEN_AI_EVALUATION_NAME;
use crate::semconv::value::OperationName;
use crate::series::MAX_EXTRA_LABELS;
use crate::series::OperationSeries;

/// Records an evaluation of an answer whose operation has ended, found by the identifier of the response.
pub(crate) fn record_late_evaluation(parts: &ObserverParts, response_id: &str, evaluation: &Evaluation<'_>) {
    let Some(inner) = &parts.inner else { return };
    let ended = inner.flight_recorder.find_by_response_id(response_id);
    let model = ended.as_ref().map_or("", |ended| ended.model.as_str());
    let name =
        ended.as_ref().map_or(OperationName::Chat, |ended| OperationName::other(ended.operation.as_str().to_owned()));
    let series = inner.models.series(parts.role, &name, &parts.provider, model, [0; MAX_EXTRA_LABELS]);
    if !count_evaluation(&series, evaluation) {
        inner.count_folded(GEN_AI_EVALUATION_NAME);
    }
    in_span_context(ended.and_then(|ended| ended.trace_ids), || evaluation.emit(Some(response_id)));
}

/// Records an evaluation of the answer of an operation that a marker still holds.
pub(crate) fn emit_evaluation(state: &OperationState, evaluation: &Evaluation<'_>) {
    if !count_evaluation(&state.series, evaluation) {
        state.observer.count_folded(GEN_AI_EVALUATION_NAME);
    }
    let id = state.notes.get().and_then(|notes| notes.response_id.get());
    in_span_context(state.request.trace_link, || evaluation.emit(id.map(AsRef::as_ref)));
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
    let _attached = link.map(|link| link.to_context().attach());
    code();
}
