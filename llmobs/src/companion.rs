//! The interfaces through which another crate, such as `llmobs-gpu`, extends an observer: a [`Companion`] is notified
//! of the observer's operations (model calls), and a [`DeviceSource`] names the devices that a
//! [view](crate::catalog::View), a table of metrics under another system's names, shows. The other crate records its own
//! metrics through [`metric`](crate::metric).
//!
//! Before the first companion is attached, each notification costs the read of one flag, and nothing is stored.

mod device;
mod operation;
mod registry;
mod step;

use std::time::Duration;

pub use self::device::Device;
pub(crate) use self::operation::OperationInfo;
pub use self::operation::OperationRef;
pub(crate) use self::operation::operation_id;
pub(crate) use self::registry::CompanionRegistry;
pub use self::step::SequenceWork;
pub use self::step::StepRef;
pub use self::step::StepSequence;
use crate::clock::Moment;
use crate::semconv::value::Outcome;

/// An object of another crate that is notified of operations after
/// [`Observer::attach_companion`](crate::Observer::attach_companion). The observer has only a weak reference, so the
/// notifications end when the last `Arc` of the application is dropped. Every method is
/// called on the thread that starts, marks or ends the operation, or runs the engine, so it must return quickly: put the notification into
/// a queue and process it on another thread. Methods should not panic; a panic is caught and the notification is lost.
/// Methods must not attach a companion to the observer, which would deadlock.
pub trait Companion: Send + Sync + 'static {
    /// Called when an operation starts, with the moment of its start. The id of the operation is not reused while
    /// `operation` or a clone of it exists.
    fn on_start(&self, operation: OperationRef, at: Moment);

    /// Called when an operation changes its state, with its id, the new state and the moment of the change.
    fn on_mark(&self, id: u64, mark: Mark, at: Moment);

    /// Called once when an operation ends, with its id, its outcome and the moment of its end. For a completed stream
    /// that yielded an item, this is the moment of the last item.
    fn on_end(&self, id: u64, outcome: Outcome, at: Moment);

    /// Called when a step of an engine finishes whose scheduler named the operations of its sequences
    /// ([`EngineStep::add_sequence`](crate::engine::EngineStep::add_sequence)), on the thread of the scheduler. An
    /// operation may have ended before the step did. The step is borrowed: copy what is processed later. Defaults to
    /// nothing.
    fn on_step(&self, step: &StepRef<'_>) {
        let _ = step;
    }

    /// Returns an estimate, in joules, of the energy used by an operation that ran in the engine for this number of
    /// seconds: from the moment at which the engine scheduled it to its end, or from its start if it was never marked as
    /// scheduled. Called when the operation ends. The
    /// estimate is written to the operation's log event in the server role and marked there as provisional. `None`
    /// gives no estimate; another companion is then asked. Defaults to `None`.
    fn provisional_energy(&self, seconds: f64) -> Option<f64> {
        let _ = seconds;
        None
    }

    /// Returns the time between two moments for which heat or a protection of the hardware made a device slower on which
    /// this model runs. Called when a stream of the model had a pause of a second or more, to find its cause, and only at
    /// level full in the server role. `model` is the name in the metric labels. Defaults to zero.
    fn throttled_time(&self, model: &str, from: Moment, to: Moment) -> Duration {
        let _ = (model, from, to);
        Duration::ZERO
    }
}

/// A change of the state of an operation between its start and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// The operation entered the engine's queue.
    Enqueued,
    /// The engine scheduled the operation.
    Scheduled,
    /// The first token of the operation arrived.
    FirstToken,
}

/// An object of another crate that names the devices of a view each time that the metrics are collected, for example at
/// each scrape of the Prometheus page. Methods must not panic and must not block on calls that may hang.
pub trait DeviceSource: Send + Sync + 'static {
    /// Returns the devices whose metrics a [view](crate::catalog::View) shows; it shows no others. Of two devices with the
    /// same id only the first is shown. Called at each collection.
    fn devices(&self) -> Vec<Device>;
}
