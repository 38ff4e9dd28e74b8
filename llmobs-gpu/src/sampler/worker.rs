//! The sampler's thread: one tick after the other, each of which asks what is due.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use llmobs::Observer;
use llmobs::companion::Followed;
use llmobs::companion::Mark;
use llmobs::companion::Recorder;

use super::board::Board;
use super::builder::Settings;
use super::derived::Derived;
use super::gpu::Gpu;
use super::open::Stage;
use super::pace::Capability;
use crate::backend::Call;
use crate::backend::GpuBackend;
use crate::backend::Xid;
use crate::energy::Accounts;
use crate::energy::EnergySource;
use crate::energy::Step;
use crate::error::Verdict;
use crate::follow::Event;
use crate::follow::Follower;
use crate::follow::Said;

pub(super) struct Worker {
    pub(super) observer: Observer,
    pub(super) recorder: Recorder,
    pub(super) settings: Settings,
    pub(super) backend: Box<dyn GpuBackend>,
    pub(super) follower: Arc<Follower>,
    pub(super) board: Arc<Board>,
    /// What the other thread heard.
    pub(super) xids: Arc<Mutex<Vec<Xid>>>,
    pub(super) stage: Stage,
    pub(super) gpus: Vec<Gpu>,
    pub(super) accounts: Accounts<Known>,
    pub(super) derived: Derived,
    said: VecDeque<Event>,
}

/// What is known of an operation.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) followed: Followed,
    /// It waits in the engine's queue.
    pub(super) queued: bool,
    /// Its prompt is through.
    pub(super) prefilled: bool,
    /// Tokens that were counted as work.
    pub(super) counted: u64,
    pub(super) counted_input: bool,
    /// Nanoseconds that its devices had been held down when it began.
    degraded: u64,
}

/// The longest time between two ticks.
const LONGEST: u64 = 1_000_000_000;

/// The least time between two ticks.
const REST: Duration = Duration::from_millis(1);

/// How long an ended operation waits for its last interval.
const PATIENCE: u64 = 2_000_000_000;

impl Worker {
    pub(super) fn new(
        observer: &Observer,
        settings: Settings,
        backend: Box<dyn GpuBackend>,
        follower: Arc<Follower>,
        board: Arc<Board>,
    ) -> Self {
        Self {
            recorder: observer.recorder(),
            observer: observer.clone(),
            derived: Derived::new(&settings.models, &board),
            stage: Stage::closed(settings.retry.0),
            settings,
            backend,
            follower,
            board,
            xids: Arc::default(),
            gpus: Vec::new(),
            accounts: Accounts::new(0),
            said: VecDeque::new(),
        }
    }

    pub(super) fn run(&mut self) {
        loop {
            let next = self.tick();
            let pause = Duration::from_nanos(next.saturating_sub(self.now()));
            // Also where everything is overdue, since every answer takes long.
            if !self.follower.signal.sleep(pause.max(REST)) {
                return;
            }
        }
    }

    /// Asks what is due. Gives when it wants to be called again.
    pub(super) fn tick(&mut self) -> u64 {
        self.listen();
        let now = self.now();
        self.apply(now);
        self.open_if_due(now);
        self.hear(now);
        for index in 0..self.gpus.len() {
            self.visit(index);
            if self.follower.signal.is_stopping() {
                return now;
            }
        }
        let now = self.now();
        self.derive(now);
        self.settle(now);
        self.publish(now);
        let dozes = self.accounts.running_count() == 0 && !self.gpus.is_empty();
        if self.follower.doze(dozes) { self.next(now) } else { now }
    }

    pub(super) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    /// Takes what the operations' threads said.
    fn listen(&mut self) {
        let (said, lost) = self.follower.take();
        if !said.is_empty() {
            self.said.extend(said);
            self.said.make_contiguous().sort_by_key(|(at, _)| *at);
        }
        if lost {
            let now = self.now();
            self.recorder.anomaly("gpu_words_lost");
            self.apply(now);
            self.accounts.end_where(now, |known| known.followed.has_ended());
            (0..self.gpus.len()).for_each(|gpu| self.accounts.void(gpu, now));
        }
    }

    /// Applies what happened until a moment.
    fn apply(&mut self, until: u64) {
        while let Some((at, said)) = self.said.pop_front_if(|(at, _)| *at <= until) {
            match said {
                Said::Started(followed) => self.started(followed, at),
                Said::Marked(id, Mark::Enqueued) => {
                    self.accounts.unrun(id, at);
                    if let Some(known) = self.accounts.known(id) {
                        known.queued = true;
                    }
                }
                Said::Marked(id, mark) => {
                    self.runs(id, at);
                    if let Some(known) = self.accounts.known(id) {
                        known.queued = false;
                        known.prefilled |= mark == Mark::FirstToken;
                    }
                }
                Said::Ended(id) => {
                    if let Some(known) = self.accounts.known(id) {
                        self.derived.count(known);
                    }
                    self.accounts.end(id, at);
                }
            }
        }
    }

    fn started(&mut self, followed: Followed, at: u64) {
        let (id, prepares) = (followed.id(), followed.prepares());
        let devices = self.devices_of(followed.model());
        let degraded = self.degraded(devices);
        let known = Known { followed, queued: false, prefilled: false, counted: 0, counted_input: false, degraded };
        self.accounts.open(id, devices, known);
        if !prepares {
            self.runs(id, at);
        }
    }

