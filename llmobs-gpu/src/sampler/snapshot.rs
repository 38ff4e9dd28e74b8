//! The sampler's results, which collections of metrics read. No lock of this module is held during a driver call.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use llmobs::Observer;
use llmobs::metric::AttributeValue;

use crate::backend::DriverCall;
use crate::report::DeviceReport;
use crate::report::SamplerState;
use crate::sync::Mutex;
use crate::sync::MutexGuard;
use crate::throttle::ThrottleReason;

/// The snapshot shared by the sampler's threads and by collections.
#[derive(Debug)]
pub(crate) struct SharedSnapshot {
    observer: Observer,
    /// Nanoseconds after which a driver call that has not returned counts as hung.
    hang_timeout: u64,
    /// Name of the host.
    hostname: Option<AttributeValue>,
    is_closed: AtomicBool,
    snapshot: Mutex<Snapshot>,
}

/// The published results. Moments, here and in each device, are in nanoseconds on the observer's clock.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) sampler_state: SamplerState,
    /// Start of a driver call that has not returned.
    pub(crate) call_started_at: Option<u64>,
    pub(crate) devices: Vec<DeviceSnapshot>,
    pub(crate) engines: Vec<EngineEstimates>,
}

/// A device and its attributes.
#[derive(Debug)]
pub(crate) struct DeviceSnapshot {
    pub(crate) report: DeviceReport,
    pub(crate) attributes: HwAttributes,
    /// Energy in joules: the counter value without dropped readings.
    pub(crate) energy_joules: Option<f64>,
    /// Last reported XID. Zero if none was reported, `None` if errors of the device are not watched.
    pub(crate) last_xid: Option<u64>,
    pub(crate) throttled_seconds: [Option<f64>; ThrottleReason::ALL.len()],
    /// For each call, the moment of the last successful reading and the end of its validity.
    pub(crate) call_validity: [Option<(u64, u64)>; DriverCall::ALL.len()],
    /// Moment of the last successful reading of any call.
    pub(crate) last_answered_at: Option<u64>,
}

/// The estimates of an engine.
#[derive(Debug)]
pub(crate) struct EngineEstimates {
    pub(crate) model: AttributeValue,
    pub(crate) engine_id: AttributeValue,
    pub(crate) flops_utilization: Option<f64>,
    pub(crate) bandwidth_utilization: Option<f64>,
}

/// The attributes of a device, created once.
#[derive(Debug)]
pub(crate) struct HwAttributes {
    pub(crate) id: AttributeValue,
    pub(crate) gpu_sensor_id: AttributeValue,
    pub(crate) memory_sensor_id: AttributeValue,
    pub(crate) name: AttributeValue,
    pub(crate) vendor: AttributeValue,
    pub(crate) model: Option<AttributeValue>,
    pub(crate) parent: Option<AttributeValue>,
    pub(crate) driver_version: Option<AttributeValue>,
    pub(crate) firmware_version: Option<AttributeValue>,
    pub(crate) serial_number: Option<AttributeValue>,
}

impl SharedSnapshot {
    pub(crate) fn new(observer: Observer, hang_timeout: u64) -> Self {
        let hostname = crate::host::hostname().map(AttributeValue::from);
        Self { observer, hang_timeout, hostname, is_closed: AtomicBool::new(false), snapshot: Mutex::default() }
    }

    pub(crate) const fn hostname(&self) -> Option<&AttributeValue> {
        self.hostname.as_ref()
    }

    pub(crate) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.snapshot.lock()
    }

    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    pub(crate) fn sampler_state(&self) -> SamplerState {
        let snapshot = self.lock();
        let elapsed = snapshot.call_started_at.map_or(0, |started_at| self.now().saturating_sub(started_at));
        if elapsed > self.hang_timeout { SamplerState::Hung } else { snapshot.sampler_state }
    }
}

impl DeviceSnapshot {
    pub(crate) fn new(report: DeviceReport) -> Self {
        Self {
            attributes: HwAttributes::new(&report.info),
            report,
            energy_joules: None,
            last_xid: None,
            throttled_seconds: Default::default(),
            call_validity: [None; DriverCall::ALL.len()],
            last_answered_at: None,
        }
    }

    /// Returns whether the last reading of a call is still valid. Other readings are not published.
    pub(crate) fn is_fresh(&self, call: DriverCall, now: u64) -> bool {
        self.call_validity[call.index()].is_some_and(|(_, until)| now <= until)
    }

    /// Returns whether a call ever succeeded, which is sufficient for a counter.
    pub(crate) fn has_been_answered(&self, call: DriverCall) -> bool {
        self.call_validity[call.index()].is_some()
    }
}

impl HwAttributes {
    fn new(info: &crate::DeviceInfo) -> Self {
        let attribute = |text: &Option<String>| text.clone().map(AttributeValue::from);
        Self {
            id: info.id.clone().into(),
            gpu_sensor_id: format!("{}/gpu", info.id).into(),
            memory_sensor_id: format!("{}/memory", info.id).into(),
            name: info.name.clone().into(),
            vendor: info.vendor.into(),
            model: attribute(&info.model),
            parent: attribute(&info.parent),
            driver_version: attribute(&info.driver_version),
            firmware_version: attribute(&info.firmware_version),
            serial_number: attribute(&info.serial_number),
        }
    }
}
