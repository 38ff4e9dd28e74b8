//! Content capture and the gate that all content passes before export: the gate redacts and truncates, and its output
//! conforms to the schemas of the OpenTelemetry GenAI conventions.
//!
//! Capture is off by default ([`ContentCapture`]). Captured content is redacted before it is truncated, so that
//! truncation cannot cut a secret into a part that redaction does not recognize. Single texts are truncated and not
//! their JSON, so the JSON remains valid. A [`ContentBudget`] limits the bytes of captured content that all operations
//! in flight hold together. Every export goes through a [`Gate`]: no other code of this library can read a
//! [`Content`](crate::Content).

mod accumulator;
mod budget;
mod gate;
mod gate_rules;
mod hook;
mod limits;
mod mode;
mod pass;
mod plan;
mod report;
mod serialize;
mod truncate;

pub use self::accumulator::ContentAccumulator;
pub use self::budget::ContentBudget;
pub use self::budget::Permit;
pub use self::gate::Gate;
pub use self::gate::GateBuilder;
pub use self::hook::ContentHook;
pub use self::hook::ContentReferences;
pub use self::hook::HookPayload;
pub use self::hook::HookStats;
pub use self::limits::ContentLimits;
pub use self::mode::ContentCapture;
pub use self::pass::GatePass;
pub use self::pass::GatedValue;
pub use self::report::CaptureReport;