    fn runs(&mut self, id: u64, at: u64) {
        let nobody_ran = self.accounts.running_count() == 0;
        self.accounts.run(id, at);
        if nobody_ran && self.accounts.running_count() > 0 {
            // The counter was read seldom: an interval should end where this one begins.
            self.gpus.iter_mut().for_each(|gpu| gpu.pace(Call::Energy).due = 0);
        }
    }

    /// Asks one device what is due.
    fn visit(&mut self, index: usize) {
        let now = self.now();
        if let Some((due, pause)) = self.gpus[index].lost {
            if now >= due {
                self.look_for(index, pause);
            }
            return;
        }
        let mut asked = false;
        for call in Call::ALL {
            let gpu = &mut self.gpus[index];
            let pace = gpu.pace(call);
            if pace.capability == Capability::Never || pace.due > self.observer.now().as_nanos() {
                continue;
            }
            asked = true;
            self.ask(index, call);
            if self.gpus[index].lost.is_some() || self.follower.signal.is_stopping() {
                break;
            }
        }
        if asked {
            self.publish_gpu(index);
        }
    }

    fn ask(&mut self, index: usize, call: Call) {
        let at = self.now();
        self.board.lock().calling = Some(at);
        let gpu = &mut self.gpus[index];
        let answer = self.backend.read(gpu.place, call, &mut gpu.reading);
        self.board.lock().calling = None;
        let took = self.now().saturating_sub(at);
        self.told_duration(call, took);
        let running = self.accounts.running_count();
        let (settings, gpu) = (&self.settings, &mut self.gpus[index]);
        gpu.pace(call).asked(at, took, settings.budget, answer);
        let period = gpu.period(call, settings, running);
        gpu.pace(call).due = at + period;
        match answer {
            Ok(()) => self.answered(index, call, at),
            Err(error) if error.verdict() == Verdict::Gone => self.lose(index, at),
            Err(_) => {}
        }
    }

    fn answered(&mut self, index: usize, call: Call, at: u64) {
        let (gpu, settings) = (&mut self.gpus[index], &self.settings);
        let limit = gpu.reading.power_limit;
        match call {
            Call::Energy => {
                if let Some(energy) = gpu.reading.energy {
                    self.listen();
                    self.apply(at);
                    let step = self.gpus[index].meter.counter(energy, at, limit);
                    self.step(index, step, at);
                }
            }
            Call::Power if gpu.source() == Some(EnergySource::PowerIntegral) => {
                if let Some(power) = gpu.reading.power {
                    self.listen();
                    self.apply(at);
                    let step = self.gpus[index].meter.power(power, at, limit);
                    self.step(index, step, at);
                }
            }
            Call::Throttle => {
                let holds = 3 * settings.normal;
                let throttle = gpu.reading.throttle.unwrap_or_default();
                if gpu.throttle_is(throttle, at, holds) {
                    self.tell_throttle(index, throttle);
                }
            }
            Call::Rows | Call::Replays => self.tell_counts(index),
            Call::Processes => self.tell_shared(index),
            _ => {}
        }
    }

    fn step(&mut self, index: usize, step: Step, at: u64) {
        match step {
            Step::Nothing => {}
            Step::First => {
                self.accounts.void(index, at);
                self.gpus[index].closed_at = at;
            }
            Step::Dropped(trouble) => {
                self.recorder.anomaly(trouble.as_str());
                self.accounts.void(index, at);
                self.gpus[index].closed_at = at;
            }
            Step::Energy(energy) => {
                let tenancy = self.tenancy(index);
                self.accounts.close(index, energy, at, self.settings.idle_watts, tenancy);
                self.tell_energy(index, energy, at, tenancy);
            }
        }
    }

    /// Tells of operations whose energy is known.
    fn settle(&mut self, now: u64) {
        let slowest = self.gpus.iter().map(|gpu| gpu.period(Call::Energy, &self.settings, 1)).max().unwrap_or(0);
        let period = self.gpus.iter().filter_map(|gpu| gpu.meter.period()).max().unwrap_or(0);
        let patience = now.saturating_sub(PATIENCE + 2 * slowest.max(period));
        for settled in self.accounts.settle(patience) {
            let devices = self.devices_of(settled.known.followed.model());
            let throttled = self.degraded(devices).saturating_sub(settled.known.degraded);
            self.tell_operation(&settled, throttled);
        }
    }

    fn degraded(&self, devices: u64) -> u64 {
        let on = |index: usize| devices & crate::energy::bit(index) != 0;
        self.gpus.iter().enumerate().filter(|(index, _)| on(*index)).map(|(_, gpu)| gpu.degraded).sum()
    }

    fn next(&self, now: u64) -> u64 {
        let asked =
            self.gpus.iter().filter(|gpu| gpu.lost.is_none()).flat_map(|gpu| {
                gpu.paces.iter().filter(|pace| pace.capability != Capability::Never).map(|pace| pace.due)
            });
        let lost = self.gpus.iter().filter_map(|gpu| gpu.lost).map(|(due, _)| due);
        // What was said while a device was asked, and is from after the question.
        let said = self.said.front().map(|(at, _)| *at);
        asked.chain(lost).chain(self.stage.due()).chain(said).min().unwrap_or(u64::MAX).min(now + LONGEST).max(now)
    }

    fn hear(&mut self, now: u64) {
        let heard = std::mem::take(&mut *self.xids.lock().unwrap_or_else(PoisonError::into_inner));
        for xid in heard {
            if let Some(index) = self.gpus.iter().position(|gpu| gpu.place == xid.device) {
                self.tell_xid(index, xid.code, now);
            }
        }
    }
}
