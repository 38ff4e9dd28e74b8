//! The sampler's state of one device.

use super::schedule::CallSchedule;
use super::schedule::Capability;
use super::settings::SamplerSettings;
use crate::backend::Cadence;
use crate::backend::DeviceInfo;
use crate::backend::DeviceProcesses;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::energy::EnergyMeter;
use crate::energy::EnergySource;
use crate::energy::Totals;
use crate::numbers::nanos_to_seconds;
use crate::report::DeviceState;
use crate::throttle::ThrottleReason;
use crate::throttle::ThrottleReasons;
use crate::xid::XidSeverity;

pub(super) struct SampledGpu {
    /// Position in the backend's list.
    pub(super) backend_index: usize,
    /// Index among all GPUs of the machine in PCI order, by which a setting can name the GPU; `None` for a MIG instance.
    pub(super) pci_position: Option<usize>,
    pub(super) info: DeviceInfo,
    /// Set if this is an instance of another sampled device.
    pub(super) is_mig_instance: bool,
    pub(super) reading: Reading,
    pub(super) schedules: [CallSchedule; DriverCall::ALL.len()],
    pub(super) meter: EnergyMeter,
    /// Set if other applications used the device at the last reading.
    pub(super) was_shared: bool,
    /// Moment of the next attempt to find a lost device, and the pause after that.
    pub(super) lost_retry: Option<(u64, u64)>,
    /// Moment of the last recovery, and the pause after the next loss.
    pub(super) recovered: Option<(u64, u64)>,
    /// Energy totals that were recorded.
    pub(super) recorded_totals: Totals,
    /// Power of each operation that runs on the device, in watts.
    pub(super) watts_per_operation: f64,
    /// Moment of the last change of the energy counter.
    pub(super) interval_closed_at: u64,
    /// Observed nanoseconds of reduced clocks, by reason, and in total for reasons that degrade the device.
    throttled_nanos: [u64; ThrottleReason::ALL.len()],
    pub(super) degraded_nanos: u64,
    last_throttle_reasons: Option<(u64, ThrottleReasons)>,
    /// Last values of the counts that are recorded as differences: corrected and uncorrected row remaps, PCIe replays.
    pub(super) last_counts: [Option<u64>; 3],
    /// Last reported XID. Zero if none was reported, `None` if errors of the device are not watched.
    pub(super) last_xid: Option<u64>,
    warned_at: Option<u64>,
    has_fatal_error: bool,
    /// Moments and used bytes of the last 30 seconds.
    pub(super) memory_history: Vec<(u64, u64)>,
}

/// The shortest time in nanoseconds between two samples of activity, which must exceed 100 ms.
const MIN_ACTIVITY_INTERVAL: u64 = 110_000_000;

/// Nanoseconds that a reading remains valid beyond three periods.
const FRESHNESS_GRACE: u64 = 2_000_000_000;

/// Nanoseconds for which a warning lasts.
const WARNING_DURATION: u64 = 300_000_000_000;

impl SampledGpu {
    pub(super) fn new(backend_index: usize, pci_position: Option<usize>, info: DeviceInfo) -> Self {
        Self {
            backend_index,
            pci_position,
            info,
            is_mig_instance: false,
            reading: Reading::default(),
            schedules: Default::default(),
            meter: EnergyMeter::default(),
            was_shared: false,
            lost_retry: None,
            recovered: None,
            recorded_totals: Totals::default(),
            watts_per_operation: 0.0,
            interval_closed_at: 0,
            throttled_nanos: Default::default(),
            degraded_nanos: 0,
            last_throttle_reasons: None,
            last_counts: [None; 3],
            last_xid: None,
            warned_at: None,
            has_fatal_error: false,
            memory_history: Vec::new(),
        }
    }

    pub(super) fn schedule_mut(&mut self, call: DriverCall) -> &mut CallSchedule {
        &mut self.schedules[call.index()]
    }

    /// Returns the time between two calls in nanoseconds.
    pub(super) fn interval(&self, call: DriverCall, settings: &SamplerSettings, running: usize) -> u64 {
        let cadence = match (call.cadence(), running) {
            (Cadence::Fast, 0) => settings.normal_interval.max(settings.fast_interval),
            (Cadence::Fast, 1..=8) => settings.fast_interval,
            (Cadence::Fast, _) => settings.fast_interval * 5,
            (Cadence::Normal, _) => settings.normal_interval,
            (Cadence::Slow, _) => settings.slow_interval,
        };
        let cadence = if call == DriverCall::Activity { cadence.max(MIN_ACTIVITY_INTERVAL) } else { cadence };
        self.schedules[call.index()].interval(cadence)
    }

