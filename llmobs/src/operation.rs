//! An operation (one model call), its builder, its marker (the handle for other threads), and the types of its methods:
//! numbers that may be missing, attempts, phases, evaluations, the guard of a producer, and the futures that run in an
//! operation or with an observer.

#[cfg(feature = "macros")]
pub use crate::__private::OperationHandle;
pub use crate::event::Evaluation;
pub use crate::number::OptionalInteger;
pub use crate::number::OptionalNumber;
pub use crate::observer::Attempt;
pub use crate::observer::Marker;
pub use crate::observer::Operation;
pub use crate::observer::OperationFuture;
pub use crate::observer::Phase;
pub use crate::observer::ProducerGuard;
pub use crate::observer::Scoped;
pub use crate::observer::Start;
