//! The sampler's thread, which makes the calls that are due in each tick.

use std::collections::VecDeque;
use std::time::Duration;

use llmobs::Observer;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;

use super::discovery::Discovery;
use super::estimates::Estimates;
use super::lost_device::mark_lost;
use super::lost_device::retry_lost;
use super::pending_steps::PendingSteps;
use super::recording;
use super::sampling::Outputs;
use super::sampling::Sampling;
use super::schedule::Capability;
use super::settings::SamplerSettings;
use super::tenancy::emit_sharing_change;
use super::tenancy::tenancy;
use super::tracked_operation::TrackedOperation;
use crate::backend::DriverCall;
use crate::backend::GpuBackend;
use crate::energy::EnergySource;
use crate::energy::MeterUpdate;
use crate::error::ErrorClass;
use crate::event_feed::OperationEvent;
use crate::event_feed::TimedOperationEvent;

pub(super) struct Worker {
    pub(super) sampling: Sampling,
    backend: Box<dyn GpuBackend>,
    discovery: Discovery,
    estimates: Estimates,
    pending_events: VecDeque<TimedOperationEvent>,
    pending_steps: PendingSteps,
}

/// The longest time between two ticks, in nanoseconds.
const MAX_TICK_INTERVAL: u64 = 1_000_000_000;

/// The shortest time between two ticks.
const MIN_TICK_INTERVAL: Duration = Duration::from_millis(1);

/// Nanoseconds that an ended operation waits for its last interval, in addition to two periods of the slowest energy
/// counter or of its readings.
const SETTLE_TIMEOUT: u64 = 2_000_000_000;

impl Worker {
    pub(super) fn new(
        observer: &Observer,
        settings: SamplerSettings,
        backend: Box<dyn GpuBackend>,
        outputs: Outputs,
    ) -> Self {
        Self {
            estimates: Estimates::new(&settings.model_sizes, &outputs.snapshot),
            discovery: Discovery::closed(settings.retry_backoff.0),
            sampling: Sampling::new(observer, settings, outputs),
            backend,
            pending_events: VecDeque::new(),
            pending_steps: PendingSteps::default(),
        }
    }

    pub(super) fn run(&mut self) {
        loop {
            let next = self.tick();
            let pause = Duration::from_nanos(next.saturating_sub(self.sampling.now()));
            // The shortest interval applies even if all calls are overdue, since the library may be slow.
            if !self.sampling.event_feed.thread_control.sleep(pause.max(MIN_TICK_INTERVAL)) {
                return;
            }
        }
    }

    /// Makes the calls that are due. Returns the moment of the next tick, in nanoseconds.
    pub(super) fn tick(&mut self) -> u64 {
        self.drain_events();
        let now = self.sampling.now();
        self.apply_events(now);
        self.discovery.open_if_due(&mut *self.backend, &mut self.sampling, now);
        self.drain_xids(now);
        for index in 0..self.sampling.gpus.len() {
            self.poll_gpu(index);
            if self.sampling.event_feed.thread_control.is_stopping() {
                return now;
            }
        }
        let now = self.sampling.now();
        self.estimates.update(&mut self.sampling, now);
        self.sampling.accounts.divide_known(now);
        self.settle_operations(now);
        self.sampling.snapshot.lock().sampler_state = self.discovery.sampler_state(&self.sampling.gpus);
        let is_idle = self.sampling.accounts.running_count() == 0 && !self.sampling.gpus.is_empty();
        if self.sampling.event_feed.set_sampler_idle(is_idle) { self.next_due(now) } else { now }
    }

    /// Takes the events of operations and the steps of engines from the feed.
    fn drain_events(&mut self) {
        // The steps first: then the events of their operations are in the feed already.
        self.pending_steps.drain(&mut self.sampling);
        let (events, has_lost_events) = self.sampling.event_feed.drain();
        if !events.is_empty() {
            self.pending_events.extend(events);
            self.pending_events.make_contiguous().sort_by_key(|(at, _)| *at);
        }
        if has_lost_events {
            let now = self.sampling.now();
            self.sampling.observer.record_anomaly("gpu_events_lost");
            self.apply_events(now);
            self.sampling.accounts.end_where(now, |tracked| tracked.operation.has_ended());
            (0..self.sampling.gpus.len()).for_each(|gpu| self.sampling.accounts.void_interval(gpu, now));
        }
    }

