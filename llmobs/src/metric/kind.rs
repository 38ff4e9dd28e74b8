//! The kinds of metrics: one marker type for each instrument.

use std::fmt::Debug;
use std::marker::PhantomData;

use self::sealed::Sealed;
use crate::catalog::Instrument;

mod sealed {
    use crate::catalog::Instrument;

    #[expect(unnameable_types, reason = "no other crate may implement it")]
    pub trait Sealed {
        const INSTRUMENT: Instrument;
        /// True if the series also have the labels of an operation.
        const IS_PER_OPERATION: bool = false;
    }
}

/// A kind of metric. Implemented only by the marker types of this module.
pub trait Kind: Sealed + Debug + Send + Sync + 'static {}

/// A kind whose values are recorded when something happens.
pub trait Synchronous: Kind {}

/// A synchronous kind whose series have only the attributes of the metric.
pub trait ProcessScoped: Synchronous {}

/// A synchronous kind whose values are distributed over buckets: a histogram.
pub trait Distribution: Synchronous {}

/// A kind whose values are read at each collection.
pub trait Observable: Kind {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident)+;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[non_exhaustive]
        pub struct $name;

        impl Sealed for $name {
            const INSTRUMENT: Instrument = Instrument::$name;
        }

        impl Kind for $name {}
        $(impl $kind for $name {})+
    )*};
}

kinds! {
    /// A monotonic sum.
    Counter: Synchronous ProcessScoped;
    /// A sum that can increase and decrease, and that only one place in the program sets.
    UpDownCounter: Synchronous ProcessScoped;
    /// A distribution of values in buckets.
    Histogram: Synchronous ProcessScoped Distribution;
    /// A current value that is set when it changes.
    Gauge: Synchronous ProcessScoped;
    /// A monotonic sum that is read at collection.
    ObservableCounter: Observable;
    /// A sum that can increase and decrease and is read at collection.
    ObservableUpDownCounter: Observable;
    /// A current value that is read at collection.
    ObservableGauge: Observable;
}

/// A synchronous kind whose series also have the labels of an operation: operation name, provider, model, and the
/// labels that the application declared.
#[derive(Debug)]
pub struct PerOperation<K>(PhantomData<K>);

impl<K: ProcessScoped> Sealed for PerOperation<K> {
    const INSTRUMENT: Instrument = K::INSTRUMENT;
    const IS_PER_OPERATION: bool = true;
}

impl<K: ProcessScoped> Kind for PerOperation<K> {}
impl<K: ProcessScoped> Synchronous for PerOperation<K> {}
impl Distribution for PerOperation<Histogram> {}
