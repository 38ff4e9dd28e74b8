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
        if let Some(core) = &self.core {
            let weak: Weak<C> = Arc::downgrade(companion);
            core.attached().attach_companion(weak);
        }
    }

    /// Registers a source, which supplies the values of its rows at every collection, until the last `Arc` to it is
    /// dropped.
    pub fn attach_source<S: Source>(&self, source: &Arc<S>) {
        let Some(core) = &self.core else { return };
        let weak: Weak<S> = Arc::downgrade(source);
        if core.attached().attach_source(weak) {
            let core_weak = Arc::downgrade(core);
            core.sinks().attach_foreign(&(core_weak as Weak<dyn crate::sink::ObservableSource>));
        }
    }

    /// Returns a recorder for rows that other crates fill. The recorder of a disabled observer does nothing.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder::new(self.core.as_ref().map(|core| Arc::clone(core.sinks())))
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

    fn link(&self) -> Option<TraceLink> {
        self.link
    }

    fn has_ended(&self) -> bool {
        Self::has_ended(self)
    }

    fn prepares(&self) -> bool {
        self.times.prepares
    }

    fn input_tokens(&self) -> Option<u64> {
        self.usage().input
    }

    fn output_tokens(&self) -> u64 {
        let counted = self.tokens.load(std::sync::atomic::Ordering::Relaxed);
        self.usage().output.unwrap_or(counted)
    }

    fn record_energy(&self, joules: f64) {
        if let Some(handle) = self.series.handle(RowId::OperationEnergy, 0) {
            handle.record(joules, self.link);
        }
    }
}
