//! Reads the streaming answers of model providers as they pass through, for gateways and clients.
//!
//! [`observe()`] wraps a stream of bytes: every item passes untouched, unbuffered and undelayed, and what it says is
//! read on the way: deltas, finish reasons, token usage, errors. [`Decoder`] is the parser alone, without any
//! telemetry, and [`usage`] reads an answer that was not streamed.
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
//! let readings = llmobs::testing::Readings::of(&observer);
//! assert_eq!(readings.histogram("gen_ai.client.token.usage", &[]).sum, 10.0);
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```
//!
//! # A delta is not a token
//!
//! What one frame adds of one kind to one choice is a delta, and it counts as one token until the upstream's own
//! report of usage says how many there were. OpenAI, Anthropic and Ollama send about a token a frame; Gemini sends
//! dozens, so its inter-token times are times between frames. Where no report comes (a client that left early, an
//! `include_usage` that nobody asked for), the number of deltas is what remains, and its source says `counted`.
//!
//! # Content
//!
//! No [`Event`] has text in it. With the feature `content`, and where content is captured, [`observe()`] gives the
//! operation what the answer says besides: texts, refusals, reasoning and calls of tools, each of its choice. `sse::input`
//! turns the body of a request into messages, and `sse::output` that of an answer which was not streamed.
//!
//! # Memory
//!
//! A line or event longer than the [bound](Decoder::bound) is skipped to its end and counted, never kept. While one
//! frame is parsed its parsed form exists beside it.

mod anthropic;
mod body;
mod decoder;
mod decoder_state;
#[cfg(feature = "content")]
mod delta;
mod dialect;
mod event;
mod framing;
mod gemini;
#[cfg(feature = "content")]
mod input;
mod observe;
mod ollama;
mod openai;
#[cfg(feature = "content")]
mod output;
mod provider_error;
mod responses;
#[cfg(feature = "content")]
mod responses_items;

pub use self::body::ResponseSummary;
pub use self::body::usage;
pub use self::decoder::Decoder;
pub use self::dialect::Dialect;
pub use self::event::DeltaKind;
pub use self::event::Event;
#[cfg(feature = "content")]
pub use self::input::input;
pub use self::observe::BytesItem;
pub use self::observe::FallibleBytes;
pub use self::observe::ObservedBytes;
pub use self::observe::PlainBytes;
pub use self::observe::observe;
pub use self::observe::observe_with;
#[cfg(feature = "content")]
pub use self::output::output;
