//! The log events of operations, as a subscriber receives them, and the flight recorder.

#[path = "events/complete.rs"]
mod complete;
#[path = "events/evaluations.rs"]
mod evaluations;
#[path = "events/event_recorder.rs"]
mod event_recorder;
#[path = "events/flight_recorder.rs"]
mod flight_recorder;
