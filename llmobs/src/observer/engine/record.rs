//! The records of an operation, one model call: the notice of its start and the record of its end, for the callbacks and
//! the channel of the application.

use std::sync::Arc;

use super::ended_operation::EndedOperation;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::clock::system_time_before_now;
use crate::event::RequestCompleteEvent;
use crate::measurement::Label;
use crate::measurement::RecordId;
use crate::observer::state::operation_state::OperationState;
use crate::record::Finished;
use crate::record::Recorder;
use crate::record::Started;
use crate::series::OperationSeries;
use crate::span::OwnedSpan;
use crate::usage::Usage;

/// Delivers the notice of an operation that has started, if the application receives notices.
#[inline]
pub(crate) fn deliver_start(state: &OperationState, span: Option<&OwnedSpan>) {
    if let (Some(recorder), Some(number)) = (&state.observer.recorder, state.request.record_number)
        && recorder.has_on_start()
    {
        notify_start(state, recorder, recorder.id(number), span);
    }
}

#[cold]
fn notify_start(state: &OperationState, recorder: &Recorder, id: RecordId, span: Option<&OwnedSpan>) {
    let series = &state.series;
    recorder.deliver_start(Started {
        id,
        started_at: system_time_before_now(state.now().saturating_sub(state.times.t0)),
        role: series.key.role,
        identity: series.identity(),
        trace_ids: span.map_or(state.request.trace_link, OwnedSpan::trace_ids),
        labels: recorder.rules().labels(declared_labels(series)),
    });
}

/// Delivers the record of an operation that has ended. `event` is its wide event, with every identifier, and `usage` its
/// usage as reported or counted.
#[cold]
pub(crate) fn deliver_end(end: &EndedOperation<'_>, event: Box<RequestCompleteEvent>, usage: Usage) {
    let (Some(recorder), Some(id)) = (&end.state.observer.recorder, event.record_id) else { return };
    let event = *event;
    let rules = recorder.rules();
    let event = RequestCompleteEvent {
        response_id: rules.response_id(event.response_id),
        conversation_id: rules.conversation_id(event.conversation_id),
        // That of the log event is the value of the label, which can be `_OTHER`.
        tenant: rules.tenant(end.state.notes.get().and_then(|notes| notes.tenant_name.get()).map(Arc::clone)),
        // Describes the log event: a reader must not weight records by its ratio.
        keep_reason: None,
        ..event
    };
    let labels = rules.labels(declared_labels(end.series));
    recorder.deliver_end(Finished::new(id, event, usage, end.tokens.by_kind(), labels));
}

/// Returns the labels that the application declared, without those that all operations have.
fn declared_labels(series: &OperationSeries) -> &[Label] {
    series.labels().get(SERIES_ATTRIBUTES.len()..).unwrap_or_default()
}
