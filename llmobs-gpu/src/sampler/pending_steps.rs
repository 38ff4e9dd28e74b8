//! The steps of engines between their feed and the accounts of energy.

use super::recording::record_engine_gpus;
use super::sampling::Sampling;
use crate::energy::ReportingEngine;
use crate::step_feed::StepBatch;

/// The steps that were taken from the feed. A step is added to the accounts after the start of its operations.
#[derive(Debug, Default)]
pub(super) struct PendingSteps {
    batch: StepBatch,
}

impl PendingSteps {
    /// Takes the steps from the feed, and makes the engines known that have reported their first one.
    pub(super) fn drain(&mut self, sampling: &mut Sampling) {
        let drained = sampling.event_feed.steps.drain(&mut self.batch, sampling.accounts.engines().count());
        for (model, id) in drained.new_engines {
            let mut sizes = sampling.settings.model_sizes.iter();
            let size = sizes.find(|size| size.model == model && size.engine_id == id).cloned();
            record_engine_gpus(sampling, &model, &id);
            let engine = ReportingEngine::new(model.clone(), id, size);
            sampling.accounts.add_engine(engine, |tracked| tracked.operation.model() == model);
        }
        if drained.has_lost_steps {
            note_lost_steps(sampling);
        }
    }

    /// Adds the steps that ended up to a moment to the accounts.
    pub(super) fn apply(&mut self, sampling: &mut Sampling, until: u64) {
        let mut is_complete = true;
        while let Some((step, sequences)) = self.batch.take_until(until) {
            let (times, coefficients) = ((step.start, step.end), &sampling.settings.work_coefficients);
            is_complete &= sampling.accounts.add_step(step.engine, times, sequences, coefficients);
        }
        if !is_complete {
            note_lost_steps(sampling);
        }
    }
}

/// Counts a loss of steps, and divides the energy of the open intervals by time.
fn note_lost_steps(sampling: &mut Sampling) {
    sampling.observer.record_anomaly("gpu_steps_lost");
    let now = sampling.now();
    sampling.accounts.note_lost_steps(now);
}
