//! The settings of a sampler.

use std::env;
use std::time::Duration;

use crate::energy::WorkCoefficients;
use crate::numbers::duration_to_nanos;
use crate::report::OperationEnergy;
use crate::roofline::ModelSize;

/// The settings of a sampler. Times are in nanoseconds.
pub(crate) struct SamplerSettings {
    pub(crate) devices: Vec<String>,
    pub(crate) cuda_visible_devices: Option<String>,
    pub(crate) is_pci_order: bool,
    pub(crate) fast_interval: u64,
    pub(crate) normal_interval: u64,
    pub(crate) slow_interval: u64,
    pub(crate) call_budget: u64,
    /// The first pause before a retry, and the longest.
    pub(crate) retry_backoff: (u64, u64),
    pub(crate) hang_timeout: u64,
    pub(crate) should_watch_errors: bool,
    pub(crate) should_read_processes: bool,
    pub(crate) idle_watts: Option<f64>,
    pub(crate) usd_per_gpu_hour: Option<f64>,
    pub(crate) usd_per_kwh: Option<f64>,
    pub(crate) model_sizes: Vec<ModelSize>,
    pub(crate) work_coefficients: WorkCoefficients,
    pub(crate) model_devices: Vec<(String, Vec<String>)>,
    pub(crate) on_energy: Option<EnergyCallback>,
}

pub(crate) type EnergyCallback = Box<dyn Fn(&OperationEnergy) + Send>;

impl SamplerSettings {
    /// Returns the default settings, with the selection of devices in the environment variables of CUDA.
    pub(crate) fn from_environment() -> Self {
        Self {
            devices: Vec::new(),
            cuda_visible_devices: env::var("CUDA_VISIBLE_DEVICES").ok(),
            is_pci_order: env::var("CUDA_DEVICE_ORDER").is_ok_and(|order| order == "PCI_BUS_ID"),
            fast_interval: duration_to_nanos(Duration::from_millis(50)),
            normal_interval: duration_to_nanos(Duration::from_secs(1)),
            slow_interval: duration_to_nanos(Duration::from_secs(30)),
            call_budget: duration_to_nanos(Duration::from_millis(5)),
            retry_backoff: (duration_to_nanos(Duration::from_secs(1)), duration_to_nanos(Duration::from_secs(30))),
            hang_timeout: duration_to_nanos(Duration::from_secs(5)),
            should_watch_errors: true,
            should_read_processes: false,
            idle_watts: None,
            usd_per_gpu_hour: None,
            usd_per_kwh: None,
            model_sizes: Vec::new(),
            work_coefficients: WorkCoefficients::new(),
            model_devices: Vec::new(),
            on_energy: None,
        }
    }

    /// Returns the pause that follows a pause of `backoff`.
    pub(crate) fn next_backoff(&self, backoff: u64) -> u64 {
        backoff.saturating_mul(2).min(self.retry_backoff.1)
    }
}
