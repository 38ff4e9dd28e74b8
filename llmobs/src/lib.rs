//! Measures the model calls of servers, gateways and clients: their times, tokens and outcomes.
//!
//! An [`Observer`] starts an [`Operation`] for each call. The operation ends exactly once: with the answer, an error,
//! or the disconnect of the caller. The results are metrics of the OpenTelemetry GenAI conventions and of the
//! [`catalog`], on a Prometheus page and over OTLP, and one span and one log event per call. A slow consumer does not
//! change the reported latency of the model. No prompt, answer or error text is exported unless the application or the
//! [environment](capture::ContentCapture::VARIABLE) enables it.
//!
//! # I want to ...
//!
//! | task | code | guide |
//! |---|---|---|
//! | start from an empty folder | a complete program for each role | [server](guide::start_server), [gateway](guide::start_gateway), [client](guide::start_client) |
//! | observe an axum handler | [`ServerLayer`](tower::ServerLayer), [`sse`](tower::axum::sse()): [example](#observe-an-axum-handler) | [HTTP](guide::http) |
//! | observe a function | [`llm_span`]: [example](#observe-a-function) | [macros](guide::macros) |
//! | observe a gateway or proxy | [`GatewayLayer`](gateway::GatewayLayer): [example](#observe-a-gateway) | [gateways](guide::gateway) |
//! | observe a client call | [`Operation::run`]: [example](#observe-a-client-call) | [reqwest](guide::reqwest), [tracing](mod@guide::tracing) |
//! | observe a stream of an engine | [`Operation::observe_with`]: [example](#observe-a-stream-of-an-engine) | [definitions](guide::definitions) |
//! | observe the scheduler of an engine | [`Observer::engine`] | [engines](guide::engine), [autoscaling](guide::autoscaling) |
//! | record the decisions of admission control | [`Observer::admission`] | [admission](guide::admission) |
//! | send calls to another backend while one fails | [`Observer::backend`], [`Observer::attainment`] | [failover](guide::failover) |
//! | send OTLP | [`otlp::init`]: [example](#send-otlp) | [pipeline](guide::pipeline) |
//! | serve `/metrics` | [`Endpoint`](prometheus::Endpoint): [example](#serve-metrics) | [HTTP](guide::http#the-pages) |
//! | test | [`testing`], [`Clock::manual`](clock::Clock::manual): [example](#test) | [testing](guide::testing) |
//! | bill and audit calls | [`ObserverBuilder::on_end`], [`ObserverBuilder::on_end_channel`] | [records](guide::records) |
//! | count the usage of teams, plans and keys | [`ObserverBuilder::tenants`], [`Start::tenant`](operation::Start::tenant) | [tenants](guide::tenants) |
//! | price calls | [`cost::PriceBook`] | [cost](guide::cost) |
//! | limit the costs of calls | [`Budgets`](cost::Budgets) | [budgets](guide::budgets) |
//! | capture prompts and answers | [`ObserverBuilder::capture`] | [privacy](guide::privacy) |
//! | find missing data | | [troubleshooting](guide::troubleshooting) |
//!
//! ## Observe an axum handler
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! # use std::convert::Infallible;
//! # use axum::{Json, Router, response::{IntoResponse, sse::Event}, routing::post};
//! # use futures_util::{Stream, stream};
//! use llmobs::prelude::*;
//! use llmobs::tower::{ServerLayer, axum::{CurrentObserver, sse}};
//!
//! # #[derive(serde::Deserialize)]
//! # struct Request { model: String }
//! # fn engine(_: Marker) -> impl Stream<Item = &'static str> + Unpin { stream::iter(["Hello"]) }
//! async fn chat(CurrentObserver(observer): CurrentObserver, Json(request): Json<Request>) -> impl IntoResponse {
//!     let operation = observer.chat(&request.model).start();
//!     let tokens = engine(operation.marker().clone());
//!     sse(operation, tokens, |token| Ok::<_, Infallible>((Chunk::tokens(1), Event::default().data(token))))
//! }
//!
//! let observer = Observer::builder().role(Role::Server).model("smollm2-135m").build()?;
//! let app: Router = Router::new().route("/chat", post(chat)).layer(ServerLayer::new(observer));
//! # drop(app);
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! ## Observe a function
//!
//! ```
//! # #[cfg(feature = "macros")] {
//! use llmobs::prelude::*;
//!
//! #[llm_span(chat, model = model)]
//! async fn chat(model: &str, prompt: &str) -> Result<String, ErrorType> {
//!     if prompt.is_empty() { Err(ErrorType::InvalidRequest) } else { Ok(format!("You wrote: {prompt}")) }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let observer = Observer::builder().model("echo").build()?;
//! let answer = observer.scope(chat("echo", "hello")).await;
//! # assert_eq!(answer.unwrap(), "You wrote: hello");
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! # }
//! ```
//!
//! ## Observe a gateway
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "gateway"))] {
//! # use axum::{Router, extract::Request, response::Response};
//! use llmobs::gateway::GatewayLayer;
//! use llmobs::prelude::*;
//!
//! async fn forward(request: Request) -> Response {
//!     // Send the request to the upstream, and return its response.
//!     # Response::new(request.into_body())
//! }
//!
//! let observer = Observer::builder().role(Role::Gateway).provider(Provider::OpenAi).build()?;
//! let app: Router = Router::new().fallback(forward).layer(GatewayLayer::new(observer));
//! # drop(app);
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! ## Observe a client call
//!
//! ```
//! use llmobs::prelude::*;
//!
//! # struct Answer { input: u64, output: u64, stop_reason: &'static str }
//! # struct Client;
//! # impl Client {
//! #     async fn ask(&self, _: &str) -> Result<Answer, std::io::Error> {
//! #         Ok(Answer { input: 9, output: 1, stop_reason: "end_turn" })
//! #     }
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # let client = Client;
//! let observer = Observer::builder().role(Role::Client).provider(Provider::Anthropic).build()?;
//! let operation = observer.chat("claude-sonnet-4-5").start();
//! match operation.run(client.ask("Is it raining?")).await {
//!     Ok(answer) => {
//!         operation.marker().usage(Usage::new().input(answer.input).output(answer.output));
//!         operation.marker().finish_reason(FinishReason::from_provider(answer.stop_reason));
//!         operation.complete();
//!     }
//!     Err(error) => operation.end_with_error(Failure::new(ErrorType::Upstream).caused_by(&error)),
//! }
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```
//!
//! ## Observe a stream of an engine
//!
//! ```
//! # use futures_util::{StreamExt, stream};
//! use llmobs::prelude::*;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let observer = Observer::builder().role(Role::Server).model("smollm2-135m").build()?;
//! let operation = observer.chat("smollm2-135m").max_tokens(64).start();
//! let marker = operation.marker().clone(); // for the thread of the engine
//! marker.usage(Usage::new().input(12));
//!
//! let tokens = stream::iter(["Hello", ",", " world"]);
//! let answer: String = operation.observe_with(tokens, |_token| Chunk::tokens(1)).collect().await;
//! assert_eq!(answer, "Hello, world");
//! # #[cfg(feature = "prometheus")] {
//! # let page = llmobs::prometheus::page(&observer, None).body;
//! # assert!(page.contains(r#"gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat""#));
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```
//!
//! ## Send OTLP
//!
//! ```no_run
//! # #[cfg(feature = "otlp")] {
//! use llmobs::prelude::*;
//!
//! let pipeline = llmobs::otlp::init()?; // before the observer; reads the variables `OTEL_*`
//! let observer = Observer::builder().model("smollm2-135m").build()?;
//! // Serve. At the end, send what is queued:
//! pipeline.shutdown(std::time::Duration::from_secs(5))?;
//! # drop(observer);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Serve `/metrics`
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! # use axum::Router;
//! use llmobs::prelude::*;
//! use llmobs::prometheus::Endpoint;
//!
//! let observer = Observer::builder().model("smollm2-135m").build()?;
//! let app: Router = Router::new().route_service("/metrics", Endpoint::new(observer));
//! # drop(app);
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! Without axum, [`prometheus::page`] returns the page and its content type.
//!
//! ## Test
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! # use std::time::Duration;
//! use llmobs::prelude::*;
//! use llmobs::testing::Readings;
//!
//! let (clock, hand) = llmobs::clock::Clock::manual();
//! let observer = Observer::builder().clock(clock).model("m").build()?;
//! let operation = observer.chat("m").start();
//! hand.advance(Duration::from_secs(2)); // no test has to sleep
//! operation.complete();
//! assert_eq!(Readings::new(&observer).histogram("gen_ai.server.request.duration", &[]).sum, 2.0);
//! llmobs::assert_books!(observer); // started = ended + in flight
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! # Core types
//!
//! The [`prelude`] contains the types of most applications.
//!
//! | type | purpose |
//! |---|---|
//! | [`Observer`], [`ObserverBuilder`] | observes the calls of a process; declares models, labels and objectives |
//! | [`Start`](operation::Start) | sets the parameters of a call before it starts |
//! | [`Operation`] | is one call; ends by a method that consumes it, with its stream, or when it is dropped |
//! | [`Marker`] | marks an operation from other threads: enqueued, scheduled, first token, usage |
//! | [`ObservedStream`] | passes the items of a stream unchanged and ends the operation with the stream |
//! | [`Chunk`] | describes the tokens, finish reason and error of one item |
//! | [`Usage`] | holds token counts, with their parts |
//! | [`Failure`], [`ErrorType`] | name the cause of a failure, from a closed list |
//! | [`FinishReason`], [`Outcome`](semconv::value::Outcome) | name the end of a generation and of an operation |
//! | [`Objective`] | sets limits that an operation must meet to count as good |
//! | [`Engine`](engine::Engine) | is the handle of an engine's scheduler: sequences, steps, KV cache |
//! | [`Admission`](admission::Admission) | is the handle of the admission control: decisions by priority, queue, limits |
//! | [`Step`](step::Step) | is a tool call, retrieval, agent or workflow around operations; has a span |
//! | [`Content`] | holds text that must not be printed or recorded by accident |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `macros` (default) | [`llm_span`], an attribute that observes a function |
//! | `prometheus` | the `/metrics` page: classic text, and OpenMetrics with exemplars |
//! | `gzip` | compresses the `/metrics` page for scrapers that accept it; includes `prometheus` and `tower` |
//! | `tower` | the server layer for HTTP and gRPC, W3C propagation, the page of operations in flight |
//! | `axum` | matched routes, extractors and observed event streams for axum; includes `tower` and `prometheus` |
//! | `sse` | decoders for the streamed answers of providers, for gateways and clients |
//! | `gateway` | a layer that observes the model calls which pass through a gateway or proxy; includes `sse` and `tower` |
//! | `content` | [`content`], [`redact`] and [`capture`]: prompts and answers on spans and events, redacted and limited |
//! | `cost` | [`cost`]: costs of operations, price books and budgets |
//! | `pseudonym` | [`pseudonym`]: keyed hashes that replace identities |
//! | `process` | [`process`]: CPU time, memory, uptime and open files of the process, on Linux |
//! | `tokio` | [`runtime`]: the delay of tasks and the load of workers of a tokio runtime; a channel with the state of a [backend] |
//! | `otlp` | the pipeline: traces, metrics and logs over OTLP, by gRPC or HTTP, configured by `OTEL_*` variables; includes `otel-bound` |
//! | `otlp-json` | the pipeline with JSON bodies over HTTP; includes `otlp` |
//! | `otlp-tls` | the pipeline to `https` endpoints, with rustls; includes `otlp` |
//! | `otlp-zstd` | the pipeline with requests compressed by zstd; compiles C code; includes `otlp` |
//! | `serde` | `Serialize` for the [records](record) of operations |
//! | `otel-bound` | bound OpenTelemetry instruments, which record without a lookup of the attributes; enables them in the API and the SDK |
//! | `testing` | scripted streams, assertions on the counts of operations, snapshots of every metric; includes `prometheus` |
//!
//! # Cancel safety
//!
//! Every future, stream and operation may be dropped at any time. A dropped operation or stream ends with the outcome
//! that [`Operation`] documents, and is counted exactly once.
//!
//! # Panics
//!
//! No function panics unless its documentation has a section about panics. A panic in a handler or in a stream ends its
//! operation as `failed` with the error type `internal`.

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private;
pub mod admission;
pub mod backend;
#[cfg(any(all(feature = "axum", feature = "macros"), feature = "gateway"))]
mod body_stream;
#[cfg(feature = "content")]
pub mod capture;
mod cardinality;
pub mod catalog;
pub mod clock;
pub mod companion;
pub mod content;
#[cfg(feature = "cost")]
pub mod cost;
pub mod engine;
mod error;
mod event;
#[cfg(feature = "gateway")]
pub mod gateway;
#[cfg(any(feature = "otlp", feature = "tower"))]
mod grpc;
#[cfg(any(feature = "gzip", feature = "otlp"))]
mod gzip;
// Gated by the features that the examples of the pages use.
#[cfg(all(
    any(doc, doctest),
    feature = "axum",
    feature = "content",
    feature = "cost",
    feature = "gateway",
    feature = "macros",
    feature = "otlp",
    feature = "process",
    feature = "prometheus",
    feature = "pseudonym",
    feature = "sse",
    feature = "testing",
    feature = "tokio"
))]
pub mod guide;
pub mod in_flight;
mod json;
mod measurement;
pub mod metric;
mod number;
pub mod objective;
mod observer;
pub mod operation;
pub mod otel;
#[cfg(feature = "otlp")]
pub mod otlp;
#[cfg(feature = "process")]
pub mod process;
pub mod prometheus;
#[cfg(feature = "pseudonym")]
pub mod pseudonym;
pub mod record;
#[cfg(feature = "tokio")]
pub mod runtime;
pub mod semconv;
mod series;
mod sink;
mod span;
#[cfg(feature = "sse")]
pub mod sse;
pub mod step;
pub mod stream;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod timing;
#[cfg(feature = "tower")]
pub mod tower;
mod unwind;
pub mod usage;

