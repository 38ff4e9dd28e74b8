//! What the sampler has found, where collections read it. No lock here is held while a library is asked.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use llmobs::Observer;
use llmobs::companion::Word;

use crate::backend::Call;
use crate::report::CollectorState;
use crate::report::DeviceReport;
use crate::throttle::ThrottleReason;

/// Shared by the sampler's threads and by whoever collects.
#[derive(Debug)]
pub(crate) struct Board {
    observer: Observer,
    hung_after: u64,
    /// The machine.
    host: Option<Word>,
    closed: AtomicBool,
    state: Mutex<Published>,
}

/// What is published.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) collector: CollectorState,
    /// Since when a call has not come back.
    pub(crate) calling: Option<u64>,
    pub(crate) devices: Vec<Device>,
    pub(crate) engines: Vec<Engine>,
}

/// A device and its words.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) report: DeviceReport,
    pub(crate) words: Words,
    /// What its counter would show had it never lied, in joules.
    pub(crate) energy: Option<f64>,
    /// The last error that it reported by itself, zero while it has reported none; none where nobody listens to it.
    pub(crate) last_xid: Option<u64>,
    pub(crate) throttled: [Option<f64>; ThrottleReason::ALL.len()],
    /// When each question was last answered, and until when that holds.
    pub(crate) answers: [Option<(u64, u64)>; Call::ALL.len()],
    /// When anything was last answered.
    pub(crate) answered: Option<u64>,
}

/// Estimates of an engine.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) model: Word,
    pub(crate) id: Word,
    pub(crate) flops: Option<f64>,
    pub(crate) bandwidth: Option<f64>,
}

/// A device's attributes, made once.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) id: Word,
    pub(crate) id_gpu: Word,
    pub(crate) id_memory: Word,
    pub(crate) name: Word,
    pub(crate) vendor: Word,
    pub(crate) model: Option<Word>,
    pub(crate) parent: Option<Word>,
    pub(crate) driver: Option<Word>,
    pub(crate) firmware: Option<Word>,
    pub(crate) serial: Option<Word>,
}

impl Board {
    pub(crate) fn new(observer: Observer, hung_after: u64) -> Self {
        let host = crate::host::name().map(Word::from);
        Self { observer, hung_after, host, closed: AtomicBool::new(false), state: Mutex::default() }
    }

    pub(crate) const fn host(&self) -> Option<&Word> {
        self.host.as_ref()
    }

    pub(crate) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Published> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn collector(&self) -> CollectorState {
        let state = self.lock();
        let since = state.calling.map_or(0, |since| self.now().saturating_sub(since));
        if since > self.hung_after { CollectorState::Hung } else { state.collector }
    }
}

impl Device {
    pub(crate) fn new(report: DeviceReport) -> Self {
        Self {
            words: Words::of(&report.info),
            report,
            energy: None,
            last_xid: None,
            throttled: Default::default(),
            answers: [None; Call::ALL.len()],
            answered: None,
        }
    }

    /// Whether what a question was answered with still holds: what is old is absent.
    pub(crate) fn holds(&self, call: Call, now: u64) -> bool {
        self.answers[call.index()].is_some_and(|(_, until)| now <= until)
    }

    /// Whether it was ever answered, which is enough for a counter.
    pub(crate) fn counted(&self, call: Call) -> bool {
        self.answers[call.index()].is_some()
    }
}

impl Words {
    fn of(info: &crate::DeviceInfo) -> Self {
        let word = |text: &Option<String>| text.clone().map(Word::from);
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
