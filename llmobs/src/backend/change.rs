//! A change of a backend's state.

use std::sync::Arc;

use crate::semconv::value::BackendState;

/// A change of the state of a backend. [`BackendBuilder::on_change`](super::BackendBuilder::on_change) receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendChange {
    /// The provider of the backend, as on its metric.
    pub provider: Arc<str>,
    /// The model of the backend, as on its metric.
    pub model: Arc<str>,
    /// The state before the change.
    pub from: BackendState,
    /// The state since the change.
    pub to: BackendState,
}

/// The application's callback for changes.
pub(super) type OnChange = Box<dyn Fn(&BackendChange) + Send + Sync>;
