//! The routing of an operation, one model call, to a provider and a model that are not those of its start. From then on
//! its attempts, the client metrics of the conventions and its record belong to the new ones; the metrics of llmobs keep
//! those of the start, so that the operations that started and ended balance for each model.

use std::sync::Arc;

use crate::cardinality::sanitize;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::value::Provider;
use crate::series::OperationSeries;

/// Sets the provider, the model or both. An empty name of a model changes nothing. Ignored after the end.
pub(crate) fn set_route(state: &OperationState, provider: Option<Provider>, model: Option<&str>) {
    let model = model.filter(|model| !model.is_empty());
    if !state.has_ended() && (provider.is_some() || model.is_some()) {
        state.notes.get_or_init().route.set(provider, model);
    }
}

/// Returns the series of the provider and model to which the request is sent now: those of the start, unless another
/// provider or model was set.
#[inline]
pub(crate) fn current_series(state: &OperationState) -> &OperationSeries {
    let destination = state.notes.get().and_then(|notes| notes.route.last());
    destination.map_or(&state.series, |destination| {
        destination.series(|provider, model| {
            let key = &state.series.key;
            let provider = provider.unwrap_or(&key.provider);
            let model = model.unwrap_or(&state.series.model);
            state.observer.models.series(key.role, &key.operation, provider, model, key.extra_label_values)
        })
    })
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
