//! The errors of NVML.

use nvml_wrapper::error::NvmlError;

use crate::error::GpuError;

/// Maps an error of the wrapper, which does not know the library's codes from 23 on.
pub(super) fn to_gpu_error(error: NvmlError) -> GpuError {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => GpuError::LibraryNotFound,
        NvmlError::DriverNotLoaded => GpuError::DriverNotLoaded,
        NvmlError::LibRmVersionMismatch => GpuError::DriverLibraryMismatch,
        // 25: unknown version of a struct. 26: function removed from the library.
        NvmlError::NotSupported
        | NvmlError::FailedToLoadSymbol(_)
        | NvmlError::FunctionNotFound
        | NvmlError::VgpuEccNotSupported
        | NvmlError::UnexpectedVariant(25 | 26) => GpuError::NotSupported,
        NvmlError::NoPermission => GpuError::NoPermission,
        NvmlError::NotFound | NvmlError::UnexpectedVariant(28) => GpuError::NotFound,
        NvmlError::NoData => GpuError::NoData,
        NvmlError::GpuLost => GpuError::Lost,
        NvmlError::ResetRequired => GpuError::ResetRequired,
        NvmlError::Timeout => GpuError::Timeout,
        other => GpuError::Other(other.into()),
    }
}
