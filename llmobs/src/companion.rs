//! How another crate joins an observer: a [`Companion`] follows its operations, a [`Source`] gives the values of rows
//! that stand in the [catalog](crate::catalog) and are nobody's here, and a [`Recorder`] records in such rows.
//!
//! Nothing is kept, and one flag is read for each mark, while nobody is attached.
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
//!             "hw.temperature" => vec![Sample::new(61.0).with("hw.id", "GPU-1/gpu")],
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

mod device;
mod operation;
mod recorder;
mod registry;

use std::sync::Arc;

pub use self::device::Device;
pub(crate) use self::operation::OperationInfo;
pub use self::operation::OperationRef;
pub(crate) use self::operation::id_of;
pub use self::recorder::Recorder;
pub(crate) use self::registry::CompanionRegistry;
use crate::catalog::Row;
use crate::clock::Moment;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::Observation;
use crate::semconv::value::Outcome;

/// Follows operations. Every call is made by the thread of the operation itself, so it must be short: put what was
/// said into a queue, and think elsewhere. It must not panic.
pub trait Companion: Send + Sync + 'static {
    /// An operation began at this moment. Its id stays its own for as long as what is given here is kept.
    fn started(&self, operation: OperationRef, at: Moment);

    /// Something happened to an operation.
    fn marked(&self, id: u64, mark: Mark, at: Moment);

    /// An operation ended.
    fn ended(&self, id: u64, outcome: Outcome, at: Moment);

    /// What an operation that ran for so many seconds used, in joules, as far as can be said at once. It goes on the
    /// log event of the operation, named provisional. Defaults to nothing said.
    fn provisional_energy(&self, ran: f64) -> Option<f64> {
        let _ = ran;
        None
    }
}

/// What can happen to an operation between its start and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// It waits in the engine's queue.
    Enqueued,
    /// The engine took it.
    Scheduled,
    /// Its first token came.
    FirstToken,
}

/// Knows the values of rows at collection. It must not panic, and not wait for what may hang.
pub trait Source: Send + Sync + 'static {
    /// The values of an observable row of group [`Gpu`](crate::catalog::Group::Gpu): one for each set of attributes. An attribute that the
    /// row does not name is left out.
    fn read(&self, row: &'static Row) -> Vec<Sample>;

    /// The devices that the values are of. A [view](crate::View) shows those that are named here. Defaults to none.
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
    /// A value without attributes. One that is not finite is left out.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value, labels: Vec::new() }
    }

    /// Adds an attribute. Attributes are given in the order of the row.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<AttributeValue>) -> Self {
        self.labels.push(Label::new(name, value.into().0));
        self
    }

    fn into_reading(mut self, row: &Row) -> Option<Observation> {
        self.labels.retain(|label| row.attributes.contains(&label.name.as_ref()));
        self.value.is_finite().then_some(Observation { labels: self.labels, value: self.value })
    }
}

/// The value of an attribute. It has at most 128 bytes and no control characters.
#[derive(Debug, Clone)]
pub struct AttributeValue(LabelValue);

impl From<&'static str> for AttributeValue {
    fn from(word: &'static str) -> Self {
        Self(word.into())
    }
}

impl From<String> for AttributeValue {
    fn from(word: String) -> Self {
        Self(Arc::<str>::from(crate::cardinality::clean(&word).as_ref()).into())
    }
}

/// One that was made before and is shared.
impl From<&Self> for AttributeValue {
    fn from(word: &Self) -> Self {
        word.clone()
    }
}
