//! The operations in flight, as [`Observer::in_flight`](crate::Observer::in_flight) lists them.

pub use crate::observer::InFlight;
pub use crate::observer::WaitsFor;
