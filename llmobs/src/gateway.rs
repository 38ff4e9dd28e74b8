//! A Tower layer that observes the model calls which pass through a gateway or proxy. It needs no code for each route:
//! the layer reads the operation and the wire format from the path of a request, the model and the parameters from its
//! body, and the tokens, the finish reason and the error from the response.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::Router;
//! use axum::body::Body;
//! use axum::http::Request;
//! use axum::response::Response;
//! use llmobs::gateway::GatewayLayer;
//! use llmobs::tower::ServerLayer;
//! use llmobs::{Observer, Role};
//!
//! async fn forward(mut request: Request<Body>) -> Response {
//!     llmobs::tower::inject(&mut request); // the trace context of the operation
//!     // Send the request to the upstream, and return its response.
//!     # Response::new(request.into_body())
//! }
//!
//! let observer = Observer::builder().role(Role::Gateway).provider("openai").build()?;
//! let app: Router = Router::new()
//!     .fallback(forward)
//!     .layer(GatewayLayer::new(observer.clone()))
//!     .layer(ServerLayer::new(observer)); // optional: the span and the metrics of the HTTP request
//! # let _ = app;
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! # What is observed
//!
//! By default, each `POST` request to an [endpoint](ModelEndpoint::from_path) of OpenAI's, Anthropic's, Gemini's or
//! Ollama's API is an operation; [`GatewayLayer::endpoint`] sets another rule. All other requests pass unobserved.
//!
//! - The times of the operation start at the arrival of the request. Its span starts and it is counted when the body
//!   has been read, because its model and parameters are part of the body. The body is read up to a
//!   [limit](GatewayLayer::max_request_bytes).
//! - The inner service runs in the operation's span. With the [`Marker`](crate::Marker) of the operation, the service
//!   records retries and fallbacks: it is an extension of the request, `request.extensions().get::<Marker>()`, and
//!   [`Operation::current()`](crate::Operation::current).
//! - A response is a stream by its content type, or because the path requests one. Its bytes pass without delay, and
//!   unchanged unless the layer [removes usage frames](GatewayLayer::request_usage); the operation ends with them, as
//!   [`sse::observe`](crate::sse::observe()) defines.
//! - Any other response, and every response with an error status, ends the operation with its last byte, as
//!   [`sse::end_with_response`](crate::sse::end_with_response) defines. If the client leaves before that byte, the
//!   operation is `cancelled`, unless the status is an error or the JSON of the body is complete.
//! - With the feature `cost` and the setting `deny_over_budget`, a request whose budget is exhausted is answered with the
//!   status 429, and its operation is `rejected` with `budget_exceeded`. The inner service is not called.
//! - An error of the inner service is `failed` with the error type `upstream`. A service that knows more sets the error
//!   on the marker.
//! - A request whose body breaks off is `cancelled`, and one whose body is not valid is `rejected`, independent of the
//!   response or error of the inner service.
//! - If the client disconnects, the server drops the future or the body: the operation is `cancelled`, also while its
//!   request is being read.
//!
//! A compressed request or response (`Content-Encoding`) passes too, but is not read: the operation has no model or
//! no tokens, and its status is the outcome. Remove `Accept-Encoding` from the requests to the upstream.
//!
//! # Memory
//!
//! A request is held up to the limit, which is 32 MiB by default. Of a response, at most 1 MiB of one frame or of a
//! body that is not streamed is stored; of a longer one, long texts and lists are skipped, and its usage is still read.

mod call;
mod denial;
mod endpoint;
mod filtered_body;
mod future;
mod layer;
mod request_body;
mod request_reader;
mod response_body;
mod service;
mod settings;

pub use self::endpoint::ModelEndpoint;
pub use self::future::GatewayFuture;
pub use self::layer::GatewayLayer;
pub use self::request_body::RequestBody;
pub use self::response_body::ResponseBody;
pub use self::service::Gateway;
pub use self::settings::UsageFrames;
