//! The sampler's thread, which makes the calls that are due in each tick.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use llmobs::Observer;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::companion::Recorder;

use super::builder::SamplerSettings;
use super::discovery::DiscoveryState;
use super::estimates::Estimates;
use super::gpu::SampledGpu;
use super::schedule::Capability;
use super::snapshot::SharedSnapshot;
use crate::backend::DriverCall;
use crate::backend::GpuBackend;
use crate::backend::XidEvent;
use crate::energy::EnergyAccounts;
use crate::energy::EnergySource;
use crate::energy::MeterUpdate;
use crate::error::ErrorClass;
use crate::event_feed::EventFeed;
use crate::event_feed::OperationEvent;
use crate::event_feed::TimedOperationEvent;

pub(super) struct Worker {
    pub(super) observer: Observer,
    pub(super) recorder: Recorder,
    pub(super) settings: SamplerSettings,
    pub(super) backend: Box<dyn GpuBackend>,
    pub(super) follower: Arc<EventFeed>,
    pub(super) board: Arc<SharedSnapshot>,
    /// Errors received by the watcher's thread.
    pub(super) xids: Arc<Mutex<Vec<XidEvent>>>,
    pub(super) stage: DiscoveryState,
    pub(super) gpus: Vec<SampledGpu>,
    pub(super) accounts: EnergyAccounts<TrackedOperation>,
    pub(super) derived: Estimates,
    pending_events: VecDeque<TimedOperationEvent>,
}

/// The sampler's data about an operation.
#[derive(Debug)]
pub(crate) struct TrackedOperation {
    pub(super) followed: OperationRef,
    /// Set if the operation waits in the engine's queue.
    pub(super) queued: bool,
    /// Set if the prompt has been processed.
    pub(super) prefilled: bool,
    /// Output tokens already counted as work.
    pub(super) counted: u64,
    pub(super) counted_input: bool,
    /// Nanoseconds for which its devices had been degraded when the operation started.
    degraded: u64,
}

/// The longest time between two ticks, in nanoseconds.
const LONGEST: u64 = 1_000_000_000;

/// The shortest time between two ticks.
const REST: Duration = Duration::from_millis(1);

/// Nanoseconds that an ended operation waits for its last interval.
const PATIENCE: u64 = 2_000_000_000;

impl Worker {
    pub(super) fn new(
        observer: &Observer,
        settings: SamplerSettings,
        backend: Box<dyn GpuBackend>,
        follower: Arc<EventFeed>,
        board: Arc<SharedSnapshot>,
    ) -> Self {
        Self {
            recorder: observer.recorder(),
            observer: observer.clone(),
            derived: Estimates::new(&settings.models, &board),
            stage: DiscoveryState::closed(settings.retry.0),
            settings,
            backend,
            follower,
            board,
            xids: Arc::default(),
            gpus: Vec::new(),
            accounts: EnergyAccounts::new(0),
            pending_events: VecDeque::new(),
        }
    }

    pub(super) fn run(&mut self) {
        loop {
            let next = self.tick();
            let pause = Duration::from_nanos(next.saturating_sub(self.now()));
            // Applies even if all calls are overdue, since the library may be slow.
            if !self.follower.signal.sleep(pause.max(REST)) {
                return;
            }
        }
    }

    /// Makes the calls that are due. Returns the moment of the next tick.
    pub(super) fn tick(&mut self) -> u64 {
        self.listen();
        let now = self.now();
        self.apply(now);
        self.open_if_due(now);
        self.drain_xids(now);
        for index in 0..self.gpus.len() {
            self.visit(index);
            if self.follower.signal.is_stopping() {
                return now;
            }
        }
        let now = self.now();
        self.derive(now);
        self.settle(now);
        self.publish();
        let dozes = self.accounts.running_count() == 0 && !self.gpus.is_empty();
        if self.follower.doze(dozes) { self.next(now) } else { now }
    }

