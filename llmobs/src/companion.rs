//! The interfaces through which another crate extends an observer: a [`Companion`] is notified of its operations, a
//! [`Source`] supplies the values of [catalog](crate::catalog) rows that this crate does not fill, and a [`Recorder`]
//! records values in those rows.
//!
//! While no companion is registered, each mark costs the read of one flag, and nothing is stored.
//!
//! ```
//! use std::sync::Arc;
//! use llmobs::Observer;
//! use llmobs::catalog::Row;
//! use llmobs::companion::{Sample, Source};
//!
//! struct Thermometer;
//!
//! impl Source for Thermometer {
//!     fn read(&self, row: &'static Row) -> Vec<Sample> {
//!         match row.name {
//!             "hw.temperature" => vec![Sample::new(61.0).attribute("hw.id", "GPU-1/gpu")],
//!             _ => Vec::new(),
//!         }
//!     }
//! }
//!
//! let observer = Observer::builder().build()?;
//! let thermometer = Arc::new(Thermometer);
//! observer.attach_source(&thermometer);
//! # #[cfg(feature = "prometheus")]
//! assert!(llmobs::prometheus::page(&observer, None).body.contains("hw_temperature_celsius{hw_id=\"GPU-1/gpu\"} 61"));
//! # Ok::<(), llmobs::BuildError>(())
//! ```

mod attribute_value;
mod device;
mod operation;
mod recorder;
mod registry;

pub use self::attribute_value::AttributeValue;
pub use self::device::Device;
pub(crate) use self::operation::OperationInfo;
pub use self::operation::OperationRef;
pub(crate) use self::operation::operation_id;
pub use self::recorder::Recorder;
pub(crate) use self::registry::CompanionRegistry;
use crate::catalog::Row;
use crate::clock::Moment;
use crate::measurement::Label;
use crate::measurement::Observation;
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

/// An object that supplies the values of rows at each collection. Methods must not panic and must not block on calls
/// that may hang.
pub trait Source: Send + Sync + 'static {
    /// Returns the values of an observable row of group [`Gpu`](crate::catalog::Group::Gpu), one for each set of
    /// attributes. Attributes that the row does not list are dropped.
    fn read(&self, row: &'static Row) -> Vec<Sample>;

    /// Returns the devices that the values belong to. A [view](crate::catalog::View) shows only these devices. Defaults to none.
    fn devices(&self) -> Vec<Device> {
        Vec::new()
    }
}

/// A value and its attributes.
#[derive(Debug, Clone)]
pub struct Sample {
    value: f64,
    labels: Vec<Label>,
}

impl Sample {
    /// Returns a value without attributes. A value that is not finite is dropped at collection.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value, labels: Vec::new() }
    }

    /// Adds an attribute. Add attributes in the order in which the row lists them.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: impl Into<AttributeValue>) -> Self {
        self.labels.push(Label::new(name, value.into().0));
        self
    }

    fn into_observation(mut self, row: &Row) -> Option<Observation> {
        self.labels.retain(|label| row.attributes.contains(&label.name.as_ref()));
        self.value.is_finite().then_some(Observation { labels: self.labels, value: self.value })
    }
}
