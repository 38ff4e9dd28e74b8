//! The sampler's state of one device.

use crate::backend::Cadence;
use crate::backend::DeviceInfo;
use crate::backend::DeviceProcesses;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::energy::EnergyMeter;
use crate::energy::EnergySource;
use crate::energy::Totals;
use crate::report::DeviceState;
use crate::throttle::ThrottleReason;
use crate::throttle::ThrottleReasons;
use crate::xid::XidSeverity;

use super::builder::SamplerSettings;
use super::schedule::CallSchedule;
use super::schedule::Capability;

pub(super) struct SampledGpu {
    /// Position in the backend's list.
    pub(super) place: usize,
    pub(super) info: DeviceInfo,
    /// Set if this is an instance of another sampled device.
    pub(super) is_mig_instance: bool,
    pub(super) reading: Reading,
    pub(super) paces: [CallSchedule; DriverCall::ALL.len()],
    pub(super) meter: EnergyMeter,
    /// Set if other applications used the device at the last reading.
    pub(super) was_shared: bool,
    /// Moment of the next attempt to find a lost device, and the pause after that.
    pub(super) lost: Option<(u64, u64)>,
    /// Moment of the last recovery, and the pause after the next loss.
    pub(super) found: Option<(u64, u64)>,
    /// Energy totals that were recorded.
    pub(super) recorded_totals: Totals,
    /// Power of each operation that runs on the device, in watts.
    pub(super) watts: f64,
    /// Moment of the last change of the energy counter.
    pub(super) closed_at: u64,
    /// Observed nanoseconds of reduced clocks, by reason, and in total for reasons that degrade the device.
    throttled: [u64; ThrottleReason::ALL.len()],
    pub(super) degraded: u64,
    throttle: Option<(u64, ThrottleReasons)>,
    /// Last values of the counts that are recorded as differences.
    pub(super) counts: [Option<u64>; 3],
    /// Last reported XID. Zero if none was reported, `None` if errors of the device are not watched.
    pub(super) last_xid: Option<u64>,
    warned_at: Option<u64>,
    has_fatal_error: bool,
    /// Moments and used bytes of the last 30 seconds.
    pub(super) fills: Vec<(u64, u64)>,
}

/// The shortest time in nanoseconds between two samples of activity, which must exceed 100 ms.
const ACTIVITY: u64 = 110_000_000;

/// Nanoseconds that a reading remains valid beyond three periods.
const GRACE: u64 = 2_000_000_000;

/// Nanoseconds for which a warning lasts.
const WARNED: u64 = 300_000_000_000;

impl SampledGpu {
    pub(super) fn new(place: usize, info: DeviceInfo) -> Self {
        Self {
            place,
            info,
            is_mig_instance: false,
            reading: Reading::default(),
            paces: Default::default(),
            meter: EnergyMeter::default(),
            was_shared: false,
            lost: None,
            found: None,
            recorded_totals: Totals::default(),
            watts: 0.0,
            closed_at: 0,
            throttled: Default::default(),
            degraded: 0,
            throttle: None,
            counts: [None; 3],
            last_xid: None,
            warned_at: None,
            has_fatal_error: false,
            fills: Vec::new(),
        }
    }

    pub(super) fn pace(&mut self, call: DriverCall) -> &mut CallSchedule {
        &mut self.paces[call.index()]
    }

    /// Returns the time between two calls in nanoseconds.
    pub(super) fn period(&self, call: DriverCall, settings: &SamplerSettings, running: usize) -> u64 {
        let cadence = match (call.tier(), running) {
            (Cadence::Fast, 0) => settings.normal.max(settings.fast),
            (Cadence::Fast, 1..=8) => settings.fast,
            (Cadence::Fast, _) => settings.fast * 5,
            (Cadence::Normal, _) => settings.normal,
            (Cadence::Slow, _) => settings.slow,
        };
        let cadence = if call == DriverCall::Activity { cadence.max(ACTIVITY) } else { cadence };
        self.paces[call.index()].period(cadence)
    }

