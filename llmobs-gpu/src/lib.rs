//! What the GPU did, and which request it did it for.

mod backend;
mod energy;
mod error;
mod roofline;
mod select;
mod throttle;
mod xid;

pub use self::backend::*;
pub use self::error::GpuError;
pub use self::roofline::ModelSize;
pub use self::throttle::Throttle;
pub use self::throttle::ThrottleReason;
pub use self::xid::Severity;
