//! The start of an operation, one model call. The builder `Start` collects the `Call` and passes it to `start`.

use std::sync::Arc;

#[cfg(feature = "cost")]
use super::admission::Admission;
#[cfg(feature = "cost")]
use super::admission::open_account;
use super::call::Call;
use crate::cardinality::sanitize;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::companion::OperationInfo;
use crate::companion::OperationRef;
use crate::event::RequestDetails;
use crate::observer::current::claim_served_request;
use crate::observer::current::request_tenant;
use crate::observer::current::take_request_arrival;
use crate::observer::engine::record::deliver_start;
use crate::observer::engine::settings::UNKNOWN_PROVIDER;
use crate::observer::state::observer_parts::ObserverParts;
use crate::observer::state::observer_state::ObserverState;
use crate::observer::state::operation_state::OperationState;
use crate::observer::state::request::StartParams;
use crate::observer::state::running_operation::RunningOperation;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::OperationName;
use crate::sink::otel::current_trace_link;
use crate::span::InferenceStart;

/// Starts an operation: looks up its series, starts its span, counts it, adds it to the in-flight registry and notifies
/// the companions. A start in the future is replaced by the current moment. Returns the operation for its owner.
/// `admission` is its prices and budgets; `None` for an observer without prices.
#[inline]
pub(crate) fn start(
    observer: &ObserverParts,
    inner: &Arc<ObserverState>,
    call: &Call<'_>,
    #[cfg(feature = "cost")] admission: Option<Admission>,
) -> RunningOperation {
    let role = observer.role;
    let provider = call.provider.as_ref().unwrap_or(&observer.provider);
    let series = inner.models.series(role, &call.name, provider, call.model, call.label_values);
    let t0 = match call.started_at {
        Some(moment) => inner.clamp_to_now(moment, inner.clock.now()),
        None => take_request_arrival().unwrap_or_else(|| inner.clock.now()),
    }
    .as_nanos();
    // A server's caller may send any name, so the name of the series is used, which can be `_OTHER`; a client or
    // gateway selected the name itself.
    let model = if role.is_remote() { sanitize(call.model) } else { (&*series.model).into() };
    // A span keeps each value that is set, so a provider that can change is set at the end only.
    let is_provider_late = role.is_remote() && (call.late_provider || *provider == UNKNOWN_PROVIDER);
    let inference_start = InferenceStart {
        operation: &series.key.operation,
        provider: (!is_provider_late).then(|| series.key.provider.as_str()),
        model: &model,
        is_remote: role.is_remote(),
        profile: inner.declared_names().profile,
        request: &call.request,
    };
    let mut span = if inner.spans.is_disabled { None } else { inference_start.start_span() };
    if let Some(span) = &mut span {
        inner.spans.set_foreign_ids(span);
    }
    let served_request = span.as_deref().and_then(|span| {
        let request = claim_served_request()?;
        request.set_call(&inference_start, span);
        Some(request)
    });
    let text_span = span.as_ref().filter(|_| call.name != OperationName::Embeddings);
    let used_span_bytes =
        text_span.and_then(|span| inner.content.set_stop_sequences(span, call.request.stop_sequences));
    let tenants = inner.tenants.as_ref();
    let requested_tenant = tenants.filter(|_| call.tenant.is_none()).and_then(|_| request_tenant());
    let tenant_name = tenants.and_then(|_| call.tenant.as_deref().or(requested_tenant.as_deref()));
    let records_tenant = inner.recorder.as_ref().is_some_and(|recorder| recorder.rules().has_tenant());
    let params = StartParams {
        record_number: inner.recorder.as_ref().and_then(|recorder| recorder.next_number()),
        t0,
        deadline: call.deadline.map(|after| t0.saturating_add(duration_to_nanos(after))),
        prepares: call.prepares,
        reports_usage: call.reports_usage.unwrap_or_else(|| role.is_remote()),
        is_provider_late,
        capturing: inner.content.should_capture(span.as_deref()),
        used_span_bytes,
        trace_link: match &span {
            Some(span) if span.trace_ids().is_some() => span.trace_link(),
            _ => current_trace_link().or_else(|| inner.spans.current_foreign_link()),
        },
        stream: call.request.stream,
        max_tokens: call.request.max_tokens,
        function_objective: call.function_objective,
        conversation_id: call.request.conversation_id.map(|id| sanitize(id).as_ref().into()),
        request_details: (inner.should_emit_details() && call.name != OperationName::Embeddings)
            .then(|| RequestDetails::from_params(&call.request)),
        served_request,
        tenant: tenants.map(|tenants| tenants.admit(tenant_name, t0)),
        // Records name also a tenant that has no series of its own.
        tenant_name: tenant_name
            .filter(|name| records_tenant && !name.is_empty())
            .map(|name| sanitize(name).as_ref().into()),
        #[cfg(feature = "cost")]
        cost: admission.and_then(|admission| open_account(inner, &series, provider, call, admission)),
    };
    series.add(RowId::Started, 0, 1);
    if let Some(index) = call.function_objective {
        series.init_objective(index);
    }
    series.add(RowId::Attempts, AttemptKind::First.index(), 1);
    if let Some(tokens) = call.request.max_tokens.and_then(plausible_size) {
        series.record_size(RowId::MaxTokens, 0, tokens);
    }
    if let Some(choices) = call.request.choices.and_then(plausible_size) {
        series.record_size(RowId::Choices, 0, choices);
    }
    let state = Arc::new(OperationState::new(Arc::clone(inner), series, params));
    let slot = inner.in_flight_registry().insert(Arc::<OperationState>::clone(&state));
    inner.attached().notify(|companion| {
        let context = span.as_ref().and_then(|span| span.context().cloned());
        let info: Arc<dyn OperationInfo> = Arc::<OperationState>::clone(&state);
        companion.on_start(OperationRef::new(info, context), Moment::from_nanos(t0));
    });
    deliver_start(&state, span.as_deref());
    RunningOperation { state, slot, span }
}

/// Returns a size that a caller requested, unless it is larger than 4,294,967,295. The sum of a histogram is a double: the
/// largest integer of one caller would hide the sizes of all later requests.
fn plausible_size(size: u64) -> Option<u64> {
    (size <= u32::MAX.into()).then_some(size)
}
