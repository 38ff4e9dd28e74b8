//! The spans of an operation as a tracing back end receives them: its span, its phases, the spans around it.

#[path = "spans/attributes.rs"]
mod attributes;
#[path = "spans/ends.rs"]
mod ends;
#[path = "spans/kit.rs"]
mod kit;
#[path = "spans/sampling.rs"]
mod sampling;
#[path = "spans/times.rs"]
mod times;
#[path = "spans/tree.rs"]
mod tree;
