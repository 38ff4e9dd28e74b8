//! `#[llm_span]`: an attribute that observes every call of a function.

mod arguments;
mod backend;
mod content;
mod fixture;
mod futures;
mod hygiene;
mod objectives;
mod outcomes;
mod queries;
mod responses;
mod steps;
mod streams;
