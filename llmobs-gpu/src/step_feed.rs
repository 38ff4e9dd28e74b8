//! A feed of the steps of engines, from the threads of their schedulers to the sampler.

use llmobs::companion::StepRef;
use llmobs::companion::StepSequence;

use crate::sync::Mutex;

/// A bounded feed of steps. Adding a step takes a short lock and copies its sequences into a buffer that is used again,
/// and a full feed drops the step, so a scheduler never waits for the sampler, which may hang.
#[derive(Debug, Default)]
pub(crate) struct StepFeed {
    inner: Mutex<FeedInner>,
}

#[derive(Debug, Default)]
struct FeedInner {
    batch: StepBatch,
    /// Model and id of each engine that reported a step, by index.
    engines: Vec<(String, String)>,
    has_lost_steps: bool,
    is_closed: bool,
}

/// Steps in the order in which they finished. The first ones may be taken already.
#[derive(Debug, Default)]
pub(crate) struct StepBatch {
    steps: Vec<StepHeader>,
    sequences: Vec<StepSequence>,
    /// The numbers of steps and sequences that were taken.
    taken: (usize, usize),
}

/// A step without its sequences.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepHeader {
    /// The index of the engine.
    pub(crate) engine: usize,
    /// From when to when, in nanoseconds.
    pub(crate) start: u64,
    pub(crate) end: u64,
    sequences: usize,
}

/// The steps that a drain returned besides the batch.
#[derive(Debug, Default)]
pub(crate) struct DrainedSteps {
    /// Model and id of each engine that has reported its first step since the last drain.
    pub(crate) new_engines: Vec<(String, String)>,
    /// Set if steps were dropped since the last drain.
    pub(crate) has_lost_steps: bool,
}

/// The maximum number of waiting sequences, about four megabytes: seconds of a large batch.
const MAX_SEQUENCES: usize = 131_072;

/// The maximum number of waiting steps.
const MAX_STEPS: usize = 32_768;

impl StepFeed {
    /// Adds a step, unless the feed is full or closed.
    pub(crate) fn push(&self, step: &StepRef<'_>) {
        let mut feed = self.inner.lock();
        if feed.is_closed {
            return;
        }
        let FeedInner { batch, engines, has_lost_steps, .. } = &mut *feed;
        if batch.steps.len() >= MAX_STEPS || batch.sequences.len() + step.sequences.len() > MAX_SEQUENCES {
            *has_lost_steps = true;
            return;
        }
        let known = engines.iter().position(|(model, id)| model == step.model && id == step.engine_id);
        let engine = known.unwrap_or_else(|| {
            engines.push((step.model.to_owned(), step.engine_id.to_owned()));
            engines.len() - 1
        });
        let (start, end) = (step.start.as_nanos(), step.end.as_nanos());
        batch.steps.push(StepHeader { engine, start, end, sequences: step.sequences.len() });
        batch.sequences.extend_from_slice(step.sequences);
    }

    /// Moves all steps since the last call into `batch`, behind those that it still contains. `known_engines` is the number
    /// of engines that the caller knows.
    pub(crate) fn drain(&self, batch: &mut StepBatch, known_engines: usize) -> DrainedSteps {
        let mut feed = self.inner.lock();
        batch.append(&mut feed.batch);
        let new_engines = feed.engines.get(known_engines..).unwrap_or_default().to_vec();
        DrainedSteps { new_engines, has_lost_steps: std::mem::take(&mut feed.has_lost_steps) }
    }

    /// Returns the numbers of steps and sequences for which the feed has memory.
    #[cfg(all(test, feature = "nvml", target_os = "linux"))]
    pub(crate) fn capacity(&self) -> (usize, usize) {
        let batch = &self.inner.lock().batch;
        (batch.steps.capacity(), batch.sequences.capacity())
    }

    /// Discards the waiting steps and all later ones.
    pub(crate) fn close(&self) {
        let mut feed = self.inner.lock();
        feed.is_closed = true;
        feed.batch = StepBatch::default();
    }
}

impl StepBatch {
    /// Returns the next step and its sequences if it ended at or before this moment.
    pub(crate) fn take_until(&mut self, moment: u64) -> Option<(StepHeader, &[StepSequence])> {
        let step = *self.steps.get(self.taken.0).filter(|step| step.end <= moment)?;
        let from = self.taken.1;
        self.taken = (self.taken.0 + 1, from + step.sequences);
        Some((step, self.sequences.get(from..self.taken.1).unwrap_or_default()))
    }

    /// Moves all steps of another batch behind those that are left.
    fn append(&mut self, other: &mut Self) {
        self.steps.drain(..self.taken.0);
        self.sequences.drain(..self.taken.1);
        self.taken = (0, 0);
        if self.steps.is_empty() {
            // The buffers change places, so that both keep their capacity.
            std::mem::swap(self, other);
        } else {
            self.steps.append(&mut other.steps);
            self.sequences.append(&mut other.sequences);
        }
    }
}
