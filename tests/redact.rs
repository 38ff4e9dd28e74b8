//! Content before the export: the redactor's findings, the texts that it leaves, laws for every text, and the gate.

#[path = "support/schemas.rs"]
mod book;
#[path = "redact/capture.rs"]
mod capture;
#[path = "redact/environment.rs"]
mod environment;
#[path = "../fuzz/src/redact.rs"]
mod fuzzed;
#[path = "../fuzz/src/truncation.rs"]
mod fuzzed_truncation;
#[path = "redact/gathering.rs"]
mod gathering;
#[path = "redact/hook.rs"]
mod hook;
#[path = "redact/hostile.rs"]
mod hostile;
#[path = "redact/laws.rs"]
mod laws;
#[path = "redact/quality.rs"]
mod quality;
#[path = "redact/random.rs"]
mod random;
#[path = "redact/schemas.rs"]
mod schemas;
#[path = "redact/seal.rs"]
mod seal;
#[path = "redact/streams.rs"]
mod streams;
