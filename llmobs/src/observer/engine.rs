//! The work of an observer: it starts and ends operations (model calls), records their metrics, emits their spans and
//! log events, and returns the values that collections of metrics read. The types that applications hold call these
//! functions, which work on `observer::state`.

pub(crate) mod build;
mod checks;
mod client_metrics;
mod collect;
pub(crate) mod dropped;
mod emit;
pub(crate) mod end;
mod ended_operation;
pub(crate) mod evaluation;
pub(crate) mod output_tokens;
mod record;
pub(crate) mod routing;
pub(crate) mod settings;
pub(crate) mod stall_cause;
pub(crate) mod start;
