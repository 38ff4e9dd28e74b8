//! The engine thread: takes requests from the queue and generates their answers in steps, each of which runs the model
//! over a batch. Only this thread knows the times of a sequence, so it records them for the observer through each
//! request's [`Marker`](llmobs::Marker), and those of the engine through a handle of [`llmobs::engine`].
//!
//! A sequence has blocks of the KV cache for its tokens while it is in the batch. If one needs a block and none is free,
//! the youngest sequence is preempted: it loses its blocks, waits before all others, and computes its tokens again.

mod batch;
mod job;
mod pace;
mod sequence;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use llmobs::Observer;
use llmobs::clock::Moment;
use llmobs::engine::CacheTier;
use llmobs::engine::Engine as EngineHandle;

pub(crate) use self::job::Job;

use self::pace::Pace;
use self::sequence::ComputedTokens;
use self::sequence::ScheduledSequence;
use self::sequence::StepResult;
use crate::backlog::Backlog;
use crate::engine::Engine;
use crate::engine::StepWork;
use crate::kv_cache::KvCache;
use crate::prefix::PrefixHasher;
use crate::queue::AdmissionMode;
use crate::queue::Queue;

/// Limits of the batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimits {
    /// Maximum number of sequences in the batch.
    pub(crate) sequences: usize,
    /// Maximum number of prompt tokens of a step.
    pub(crate) prefill_chunk: usize,
}

/// The scheduler: the engine, its KV cache and the sequences in its batch.
pub(crate) struct Scheduler {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) observer: Observer,
    pub(crate) handle: EngineHandle,
    pub(crate) backlog: Backlog,
    pub(crate) limits: BatchLimits,
    pub(crate) cache: KvCache,
    /// `None` without a prefix cache.
    pub(crate) prefixes: Option<PrefixHasher>,
}

/// The state of the engine thread.
struct EngineThread {
    scheduler: Scheduler,
    /// The sequences in the batch, the oldest first.
    running: Vec<ScheduledSequence>,
    /// The sequences that wait for blocks again, the oldest first. They precede those in the queue.
    preempted: VecDeque<ScheduledSequence>,
    pace: Pace,
}

impl Scheduler {
    /// Starts the thread, which ends when the queue is closed and its last job is done.
    pub(crate) fn start(self, queue: Arc<Queue<Job>>) -> io::Result<JoinHandle<()>> {
        let thread = EngineThread::new(self);
        std::thread::Builder::new().name("engine".to_owned()).spawn(move || thread.run(&queue))
    }
}

impl EngineThread {
    fn new(scheduler: Scheduler) -> Self {
        Self { scheduler, running: Vec::new(), preempted: VecDeque::new(), pace: Pace::default() }
    }

    fn run(mut self, queue: &Queue<Job>) {
        loop {
            self.prepare_step(queue);
            if !self.running.is_empty() {
                self.run_step(queue);
                continue;
            }
            // Nothing waits either: with all blocks free, the first waiting sequence would be running.
            self.pace.rest();
            if !queue.wait_for_job() {
                return;
            }
        }
    }

    /// Chooses the sequences of the next step.
    fn prepare_step(&mut self, queue: &Queue<Job>) {
        let admission = queue.admission();
        let now = self.scheduler.observer.now();
        queue.retain(|job| job.should_continue(now, admission));
        self.remove_ended(now, admission);
        // A sequence that was preempted for the batch does not return to it in the same step.
        if !self.make_room() {
            self.admit(queue);
        }
        queue.offer(self.free_places());
        self.report();
    }

    /// Returns the number of places in the batch for which no sequence waits.
    fn free_places(&self) -> usize {
        self.scheduler.limits.sequences.saturating_sub(self.running.len() + self.preempted.len())
    }

    /// Removes sequences that have been aborted, whose deadline has passed, or whose client has disconnected.
    fn remove_ended(&mut self, now: Moment, admission: AdmissionMode) {
        let cache = &mut self.scheduler.cache;
        self.running.retain_mut(|sequence| {
            let continues = sequence.job.should_continue(now, admission);
            if !continues {
                sequence.release(cache);
            }
            continues
        });
        self.preempted.retain_mut(|sequence| sequence.job.should_continue(now, admission));
    }