    /// Applies the events and steps up to a moment.
    fn apply_events(&mut self, until: u64) {
        while self.pending_events.front().is_some_and(|(at, _)| *at <= until)
            && let Some((at, event)) = self.pending_events.pop_front()
        {
            match event {
                OperationEvent::Started(operation) => self.track_operation(operation, at),
                OperationEvent::Marked(id, Mark::Enqueued) => {
                    self.sampling.accounts.withdraw(id, at);
                    if let Some(tracked) = self.sampling.accounts.operation_mut(id) {
                        tracked.is_queued = true;
                    }
                }
                OperationEvent::Marked(id, mark) => {
                    self.start_running(id, at);
                    if let Some(tracked) = self.sampling.accounts.operation_mut(id) {
                        tracked.is_queued = false;
                        tracked.is_prefilled |= mark == Mark::FirstToken;
                    }
                }
                OperationEvent::Ended(id) => {
                    if let Some(tracked) = self.sampling.accounts.operation_mut(id) {
                        self.estimates.count_work(tracked);
                    }
                    self.sampling.accounts.end(id, at);
                }
            }
        }
        self.pending_steps.apply(&mut self.sampling, until);
    }

    fn track_operation(&mut self, operation: OperationRef, at: u64) {
        let (id, is_preparing) = (operation.id(), operation.has_preparation());
        let devices = self.sampling.device_mask(operation.model());
        let degraded = self.sampling.degraded_nanos(devices);
        let model = operation.model().to_owned();
        self.sampling.accounts.open(id, devices, TrackedOperation::new(operation, degraded));
        self.sampling.accounts.expect_steps(id, &model);
        if !is_preparing {
            self.start_running(id, at);
        }
    }

    fn start_running(&mut self, id: u64, at: u64) {
        let was_idle = self.sampling.accounts.running_count() == 0;
        self.sampling.accounts.start(id, at);
        if was_idle && self.sampling.accounts.running_count() > 0 {
            // The counter was read rarely: read it now, so that an interval ends where this operation starts.
            self.sampling.gpus.iter_mut().for_each(|gpu| gpu.schedule_mut(DriverCall::Energy).due_at = 0);
        }
    }

    /// Makes the calls that are due on one device.
    fn poll_gpu(&mut self, index: usize) {
        let now = self.sampling.now();
        if let Some((retry_at, backoff)) = self.sampling.gpus[index].lost_retry {
            if now >= retry_at {
                retry_lost(&mut *self.backend, &mut self.sampling, index, backoff);
            }
            return;
        }
        let mut was_read = false;
        for call in DriverCall::ALL {
            let schedule = &self.sampling.gpus[index].schedules[call.index()];
            if schedule.capability == Capability::Unsupported || schedule.due_at > self.sampling.now() {
                continue;
            }
            was_read = true;
            self.read_gpu(index, call);
            if self.sampling.gpus[index].lost_retry.is_some() || self.sampling.event_feed.thread_control.is_stopping() {
                break;
            }
        }
        if was_read {
            recording::publish_gpu(&self.sampling, index);
        }
    }

    fn read_gpu(&mut self, index: usize, call: DriverCall) {
        let at = self.sampling.now();
        self.sampling.snapshot.lock().call_started_at = Some(at);
        let gpu = &mut self.sampling.gpus[index];
        let answer = self.backend.read(gpu.backend_index, call, &mut gpu.reading);
        self.sampling.snapshot.lock().call_started_at = None;
        let took = self.sampling.now().saturating_sub(at);
        recording::record_call_duration(&self.sampling, call, took);
        let running = self.sampling.accounts.running_count();
        let (settings, gpu) = (&self.sampling.settings, &mut self.sampling.gpus[index]);
        gpu.schedule_mut(call).record_call(at, took, settings.call_budget, answer);
        let period = gpu.interval(call, settings, running);
        gpu.schedule_mut(call).due_at = at + period;
        match answer {
            Ok(()) => self.process_reading(index, call, at),
            Err(error) if error.class() == ErrorClass::DeviceLost => mark_lost(&mut self.sampling, index, at),
            Err(_) => {}
        }
    }

