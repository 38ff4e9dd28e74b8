//! The gate through which content leaves, if it may: redacted, bounded, and valid in the conventions' schemas.
//!
//! Nothing is captured unless somebody says so ([`ContentCapture`]). What is captured is redacted first and cut then, so
//! that no half of a secret is left; it is cut inside the contents, so that the JSON stays valid; and all that is in
//! flight together is bounded ([`ContentBudget`]). Everything that leaves goes through a [`Gate`]: nothing else in this library
//! can open a [`Content`](crate::Content).

mod accumulator;
mod budget;
mod gate;
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
