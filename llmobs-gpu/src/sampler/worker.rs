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
    pub(super) event_feed: Arc<EventFeed>,
    pub(super) snapshot: Arc<SharedSnapshot>,
    /// Errors received by the watcher's thread.
    pub(super) pending_xids: Arc<Mutex<Vec<XidEvent>>>,
    pub(super) discovery_state: DiscoveryState,
    pub(super) gpus: Vec<SampledGpu>,
    pub(super) accounts: EnergyAccounts<TrackedOperation>,
    pub(super) estimates: Estimates,
    pending_events: VecDeque<TimedOperationEvent>,
}

/// The sampler's data about an operation.
#[derive(Debug)]
pub(crate) struct TrackedOperation {
    pub(super) operation: OperationRef,
    /// Set if the operation waits in the engine's queue.
    pub(super) is_queued: bool,
    /// Set if the prompt has been processed.
    pub(super) is_prefilled: bool,
    /// Output tokens already counted as work.
    pub(super) counted_output_tokens: u64,
    pub(super) is_input_counted: bool,
    /// Nanoseconds for which its devices had been degraded when the operation started.
    degraded_nanos_at_start: u64,
}

/// The longest time between two ticks, in nanoseconds.
const MAX_TICK_INTERVAL: u64 = 1_000_000_000;

/// The shortest time between two ticks.
const MIN_TICK_INTERVAL: Duration = Duration::from_millis(1);

/// Nanoseconds that an ended operation waits for its last interval.
const SETTLE_TIMEOUT: u64 = 2_000_000_000;

impl Worker {
    pub(super) fn new(
        observer: &Observer,
        settings: SamplerSettings,
        backend: Box<dyn GpuBackend>,
        event_feed: Arc<EventFeed>,
        snapshot: Arc<SharedSnapshot>,
    ) -> Self {
        Self {
            recorder: observer.recorder(),
            observer: observer.clone(),
            estimates: Estimates::new(&settings.model_sizes, &snapshot),
            discovery_state: DiscoveryState::closed(settings.retry_backoff.0),
            settings,
            backend,
            event_feed,
            snapshot,
            pending_xids: Arc::default(),
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
            if !self.event_feed.thread_control.sleep(pause.max(MIN_TICK_INTERVAL)) {
                return;
            }
        }
    }

    /// Makes the calls that are due. Returns the moment of the next tick.
    pub(super) fn tick(&mut self) -> u64 {
        self.drain_events();
        let now = self.now();
        self.apply_events(now);
        self.open_if_due(now);
        self.drain_xids(now);
        for index in 0..self.gpus.len() {
            self.poll_gpu(index);
            if self.event_feed.thread_control.is_stopping() {
                return now;
            }
        }
        let now = self.now();
        self.update_estimates(now);
        self.settle_operations(now);
        self.publish_sampler_state();
        let is_idle = self.accounts.running_count() == 0 && !self.gpus.is_empty();
        if self.event_feed.set_sampler_idle(is_idle) { self.next_due(now) } else { now }
    }

    pub(super) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    /// Takes the events of operations from the feed.
    fn drain_events(&mut self) {
        let (events, has_lost_events) = self.event_feed.drain();
        if !events.is_empty() {
            self.pending_events.extend(events);
            self.pending_events.make_contiguous().sort_by_key(|(at, _)| *at);
        }
        if has_lost_events {
            let now = self.now();
            self.recorder.record_anomaly("gpu_words_lost");
            self.apply_events(now);
            self.accounts.end_where(now, |tracked| tracked.operation.has_ended());
            (0..self.gpus.len()).for_each(|gpu| self.accounts.void_interval(gpu, now));
        }
    }

