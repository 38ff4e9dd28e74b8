//! The interfaces through which another crate extends an observer: a [`Companion`] is notified of its operations, and a
//! [`DeviceSource`] names the devices that a [view](crate::catalog::View) shows. The metrics of the other crate are in
//! [`metric`](crate::metric).
//!
//! While no companion is registered, each mark costs the read of one flag, and nothing is stored.

mod device;
mod operation;
mod registry;

pub use self::device::Device;
pub(crate) use self::operation::OperationInfo;
pub use self::operation::OperationRef;
pub(crate) use self::operation::operation_id;
pub(crate) use self::registry::CompanionRegistry;
use crate::clock::Moment;
use crate::semconv::value::Outcome;

/// An object that is notified of operations. Every method is called on the thread of the operation, so it must return
/// quickly: put the notification into a queue and process it on another thread. Methods should not panic; a panic is
/// caught and the notification is lost.
pub trait Companion: Send + Sync + 'static {
    /// Called when an operation starts, with the moment of its start. The id of the operation is not reused while
    /// `operation` or a clone of it exists.
    fn on_start(&self, operation: OperationRef, at: Moment);

    /// Called when an operation changes its state, with the moment of the change.
    fn on_mark(&self, id: u64, mark: Mark, at: Moment);

    /// Called when an operation ends, with its outcome and the moment of its end.
    fn on_end(&self, id: u64, outcome: Outcome, at: Moment);

    /// Returns an estimate, in joules, of the energy used by an operation that ran for this number of seconds. The
    /// estimate is written to the operation's log event and marked there as provisional. Defaults to `None`.
    fn provisional_energy(&self, seconds: f64) -> Option<f64> {
        let _ = seconds;
        None
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

/// An object that names the devices of a view at each collection. Methods must not panic and must not block on calls that
/// may hang.
pub trait DeviceSource: Send + Sync + 'static {
    /// Returns the devices to which the values of rows belong. A [view](crate::catalog::View) shows only these devices.
    fn devices(&self) -> Vec<Device>;
}
