//! One NVIDIA device: its identity and its calls.

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::Clock;
use nvml_wrapper::enum_wrappers::device::EccCounter;
use nvml_wrapper::enum_wrappers::device::MemoryError;
use nvml_wrapper::enum_wrappers::device::PerformancePolicy;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::gpm::GpmSample;
use nvml_wrapper::gpm::gpm_metrics_get;
use nvml_wrapper::structs::device::UtilizationInfo;

use super::error::to_gpu_error;
use super::field::Field;
use super::field::NvmlValue;
use super::processes;
use super::raw;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::error::GpuError;
use crate::numbers::nanos_to_seconds;
use crate::numbers::to_f64;
use crate::process_tree::ProcessTree;
use crate::roofline;
use crate::select;
use crate::throttle::ThrottleReasons;

#[derive(Debug)]
pub(super) struct DeviceHandle {
    pub(super) uuid: String,
    pub(super) device: Device<'static>,
    /// Parent GPU and instance number, for a MIG instance.
    mig_parent: Option<(Device<'static>, u32)>,
    /// The previous sample of the hardware's activity counters (GPM) and one to fill; `None` before the first reading.
    gpm_samples: Option<[GpmSample<'static>; 2]>,
    /// Time of the newest sample of process work, in microseconds of the driver's clock.
    last_utilization_us: u64,
}

impl DeviceHandle {
    pub(super) fn new(device: Device<'static>, id: &str) -> Self {
        Self { uuid: id.to_owned(), device, mig_parent: None, gpm_samples: None, last_utilization_us: 0 }
    }

    /// Looks up the parent GPU of a MIG instance again.
    pub(super) fn find_mig_parent(&mut self) {
        let parent = self.device.mig_parent_device().ok();
        self.mig_parent = parent.zip(raw::gpu_instance_id(&self.device).ok());
    }

    pub(super) fn read(
        &mut self,
        call: DriverCall,
        process_tree: &ProcessTree,
        into: &mut Reading,
    ) -> Result<(), GpuError> {
        let device = &self.device;
        match call {
            DriverCall::Activity => return self.read_activity(into),
            DriverCall::Clocks => read_clocks(device, into),
            DriverCall::VideoEngines => read_video_engines(device, into),
            DriverCall::Ecc => read_ecc(device, into),
            DriverCall::Energy => {
                device.total_energy_consumption().map(|energy| into.energy_microjoules = energy.checked_mul(1_000))
            }
            DriverCall::PcieIo => read_pcie_io(device, into),
            DriverCall::NvlinkIo => read_nvlink_io(device, into),
            DriverCall::Memory => read_memory(device, into),
            DriverCall::Power => read_power(device, into),
            DriverCall::PowerLimit => {
                device.enforced_power_limit().map(|limit| into.power_limit = Some(milliwatts_to_watts(limit.into())))
            }
            DriverCall::Processes => processes::read_processes(device, &mut self.last_utilization_us, process_tree)
                .map(|processes| into.processes = Some(processes)),
            DriverCall::PcieReplays => device.pcie_replay_counter().map(|count| into.pcie_replays = Some(count.into())),
            DriverCall::RemappedRows => read_remapped_rows(device, into),
            DriverCall::Temperature => read_temperature(device, into),
            DriverCall::TemperatureLimit => read_temperature_limits(device, into),
            DriverCall::ThrottleReasons => raw::clocks_event_reasons(device)
                .map(|reasons| into.throttle_reasons = Some(ThrottleReasons::from_nvml(reasons))),
            DriverCall::ThrottleTime => read_throttle_time(device, into),
            DriverCall::Utilization => device.utilization_rates().map(|rates| {
                into.utilization = percent_to_ratio(rates.gpu.into());
                into.memory_busy = percent_to_ratio(rates.memory.into());
            }),
        }
        .map_err(to_gpu_error)
    }

    /// Reads the hardware's activity counters between the previous sample and a new one. The first call only takes
    /// samples and returns `GpuError::NoData`. Supported from Hopper on.
    fn read_activity(&mut self, into: &mut Reading) -> Result<(), GpuError> {
        let nvml = self.device.nvml();
        let gpu = self.mig_parent.as_ref().map_or(&self.device, |(gpu, _)| gpu);
        let Some([last, next]) = &mut self.gpm_samples else {
            if !raw::has_gpm_sample_free(nvml) || !gpu.gpm_support().map_err(to_gpu_error)? {
                return Err(GpuError::NotSupported);
            }
            // Samples of a MIG instance are taken from its GPU, by the instance's number.
            let sample = || match &self.mig_parent {
                Some((gpu, instance_id)) => gpu.gpm_mig_sample(*instance_id),
                None => self.device.gpm_sample(),
            };
            let sample = || sample().map_err(to_gpu_error);
            self.gpm_samples = Some([sample()?, sample()?]);
            return Err(GpuError::NoData);
        };
        let instance_id = self.mig_parent.as_ref().map(|(_, instance_id)| *instance_id);
        raw::fill_gpm_sample(gpu, instance_id, next).map_err(to_gpu_error)?;
        let metric_ids = [
            GpmMetricId::GraphicsUtil,
            GpmMetricId::SmUtil,
            GpmMetricId::SmOccupancy,
            GpmMetricId::AnyTensorUtil,
            GpmMetricId::DramBwUtil,
            GpmMetricId::PcieTxPerSec,
            GpmMetricId::PcieRxPerSec,
        ];
        let metrics = gpm_metrics_get(nvml, last, next, &metric_ids);
        std::mem::swap(last, next);
        let mut values = metrics.map_err(to_gpu_error)?.into_iter().map(|metric| Some(metric.ok()?.value));
        let mut next = || values.next().flatten();
        into.engine_active = next().and_then(percent_to_ratio);
        into.sm_active = next().and_then(percent_to_ratio);
        into.sm_occupancy = next().and_then(percent_to_ratio);
        into.tensor_active = next().and_then(percent_to_ratio);
        into.dram_active = next().and_then(percent_to_ratio);
        into.pcie_sent_per_second = next().and_then(mebibytes_to_bytes);
        into.pcie_received_per_second = next().and_then(mebibytes_to_bytes);
        Ok(())
    }
}

/// Reads the identity of a device. Only the id is required.
pub(super) fn device_info(device: &Device<'_>, index: u32, driver: Option<&str>) -> Result<DeviceInfo, NvmlError> {
    let model = device.name().ok();
    let peak_flops = model.as_deref().and_then(roofline::peak_flops);
    Ok(DeviceInfo {
        id: device.uuid()?,
        // Use the number of the device file, since the index may change between boots.
        name: format!("nvidia{}", device.minor_number().unwrap_or(index)),
        vendor: "NVIDIA",
        pci_address: device.pci_info().ok().map(|pci| select::normalize_pci_address(&pci.bus_id)),
        serial_number: device.serial().ok(),
        firmware_version: device.vbios_version().ok(),
        driver_version: driver.map(str::to_owned),
        parent: None,
        index: Some(index),
        mig_instance_id: None,
        peak_bytes_per_second: peak_bytes_per_second(device),
        peak_flops,
        model,
    })
}

/// Returns the MIG instances of a GPU.
pub(super) fn mig_instances(device: &Device<'static>, gpu_info: &DeviceInfo) -> Vec<(DeviceHandle, DeviceInfo)> {
    if !device.mig_mode().is_ok_and(|mode| mode.current == 1) {
        return Vec::new();
    }
    let indices = 0..device.mig_device_count().unwrap_or(0);
    // An unused index is a gap, not the end of the list.
    let instances = indices.filter_map(|index| {
        let instance = device.mig_device_by_index(index).ok()?;
        let id = instance.uuid().ok()?;
        let info = DeviceInfo {
            id: id.clone(),
            name: format!("{}/mig{index}", gpu_info.name),
            model: instance.name().ok(),
            parent: Some(gpu_info.id.clone()),
            mig_instance_id: raw::gpu_instance_id(&instance).ok(),
            peak_bytes_per_second: None,
            peak_flops: None,
            ..gpu_info.clone()
        };
        let mut handle = DeviceHandle::new(instance, &id);
        handle.find_mig_parent();
        Some((handle, info))
    });
    instances.collect()
}

/// Returns the peak memory bandwidth: the bus width times the clock, times two for double data rate.
fn peak_bytes_per_second(device: &Device<'_>) -> Option<u64> {
    let bits = u64::from(device.memory_bus_width().ok()?);
    let megahertz = u64::from(device.max_clock_info(Clock::Memory).ok()?);
    Some(bits / 8 * megahertz * 1_000_000 * 2)
}

fn read_clocks(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let hertz = |clock| device.clock_info(clock).map(|megahertz| f64::from(megahertz) * 1e6);
    let (sm, memory) = (hertz(Clock::SM), hertz(Clock::Memory));
    let both = (sm.as_ref().ok().copied(), memory.as_ref().ok().copied());
    ok_if_any(&[sm.is_ok(), memory.is_ok()], sm)?;
    (into.clock_sm, into.clock_memory) = both;
    Ok(())
}

fn read_video_engines(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let (encoder, decoder) = (device.encoder_utilization(), device.decoder_utilization());
    let found = |info: &Result<UtilizationInfo, NvmlError>| {
        info.as_ref().ok().and_then(|info| percent_to_ratio(info.utilization.into()))
    };
    let both = (found(&encoder), found(&decoder));
    ok_if_any(&[encoder.is_ok(), decoder.is_ok()], encoder)?;
    (into.encoder_utilization, into.decoder_utilization) = both;
    Ok(())
}

fn read_ecc(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let corrected = device.total_ecc_errors(MemoryError::Corrected, EccCounter::Volatile)?;
    let uncorrected = device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile)?;
    (into.ecc_corrected, into.ecc_uncorrected) = (Some(corrected), Some(uncorrected));
    Ok(())
}

fn read_pcie_io(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let [sent, received] = raw::field_values(device, [Field::PCIE_SENT, Field::PCIE_RECEIVED])?;
    (into.pcie_sent, into.pcie_received) = (sent?.as_u64(), received?.as_u64());
    Ok(())
}

fn read_nvlink_io(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let [sent, received] = raw::field_values(device, [Field::NVLINK_SENT, Field::NVLINK_RECEIVED])?;
    let bytes = |kibibytes: u64| kibibytes.checked_mul(1_024);
    (into.nvlink_sent, into.nvlink_received) = (sent?.as_u64().and_then(bytes), received?.as_u64().and_then(bytes));
    Ok(())
}

fn read_memory(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    match device.memory_info() {
        Ok(memory) => {
            into.memory_total = Some(memory.total);
            into.memory_used = Some(memory.used);
            into.memory_reserved = Some(memory.reserved);
            Ok(())
        }
        // Drivers before 510 have only the first version, without reserved memory.
        Err(NvmlError::FailedToLoadSymbol(_) | NvmlError::UnexpectedVariant(25)) => {
            let (total, used) = raw::memory_info_v1(device)?;
            (into.memory_total, into.memory_used, into.memory_reserved) = (Some(total), Some(used), None);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn read_power(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let power = device.power_usage()?;
    into.power = Some(milliwatts_to_watts(power.into()));
    let instant = raw::field_values(device, [Field::POWER_INSTANT]);
    into.power_instant = instant.ok().and_then(|[instant]| Some(milliwatts_to_watts(instant.ok()?.as_u64()?)));
    Ok(())
}

fn read_remapped_rows(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let fields = [
        Field::REMAPPED_ROWS_CORRECTED,
        Field::REMAPPED_ROWS_UNCORRECTED,
        Field::ROW_REMAP_PENDING,
        Field::ROW_REMAP_FAILED,
        Field::RECOVERY_ACTION,
    ];
    let [corrected, uncorrected, pending, failed, action] =
        raw::field_values(device, fields)?.map(|value| value.ok().and_then(NvmlValue::as_u64));
    (into.remapped_rows_corrected, into.remapped_rows_uncorrected) = (corrected, uncorrected);
    (into.is_row_remap_pending, into.has_row_remap_failed) =
        (pending.map(|rows| rows != 0), failed.map(|rows| rows != 0));
    into.is_reset_required = action.map(|action| action != 0);
    let all = [corrected, uncorrected, pending, failed, action];
    if all.iter().any(Option::is_some) { Ok(()) } else { Err(NvmlError::NotSupported) }
}

fn read_temperature(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let chip = match raw::temperature(device) {
        Ok(degrees) => f64::from(degrees),
        // The library is older, or does not know this version of the struct.
        Err(NvmlError::FailedToLoadSymbol(_) | NvmlError::UnexpectedVariant(25) | NvmlError::NotSupported) => {
            f64::from(device.temperature(TemperatureSensor::Gpu)?)
        }
        Err(error) => return Err(error),
    };
    into.temperature = plausible_celsius(chip);
    // One driver tags this integer as a double: the value is then almost zero, which is not plausible.
    let memory = raw::field_values(device, [Field::MEMORY_TEMPERATURE]);
    into.temperature_memory = memory.ok().and_then(|[memory]| plausible_celsius(memory.ok()?.as_f64()));
    Ok(())
}

/// Reads the temperature limits. Newer GPUs report limits as distances from the temperature where clocks are first
/// reduced.
fn read_temperature_limits(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let margin = f64::from(raw::temperature_margin(device)?);
    let chip = f64::from(raw::temperature(device)?);
    let [shutdown, slowdown] = raw::field_values(device, [Field::TLIMIT_SHUTDOWN, Field::TLIMIT_SLOWDOWN])?;
    let limit = |distance: Result<NvmlValue, NvmlError>| plausible_celsius(chip + margin - distance.ok()?.as_f64());
    (into.temperature_critical, into.temperature_degraded) = (limit(shutdown), limit(slowdown));
    Ok(())
}

fn read_throttle_time(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let seconds = |policy| device.violation_status(policy).map(|status| nanos_to_seconds(status.violation_time));
    into.throttled_power_seconds = Some(seconds(PerformancePolicy::Power)?);
    into.throttled_thermal_seconds = seconds(PerformancePolicy::Thermal).ok();
    let limits = (seconds(PerformancePolicy::BoardLimit).ok(), seconds(PerformancePolicy::Reliability).ok());
    into.throttled_limit_seconds = match limits {
        (None, None) => None,
        (board, reliability) => Some(board.unwrap_or(0.0) + reliability.unwrap_or(0.0)),
    };
    Ok(())
}

/// Returns the first error if no value was found.
fn ok_if_any<T>(found: &[bool], first: Result<T, NvmlError>) -> Result<(), NvmlError> {
    if found.contains(&true) { Ok(()) } else { first.map(|_| ()) }
}

/// Converts a percentage to a ratio. Returns `None` for NaN and for values outside 0 to 100.5, which some drivers
/// report.
fn percent_to_ratio(percent: f64) -> Option<f64> {
    (0.0..=100.5).contains(&percent).then_some((percent / 100.0).min(1.0))
}

/// Converts MiB per second, the unit in the library's header, to bytes per second. `None` for NaN and negative values.
fn mebibytes_to_bytes(mebibytes: f64) -> Option<f64> {
    (mebibytes.is_finite() && mebibytes >= 0.0).then_some(mebibytes * 1_048_576.0)
}

fn plausible_celsius(celsius: f64) -> Option<f64> {
    (1.0..=200.0).contains(&celsius).then_some(celsius)
}

fn milliwatts_to_watts(milliwatts: u64) -> f64 {
    to_f64(milliwatts) / 1e3
}