    /// Reserves a block for the next token of each sequence, the oldest first. While none is free, the youngest sequence
    /// is preempted. Returns whether one was.
    fn make_room(&mut self) -> bool {
        let Scheduler { cache, backlog, handle, .. } = &mut self.scheduler;
        let preempted_before = self.preempted.len();
        let mut index = 0;
        while let Some(sequence) = self.running.get_mut(index) {
            if sequence.reserve(cache) {
                index += 1;
            } else if let Some(mut youngest) = self.running.pop() {
                youngest.preempt(cache, backlog);
                handle.preempted();
                self.preempted.push_front(youngest);
            }
        }
        self.preempted.len() > preempted_before
    }

    /// Adds waiting sequences to the batch, in their order, while there are a place and blocks for the first of them.
    fn admit(&mut self, queue: &Queue<Job>) {
        let Scheduler { engine, observer, handle, limits, cache, prefixes, .. } = &mut self.scheduler;
        while self.running.len() < limits.sequences {
            if let Some(first) = self.preempted.front() {
                let Some(allocation) = first.allocate(cache) else { return };
                let Some(mut sequence) = self.preempted.pop_front() else { return };
                sequence.resume(allocation, observer.now());
                self.running.push(sequence);
                continue;
            }
            let fit = |job: &Job| cache.allocate(job.prompt.len(), &job.keys);
            let Some((job, allocation)) = queue.take_if(fit) else { return };
            if prefixes.is_some() {
                let (hits, prompt) = (allocation.cached_tokens, job.prompt.len());
                handle.prefix_cache_hit(CacheTier::Device, to_u64(hits));
                handle.prefix_cache_miss(to_u64(prompt - hits));
            }
            match ScheduledSequence::start(job, allocation, &**engine, observer.now()) {
                Ok(sequence) => self.running.push(sequence),
                Err(blocks) => cache.release(blocks),
            }
        }
    }

    /// Runs the model over the batch. The step is recorded before its tokens are sent: a client that has a token finds
    /// its step in the metrics.
    fn run_step(&mut self, queue: &Queue<Job>) {
        let Scheduler { engine, observer, handle, limits, cache, prefixes, .. } = &mut self.scheduler;
        let demands = self.running.iter().map(ScheduledSequence::demand);
        let plan = batch::plan(demands, limits.prefill_chunk);
        let begin = observer.now();
        let mut step = handle.step();
        let mut work = StepWork::default();
        let mut results = Vec::with_capacity(plan.len());
        for (sequence, count) in self.running.iter_mut().zip(plan) {
            if count == 0 {
                results.push(StepResult::NoToken);
                continue;
            }
            let (computed, result) = sequence.step(count);
            if let Some(tokens) = computed.to_work() {
                step.add_sequence(&sequence.job.marker, tokens);
                work.add(computed);
            }
            handle.recomputed_tokens(to_u64(computed.recomputed));
            if let Some(prefixes) = prefixes {
                sequence.publish(cache, prefixes);
            }
            results.push(result);
        }
        self.pace.wait(queue, begin, observer.now(), engine.step_duration(work));
        step.finish();

        let now = observer.now();
        let mut results = results.into_iter();
        self.running.retain_mut(|sequence| {
            let result = results.next().unwrap_or(StepResult::NoToken);
            let continues = sequence.deliver(result, now, cache.token_capacity());
            if !continues {
                sequence.release(cache);
            }
            continues
        });
    }

    /// Records the batch and the blocks that are used.
    fn report(&self) {
        self.scheduler.handle.set_running(self.running.len());
        self.scheduler.handle.set_kv_cache_usage(self.scheduler.cache.used());
    }
}

impl StepWork {
    fn add(&mut self, computed: ComputedTokens) {
        self.sequences += 1;
        self.prefill_tokens += computed.prefill;
        self.decode_tokens += computed.decode;
    }
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod random_requests;