    /// Applies the events up to a moment.
    fn apply_events(&mut self, until: u64) {
        while let Some((at, event)) = self.pending_events.pop_front_if(|(at, _)| *at <= until) {
            match event {
                OperationEvent::Started(operation) => self.track_operation(operation, at),
                OperationEvent::Marked(id, Mark::Enqueued) => {
                    self.accounts.withdraw(id, at);
                    if let Some(tracked) = self.accounts.operation_mut(id) {
                        tracked.is_queued = true;
                    }
                }
                OperationEvent::Marked(id, mark) => {
                    self.start_running(id, at);
                    if let Some(tracked) = self.accounts.operation_mut(id) {
                        tracked.is_queued = false;
                        tracked.is_prefilled |= mark == Mark::FirstToken;
                    }
                }
                OperationEvent::Ended(id) => {
                    if let Some(tracked) = self.accounts.operation_mut(id) {
                        self.estimates.count_work(tracked);
                    }
                    self.accounts.end(id, at);
                }
            }
        }
    }

    fn track_operation(&mut self, operation: OperationRef, at: u64) {
        let (id, is_preparing) = (operation.id(), operation.has_preparation());
        let devices = self.device_mask(operation.model());
        let degraded = self.degraded_nanos(devices);
        let tracked = TrackedOperation {
            operation,
            is_queued: false,
            is_prefilled: false,
            counted_output_tokens: 0,
            is_input_counted: false,
            degraded_nanos_at_start: degraded,
        };
        self.accounts.open(id, devices, tracked);
        if !is_preparing {
            self.start_running(id, at);
        }
    }

    fn start_running(&mut self, id: u64, at: u64) {
        let was_idle = self.accounts.running_count() == 0;
        self.accounts.start(id, at);
        if was_idle && self.accounts.running_count() > 0 {
            // The counter was read rarely: read it now, so that an interval ends where this operation starts.
            self.gpus.iter_mut().for_each(|gpu| gpu.schedule_mut(DriverCall::Energy).due_at = 0);
        }
    }

    /// Makes the calls that are due on one device.
    fn poll_gpu(&mut self, index: usize) {
        let now = self.now();
        if let Some((retry_at, backoff)) = self.gpus[index].lost_retry {
            if now >= retry_at {
                self.retry_lost(index, backoff);
            }
            return;
        }
        let mut was_read = false;
        for call in DriverCall::ALL {
            let gpu = &mut self.gpus[index];
            let schedule = gpu.schedule_mut(call);
            if schedule.capability == Capability::Unsupported || schedule.due_at > self.observer.now().as_nanos() {
                continue;
            }
            was_read = true;
            self.read_gpu(index, call);
            if self.gpus[index].lost_retry.is_some() || self.event_feed.thread_control.is_stopping() {
                break;
            }
        }
        if was_read {
            self.publish_gpu(index);
        }
    }

    fn read_gpu(&mut self, index: usize, call: DriverCall) {
        let at = self.now();
        self.snapshot.lock().call_started_at = Some(at);
        let gpu = &mut self.gpus[index];
        let answer = self.backend.read(gpu.backend_index, call, &mut gpu.reading);
        self.snapshot.lock().call_started_at = None;
        let took = self.now().saturating_sub(at);
        self.record_call_duration(call, took);
        let running = self.accounts.running_count();
        let (settings, gpu) = (&self.settings, &mut self.gpus[index]);
        gpu.schedule_mut(call).record_call(at, took, settings.call_budget, answer);
        let period = gpu.interval(call, settings, running);
        gpu.schedule_mut(call).due_at = at + period;
        match answer {
            Ok(()) => self.process_reading(index, call, at),
            Err(error) if error.class() == ErrorClass::DeviceLost => self.mark_lost(index, at),
            Err(_) => {}
        }
    }

