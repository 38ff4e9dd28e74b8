//! The spans of an operation as a tracing back end receives them: its span, its phases, the spans around it.

#[path = "spans/attributes.rs"]
mod attributes;
#[path = "spans/outcomes.rs"]
mod outcomes;
#[path = "spans/sampling.rs"]
mod sampling;
#[path = "spans/times.rs"]
mod times;
#[path = "spans/tracing_backend.rs"]
mod tracing_backend;
#[path = "spans/tree.rs"]
mod tree;
