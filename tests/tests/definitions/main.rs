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
mod preemptions;
mod producer_consumer;
mod roles;
mod scene;
mod stalls;
mod times;
mod tokens;