    fn process_reading(&mut self, index: usize, call: DriverCall, at: u64) {
        let (gpu, settings) = (&mut self.gpus[index], &self.settings);
        let limit = gpu.reading.power_limit;
        match call {
            DriverCall::Energy => {
                if let Some(energy) = gpu.reading.energy_microjoules {
                    self.drain_events();
                    self.apply_events(at);
                    let update = self.gpus[index].meter.update_counter(energy, at, limit);
                    self.apply_meter_update(index, update, at);
                }
            }
            DriverCall::Power if gpu.energy_source() == Some(EnergySource::PowerIntegral) => {
                if let Some(power) = gpu.reading.power {
                    self.drain_events();
                    self.apply_events(at);
                    let update = self.gpus[index].meter.update_power(power, at, limit);
                    self.apply_meter_update(index, update, at);
                }
            }
            DriverCall::ThrottleReasons => {
                let max_time = 3 * settings.normal_interval;
                let throttle = gpu.reading.throttle_reasons.unwrap_or_default();
                if gpu.update_throttle_reasons(throttle, at, max_time) {
                    self.emit_throttle(index, throttle);
                }
            }
            DriverCall::RemappedRows | DriverCall::PcieReplays => self.record_counts(index),
            DriverCall::Processes => self.emit_sharing_change(index),
            _ => {}
        }
    }

    fn apply_meter_update(&mut self, index: usize, update: MeterUpdate, at: u64) {
        match update {
            MeterUpdate::Unchanged => {}
            MeterUpdate::First => {
                self.accounts.void_interval(index, at);
                self.gpus[index].interval_closed_at = at;
            }
            MeterUpdate::Dropped(anomaly) => {
                self.recorder.record_anomaly(anomaly.as_str());
                self.accounts.void_interval(index, at);
                self.gpus[index].interval_closed_at = at;
            }
            MeterUpdate::Energy(energy) => {
                let tenancy = self.tenancy(index);
                self.accounts.close_interval(index, energy, at, self.settings.idle_watts, tenancy);
                self.record_interval_energy(index, energy, at, tenancy);
            }
        }
    }

    /// Records operations whose energy is known.
    fn settle_operations(&mut self, now: u64) {
        let slowest =
            self.gpus.iter().map(|gpu| gpu.interval(DriverCall::Energy, &self.settings, 1)).max().unwrap_or(0);
        let period = self.gpus.iter().filter_map(|gpu| gpu.meter.period()).max().unwrap_or(0);
        let cutoff = now.saturating_sub(SETTLE_TIMEOUT + 2 * slowest.max(period));
        for settled in self.accounts.take_settled(cutoff) {
            let devices = self.device_mask(settled.operation.operation.model());
            let throttled = self.degraded_nanos(devices).saturating_sub(settled.operation.degraded_nanos_at_start);
            self.record_operation_energy(&settled, throttled);
        }
    }

    fn degraded_nanos(&self, devices: u64) -> u64 {
        let is_in_mask = |index: usize| devices & crate::energy::device_bit(index) != 0;
        self.gpus.iter().enumerate().filter(|(index, _)| is_in_mask(*index)).map(|(_, gpu)| gpu.degraded_nanos).sum()
    }

    fn next_due(&self, now: u64) -> u64 {
        let calls = self.gpus.iter().filter(|gpu| gpu.lost_retry.is_none()).flat_map(|gpu| {
            gpu.schedules
                .iter()
                .filter(|schedule| schedule.capability != Capability::Unsupported)
                .map(|schedule| schedule.due_at)
        });
        let retries = self.gpus.iter().filter_map(|gpu| gpu.lost_retry).map(|(retry_at, _)| retry_at);
        // Events that arrived during a call, with moments after the call.
        let next_event = self.pending_events.front().map(|(at, _)| *at);
        calls
            .chain(retries)
            .chain(self.discovery_state.retry_at())
            .chain(next_event)
            .min()
            .unwrap_or(u64::MAX)
            .min(now + MAX_TICK_INTERVAL)
            .max(now)
    }

    fn drain_xids(&mut self, now: u64) {
        let xids = std::mem::take(&mut *self.pending_xids.lock().unwrap_or_else(PoisonError::into_inner));
        for xid in xids {
            if let Some(index) = self.gpus.iter().position(|gpu| gpu.backend_index == xid.device) {
                self.record_xid(index, xid.code, now);
            }
        }
    }
}
