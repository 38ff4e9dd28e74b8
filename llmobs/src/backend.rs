//! The health of backends, the providers of models to which a gateway or a client sends requests, for failover: requests
//! go to another backend while one fails.
//!
//! [`Observer::backend`](crate::Observer::backend) returns the builder of a [`Backend`]. Before a request,
//! [`Backend::is_available`] says if it may be sent there, and [`Marker::backend`](crate::Marker::backend) sets that it is:
//! the end of the operation is then the result. [The guide](crate::guide::failover) shows a gateway, the states and the
//! rules.
//!
//! ```
//! use llmobs::backend::BackendState;
//! use llmobs::{ErrorType, Observer, Role};
//!
//! let observer = Observer::builder().role(Role::Gateway).build()?;
//! let first = observer.backend("openai", "gpt-5").build()?;
//! let second = observer.backend("azure.ai.openai", "gpt-5").build()?;
//! for _ in 0..5 {
//!     let backend = if first.is_available() { &first } else { &second };
//!     let operation = observer.chat("gpt-5").start();
//!     operation.marker().backend(backend);
//!     operation.fail(ErrorType::Upstream);
//! }
//! assert_eq!(first.state(), BackendState::Open);
//! assert!(!first.is_available() && second.is_available());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod change;
mod circuit;
mod error;
mod handle;
mod monitor;
mod registry;
mod rules;
#[cfg(test)]
mod tests;

pub use self::builder::BackendBuilder;
pub use self::change::BackendChange;
pub use self::error::BackendError;
pub use self::handle::Backend;
pub(crate) use self::handle::SentRequest;
pub(crate) use self::registry::BackendRegistry;
pub use crate::semconv::value::BackendState;
