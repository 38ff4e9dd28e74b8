//! The sampler's results, as read by collections. No lock of this module is held during a call of the library.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use llmobs::Observer;
use llmobs::companion::AttributeValue;

use crate::backend::DriverCall;
use crate::report::DeviceReport;
use crate::report::SamplerState;
use crate::throttle::ThrottleReason;

/// The snapshot shared by the sampler's threads and by collections.
#[derive(Debug)]
pub(crate) struct SharedSnapshot {
    observer: Observer,
    hang_timeout: u64,
    /// Name of the host.
    host: Option<AttributeValue>,
    closed: AtomicBool,
    state: Mutex<Snapshot>,
}

/// The published results.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) collector: SamplerState,
    /// Start of a call that has not returned.
    pub(crate) calling: Option<u64>,
    pub(crate) devices: Vec<DeviceSnapshot>,
    pub(crate) engines: Vec<EngineEstimates>,
}

/// A device and its attributes.
#[derive(Debug)]
pub(crate) struct DeviceSnapshot {
    pub(crate) report: DeviceReport,
    pub(crate) attributes: HwAttributes,
    /// Energy in joules: the counter value without dropped readings.
    pub(crate) energy: Option<f64>,
    /// Last reported XID. Zero if none was reported, `None` if errors of the device are not watched.
    pub(crate) last_xid: Option<u64>,
    pub(crate) throttled: [Option<f64>; ThrottleReason::ALL.len()],
    /// For each call, the moment of the last successful reading and the end of its validity.
    pub(crate) answers: [Option<(u64, u64)>; DriverCall::ALL.len()],
    /// Moment of the last successful reading of any call.
    pub(crate) answered: Option<u64>,
}

/// The estimates of an engine.
#[derive(Debug)]
pub(crate) struct EngineEstimates {
    pub(crate) model: AttributeValue,
    pub(crate) id: AttributeValue,
    pub(crate) flops: Option<f64>,
    pub(crate) bandwidth: Option<f64>,
}

/// The attributes of a device, created once.
#[derive(Debug)]
pub(crate) struct HwAttributes {
    pub(crate) id: AttributeValue,
    pub(crate) id_gpu: AttributeValue,
    pub(crate) id_memory: AttributeValue,
    pub(crate) name: AttributeValue,
    pub(crate) vendor: AttributeValue,
    pub(crate) model: Option<AttributeValue>,
    pub(crate) parent: Option<AttributeValue>,
    pub(crate) driver: Option<AttributeValue>,
    pub(crate) firmware: Option<AttributeValue>,
    pub(crate) serial: Option<AttributeValue>,
}

impl SharedSnapshot {
    pub(crate) fn new(observer: Observer, hang_timeout: u64) -> Self {
        let host = crate::host::name().map(AttributeValue::from);
        Self { observer, hang_timeout, host, closed: AtomicBool::new(false), state: Mutex::default() }
    }

    pub(crate) const fn host(&self) -> Option<&AttributeValue> {
        self.host.as_ref()
    }

    pub(crate) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn collector(&self) -> SamplerState {
        let state = self.lock();
        let since = state.calling.map_or(0, |since| self.now().saturating_sub(since));
        if since > self.hang_timeout { SamplerState::Hung } else { state.collector }
    }
}

impl DeviceSnapshot {
    pub(crate) fn new(report: DeviceReport) -> Self {
        Self {
            attributes: HwAttributes::of(&report.info),
            report,
            energy: None,
            last_xid: None,
            throttled: Default::default(),
            answers: [None; DriverCall::ALL.len()],
            answered: None,
        }
    }

    /// Returns whether the last reading of a call is still valid. Older readings are absent.
    pub(crate) fn holds(&self, call: DriverCall, now: u64) -> bool {
        self.answers[call.index()].is_some_and(|(_, until)| now <= until)
    }

    /// Returns whether a call ever succeeded, which is sufficient for a counter.
    pub(crate) fn counted(&self, call: DriverCall) -> bool {
        self.answers[call.index()].is_some()
    }
}

impl HwAttributes {
    fn of(info: &crate::DeviceInfo) -> Self {
        let word = |text: &Option<String>| text.clone().map(AttributeValue::from);
        Self {
            id: info.id.clone().into(),
            id_gpu: format!("{}/gpu", info.id).into(),
            id_memory: format!("{}/memory", info.id).into(),
            name: info.name.clone().into(),
            vendor: info.vendor.into(),
            model: word(&info.model),
            parent: word(&info.parent),
            driver: word(&info.driver),
            firmware: word(&info.firmware),
            serial: word(&info.serial),
        }
    }
}
