//! The routing of an operation, one model call, to a provider and a model that are not those of its start. From then on
//! its attempts, the client metrics of the conventions and its record belong to the new ones; the metrics of llmobs keep
//! those of the start, so that the operations that started and ended balance for each model.

use std::sync::Arc;

use crate::backend::Backend;
use crate::cardinality::sanitize;
#[cfg(feature = "cost")]
use crate::observer::state::cost_account::CostAccount;
#[cfg(feature = "cost")]
use crate::observer::state::cost_account::Payee;
#[cfg(feature = "cost")]
use crate::observer::state::counted_tokens::CountedTokens;
use crate::observer::state::ending::Ending;
use crate::observer::state::operation_state::OperationState;
use crate::observer::state::route::Destination;
use crate::semconv::value::Provider;
use crate::series::OperationSeries;

/// Sets the provider, the model or both. An empty name of a model changes nothing. Ignored after the end.
pub(crate) fn set_route(state: &OperationState, provider: Option<Provider>, model: Option<&str>) {
    let model = model.filter(|model| !model.is_empty());
    if !state.has_ended() && (provider.is_some() || model.is_some()) {
        #[cfg(feature = "cost")]
        keep_payee(state);
        state.notes.get_or_init().route.set(provider, model, None);
    }
}

/// Sets the backend to which the request is sent now, with its provider and model, unless they are those of the start.
/// Ignored after the end.
pub(crate) fn set_backend(state: &OperationState, backend: &Backend) {
    if state.has_ended() {
        return;
    }
    let (provider, model) = (backend.provider(), backend.model());
    let is_unrouted = state.notes.get().is_none_or(|notes| notes.route.last().is_none());
    let is_start = is_unrouted && *provider == state.series.key.provider && *model == *state.series.model;
    #[cfg(feature = "cost")]
    if !is_start {
        keep_payee(state);
    }
    let destination = (!is_start).then(|| (provider.clone(), model));
    let (provider, model) = destination.unzip();
    state.notes.get_or_init().route.set(provider, model, Some(&backend.send()));
}

/// Records the end of an operation on the backend to which its request was sent last, if there is one. A caller that left
/// is not a result.
#[inline]
pub(crate) fn record_backend_result(state: &OperationState, ending: Ending) {
    let destination = state.notes.get().and_then(|notes| notes.route.last());
    if let Some(backend) = destination.and_then(|destination| destination.backend.as_ref()) {
        backend.record(ending.error_type().map_or(Ok(()), Err));
    }
}

/// Returns the series of the provider and model to which the request is sent now: those of the start, unless another
/// provider or model was set.
#[inline]
pub(crate) fn current_series(state: &OperationState) -> &Arc<OperationSeries> {
    let destination = state.notes.get().and_then(|notes| notes.route.last());
    let is_other = |destination: &&Destination| destination.provider.is_some() || destination.model.is_some();
    destination.filter(is_other).map_or(&state.series, |destination| {
        destination.series(|provider, model| {
            let key = &state.series.key;
            let provider = provider.unwrap_or(&key.provider);
            let model = model.unwrap_or(&state.series.model);
            state.observer.models.series(key.role, &key.operation, provider, model, key.extra_label_values)
        })
    })
}

/// Returns the provider and model that the current attempt is paid to.
#[cfg(feature = "cost")]
pub(super) fn payee(state: &OperationState, account: &CostAccount) -> Payee {
    let destination = state.notes.get().and_then(|notes| notes.route.last());
    let provider = destination.and_then(|destination| destination.provider.as_ref()).unwrap_or(&account.provider);
    let model = destination.and_then(|destination| destination.model.as_deref()).unwrap_or(&account.model);
    Payee { series: Arc::clone(current_series(state)), provider: provider.clone(), model: model.into() }
}

/// Keeps the provider and model that the current attempt is paid to, if it has output: those of the next attempt are
/// about to be set. Called before the provider or the model changes.
#[cfg(feature = "cost")]
fn keep_payee(state: &OperationState) {
    let Some(account) = state.cost_account() else { return };
    let carried = state.of_attempt(CountedTokens { text: state.tokens.streamed(), reasoning: 0 });
    if carried.total() > 0 || state.token_usage().output > Some(0) {
        account.ledger.lock().payee.get_or_insert_with(|| payee(state, account));
    }
}

/// Returns the name of the model to which the request is sent now, for spans and events, up to 128 bytes; `None` if it
/// is that of the start.
pub(crate) fn routed_model(state: &OperationState) -> Option<Arc<str>> {
    let model = state.notes.get()?.route.last()?.model.as_deref()?;
    // As at the start: the caller of a server may send any name, so that of the series is used.
    match state.series.key.role.is_remote() {
        true => Some(sanitize(model).into()),
        false => Some(Arc::clone(&current_series(state).model)),
    }
}
