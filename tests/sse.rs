//! The decoder of streamed answers: every provider's format, any split and layout, and the effect on the metrics.

#[path = "sse/capturing_backend.rs"]
mod capturing_backend;
#[path = "sse/chunk_accounting.rs"]
mod chunk_accounting;
#[path = "sse/complete_responses.rs"]
mod complete_responses;
#[path = "sse/content_capture.rs"]
mod content_capture;
#[path = "sse/framing.rs"]
mod framing;
#[path = "../fuzz/src/sse.rs"]
mod fuzzed;
#[path = "sse/inputs.rs"]
mod inputs;
#[path = "sse/outputs.rs"]
mod outputs;
#[path = "sse/pass_through.rs"]
mod pass_through;
#[path = "sse/providers.rs"]
mod providers;
#[path = "support/schemas.rs"]
mod schema_set;
#[path = "sse/transcripts.rs"]
mod transcripts;
