//! NVIDIA's GPUs, read through the driver's management library (NVML).

mod error;
mod field;
mod handle;
mod processes;
mod raw;
mod xid_watcher;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use nvml_wrapper::Nvml;

use self::error::to_gpu_error;
use self::handle::DeviceHandle;
use super::DeviceInfo;
use super::DriverCall;
use super::ErrorWatcher;
use super::GpuBackend;
use super::Reading;
use crate::error::GpuError;
use crate::process_tree::ProcessTree;
use crate::sync::Mutex;

/// A backend for NVIDIA's GPUs, read through the library `libnvidia-ml.so.1` or one at a given path.
///
/// Each library is opened once per process and never closed: a call may hang, and closing the library during a call is
/// undefined. An open library is not reopened after errors, since reopening takes the driver seconds and repairs
/// nothing.
#[derive(Debug, Default)]
pub struct NvmlBackend {
    library_path: Option<PathBuf>,
    library: Option<&'static Nvml>,
    handles: Vec<DeviceHandle>,
    process_tree: ProcessTree,
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
        Self { library_path: Some(path.into()), ..Self::default() }
    }

    /// Uses another process tree, for tests.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn with_process_tree(self, process_tree: ProcessTree) -> Self {
        Self { process_tree, ..self }
    }

    fn library(&self) -> Result<&'static Nvml, GpuError> {
        self.library.ok_or(GpuError::DriverNotLoaded)
    }

    fn handle(&mut self, device: usize) -> Result<&mut DeviceHandle, GpuError> {
        self.handles.get_mut(device).ok_or(GpuError::NotFound)
    }
}

impl GpuBackend for NvmlBackend {
    fn name(&self) -> &'static str {
        "nvml"
    }

    fn chosen_path(&self) -> Option<&Path> {
        self.library_path.as_deref()
    }

    fn open(&mut self) -> Result<(), GpuError> {
        self.library = Some(open_library(std::process::id(), self.library_path.as_deref())?);
        Ok(())
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError> {
        let nvml = self.library()?;
        let driver = nvml.sys_driver_version().ok();
        self.handles.clear();
        let mut infos = Vec::new();
        for index in 0..nvml.device_count().map_err(to_gpu_error)? {
            // The count may include devices that this process cannot open.
            let Ok(device) = nvml.device_by_index(index) else { continue };
            let Ok(gpu_info) = handle::device_info(&device, index, driver.as_deref()) else { continue };
            for (instance_handle, instance_info) in handle::mig_instances(&device, &gpu_info) {
                infos.push(instance_info);
                self.handles.push(instance_handle);
            }
            self.handles.push(DeviceHandle::new(device, &gpu_info.id));
            infos.push(gpu_info);
        }
        Ok(infos)
    }

    fn rediscover(&mut self, device: usize) -> Result<(), GpuError> {
        let nvml = self.library()?;
        let handle = self.handle(device)?;
        handle.device = nvml.device_by_uuid(handle.uuid.as_str()).map_err(to_gpu_error)?;
        handle.find_mig_parent();
        // A handle may outlive its device, so make a call to check.
        handle.device.index().map(|_| ()).map_err(to_gpu_error)
    }

    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        let handle = self.handles.get_mut(device).ok_or(GpuError::NotFound)?;
        handle.read(call, &self.process_tree, into)
    }

    fn watch_errors(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        let watcher = xid_watcher::XidWatcher::new(self.library?, &self.handles)?;
        Some(Box::new(watcher))
    }
}

/// The open libraries, by process id and path.
type OpenLibraries = HashMap<(u32, Option<PathBuf>), &'static Nvml>;

/// Opens the library at a path, or with `None` that of the installed driver, for a process; returns the library if the
/// process has opened it before. Libraries remain open. Returns [`GpuError::Forked`] if the process was forked from one
/// that had opened the library, and the error of the driver if the library cannot be opened.
pub(crate) fn open_library(process: u32, path: Option<&Path>) -> Result<&'static Nvml, GpuError> {
    static OPEN: Mutex<Option<OpenLibraries>> = Mutex::new(None);
    // A forked child has another process id and inherits an open library that it must not use.
    let key = (process, path.map(Path::to_owned));
    let mut open = OPEN.lock();
    let libraries = open.get_or_insert_default();
    if let Some(nvml) = libraries.get(&key) {
        return Ok(nvml);
    }
    if libraries.keys().any(|(process, file)| *process != key.0 && *file == key.1) {
        return Err(GpuError::Forked);
    }
    let mut builder = Nvml::builder();
    if let Some(path) = path {
        builder.lib_path(OsStr::new(path));
    }
    // Leaked, so that it is never shut down: see `NvmlBackend`.
    let nvml: &'static Nvml = Box::leak(Box::new(builder.init().map_err(to_gpu_error)?));
    libraries.insert(key, nvml);
    Ok(nvml)
}
