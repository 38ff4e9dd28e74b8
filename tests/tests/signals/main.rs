//! The signals of an operation as subscribers and back ends in memory receive them: spans, log events, and the content
//! that they carry.

mod content;
mod events;
mod routing;
mod spans;
