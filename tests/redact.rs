//! Content before the export: the redactor's findings, the texts that it leaves unchanged, properties of every text,
//! and the gate.

#[path = "redact/accumulator.rs"]
mod accumulator;
#[path = "redact/complexity.rs"]
mod complexity;
#[path = "redact/detection_quality.rs"]
mod detection_quality;
#[path = "redact/environment.rs"]
mod environment;
#[path = "../fuzz/src/redact.rs"]
mod fuzzed;
#[path = "../fuzz/src/truncation.rs"]
mod fuzzed_truncation;
#[path = "redact/gate.rs"]
mod gate;
#[path = "redact/hook.rs"]
mod hook;
#[path = "redact/properties.rs"]
mod properties;
#[path = "redact/random_text.rs"]
mod random_text;
#[path = "support/schemas.rs"]
mod schema_set;
#[path = "redact/schemas.rs"]
mod schemas;
#[path = "redact/sealed_content.rs"]
mod sealed_content;
#[path = "redact/streams.rs"]
mod streams;
