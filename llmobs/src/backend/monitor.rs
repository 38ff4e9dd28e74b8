//! A backend that its handles, the operations in flight and the collections share.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

#[cfg(feature = "tokio")]
use tokio::sync::watch;

use super::change::BackendChange;
use super::change::OnChange;
use super::circuit::Circuit;
use super::rules::Rules;
use crate::clock::Clock;
use crate::semconv::value::BackendState;
use crate::sink::Sinks;
use crate::sync::Mutex;
use crate::sync::Ordering;
use crate::unwind::catch_panic;

/// The value of `llmobs.signal` for changes of backends.
const SIGNAL: &str = "backend";

/// The drop reason of a change whose callback panicked.
const ON_CHANGE_PANICKED: &str = "on_change_panicked";

/// The state machine of a backend with its clock and the receivers of changes.
pub(super) struct Monitor {
    /// The provider, as a label value.
    pub(super) provider: Arc<str>,
    /// The model, as a label value.
    pub(super) model: Arc<str>,
    clock: Clock,
    /// The current state as its index, so that reading it takes no lock.
    state: AtomicU8,
    inner: Mutex<Inner>,
    on_change: Option<OnChange>,
    #[cfg(feature = "tokio")]
    watch: watch::Sender<BackendState>,
    /// `None` for a disabled observer.
    sinks: Option<Arc<Sinks>>,
}

/// The values that the lock protects.
struct Inner {
    circuit: Circuit,
    /// The changes that the receivers have not got yet, in their order.
    changes: VecDeque<BackendChange>,
    /// Set while a thread passes changes to the receivers, so that they get one after the other.
    is_notifying: bool,
}

impl Monitor {
    /// Returns a healthy backend. `provider` and `model` are label values. Creates the series of the callback's panics.
    pub(super) fn new(
        [provider, model]: [Arc<str>; 2],
        rules: Rules,
        on_change: Option<OnChange>,
        clock: Clock,
        sinks: Option<Arc<Sinks>>,
    ) -> Self {
        if let (Some(sinks), true) = (&sinks, on_change.is_some()) {
            sinks.count_dropped(SIGNAL, ON_CHANGE_PANICKED, 0);
        }
        let circuit = Circuit::new(rules);
        Self {
            provider,
            model,
            clock,
            #[cfg(feature = "tokio")]
            watch: watch::Sender::new(circuit.state()),
            state: AtomicU8::new(circuit.state() as u8),
            inner: Mutex::new(Inner { circuit, changes: VecDeque::new(), is_notifying: false }),
            on_change,
            sinks,
        }
    }

    /// Returns the current state.
    #[inline]
    pub(super) fn state(&self) -> BackendState {
        // The index is always one of the list.
        let index = usize::from(self.state.load(Ordering::Acquire));
        BackendState::ALL.get(index).copied().unwrap_or(BackendState::Healthy)
    }

    /// Returns a receiver of the current state and of each change from now on.
    #[cfg(feature = "tokio")]
    pub(super) fn subscribe(&self) -> watch::Receiver<BackendState> {
        self.watch.subscribe()
    }

    /// Returns the number of times that the state became open.
    pub(super) fn openings(&self) -> u64 {
        self.inner.lock().circuit.openings()
    }

    /// Records a result, as [`Circuit::record`] does.
    pub(super) fn record(&self, is_success: bool, sent_after: Option<u64>) {
        self.update(|circuit, now| circuit.record(is_success, sent_after, now));
    }

    /// Returns whether a request may be sent. Reads neither the clock nor a lock while the state is healthy.
    #[inline]
    pub(super) fn admit(&self) -> bool {
        self.state() == BackendState::Healthy || self.update(Circuit::admit)
    }

    /// Lets results that are older than the window leave the state.
    pub(super) fn refresh(&self) {
        if self.state() != BackendState::Healthy {
            self.update(Circuit::refresh);
        }
    }

    /// Calls the state machine with the current moment in nanoseconds, and notifies the receivers if the state changed.
    fn update<R>(&self, call: impl FnOnce(&mut Circuit, u64) -> R) -> R {
        let mut inner = self.inner.lock();
        let from = inner.circuit.state();
        let result = call(&mut inner.circuit, self.clock.now().as_nanos());
        let to = inner.circuit.state();
        if from != to {
            self.state.store(to as u8, Ordering::Release);
            let (provider, model) = (Arc::clone(&self.provider), Arc::clone(&self.model));
            inner.changes.push_back(BackendChange { provider, model, from, to });
            let is_first = !std::mem::replace(&mut inner.is_notifying, true);
            drop(inner);
            if is_first {
                self.notify();
            }
        }
        result
    }

    /// Passes the changes to the receivers, outside of the lock, until none is left. A change that a callback causes
    /// follows when it has returned.
    fn notify(&self) {
        loop {
            let mut inner = self.inner.lock();
            let Some(change) = inner.changes.pop_front() else {
                inner.is_notifying = false;
                return;
            };
            drop(inner);
            #[cfg(feature = "tokio")]
            self.watch.send_replace(change.to);
            let Some(on_change) = &self.on_change else { continue };
            if let (None, Some(sinks)) = (catch_panic(|| on_change(&change)), &self.sinks) {
                sinks.count_dropped(SIGNAL, ON_CHANGE_PANICKED, 1);
            }
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
