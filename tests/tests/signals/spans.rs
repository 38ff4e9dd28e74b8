//! The spans of an operation as a tracing back end receives them: its span, its phases, the spans around it.

mod attributes;
mod numbers;
mod outcomes;
mod sampling;
mod times;
mod tree;