    pub(super) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    /// Takes the events of operations from the feed.
    fn listen(&mut self) {
        let (said, lost) = self.follower.drain();
        if !said.is_empty() {
            self.pending_events.extend(said);
            self.pending_events.make_contiguous().sort_by_key(|(at, _)| *at);
        }
        if lost {
            let now = self.now();
            self.recorder.anomaly("gpu_words_lost");
            self.apply(now);
            self.accounts.end_where(now, |known| known.followed.has_ended());
            (0..self.gpus.len()).for_each(|gpu| self.accounts.void(gpu, now));
        }
    }

    /// Applies the events up to a moment.
    fn apply(&mut self, until: u64) {
        while let Some((at, said)) = self.pending_events.pop_front_if(|(at, _)| *at <= until) {
            match said {
                OperationEvent::Started(followed) => self.started(followed, at),
                OperationEvent::Marked(id, Mark::Enqueued) => {
                    self.accounts.unrun(id, at);
                    if let Some(known) = self.accounts.operation_mut(id) {
                        known.queued = true;
                    }
                }
                OperationEvent::Marked(id, mark) => {
                    self.runs(id, at);
                    if let Some(known) = self.accounts.operation_mut(id) {
                        known.queued = false;
                        known.prefilled |= mark == Mark::FirstToken;
                    }
                }
                OperationEvent::Ended(id) => {
                    if let Some(known) = self.accounts.operation_mut(id) {
                        self.derived.count(known);
                    }
                    self.accounts.end(id, at);
                }
            }
        }
    }

    fn started(&mut self, followed: OperationRef, at: u64) {
        let (id, prepares) = (followed.id(), followed.prepares());
        let devices = self.devices_of(followed.model());
        let degraded = self.degraded(devices);
        let known =
            TrackedOperation { followed, queued: false, prefilled: false, counted: 0, counted_input: false, degraded };
        self.accounts.open(id, devices, known);
        if !prepares {
            self.runs(id, at);
        }
    }

    fn runs(&mut self, id: u64, at: u64) {
        let nobody_ran = self.accounts.running_count() == 0;
        self.accounts.run(id, at);
        if nobody_ran && self.accounts.running_count() > 0 {
            // The counter was read rarely: read it now, so that an interval ends where this operation starts.
            self.gpus.iter_mut().for_each(|gpu| gpu.pace(DriverCall::Energy).due = 0);
        }
    }

    /// Makes the calls that are due on one device.
    fn visit(&mut self, index: usize) {
        let now = self.now();
        if let Some((due, pause)) = self.gpus[index].lost {
            if now >= due {
                self.retry_lost(index, pause);
            }
            return;
        }
        let mut asked = false;
        for call in DriverCall::ALL {
            let gpu = &mut self.gpus[index];
            let pace = gpu.pace(call);
            if pace.capability == Capability::Unsupported || pace.due > self.observer.now().as_nanos() {
                continue;
            }
            asked = true;
            self.read_gpu(index, call);
            if self.gpus[index].lost.is_some() || self.follower.signal.is_stopping() {
                break;
            }
        }
        if asked {
            self.publish_gpu(index);
        }
    }

    fn read_gpu(&mut self, index: usize, call: DriverCall) {
        let at = self.now();
        self.board.lock().calling = Some(at);
        let gpu = &mut self.gpus[index];
        let answer = self.backend.read(gpu.place, call, &mut gpu.reading);
        self.board.lock().calling = None;
        let took = self.now().saturating_sub(at);
        self.record_call_duration(call, took);
        let running = self.accounts.running_count();
        let (settings, gpu) = (&self.settings, &mut self.gpus[index]);
        gpu.pace(call).record_call(at, took, settings.budget, answer);
        let period = gpu.period(call, settings, running);
        gpu.pace(call).due = at + period;
        match answer {
            Ok(()) => self.answered(index, call, at),
            Err(error) if error.verdict() == ErrorClass::DeviceLost => self.lose(index, at),
            Err(_) => {}
        }
    }

