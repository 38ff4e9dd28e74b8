//! The guard of an operation's producer, a task or thread that generates the answer and sends it over a channel.

use std::fmt;
use std::ops::Deref;
use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::marker::Marker;
use crate::semconv::value::ErrorType;

/// A producer's end of a channel, which dereferences to it, and the duty to end the answer.
/// [`Operation::producer`](crate::Operation::producer) returns it.
///
/// A channel whose producer vanished closes as that of a producer that has finished. Therefore the guard sets the error
/// `internal`, or `shutdown` after [`Observer::begin_shutdown`](crate::Observer::begin_shutdown), if it is dropped before
/// one of these:
///
/// - [`finish`](Self::finish) was called,
/// - a finish reason or an error was set on a marker,
/// - the operation has ended, for example because the caller left.
///
/// A finish reason in a sent item has no effect on the guard, because the stream reads the item later: call `finish` after
/// the last item. Of several clones, the last drop decides.
///
/// The guard owns the channel, so that the consumer cannot see the channel close before the error is set. A channel that is
/// held outside of the guard must be dropped after it: declare it before the guard, both as local variables of the task,
/// because local variables are dropped in the reverse order. The order of values that a task captures is not defined.
#[must_use = "a guard that is dropped at once fails the operation"]
#[derive(Clone)]
pub struct ProducerGuard<T> {
    // Before `channel`: fields are dropped in this order, and the error must be set before the channel closes.
    share: Arc<ProducerShare>,
    channel: T,
}

/// The duty to end the answer, which the clones of a guard share.
struct ProducerShare {
    marker: Marker,
    is_finished: AtomicBool,
}

impl<T> ProducerGuard<T> {
    /// Creates a guard of a producer of the marker's operation, which holds its end of a channel, where only a marker is
    /// at hand. See [`Operation::producer`](crate::Operation::producer).
    pub fn new(marker: &Marker, channel: T) -> Self {
        let share = Arc::new(ProducerShare { marker: marker.clone(), is_finished: AtomicBool::new(false) });
        Self { share, channel }
    }

    /// Returns a marker of the operation.
    #[must_use]
    pub fn marker(&self) -> &Marker {
        &self.share.marker
    }

    /// Ends the answer: from now on, no drop of the guard or of a clone fails the operation. Closes the channel if no clone
    /// is left.
    pub fn finish(self) {
        self.share.is_finished.store(true, Ordering::Relaxed);
    }
}

impl<T> Deref for ProducerGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.channel
    }
}

impl<T> DerefMut for ProducerGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.channel
    }
}

impl<T> fmt::Debug for ProducerGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerGuard").field("marker", &self.share.marker).finish_non_exhaustive()
    }
}

impl Drop for ProducerShare {
    fn drop(&mut self) {
        let Some(state) = self.marker.state() else { return };
        if *self.is_finished.get_mut() || state.has_ended() || state.finish_reason().is_some() {
            return;
        }
        let is_shutting_down = state.observer.is_shutting_down();
        state.set_error(if is_shutting_down { ErrorType::Shutdown } else { ErrorType::Internal });
    }
}
