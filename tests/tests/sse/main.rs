//! The decoder of streamed answers: every provider's format, any split and layout, and the effect on the metrics.

mod capturing_backend;
mod chunk_accounting;
mod complete_responses;
mod content_capture;
mod costs;
mod damaged;
mod differential;
mod fields;
mod framing;
mod inputs;
mod outputs;
mod pass_through;
mod providers;
mod public_reports;
mod transcripts;