    fn process_reading(&mut self, index: usize, call: DriverCall, at: u64) {
        let (gpu, settings) = (&mut self.sampling.gpus[index], &self.sampling.settings);
        let limit = gpu.reading.power_limit;
        match call {
            DriverCall::Energy => {
                if let Some(energy) = gpu.reading.energy_microjoules {
                    self.drain_events();
                    self.apply_events(at);
                    let update = self.sampling.gpus[index].meter.update_counter(energy, at, limit);
                    self.apply_meter_update(index, update, at);
                }
            }
            DriverCall::Power if gpu.energy_source() == Some(EnergySource::PowerIntegral) => {
                if let Some(power) = gpu.reading.power {
                    self.drain_events();
                    self.apply_events(at);
                    let update = self.sampling.gpus[index].meter.update_power(power, at, limit);
                    self.apply_meter_update(index, update, at);
                }
            }
            DriverCall::ThrottleReasons => {
                let max_time = 3 * settings.normal_interval;
                let throttle = gpu.reading.throttle_reasons.unwrap_or_default();
                let recent = &self.sampling.event_feed.recent_throttle;
                recent.record(index, throttle.is_degraded(), at, at + max_time);
                if gpu.update_throttle_reasons(throttle, at, max_time) {
                    recording::emit_throttle(&self.sampling, index, throttle);
                }
            }
            DriverCall::RemappedRows | DriverCall::PcieReplays => {
                recording::record_counts(&mut self.sampling, index);
            }
            DriverCall::Processes => emit_sharing_change(gpu),
            _ => {}
        }
    }

    fn apply_meter_update(&mut self, index: usize, update: MeterUpdate, at: u64) {
        match update {
            MeterUpdate::Unchanged => {}
            MeterUpdate::First => {
                self.sampling.accounts.void_interval(index, at);
                self.sampling.gpus[index].interval_closed_at = at;
            }
            MeterUpdate::Dropped(anomaly) => {
                self.sampling.observer.record_anomaly(anomaly.as_str());
                self.sampling.accounts.void_interval(index, at);
                self.sampling.gpus[index].interval_closed_at = at;
            }
            MeterUpdate::Energy(energy) => {
                let tenancy = tenancy(&self.sampling.gpus, index);
                self.sampling.accounts.close_interval(index, energy, at, self.sampling.settings.idle_watts, tenancy);
                recording::record_interval_energy(&mut self.sampling, index, energy, at, tenancy);
            }
        }
    }

    /// Records ended operations whose energy is known, or that have waited too long for it.
    fn settle_operations(&mut self, now: u64) {
        let slowest = self
            .sampling
            .gpus
            .iter()
            .map(|gpu| gpu.interval(DriverCall::Energy, &self.sampling.settings, 1))
            .max()
            .unwrap_or(0);
        let period = self.sampling.gpus.iter().filter_map(|gpu| gpu.meter.period()).max().unwrap_or(0);
        let cutoff = now.saturating_sub(SETTLE_TIMEOUT + 2 * slowest.max(period));
        for settled in self.sampling.accounts.take_settled(cutoff) {
            let devices = self.sampling.device_mask(settled.operation.operation.model());
            let throttled =
                self.sampling.degraded_nanos(devices).saturating_sub(settled.operation.degraded_nanos_at_start);
            recording::record_operation_energy(&self.sampling, &settled, throttled);
        }
    }

    fn next_due(&self, now: u64) -> u64 {
        let calls = self.sampling.gpus.iter().filter(|gpu| gpu.lost_retry.is_none()).flat_map(|gpu| {
            gpu.schedules
                .iter()
                .filter(|schedule| schedule.capability != Capability::Unsupported)
                .map(|schedule| schedule.due_at)
        });
        let retries = self.sampling.gpus.iter().filter_map(|gpu| gpu.lost_retry).map(|(retry_at, _)| retry_at);
        // Events that arrived during a call and are later than its start.
        let next_event = self.pending_events.front().map(|(at, _)| *at);
        calls
            .chain(retries)
            .chain(self.discovery.retry_at())
            .chain(next_event)
            .min()
            .unwrap_or(u64::MAX)
            .min(now + MAX_TICK_INTERVAL)
            .max(now)
    }

    fn drain_xids(&mut self, now: u64) {
        let xids = std::mem::take(&mut *self.sampling.pending_xids.lock());
        for xid in xids {
            if let Some(index) = self.sampling.gpus.iter().position(|gpu| gpu.backend_index == xid.device) {
                recording::record_xid(&mut self.sampling, index, xid.code, now);
            }
        }
    }
}
