//! Tests of every definition in `llmobs/docs/guide/definitions.md`, named after its sentences: through the public API,
//! on manual clocks.

#[path = "definitions/drops.rs"]
mod drops;
#[path = "definitions/ends.rs"]
mod ends;
#[path = "definitions/errors.rs"]
mod errors;
#[path = "definitions/flow.rs"]
mod flow;
#[path = "definitions/goodput.rs"]
mod goodput;
#[path = "definitions/guide.rs"]
mod guide;
#[path = "definitions/kit.rs"]
mod kit;
#[path = "definitions/latency.rs"]
mod latency;
#[path = "definitions/live.rs"]
mod live;
#[path = "definitions/roles.rs"]
mod roles;
#[path = "definitions/times.rs"]
mod times;
#[path = "definitions/tokens.rs"]
mod tokens;