    fn answered(&mut self, index: usize, call: DriverCall, at: u64) {
        let (gpu, settings) = (&mut self.gpus[index], &self.settings);
        let limit = gpu.reading.power_limit;
        match call {
            DriverCall::Energy => {
                if let Some(energy) = gpu.reading.energy {
                    self.listen();
                    self.apply(at);
                    let step = self.gpus[index].meter.counter(energy, at, limit);
                    self.step(index, step, at);
                }
            }
            DriverCall::Power if gpu.source() == Some(EnergySource::PowerIntegral) => {
                if let Some(power) = gpu.reading.power {
                    self.listen();
                    self.apply(at);
                    let step = self.gpus[index].meter.power(power, at, limit);
                    self.step(index, step, at);
                }
            }
            DriverCall::ThrottleReasons => {
                let holds = 3 * settings.normal;
                let throttle = gpu.reading.throttle.unwrap_or_default();
                if gpu.update_throttle_reasons(throttle, at, holds) {
                    self.emit_throttle(index, throttle);
                }
            }
            DriverCall::RemappedRows | DriverCall::PcieReplays => self.record_counts(index),
            DriverCall::Processes => self.emit_sharing_change(index),
            _ => {}
        }
    }

    fn step(&mut self, index: usize, step: MeterUpdate, at: u64) {
        match step {
            MeterUpdate::Unchanged => {}
            MeterUpdate::First => {
                self.accounts.void(index, at);
                self.gpus[index].closed_at = at;
            }
            MeterUpdate::Dropped(trouble) => {
                self.recorder.anomaly(trouble.as_str());
                self.accounts.void(index, at);
                self.gpus[index].closed_at = at;
            }
            MeterUpdate::Energy(energy) => {
                let tenancy = self.tenancy(index);
                self.accounts.close(index, energy, at, self.settings.idle_watts, tenancy);
                self.record_interval_energy(index, energy, at, tenancy);
            }
        }
    }

    /// Records operations whose energy is known.
    fn settle(&mut self, now: u64) {
        let slowest = self.gpus.iter().map(|gpu| gpu.period(DriverCall::Energy, &self.settings, 1)).max().unwrap_or(0);
        let period = self.gpus.iter().filter_map(|gpu| gpu.meter.period()).max().unwrap_or(0);
        let patience = now.saturating_sub(PATIENCE + 2 * slowest.max(period));
        for settled in self.accounts.settle(patience) {
            let devices = self.devices_of(settled.operation.followed.model());
            let throttled = self.degraded(devices).saturating_sub(settled.operation.degraded);
            self.record_operation_energy(&settled, throttled);
        }
    }

    fn degraded(&self, devices: u64) -> u64 {
        let on = |index: usize| devices & crate::energy::bit(index) != 0;
        self.gpus.iter().enumerate().filter(|(index, _)| on(*index)).map(|(_, gpu)| gpu.degraded).sum()
    }

    fn next(&self, now: u64) -> u64 {
        let asked = self.gpus.iter().filter(|gpu| gpu.lost.is_none()).flat_map(|gpu| {
            gpu.paces.iter().filter(|pace| pace.capability != Capability::Unsupported).map(|pace| pace.due)
        });
        let lost = self.gpus.iter().filter_map(|gpu| gpu.lost).map(|(due, _)| due);
        // Events that arrived during a call, with moments after the call.
        let said = self.pending_events.front().map(|(at, _)| *at);
        asked.chain(lost).chain(self.stage.due()).chain(said).min().unwrap_or(u64::MAX).min(now + LONGEST).max(now)
    }

    fn drain_xids(&mut self, now: u64) {
        let heard = std::mem::take(&mut *self.xids.lock().unwrap_or_else(PoisonError::into_inner));
        for xid in heard {
            if let Some(index) = self.gpus.iter().position(|gpu| gpu.place == xid.device) {
                self.record_xid(index, xid.code, now);
            }
        }
    }
}
