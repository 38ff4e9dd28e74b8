//! A Tower layer for HTTP servers. Records one span and one duration for each request, from the arrival of its head to
//! the end of the response *body*: complete, failed or dropped.
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
//! For each observed request:
//!
//! - The request's W3C trace context becomes the parent of its span or, if the layer creates no span, of the spans in
//!   the handler. The request's baggage is in OpenTelemetry's context for the handler and is not written to span
//!   attributes.
//! - The handler runs inside the span, with the layer's observer as [`Observer::current`](crate::Observer::current).
//!   The first operation started in the handler begins at the arrival of the request, unless it sets another start;
//!   later ones begin when they are started.
//! - Operations that set no tenant have that of the request, if a setter of the layer determines it
//!   ([tenants](crate::guide::tenants)).
//! - An operation that the handler drops before it answers 4xx or 5xx ends with the error type of that status, as
//!   [`Operation::end_with_error`](crate::Operation::end_with_error) defines, unless an error was set on it.
//! - The polls of the body run in the span's OpenTelemetry context, so spans created there are children of the span.
//! - A 5xx response, an error of the body and a panic are failures. A client that disconnects before the end sets
//!   `error.type` to `cancelled` and does not fail the span. The status of a gRPC call is read from its trailers.
//!
//! [`inject`] adds the trace context to outgoing requests; [`Injector`] selects the hosts that receive the baggage.

#[cfg(feature = "axum")]
pub mod axum;
mod body;
mod exchange;
mod future;
mod in_flight;
mod injector;
mod layer;
mod layer_state;
mod metrics;
mod peer;
mod propagation;
mod request;
mod service;
mod span;
mod tenant;

pub use self::body::ServerBody;
pub use self::future::ServerFuture;
pub use self::in_flight::InFlightPage;
pub use self::injector::Injector;
pub use self::injector::OutgoingRequest;
pub use self::injector::inject;
pub use self::layer::ServerLayer;
#[cfg(feature = "gateway")]
pub(crate) use self::request::content_length;
pub use self::service::Server;
#[cfg(feature = "gateway")]
pub(crate) use self::tenant::TenantSource;
