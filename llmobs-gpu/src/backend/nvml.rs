//! NVIDIA's GPUs, read through the driver's management library (NVML).

mod field;
mod handle;
mod processes;
mod raw;
mod xid_watcher;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use self::handle::DeviceHandle;
use super::DeviceInfo;
use super::DriverCall;
use super::ErrorWatcher;
use super::GpuBackend;
use super::Reading;
use crate::error::GpuError;
use crate::process_tree::ProcessTree;

/// A backend for GPUs of NVIDIA's library `libnvidia-ml.so.1`.
///
/// The library is opened once per process and never closed: a call may hang, and closing the library during a call is
/// undefined. The library is not reopened after errors, since reopening takes the driver seconds and repairs nothing.
#[derive(Debug, Default)]
pub struct NvmlBackend {
    path: Option<PathBuf>,
    nvml: Option<&'static Nvml>,
    handles: Vec<DeviceHandle>,
    kin: ProcessTree,
}

impl NvmlBackend {
    /// Creates a backend for the library of the installed driver.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a backend for the library at this path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// Uses another process tree, for tests.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn among(self, kin: ProcessTree) -> Self {
        Self { kin, ..self }
    }

    fn nvml(&self) -> Result<&'static Nvml, GpuError> {
        self.nvml.ok_or(GpuError::DriverNotLoaded)
    }

    fn handle(&mut self, device: usize) -> Result<&mut DeviceHandle, GpuError> {
        self.handles.get_mut(device).ok_or(GpuError::NotFound)
    }
}

impl GpuBackend for NvmlBackend {
    fn name(&self) -> &'static str {
        "nvml"
    }

    fn open(&mut self) -> Result<(), GpuError> {
        self.nvml = Some(open_as(std::process::id(), self.path.as_deref())?);
        Ok(())
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError> {
        let nvml = self.nvml()?;
        let driver = nvml.sys_driver_version().ok();
        self.handles.clear();
        let mut infos = Vec::new();
        for index in 0..nvml.device_count().map_err(error)? {
            // The count may include devices that this process cannot open.
            let Ok(device) = nvml.device_by_index(index) else { continue };
            let Ok(whole) = handle::describe(&device, index, driver.as_deref()) else { continue };
            for part in handle::instances(&device, &whole) {
                infos.push(part.1);
                self.handles.push(part.0);
            }
            self.handles.push(DeviceHandle::new(device, &whole.id));
            infos.push(whole);
        }
        Ok(infos)
    }

    fn find(&mut self, device: usize) -> Result<(), GpuError> {
        let nvml = self.nvml()?;
        let handle = self.handle(device)?;
        handle.device = nvml.device_by_uuid(handle.id.as_str()).map_err(error)?;
        handle.find_mig_parent();
        // A handle may outlive its device, so make a call to check.
        handle.device.index().map(|_| ()).map_err(error)
    }

    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        let handle = self.handles.get_mut(device).ok_or(GpuError::NotFound)?;
        handle.read(call, &self.kin, into)
    }

    fn watch(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        let watch = xid_watcher::XidWatcher::new(self.nvml?, &self.handles)?;
        Some(Box::new(watch))
    }
}

/// The open libraries, by process id and path.
type OpenLibraries = HashMap<(u32, Option<PathBuf>), &'static Nvml>;

/// Opens the library at a path for a process, or returns the open one. Libraries remain open.
pub(crate) fn open_as(process: u32, path: Option<&Path>) -> Result<&'static Nvml, GpuError> {
    static OPEN: Mutex<Option<OpenLibraries>> = Mutex::new(None);
    // A forked child has another process id and inherits an open library that it must not use.
    let key = (process, path.map(Path::to_owned));
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = open.get_or_insert_default();
    if let Some(nvml) = known.get(&key) {
        return Ok(nvml);
    }
    if known.keys().any(|(process, file)| *process != key.0 && *file == key.1) {
        return Err(GpuError::Forked);
    }
    let mut builder = Nvml::builder();
    if let Some(path) = path {
        builder.lib_path(OsStr::new(path));
    }
    // Leaked, so that it is never shut down: see `NvmlBackend`.
    let nvml: &'static Nvml = Box::leak(Box::new(builder.init().map_err(error)?));
    known.insert(key, nvml);
    Ok(nvml)
}

/// Maps an error of the wrapper, which does not know the library's codes from 23 on.
fn error(error: NvmlError) -> GpuError {
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
