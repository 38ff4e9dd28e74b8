//! The choice of the backend by the drivers of this machine.

use super::AmdBackend;
use super::DeviceInfo;
use super::DriverCall;
use super::ErrorWatcher;
use super::GpuBackend;
#[cfg(feature = "nvml")]
use super::NvmlBackend;
use super::Reading;
use crate::error::GpuError;

/// A backend that uses NVIDIA's library if it can be opened, otherwise AMD's driver.
pub(crate) struct AutoBackend {
    candidates: Vec<Box<dyn GpuBackend>>,
    chosen_index: Option<usize>,
}

impl AutoBackend {
    pub(crate) fn new() -> Self {
        let candidates: Vec<Box<dyn GpuBackend>> = vec![
            #[cfg(feature = "nvml")]
            Box::new(NvmlBackend::new()),
            Box::new(AmdBackend::new()),
        ];
        Self { candidates, chosen_index: None }
    }

    fn backend_mut(&mut self) -> Result<&mut Box<dyn GpuBackend>, GpuError> {
        let index = self.chosen_index.ok_or(GpuError::DriverNotLoaded)?;
        self.candidates.get_mut(index).ok_or(GpuError::NotFound)
    }
}

impl GpuBackend for AutoBackend {
    fn name(&self) -> &'static str {
        self.chosen_index.and_then(|index| self.candidates.get(index)).map_or("auto", |chosen| chosen.name())
    }

    fn open(&mut self) -> Result<(), GpuError> {
        let mut first_error = None;
        for (index, candidate) in self.candidates.iter_mut().enumerate() {
            match candidate.open() {
                Ok(()) => {
                    self.chosen_index = Some(index);
                    return Ok(());
                }
                // Return the first error: later candidates are only tried because the first failed.
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(GpuError::DriverNotLoaded))
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError> {
        self.backend_mut()?.devices()
    }

    fn rediscover(&mut self, device: usize) -> Result<(), GpuError> {
        self.backend_mut()?.rediscover(device)
    }

    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        self.backend_mut()?.read(device, call, into)
    }

    fn watch_errors(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        self.backend_mut().ok()?.watch_errors()
    }
}
