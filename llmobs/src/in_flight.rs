//! The description of an operation in flight, a model call that has not ended, as
//! [`Observer::in_flight`](crate::Observer::in_flight) returns it.

pub use crate::observer::InFlight;
pub use crate::observer::WaitsFor;
