//! The rows of inference engines, from the handle of a scheduler to both backends.

mod autoscaling;
mod counters;
mod fixture;
mod gauges;
mod headroom;
mod lifetime;
mod preemptions;
mod properties;
mod sequences;
mod steps;
