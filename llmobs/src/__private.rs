//! What the expansions of `#[llm_span]` call. No part of the public interface: it changes with the macro, which is
//! pinned to this crate.
//!
//! An expansion begins an operation or a step, runs the body under its span, and hands the value to `finish`, which
//! reads the outcome from it, or to `observe` and its like, where something lives on. Which kind of value it is says
//! the `Probe`.

pub mod begin;
pub mod fields;
pub mod finish;
pub mod handle;
pub mod probe;
#[cfg(feature = "axum")]
pub mod response;
pub mod stream;

pub use self::begin::Count;
pub use self::begin::MaybeText;
pub use self::begin::Text;
pub use self::begin::conversation;
pub use self::begin::max_tokens;
pub use self::begin::objective;
pub use self::begin::provider;
pub use self::begin::step_conversation;
pub use self::begin::step_model;
pub use self::begin::text;
pub use self::fields::Field;
pub use self::fields::Fields;
pub use self::finish::AsFailure;
pub use self::finish::AsUsage;
pub use self::finish::Watched;
pub use self::finish::finish;
pub use self::finish::gate;
pub use self::finish::said_failure;
pub use self::finish::said_usage;
pub use self::finish::unnamed;
pub use self::finish::unread;
pub use self::handle::Handle;
pub use self::handle::in_scope;
pub use self::handle::never;
pub use self::handle::rest;
pub use self::handle::run;
pub use self::probe::OfFuture;
pub use self::probe::OfMaybe;
pub use self::probe::OfNamed;
pub use self::probe::OfPlain;
pub use self::probe::OfResult;
pub use self::probe::OfStream;
pub use self::probe::Probe;
#[cfg(feature = "axum")]
pub use self::response::body;
#[cfg(feature = "axum")]
pub use self::response::body_with;
#[cfg(feature = "axum")]
pub use self::response::into_response;
#[cfg(feature = "axum")]
pub use self::response::response;
#[cfg(feature = "axum")]
pub use self::response::response_with;
#[cfg(feature = "axum")]
pub use self::response::sse;
pub use self::stream::carried;
pub use self::stream::follow;
pub use self::stream::observe;
pub use self::stream::said_tokens;
