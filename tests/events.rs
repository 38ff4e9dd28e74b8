//! The log events of operations, as a subscriber receives them, and the flight recorder.

#[path = "events/complete.rs"]
mod complete;
#[path = "events/heard.rs"]
mod heard;
#[path = "events/judged.rs"]
mod judged;
#[path = "events/recorder.rs"]
mod recorder;
