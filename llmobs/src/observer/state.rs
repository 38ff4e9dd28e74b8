//! The values that an observer keeps: those that its clones share (such as the model registry and the in-flight
//! registry), and those of each operation, one model call (such as its times and token counts). The functions of
//! `engine` and the types that applications hold read and change them.

#[cfg(feature = "cost")]
pub(crate) mod cost_account;
#[cfg(feature = "cost")]
pub(crate) mod cost_books;
pub(crate) mod counted_tokens;
pub(crate) mod counters;
pub(crate) mod end_marks;
pub(crate) mod ending;
pub(crate) mod flight_recorder;
pub(crate) mod gap_histogram;
pub(crate) mod in_flight;
pub(crate) mod model_registry;
pub(crate) mod observer_parts;
pub(crate) mod observer_state;
pub(crate) mod operation_state;
pub(crate) mod preemptions;
pub(crate) mod recorded_output;
pub(crate) mod request;
pub(crate) mod response_notes;
pub(crate) mod route;
pub(crate) mod running_operation;
pub(crate) mod tenant;
pub(crate) mod tenant_registry;
pub(crate) mod times;
pub(crate) mod token_counts;
#[cfg(feature = "tokio")]
pub(crate) mod watched_runtimes;
