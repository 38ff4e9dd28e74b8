//! The work of an observer: it starts and ends operations (model calls), records their metrics, emits their spans and
//! log events, and returns the values that collections of metrics read. The types that applications hold call these
//! functions, which work on `observer::state`.

#[cfg(feature = "cost")]
pub(crate) mod admission;
pub(crate) mod build;
pub(crate) mod call;
mod checks;
mod client_metrics;
mod collect;
#[cfg(feature = "cost")]
mod collect_costs;
pub(crate) mod collect_objectives;
#[cfg(feature = "cost")]
mod costing;
pub(crate) mod dropped;
mod emit;
pub(crate) mod end;
#[cfg(feature = "cost")]
mod end_cost;
mod ended_operation;
pub(crate) mod evaluation;
pub(crate) mod output_tokens;
mod record;
pub(crate) mod routing;
pub(crate) mod settings;
pub(crate) mod stall_cause;
pub(crate) mod start;
