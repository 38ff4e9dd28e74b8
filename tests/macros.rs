//! `#[llm_span]`: an attribute that observes every call of a function.

#[path = "macros/backend.rs"]
mod backend;
#[path = "macros/content.rs"]
mod content;
#[path = "macros/futures.rs"]
mod futures;
#[path = "macros/hand.rs"]
mod hand;
#[path = "macros/kit.rs"]
mod kit;
#[path = "macros/objectives.rs"]
mod objectives;
#[path = "macros/outcomes.rs"]
mod outcomes;
#[path = "macros/queries.rs"]
mod queries;
#[path = "macros/responses.rs"]
mod responses;
#[path = "macros/said.rs"]
mod said;
#[path = "macros/steps.rs"]
mod steps;
#[path = "macros/streams.rs"]
mod streams;