    /// Returns the moment until which a reading is valid. Older readings are absent.
    pub(super) fn holds_until(&self, call: DriverCall, settings: &SamplerSettings, running: usize) -> Option<u64> {
        let at = self.paces[call.index()].answered?;
        Some(at + 3 * self.period(call, settings, running) + GRACE)
    }

    /// Returns the source of the device's energy. A MIG instance has none.
    pub(super) fn source(&self) -> Option<EnergySource> {
        match self.paces[DriverCall::Energy.index()].capability {
            Capability::Unsupported if self.is_mig_instance => None,
            Capability::Unsupported => self.reading.power.map(|_| EnergySource::PowerIntegral),
            Capability::Supported | Capability::Failing => self.reading.energy.map(|_| EnergySource::Counter),
            Capability::Untried => None,
        }
    }

    /// Returns the last reading of the processes.
    pub(super) fn processes(&self) -> Option<&DeviceProcesses> {
        let capability = self.paces[DriverCall::Processes.index()].capability;
        self.reading.processes.as_ref().filter(|_| capability != Capability::Unsupported)
    }

    /// Updates the throttle reasons at this moment. Returns whether the device has just become degraded.
    pub(super) fn update_throttle_reasons(&mut self, now: ThrottleReasons, at: u64, holds: u64) -> bool {
        let before = self.throttle.replace((at, now));
        let Some((since, before)) = before else { return now.is_degraded() };
        // Limit the counted time, since the state between two readings far apart is unknown.
        let time = at.saturating_sub(since).min(holds);
        for (place, reason) in ThrottleReason::ALL.into_iter().enumerate() {
            self.throttled[place] += if before.contains(reason) { time } else { 0 };
        }
        self.degraded += if before.is_degraded() { time } else { 0 };
        now.is_degraded() && !before.is_degraded()
    }

    /// Returns the seconds of reduced clocks by reason: the driver's count if available, otherwise the observed time.
    pub(super) fn throttled(&self) -> [Option<f64>; ThrottleReason::ALL.len()] {
        #[expect(clippy::cast_precision_loss, reason = "exact below 104 days")]
        let seen = |place: usize| self.throttle.map(|_| self.throttled[place] as f64 / 1e9);
        let mut place = 0;
        ThrottleReason::ALL.map(|reason| {
            let seen = seen(place);
            place += 1;
            match reason {
                ThrottleReason::PowerCap => self.reading.throttled_capped.or(seen),
                ThrottleReason::Thermal => self.reading.throttled_thermal.or(seen),
                ThrottleReason::Limit => self.reading.throttled_limit.or(seen),
                _ => seen,
            }
        })
    }

    /// Applies the severity of a reported error or of a loss.
    pub(super) fn reported(&mut self, severity: XidSeverity, at: u64) {
        match severity {
            XidSeverity::Fatal => self.has_fatal_error = true,
            XidSeverity::Warning => self.warned_at = Some(at),
            _ => {}
        }
    }

    /// Resets the state after a lost device was found again.
    pub(super) fn mark_recovered(&mut self, at: u64, pause: u64) {
        self.found = Some((at, pause));
        (self.lost, self.has_fatal_error, self.throttle) = (None, false, None);
        self.reading.processes = None;
        self.meter.pause();
        self.paces.iter_mut().for_each(CallSchedule::forgive);
    }

    /// Returns the health of the device. `knows_clocks` is set if the last throttle reading is still valid.
    pub(super) fn state(&self, now: u64, knows_clocks: bool) -> DeviceState {
        let reading = &self.reading;
        let warned = self.warned_at.is_some_and(|at| now.saturating_sub(at) < WARNED);
        let slowed = knows_clocks && reading.throttle.is_some_and(ThrottleReasons::is_degraded);
        if self.lost.is_some() || self.has_fatal_error || reading.is_reset_required == Some(true) {
            DeviceState::Failed
        } else if reading.rows_failed == Some(true) {
            DeviceState::PredictedFailure
        } else if warned || slowed || reading.rows_pending == Some(true) {
            DeviceState::Degraded
        } else {
            DeviceState::Ok
        }
    }
}
