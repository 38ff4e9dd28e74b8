//! The gate through which content leaves, if it may: redacted, bounded, and valid in the conventions' schemas.
//!
//! Nothing is captured unless somebody says so ([`ContentCapture`]). What is captured is redacted first and cut then, so
//! that no half of a secret is left; it is cut inside the contents, so that the JSON stays valid; and all that is in
//! flight together is bounded ([`Budget`]). Everything that leaves goes through a [`Gate`]: nothing else in this library
//! can open a [`Content`](crate::Content).

mod budget;
mod fit;
mod gate;
mod gathering;
mod hook;
mod limits;
mod mode;
mod passage;
mod report;
mod shape;
mod share;

pub use self::budget::Budget;
pub use self::budget::Lease;
pub use self::gate::Gate;
pub use self::gate::GateBuilder;
pub use self::gathering::Gathering;
pub use self::hook::Captured;
pub use self::hook::Hook;
pub use self::hook::HookStats;
pub use self::hook::References;
pub use self::limits::Limits;
pub use self::mode::ContentCapture;
pub use self::passage::Passage;
pub use self::passage::Passed;
pub use self::report::Report;
