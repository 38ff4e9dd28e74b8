//! The errors of GPU libraries, mapped from the numbers that each library uses.

use std::error::Error;
use std::fmt;

/// The reason for which a GPU or its library returned no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GpuError {
    /// The library cannot be loaded, normally because it is not installed.
    LibraryNotFound,
    /// The driver is not loaded, or the library is not open yet. For AMD: there is no card of AMD with a loaded driver.
    DriverNotLoaded,
    /// The versions of the library and of the loaded driver differ, for example after an upgrade without a reload.
    DriverLibraryMismatch,
    /// The device or the library does not support the value.
    NotSupported,
    /// This process lacks the permission.
    NoPermission,
    /// No object with this name exists, or no device with this position.
    NotFound,
    /// No value is available yet, or the value is not a number.
    NoData,
    /// The device fell off the bus.
    Lost,
    /// The device responds only after a reset.
    ResetRequired,
    /// The library reports a timeout.
    Timeout,
    /// This process was forked after its parent opened the library, which makes the library unusable in this process.
    Forked,
    /// Any other error, with the library's number. For AMD, with the number of the operating system (`errno`), or 0
    /// without one.
    Other(u32),
}

/// The consequence of an error for later calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// The value is never available, so the call is not repeated.
    Permanent,
    /// The device does not answer, and may come back.
    DeviceLost,
    /// The call is repeated later.
    Transient,
}

impl GpuError {
    /// Returns the consequence for later calls. An error that is neither permanent nor of a lost device is transient.
    pub(crate) const fn class(self) -> ErrorClass {
        match self {
            Self::NotSupported | Self::NoPermission => ErrorClass::Permanent,
            Self::Lost | Self::ResetRequired => ErrorClass::DeviceLost,
            _ => ErrorClass::Transient,
        }
    }

    /// Returns a short name for logs, `other` for every [`Other`](Self::Other).
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
            Self::Other(code) => write!(f, "the GPU library returned error {code}"),
            named => f.write_str(named.as_str()),
        }
    }
}

impl Error for GpuError {}
