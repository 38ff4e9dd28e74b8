//! The decoder of streamed answers: every provider's format, any split and layout, and the effect on the metrics.

#[path = "sse/accounts.rs"]
mod accounts;
#[path = "sse/bodies.rs"]
mod bodies;
#[path = "support/schemas.rs"]
mod book;
#[path = "sse/captured.rs"]
mod captured;
#[path = "sse/cutting.rs"]
mod cutting;
#[path = "../fuzz/src/sse.rs"]
mod fuzzed;
#[path = "sse/inputs.rs"]
mod inputs;
#[path = "sse/outputs.rs"]
mod outputs;
#[path = "sse/passing.rs"]
mod passing;
#[path = "sse/providers.rs"]
mod providers;
#[path = "sse/transcripts.rs"]
mod transcripts;
#[path = "sse/words.rs"]
mod words;
