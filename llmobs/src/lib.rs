//! Observability of language-model servers, gateways and clients that people can trust.
//!
//! One [`Observer`] watches the model calls of a process. Each call is an [`Operation`]; the engine's thread marks what
//! happens to it through a [`Marker`]; its stream is wrapped and passes untouched. What comes out are the metrics of
//! the OpenTelemetry GenAI conventions and of our own table ([`catalog`]), on a Prometheus page ([`prometheus`]) and
//! through OpenTelemetry ([`otel`]), the same numbers in both.
//!
//! ```
//! use futures_util::{StreamExt, stream};
//! use llmobs::{Chunk, Observer, Role, Usage};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let observer = Observer::builder().role(Role::Server).model("smollm2-135m").build()?;
//!
//! let operation = observer.chat("smollm2-135m").max_tokens(64).start();
//! let marker = operation.marker().clone(); // for the thread of the engine
//! marker.usage(Usage::new().input(12));
//!
//! let tokens = stream::iter(["Hello", ",", " world"]);
//! let answer: String = operation.observe_with(tokens, |_token| Chunk::tokens(1)).collect().await;
//! assert_eq!(answer, "Hello, world");
//! # #[cfg(feature = "prometheus")] {
//! let page = llmobs::prometheus::page(&observer, None).body;
//! assert!(page.contains(r#"gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat""#));
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `prometheus` | the `/metrics` page: classic text, OpenMetrics with exemplars |
//! | `macros` (default) | [`llm_span`], one attribute that instruments a function |
//! | `tower` | the server layer for HTTP and gRPC, W3C propagation, the in-flight page |
//! | `axum` | what axum adds to the layer: routes, extractors, observed event streams |
//! | `content` | [`redact`], [`content`] and [`capture`]: what may leave of prompts and completions, redacted and bounded |
//! | `pseudonym` | [`pseudonym`]: keyed hashes in the place of identities |
//! | `sse` | the reader of providers' streaming answers, for gateways and clients |
//! | `testing` | manual and tokio-following clocks, scripted streams, assertions on the books, readings of every row |
//! | `otlp` | the pipeline: traces, metrics and logs over OTLP, gRPC or HTTP, from the `OTEL_*` variables |
//! | `otlp-tls` | the same to `https` endpoints, with rustls |
//! | `otel-bound` | bound OpenTelemetry instruments, on both sides of the API |
//!
//! # Cancel safety
//!
//! Everything may be dropped at any time. A dropped operation or stream ends in the outcome that is true
//! ([`Operation`] says how that is decided), and nothing is lost or counted twice.
//!
//! # Panics
//!
//! Nothing here panics. A panic of the application, in a handler or in a stream, ends its operation as `failed`/`internal`.

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private;
#[cfg(any(feature = "content", feature = "otlp", feature = "pseudonym"))]
mod base64;
#[cfg(feature = "content")]
pub mod capture;
mod cardinality;
pub mod catalog;
mod classify;
mod clock;
pub mod companion;
#[cfg(feature = "content")]
pub mod content;
#[cfg(not(feature = "content"))]
mod content;
mod error;
mod event;
// Gated by the features that the examples of the pages use.
#[cfg(all(
    any(doc, doctest),
    feature = "axum",
    feature = "content",
    feature = "macros",
    feature = "otlp",
    feature = "prometheus",
    feature = "pseudonym",
    feature = "sse"
))]
pub mod guide;
mod measurement;
mod objective;
mod observer;
pub mod otel;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod prometheus;
#[cfg(feature = "pseudonym")]
pub mod pseudonym;
#[cfg(feature = "content")]
pub mod redact;
pub mod semconv;
mod series;
mod sink;
mod span;
#[cfg(feature = "sse")]
pub mod sse;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod timing;
#[cfg(feature = "tower")]
pub mod tower;
mod usage;

#[cfg(feature = "macros")]
pub use self::__private::OperationHandle;
pub use self::catalog::Buckets;
pub use self::catalog::Level;
pub use self::catalog::Profile;
pub use self::catalog::Role;
pub use self::catalog::View;
pub use self::clock::Clock;
pub use self::clock::ManualClock;
pub use self::clock::Moment;
pub use self::content::sealed::Content;
pub use self::content::sensitivity::Sensitivity;
pub use self::error::BuildError;
pub use self::error::Failure;
pub use self::event::Evaluation;
pub use self::objective::Objective;
pub use self::observer::Chunk;
pub use self::observer::CreateAgent;
pub use self::observer::Database;
pub use self::observer::Described;
pub use self::observer::ExecuteTool;
pub use self::observer::InFlight;
pub use self::observer::InvokeAgent;
pub use self::observer::InvokeWorkflow;
pub use self::observer::ItemReader;
pub use self::observer::Marker;
pub use self::observer::ObservedStream;
pub use self::observer::Observer;
pub use self::observer::ObserverBuilder;
pub use self::observer::Operation;
pub use self::observer::Phase;
pub use self::observer::Retrieval;
pub use self::observer::Scoped;
pub use self::observer::SelfDescribing;
pub use self::observer::Start;
pub use self::observer::Step;
pub use self::observer::StreamItem;
pub use self::observer::WaitsFor;
pub use self::semconv::value::AttemptKind;
pub use self::semconv::value::CacheKind;
pub use self::semconv::value::CacheResult;
pub use self::semconv::value::ErrorType;
pub use self::semconv::value::FinishReason;
pub use self::semconv::value::OperationName;
pub use self::semconv::value::Outcome;
pub use self::semconv::value::OutputType;
pub use self::semconv::value::Provider;
pub use self::semconv::value::QueueExit;
pub use self::semconv::value::StallCause;
pub use self::semconv::value::State;
pub use self::semconv::value::TokenSource;
pub use self::timing::FirstToken;
pub use self::timing::Producer;
pub use self::usage::TokenPartition;
pub use self::usage::Usage;

#[doc = include_str!("../docs/llm_span.md")]
#[cfg(feature = "macros")]
pub use llmobs_macros::llm_span;
