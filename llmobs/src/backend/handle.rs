//! The handle of a backend.

use std::sync::Arc;

#[cfg(feature = "tokio")]
use tokio::sync::watch;

use super::monitor::Monitor;
use super::rules::is_backend_fault;
use crate::semconv::value::BackendState;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Provider;

/// The health of a backend, one provider of one model. Cheap to clone; all handles of a backend share its state.
/// [`Observer::backend`](crate::Observer::backend) returns its builder.
#[derive(Debug, Clone)]
pub struct Backend {
    monitor: Arc<Monitor>,
    provider: Provider,
    model: Arc<str>,
}

/// A request that was sent to a backend and has no result yet.
#[derive(Debug, Clone)]
pub(crate) struct SentRequest {
    monitor: Arc<Monitor>,
    /// The number of openings of the backend when the request was sent.
    openings: u64,
}

impl Backend {
    /// Returns a handle. `provider` and `model` are the names that the application gave, which the label values of the
    /// metric may replace by `_OTHER`.
    pub(super) const fn new(monitor: Arc<Monitor>, provider: Provider, model: Arc<str>) -> Self {
        Self { monitor, provider, model }
    }

    /// Returns the provider.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Returns the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns the state after the last result, the last call of [`is_available`](Self::is_available) or the last
    /// collection, whichever was later. Reads one atomic.
    #[inline]
    #[must_use]
    pub fn state(&self) -> BackendState {
        self.monitor.state()
    }

    /// Returns whether a request may be sent: always if the state is healthy or degraded. If it is open, returns `true` once
    /// after each cool-down, for a probe, so send the request. Once a probe has succeeded, the next one is sent without a
    /// cool-down; after the number of [probes](super::BackendBuilder::probes) the state is healthy.
    #[must_use = "a request that is not sent although this call permits it delays the recovery by a cool-down"]
    pub fn is_available(&self) -> bool {
        self.monitor.admit()
    }

    /// Records the result of a request that no operation reports, because the operation has no marker or another attempt
    /// superseded it. An error counts as a failure if the backend is at fault: `inference`, `internal`, `out_of_memory`,
    /// `overloaded`, `rate_limited`, `timeout`, `upstream` and `_OTHER`. Other errors are ignored.
    pub fn record(&self, result: Result<(), ErrorType>) {
        record(&self.monitor, result, None);
    }

    /// Returns a receiver of the current state and of each change from now on. It keeps the last state only: a reader that
    /// is slow sees the newest.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<BackendState> {
        self.monitor.subscribe()
    }

    /// Returns a request that is sent to the backend now.
    pub(crate) fn send(&self) -> SentRequest {
        SentRequest { openings: self.monitor.openings(), monitor: Arc::clone(&self.monitor) }
    }
}

impl SentRequest {
    /// Records the result of the request, unless the backend has opened since it was sent.
    pub(crate) fn record(&self, result: Result<(), ErrorType>) {
        record(&self.monitor, result, Some(self.openings));
    }
}

fn record(monitor: &Monitor, result: Result<(), ErrorType>, sent_after: Option<u64>) {
    if result.is_ok() || result.is_err_and(is_backend_fault) {
        monitor.record(result.is_ok(), sent_after);
    }
}
