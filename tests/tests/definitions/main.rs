//! Tests of every definition in `llmobs/docs/guide/definitions.md`, named after its sentences: through the public API,
//! on manual clocks.

mod dropped;
mod errors;
mod fixture;
mod goodput;
mod guide;
mod in_flight;
mod latency;
mod outcomes;
mod producer_consumer;
mod roles;
mod times;
mod tokens;
