//! The interface of the observer for other crates: see [`companion`](crate::companion).

use std::sync::Arc;
use std::sync::Weak;

use super::Observer;
use super::operation_state::OperationState;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::companion::Companion;
use crate::companion::OperationInfo;
use crate::companion::Recorder;
use crate::companion::Source;
use crate::measurement::TraceLink;

impl Observer {
    /// Registers a companion, which is notified of every operation from now on, until the last `Arc` to it is dropped.
    pub fn attach_companion<C: Companion>(&self, companion: &Arc<C>) {
        if let Some(inner) = &self.inner {
            let weak: Weak<C> = Arc::downgrade(companion);
            inner.attached().register_companion(weak);
        }
    }

    /// Registers a source, which supplies the values of its rows at every collection, until the last `Arc` to it is
    /// dropped.
    pub fn attach_source<S: Source>(&self, source: &Arc<S>) {
        let Some(inner) = &self.inner else { return };
        let weak: Weak<S> = Arc::downgrade(source);
        if inner.attached().register_source(weak) {
            let weak_inner = Arc::downgrade(inner);
            inner.sinks().register_external_source(&(weak_inner as Weak<dyn crate::sink::ObservableSource>));
        }
    }

    /// Returns a recorder for rows that other crates fill. The recorder of a disabled observer does nothing.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder::new(self.inner.as_ref().map(|inner| Arc::clone(inner.sinks())))
    }
}

impl OperationInfo for OperationState {
    fn role(&self) -> Role {
        self.series.key.role
    }

    fn identity(&self) -> [&str; 3] {
        let key = &self.series.key;
        [key.operation.as_str(), key.provider.as_str(), &self.series.model]
    }

    fn trace_link(&self) -> Option<TraceLink> {
        self.trace_link
    }

    fn has_ended(&self) -> bool {
        Self::has_ended(self)
    }

    fn has_preparation(&self) -> bool {
        self.times.prepares
    }

    fn input_tokens(&self) -> Option<u64> {
        self.usage().input
    }

    fn output_tokens(&self) -> u64 {
        let counted = self.streamed_tokens.load(std::sync::atomic::Ordering::Relaxed);
        self.usage().output.unwrap_or(counted)
    }

    fn record_energy(&self, joules: f64) {
        if let Some(handle) = self.series.handle(RowId::OperationEnergy, 0) {
            handle.record(joules, self.trace_link);
        }
    }
}
