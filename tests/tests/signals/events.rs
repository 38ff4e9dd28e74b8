//! The log events of operations, as a subscriber receives them, and the flight recorder.

mod complete;
mod evaluations;
mod flight_recorder;
