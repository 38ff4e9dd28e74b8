//! The operations that a step of an engine can name.

use std::sync::Arc;

use crate::sink::Sinks;

/// Prevents implementations in other crates.
pub(crate) mod sealed {
    use super::Arc;
    use super::Sinks;

    /// An engine whose step names an operation.
    #[derive(Debug, Clone, Copy)]
    #[expect(unnameable_types, reason = "no other crate may implement the trait")]
    pub struct NamingEngine<'a> {
        /// The sinks of the observer that has the engine.
        pub(crate) sinks: &'a Arc<Sinks>,
        /// The index of the engine among those of its observer.
        pub(crate) index: u8,
    }

    #[expect(unnameable_types, reason = "no other crate may implement it")]
    pub trait Sealed {
        /// Records that the engine runs the operation, unless an engine is recorded already. Returns the id of the
        /// operation for companions; `None` if the operation is disabled or belongs to another observer.
        fn join_engine(&self, engine: NamingEngine<'_>) -> Option<u64>;
    }
}

/// An operation that a step of an engine can name: its [`Marker`](crate::Marker). Only this crate implements it.
pub trait EngineOperation: sealed::Sealed {}
