//! `#[llm_span]`: an attribute that observes every call of a function.

#[path = "macros/arguments.rs"]
mod arguments;
#[path = "macros/backend.rs"]
mod backend;
#[path = "macros/content.rs"]
mod content;
#[path = "macros/fixture.rs"]
mod fixture;
#[path = "macros/futures.rs"]
mod futures;
#[path = "macros/hygiene.rs"]
mod hygiene;
#[path = "macros/objectives.rs"]
mod objectives;
#[path = "macros/outcomes.rs"]
mod outcomes;
#[path = "macros/queries.rs"]
mod queries;
#[path = "macros/responses.rs"]
mod responses;
#[path = "macros/steps.rs"]
mod steps;
#[path = "macros/streams.rs"]
mod streams;
