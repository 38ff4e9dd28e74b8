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

use super::error;
use super::field::Field;
use super::field::NvmlValue;
use super::processes;
use super::raw;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::error::GpuError;
use crate::process_tree::ProcessTree;
use crate::roofline;
use crate::select;
use crate::throttle::ThrottleReasons;

#[derive(Debug)]
pub(super) struct DeviceHandle {
    pub(super) id: String,
    pub(super) device: Device<'static>,
    /// Parent GPU and instance number, for a MIG instance.
    part: Option<(Device<'static>, u32)>,
    /// The previous sample and one to fill.
    samples: Option<[GpmSample<'static>; 2]>,
    /// Time of the newest sample of process work, in microseconds of the driver's clock.
    last_utilization_us: u64,
}

impl DeviceHandle {
    pub(super) fn new(device: Device<'static>, id: &str) -> Self {
        Self { id: id.to_owned(), device, part: None, samples: None, last_utilization_us: 0 }
    }

    /// Looks up the parent GPU of a MIG instance again.
    pub(super) fn find_mig_parent(&mut self) {
        let whole = self.device.mig_parent_device().ok();
        self.part = whole.zip(raw::instance(&self.device).ok());
    }

    pub(super) fn read(&mut self, call: DriverCall, kin: &ProcessTree, into: &mut Reading) -> Result<(), GpuError> {
        let device = &self.device;
        match call {
            DriverCall::Activity => return self.activity(into),
            DriverCall::Clocks => clocks(device, into),
            DriverCall::VideoEngines => codecs(device, into),
            DriverCall::Ecc => ecc(device, into),
            DriverCall::Energy => {
                device.total_energy_consumption().map(|energy| into.energy = energy.checked_mul(1_000))
            }
            DriverCall::PcieIo => io(device, into),
            DriverCall::NvlinkIo => links(device, into),
            DriverCall::Memory => memory(device, into),
            DriverCall::Power => power(device, into),
            DriverCall::PowerLimit => {
                device.enforced_power_limit().map(|limit| into.power_limit = Some(watts(limit.into())))
            }
            DriverCall::Processes => processes::read(device, &mut self.last_utilization_us, kin)
                .map(|processes| into.processes = Some(processes)),
            DriverCall::PcieReplays => device.pcie_replay_counter().map(|count| into.replays = Some(count.into())),
            DriverCall::RemappedRows => rows(device, into),
            DriverCall::Temperature => temperature(device, into),
            DriverCall::TemperatureLimit => temperature_limit(device, into),
            DriverCall::ThrottleReasons => {
                raw::clock_reasons(device).map(|reasons| into.throttle = Some(ThrottleReasons::from_nvml(reasons)))
            }
            DriverCall::ThrottleTime => throttle_time(device, into),
            DriverCall::Utilization => device.utilization_rates().map(|rates| {
                into.utilization = percent_to_ratio(rates.gpu.into());
                into.memory_busy = percent_to_ratio(rates.memory.into());
            }),
        }
        .map_err(error)
    }

    /// Reads the hardware's counters between the previous sample and a new one. Supported from Hopper on.
    fn activity(&mut self, into: &mut Reading) -> Result<(), GpuError> {
        let nvml = self.device.nvml();
        let whole = self.part.as_ref().map_or(&self.device, |(whole, _)| whole);
        let Some([last, next]) = &mut self.samples else {
            if !raw::can_free_samples(nvml) || !whole.gpm_support().map_err(error)? {
                return Err(GpuError::NotSupported);
            }
            // Samples of a MIG instance are taken from its GPU, by the instance's number.
            let sample = || match &self.part {
                Some((whole, number)) => whole.gpm_mig_sample(*number),
                None => self.device.gpm_sample(),
            };
            let sample = || sample().map_err(error);
            self.samples = Some([sample()?, sample()?]);
            return Err(GpuError::NoData);
        };
        let part = self.part.as_ref().map(|(_, number)| *number);
        raw::fill(whole, part, next).map_err(error)?;
        let wanted = [
            GpmMetricId::GraphicsUtil,
            GpmMetricId::SmUtil,
            GpmMetricId::SmOccupancy,
            GpmMetricId::AnyTensorUtil,
            GpmMetricId::DramBwUtil,
            GpmMetricId::PcieTxPerSec,
            GpmMetricId::PcieRxPerSec,
        ];
        let metrics = gpm_metrics_get(nvml, last, next, &wanted);
        std::mem::swap(last, next);
        let mut values = metrics.map_err(error)?.into_iter().map(|metric| Some(metric.ok()?.value));
        let mut next = || values.next().flatten();
        into.engine_active = next().and_then(percent_to_ratio);
        into.sm_active = next().and_then(percent_to_ratio);
        into.sm_occupancy = next().and_then(percent_to_ratio);
        into.tensor_active = next().and_then(percent_to_ratio);
        into.dram_active = next().and_then(percent_to_ratio);
        into.io_sent_per_second = next().and_then(rate);
        into.io_received_per_second = next().and_then(rate);
        Ok(())
    }
}

/// Reads the identity of a device. Only the id is required.
pub(super) fn describe(device: &Device<'_>, index: u32, driver: Option<&str>) -> Result<DeviceInfo, NvmlError> {
    let model = device.name().ok();
    let peak_flops = model.as_deref().and_then(roofline::peak_flops);
    Ok(DeviceInfo {
        id: device.uuid()?,
        // Use the number of the device file, since the index may change between boots.
        name: format!("nvidia{}", device.minor_number().unwrap_or(index)),
        vendor: "NVIDIA",
        pci: device.pci_info().ok().map(|pci| select::normal_pci(&pci.bus_id)),
        serial: device.serial().ok(),
        firmware: device.vbios_version().ok(),
        driver: driver.map(str::to_owned),
        parent: None,
        index: Some(index),
        instance: None,
        peak_bytes_per_second: peak_bytes(device),
        peak_flops,
        model,
    })
}

/// Returns the MIG instances of a GPU.
pub(super) fn instances(device: &Device<'static>, whole: &DeviceInfo) -> Vec<(DeviceHandle, DeviceInfo)> {
    if !device.mig_mode().is_ok_and(|mode| mode.current == 1) {
        return Vec::new();
    }
    let places = 0..device.mig_device_count().unwrap_or(0);
    // An unused index is a gap, not the end of the list.
    let parts = places.filter_map(|place| {
        let part = device.mig_device_by_index(place).ok()?;
        let id = part.uuid().ok()?;
        let info = DeviceInfo {
            id: id.clone(),
            name: format!("{}/mig{place}", whole.name),
            model: part.name().ok(),
            parent: Some(whole.id.clone()),
            instance: raw::instance(&part).ok(),
            peak_bytes_per_second: None,
            peak_flops: None,
            ..whole.clone()
        };
        let mut handle = DeviceHandle::new(part, &id);
        handle.find_mig_parent();
        Some((handle, info))
    });
    parts.collect()
}

/// Returns the peak memory bandwidth: the bus width times the clock, times two for double data rate.
fn peak_bytes(device: &Device<'_>) -> Option<u64> {
    let bits = u64::from(device.memory_bus_width().ok()?);
    let megahertz = u64::from(device.max_clock_info(Clock::Memory).ok()?);
    Some(bits / 8 * megahertz * 1_000_000 * 2)
}

fn clocks(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let hertz = |clock| device.clock_info(clock).map(|megahertz| f64::from(megahertz) * 1e6);
    let (sm, memory) = (hertz(Clock::SM), hertz(Clock::Memory));
    let both = (sm.as_ref().ok().copied(), memory.as_ref().ok().copied());
    any(&[sm.is_ok(), memory.is_ok()], sm)?;
    (into.clock_sm, into.clock_memory) = both;
    Ok(())
}

fn codecs(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let (encoder, decoder) = (device.encoder_utilization(), device.decoder_utilization());
    let found = |info: &Result<UtilizationInfo, NvmlError>| {
        info.as_ref().ok().and_then(|info| percent_to_ratio(info.utilization.into()))
    };
    let both = (found(&encoder), found(&decoder));
    any(&[encoder.is_ok(), decoder.is_ok()], encoder)?;
    (into.encoder, into.decoder) = both;
    Ok(())
}

fn ecc(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let corrected = device.total_ecc_errors(MemoryError::Corrected, EccCounter::Volatile)?;
    let uncorrected = device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile)?;
    (into.ecc_corrected, into.ecc_uncorrected) = (Some(corrected), Some(uncorrected));
    Ok(())
}

fn io(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let [sent, received] = raw::fields(device, [Field::PCIE_SENT, Field::PCIE_RECEIVED])?;
    (into.io_sent, into.io_received) = (sent?.as_u64(), received?.as_u64());
    Ok(())
}

fn links(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let [sent, received] = raw::fields(device, [Field::LINKS_SENT, Field::LINKS_RECEIVED])?;
    let bytes = |kibibytes: u64| kibibytes.checked_mul(1_024);
    (into.links_sent, into.links_received) = (sent?.as_u64().and_then(bytes), received?.as_u64().and_then(bytes));
    Ok(())
}

fn memory(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    match device.memory_info() {
        Ok(memory) => {
            into.memory_total = Some(memory.total);
            into.memory_used = Some(memory.used);
            into.memory_reserved = Some(memory.reserved);
            Ok(())
        }
        // Drivers before 510 have only the first version, without reserved memory.
        Err(NvmlError::FailedToLoadSymbol(_) | NvmlError::UnexpectedVariant(25)) => {
            let (total, used) = raw::memory(device)?;
            (into.memory_total, into.memory_used, into.memory_reserved) = (Some(total), Some(used), None);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn power(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let power = device.power_usage()?;
    into.power = Some(watts(power.into()));
    let instant = raw::fields(device, [Field::POWER_INSTANT]);
    into.power_instant = instant.ok().and_then(|[instant]| Some(watts(instant.ok()?.as_u64()?)));
    Ok(())
}

fn rows(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let asked = [
        Field::ROWS_CORRECTED,
        Field::ROWS_UNCORRECTED,
        Field::ROWS_PENDING,
        Field::ROWS_FAILED,
        Field::RECOVERY_ACTION,
    ];
    let [corrected, uncorrected, pending, failed, action] =
        raw::fields(device, asked)?.map(|value| value.ok().and_then(NvmlValue::as_u64));
    (into.rows_corrected, into.rows_uncorrected) = (corrected, uncorrected);
    (into.rows_pending, into.rows_failed) = (pending.map(|rows| rows != 0), failed.map(|rows| rows != 0));
    into.is_reset_required = action.map(|action| action != 0);
    let all = [corrected, uncorrected, pending, failed, action];
    if all.iter().any(Option::is_some) { Ok(()) } else { Err(NvmlError::NotSupported) }
}

fn temperature(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let chip = match raw::temperature(device) {
        Ok(degrees) => f64::from(degrees),
        // The library is older, or does not know this version of the struct.
        Err(NvmlError::FailedToLoadSymbol(_) | NvmlError::UnexpectedVariant(25) | NvmlError::NotSupported) => {
            f64::from(device.temperature(TemperatureSensor::Gpu)?)
        }
        Err(error) => return Err(error),
    };
    into.temperature = degrees(chip);
    // One driver tags this integer as a double, which makes the value almost zero.
    let memory = raw::fields(device, [Field::MEMORY_TEMPERATURE]);
    into.temperature_memory = memory.ok().and_then(|[memory]| degrees(memory.ok()?.real()));
    Ok(())
}

/// Reads the temperature limits. Newer GPUs report limits as distances from the temperature where clocks are first
/// reduced.
fn temperature_limit(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    let margin = f64::from(raw::temperature_margin(device)?);
    let chip = f64::from(raw::temperature(device)?);
    let [shutdown, slowdown] = raw::fields(device, [Field::LIMIT_SHUTDOWN, Field::LIMIT_SLOWDOWN])?;
    let limit = |distance: Result<NvmlValue, NvmlError>| degrees(chip + margin - distance.ok()?.real());
    (into.temperature_critical, into.temperature_degraded) = (limit(shutdown), limit(slowdown));
    Ok(())
}

fn throttle_time(device: &Device<'_>, into: &mut Reading) -> Result<(), NvmlError> {
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 ns, which is 104 days")]
    let seconds = |policy| device.violation_status(policy).map(|status| status.violation_time as f64 / 1e9);
    into.throttled_capped = Some(seconds(PerformancePolicy::Power)?);
    into.throttled_thermal = seconds(PerformancePolicy::Thermal).ok();
    let limits = (seconds(PerformancePolicy::BoardLimit).ok(), seconds(PerformancePolicy::Reliability).ok());
    into.throttled_limit = match limits {
        (None, None) => None,
        (board, reliability) => Some(board.unwrap_or(0.0) + reliability.unwrap_or(0.0)),
    };
    Ok(())
}

/// Returns the first error if no value was found.
fn any<T>(found: &[bool], first: Result<T, NvmlError>) -> Result<(), NvmlError> {
    if found.contains(&true) { Ok(()) } else { first.map(|_| ()) }
}

/// Converts a percentage to a ratio. Returns `None` for NaN and for values outside 0 to 100.5, which some drivers
/// report.
fn percent_to_ratio(percent: f64) -> Option<f64> {
    (0.0..=100.5).contains(&percent).then_some((percent / 100.0).min(1.0))
}

/// Converts MiB per second, the unit in the library's header, to bytes per second. `None` for NaN and negative values.
fn rate(mebibytes: f64) -> Option<f64> {
    (mebibytes.is_finite() && mebibytes >= 0.0).then_some(mebibytes * 1_048_576.0)
}

fn degrees(celsius: f64) -> Option<f64> {
    (1.0..=200.0).contains(&celsius).then_some(celsius)
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 milliwatts")]
fn watts(milliwatts: u64) -> f64 {
    milliwatts as f64 / 1e3
}
