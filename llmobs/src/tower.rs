//! The server layer: one span and one duration for each HTTP request, from its arrival to the end of the *body* of its
//! response, however that ends.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::Router;
//! use axum::routing::get;
//! use llmobs::Observer;
//! use llmobs::tower::ServerLayer;
//!
//! let observer = Observer::builder().model("m").build()?;
//! let app: Router = Router::new()
//!     .route("/chat/{id}", get(|| async { "hello" }))
//!     .layer(ServerLayer::new(observer));
//! # let _ = app;
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! What a request does while the layer watches:
//!
//! - Its W3C trace context is the parent of its span. Its baggage is in OpenTelemetry's context for the handler and
//!   becomes no attribute.
//! - The handler runs under the span, with the layer's observer as [`Observer::current`](crate::Observer::current).
//!   Operations that start in it begin at the arrival of the request, unless they say otherwise.
//! - The polls of the body run in OpenTelemetry's context of the span, so what they make is below it.
//! - An answer of 5xx, a body that breaks and a panic are failures. A caller that goes away before the end is
//!   `cancelled` in `error.type`, and no failure. The status of a gRPC call is read from its trailers.
//!
//! Calls that go out take the context along with [`inject`]; [`Injector`] says who may have the baggage.

#[cfg(feature = "axum")]
pub mod axum;
mod body;
mod exchange;
mod future;
mod grpc;
mod in_flight;
mod injector;
mod layer;
mod metrics;
mod peer;
mod propagation;
mod request;
mod service;
mod span;

pub use self::body::ServerBody;
pub use self::future::ServerFuture;
pub use self::in_flight::InFlightPage;
pub use self::injector::Injector;
pub use self::injector::inject;
pub use self::layer::ServerLayer;
pub use self::service::Server;
