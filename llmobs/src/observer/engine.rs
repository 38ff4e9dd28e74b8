//! The work of an observer: it starts and ends operations, emits their spans and log events, and answers collections.

pub(crate) mod build;
mod checks;
mod client_metrics;
mod collect;
mod emit;
pub(crate) mod end;
mod ended_operation;
pub(crate) mod evaluation;
pub(crate) mod settings;
pub(crate) mod start;
