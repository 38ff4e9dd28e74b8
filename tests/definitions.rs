//! Tests of every definition in `llmobs/docs/guide/definitions.md`, named after its sentences: through the public API,
//! on manual clocks.

#[path = "definitions/dropped.rs"]
mod dropped;
#[path = "definitions/errors.rs"]
mod errors;
#[path = "definitions/fixture.rs"]
mod fixture;
#[path = "definitions/goodput.rs"]
mod goodput;
#[path = "definitions/guide.rs"]
mod guide;
#[path = "definitions/in_flight.rs"]
mod in_flight;
#[path = "definitions/latency.rs"]
mod latency;
#[path = "definitions/outcomes.rs"]
mod outcomes;
#[path = "definitions/producer_consumer.rs"]
mod producer_consumer;
#[path = "definitions/roles.rs"]
mod roles;
#[path = "definitions/times.rs"]
mod times;
#[path = "definitions/tokens.rs"]
mod tokens;
