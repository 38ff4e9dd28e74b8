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
    chosen: Option<usize>,
}

impl AutoBackend {
    pub(crate) fn new() -> Self {
        let candidates: Vec<Box<dyn GpuBackend>> = vec![
            #[cfg(feature = "nvml")]
            Box::new(NvmlBackend::new()),
            Box::new(AmdBackend::new()),
        ];
        Self { candidates, chosen: None }
    }

    fn chosen(&mut self) -> Result<&mut Box<dyn GpuBackend>, GpuError> {
        let place = self.chosen.ok_or(GpuError::DriverNotLoaded)?;
        self.candidates.get_mut(place).ok_or(GpuError::NotFound)
    }
}

impl GpuBackend for AutoBackend {
    fn name(&self) -> &'static str {
        self.chosen.and_then(|place| self.candidates.get(place)).map_or("auto", |chosen| chosen.name())
    }

    fn open(&mut self) -> Result<(), GpuError> {
        let mut why = None;
        for (place, candidate) in self.candidates.iter_mut().enumerate() {
            match candidate.open() {
                Ok(()) => {
                    self.chosen = Some(place);
                    return Ok(());
                }
                // Return the first error: later candidates are only tried because the first failed.
                Err(error) => why = why.or(Some(error)),
            }
        }
        Err(why.unwrap_or(GpuError::DriverNotLoaded))
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError> {
        self.chosen()?.devices()
    }

    fn find(&mut self, device: usize) -> Result<(), GpuError> {
        self.chosen()?.find(device)
    }

    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        self.chosen()?.read(device, call, into)
    }

    fn watch(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        self.chosen().ok()?.watch()
    }
}
