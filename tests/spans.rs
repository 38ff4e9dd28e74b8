//! What an operation tells a tracing back end: its span, its parts, the spans around it.

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