pub use self::catalog::Role;
pub use self::content::Content;
pub use self::error::BuildError;
pub use self::error::Failure;
pub use self::objective::Objective;
pub use self::observer::Chunk;
pub use self::observer::Marker;
pub use self::observer::ObservedStream;
pub use self::observer::Observer;
pub use self::observer::ObserverBuilder;
pub use self::observer::Operation;
pub use self::semconv::value::ErrorType;
pub use self::semconv::value::FinishReason;
pub use self::semconv::value::Provider;
pub use self::usage::Usage;

#[cfg(feature = "content")]
pub use llmobs_redact as redact;

#[doc = include_str!("../docs/llm_span.md")]
#[cfg(feature = "macros")]
pub use llmobs_macros::llm_span;

/// The names that most applications use: `use llmobs::prelude::*;`.
pub mod prelude {
    pub use crate::Chunk;
    pub use crate::Content;
    pub use crate::ErrorType;
    pub use crate::Failure;
    pub use crate::FinishReason;
    pub use crate::Marker;
    pub use crate::Objective;
    pub use crate::ObservedStream;
    pub use crate::Observer;
    pub use crate::ObserverBuilder;
    pub use crate::Operation;
    pub use crate::Provider;
    pub use crate::Role;
    pub use crate::Usage;
    #[cfg(feature = "macros")]
    pub use crate::llm_span;
}