    /// Returns the moment until which a reading is valid. Older readings are absent.
    pub(super) fn fresh_until(&self, call: DriverCall, settings: &SamplerSettings, running: usize) -> Option<u64> {
        let at = self.schedules[call.index()].answered_at?;
        Some(at + 3 * self.interval(call, settings, running) + FRESHNESS_GRACE)
    }

    /// Returns the source of the device's energy. A MIG instance has none.
    pub(super) fn energy_source(&self) -> Option<EnergySource> {
        match self.schedules[DriverCall::Energy.index()].capability {
            Capability::Unsupported if self.is_mig_instance => None,
            Capability::Unsupported => self.reading.power.map(|_| EnergySource::PowerIntegral),
            Capability::Supported | Capability::Failing => {
                self.reading.energy_microjoules.map(|_| EnergySource::Counter)
            }
            Capability::Untried => None,
        }
    }

    /// Returns the last reading of the processes.
    pub(super) fn processes(&self) -> Option<&DeviceProcesses> {
        let capability = self.schedules[DriverCall::Processes.index()].capability;
        self.reading.processes.as_ref().filter(|_| capability != Capability::Unsupported)
    }

    /// Updates the throttle reasons at this moment. Returns whether the device has just become degraded.
    pub(super) fn update_throttle_reasons(&mut self, now: ThrottleReasons, at: u64, max_time: u64) -> bool {
        let before = self.last_throttle_reasons.replace((at, now));
        let Some((since, before)) = before else { return now.is_degraded() };
        // Limit the counted time, since the state between two readings far apart is unknown.
        let time = at.saturating_sub(since).min(max_time);
        for (index, reason) in ThrottleReason::ALL.into_iter().enumerate() {
            self.throttled_nanos[index] += if before.contains(reason) { time } else { 0 };
        }
        self.degraded_nanos += if before.is_degraded() { time } else { 0 };
        now.is_degraded() && !before.is_degraded()
    }

    /// Returns the seconds of reduced clocks by reason: the driver's count if available, otherwise the observed time.
    pub(super) fn throttled_seconds(&self) -> [Option<f64>; ThrottleReason::ALL.len()] {
        let observed = |index: usize| self.last_throttle_reasons.map(|_| nanos_to_seconds(self.throttled_nanos[index]));
        let mut index = 0;
        ThrottleReason::ALL.map(|reason| {
            let observed = observed(index);
            index += 1;
            match reason {
                ThrottleReason::PowerCap => self.reading.throttled_power_seconds.or(observed),
                ThrottleReason::Thermal => self.reading.throttled_thermal_seconds.or(observed),
                ThrottleReason::Limit => self.reading.throttled_limit_seconds.or(observed),
                _ => observed,
            }
        })
    }

    /// Applies the severity of a reported error or of a loss.
    pub(super) fn apply_severity(&mut self, severity: XidSeverity, at: u64) {
        match severity {
            XidSeverity::Fatal => self.has_fatal_error = true,
            XidSeverity::Warning => self.warned_at = Some(at),
            _ => {}
        }
    }

    /// Resets the state after a lost device was found again.
    pub(super) fn mark_recovered(&mut self, at: u64, backoff: u64) {
        self.recovered = Some((at, backoff));
        (self.lost_retry, self.has_fatal_error, self.last_throttle_reasons) = (None, false, None);
        self.reading.processes = None;
        self.meter.pause();
        self.schedules.iter_mut().for_each(CallSchedule::reset);
    }

    /// Returns the health of the device. `knows_clocks` is set if the last throttle reading is still valid.
    pub(super) fn state(&self, now: u64, knows_clocks: bool) -> DeviceState {
        let reading = &self.reading;
        let warned = self.warned_at.is_some_and(|at| now.saturating_sub(at) < WARNING_DURATION);
        let slowed = knows_clocks && reading.throttle_reasons.is_some_and(ThrottleReasons::is_degraded);
        if self.lost_retry.is_some() || self.has_fatal_error || reading.is_reset_required == Some(true) {
            DeviceState::Failed
        } else if reading.has_row_remap_failed == Some(true) {
            DeviceState::PredictedFailure
        } else if warned || slowed || reading.is_row_remap_pending == Some(true) {
            DeviceState::Degraded
        } else {
            DeviceState::Ok
        }
    }
}
