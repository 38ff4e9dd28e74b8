//! Decoding of model providers' streamed responses while they pass through, for gateways and clients.
//!
//! [`observe()`] wraps a stream of bytes. Every item passes unchanged, unbuffered and without delay, while its bytes
//! are decoded into deltas, finish reasons, token usage and errors. [`Decoder`] is the decoder alone, without
//! telemetry. [`parse_request`] reads the parameters of a request, [`parse_response`] a response that was not streamed,
//! and [`end_with_response`] ends an operation by it.
//!
//! ```
//! use futures_util::{StreamExt, stream};
//! use llmobs::sse::{self, Dialect};
//! use llmobs::{Observer, Role};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let observer = Observer::builder().role(Role::Gateway).model("gpt-4o-mini").build()?;
//!
//! // What an HTTP client gives: bytes, cut anywhere.
//! let upstream = stream::iter([
//!     "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel",
//!     "lo\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
//!     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n",
//! ]);
//! let operation = observer.chat("gpt-4o-mini").start();
//! let passed: Vec<&str> = sse::observe(operation, Dialect::OpenAi, upstream).collect().await;
//! assert_eq!(passed.len(), 3);
//! # #[cfg(feature = "testing")] {
//! let readings = llmobs::testing::Readings::new(&observer);
//! assert_eq!(readings.histogram("gen_ai.client.token.usage", &[]).sum, 10.0);
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```
//!
//! # A delta is not a token
//!
//! A delta is the content of one kind that one frame adds to one choice. Each delta counts as one token until the
//! upstream reports its token usage. OpenAI, Anthropic and Ollama send about one token per frame; Gemini sends dozens,
//! so its inter-token latencies are times between frames. If no usage is reported (the client left early, or the
//! request did not set `include_usage`), the number of deltas is recorded as the number of tokens, with the source
//! `counted`.
//!
//! # Content
//!
//! An [`Event`] contains no generated text. With the feature `content`, and if content is captured, [`observe()`] also
//! passes the content of the response to the operation: texts, refusals, reasoning and tool calls, each with its
//! choice. `sse::parse_input` decodes the body of a request into messages, and `sse::parse_output` the body of a
//! response that was not streamed.
//!
//! # Memory
//!
//! A line or event longer than the [bound](Decoder::max_frame_bytes) is stored without its content, and counted as the
//! anomaly `skipped_frame`. If the rest exceeds the bound too, the frame is skipped to its end and adds no token.
//! Decoding borrows the fields from the bytes of a frame and builds no tree of its JSON.

mod body;
mod choice_set;
#[cfg(feature = "content")]
mod content_delta;
mod decoder;
mod dialect;
mod event;
mod framing;
#[cfg(feature = "content")]
mod input;
mod json;
mod observe;
#[cfg(feature = "content")]
mod output;
mod partial_arguments;
mod provider;
mod provider_error;
mod reporter;
mod request;
mod response_decoder;
mod response_state;
mod sinks;
#[cfg(feature = "gateway")]
mod stream_usage;
mod tool_calls;
mod whole_response;

pub use self::body::ResponseSummary;
pub use self::body::parse_response;
pub use self::decoder::Decoder;
pub use self::dialect::Dialect;
pub use self::event::DeltaKind;
pub use self::event::Event;
#[cfg(feature = "content")]
pub use self::input::parse_input;
pub use self::observe::BytesItem;
pub use self::observe::FallibleBytes;
pub use self::observe::ObservedBytes;
pub use self::observe::PlainBytes;
pub use self::observe::observe;
pub use self::observe::observe_with;
#[cfg(feature = "content")]
pub use self::output::parse_output;
pub use self::request::RequestSummary;
pub use self::request::parse_request;
#[cfg(feature = "gateway")]
pub(crate) use self::stream_usage::UsageFrameFilter;
#[cfg(feature = "gateway")]
pub(crate) use self::stream_usage::request_stream_usage;
#[cfg(feature = "gateway")]
pub(crate) use self::whole_response::WholeResponse;
pub use self::whole_response::end_with_response;
