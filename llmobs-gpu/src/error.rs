//! What can go wrong between a sampler and a GPU, in words of our own: libraries number their errors, and renumber them.

use std::error::Error;
use std::fmt;

/// Why a GPU, or its library, gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GpuError {
    /// The library is not on this machine.
    LibraryNotFound,
    /// The driver is not loaded.
    DriverNotLoaded,
    /// The library and the driver are of different versions: the driver was upgraded under a running process.
    DriverLibraryMismatch,
    /// The device does not have what was asked, or the library does not know how to ask.
    NotSupported,
    /// This process may not ask.
    NoPermission,
    /// There is nothing of that name.
    NotFound,
    /// There is no value yet.
    NoData,
    /// The device fell off the bus.
    Lost,
    /// The device answers nothing before it is reset.
    ResetRequired,
    /// The call took longer than it may, by the library's own word.
    Timeout,
    /// The process forked after the library was opened, which no library survives.
    Forked,
    /// Anything else, by the library's number.
    Other(u32),
}

/// What an error means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// It will never be there: not asked again.
    Permanent,
    /// The whole device is gone for now.
    DeviceLost,
    /// It may be there next time.
    Transient,
}

impl GpuError {
    pub(crate) const fn verdict(self) -> ErrorClass {
        match self {
            Self::NotSupported | Self::NoPermission => ErrorClass::Permanent,
            Self::Lost | Self::ResetRequired => ErrorClass::DeviceLost,
            _ => ErrorClass::Transient,
        }
    }

    /// A word for logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LibraryNotFound => "library_not_found",
            Self::DriverNotLoaded => "driver_not_loaded",
            Self::DriverLibraryMismatch => "driver_library_mismatch",
            Self::NotSupported => "not_supported",
            Self::NoPermission => "no_permission",
            Self::NotFound => "not_found",
            Self::NoData => "no_data",
            Self::Lost => "gpu_lost",
            Self::ResetRequired => "reset_required",
            Self::Timeout => "timeout",
            Self::Forked => "forked",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(code) => write!(f, "the GPU's library gave error {code}"),
            named => f.write_str(named.as_str()),
        }
    }
}

impl Error for GpuError {}
