//! The steps of engines that open intervals may overlap, with the work of each operation.

use std::collections::VecDeque;

use super::division::IntervalWork;
use super::division::WorkGroup;
use super::ledger::ClosedInterval;
use super::ledger::OperationKey;
use crate::numbers::count_to_f64;
use crate::numbers::to_f64;

/// A bounded queue of steps in the order in which they were reported. A step remains until no open interval can overlap
/// it, at most [`MAX_AGE`].
#[derive(Debug, Default)]
pub(super) struct StepQueue {
    steps: VecDeque<QueuedStep>,
    /// The work of the operations of all steps, step by step.
    parts: VecDeque<StepPart>,
    /// The moment since which all steps are known, in nanoseconds.
    known_from: u64,
}

#[derive(Debug)]
struct QueuedStep {
    group: WorkGroup,
    start: u64,
    end: u64,
    /// Work that the operations of the step share equally.
    shared: f64,
    parts: usize,
}

/// The work of one operation in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepPart {
    pub(super) key: OperationKey,
    pub(super) weight: f64,
}

/// The maximum number of parts, about two megabytes: ten seconds of 50 steps per second with 256 sequences.
const MAX_PARTS: usize = 131_072;

/// The time in nanoseconds that a step remains. A longer interval is divided by time.
const MAX_AGE: u64 = 10_000_000_000;

impl StepQueue {
    /// Adds a step from `start` to `end` with the work of each operation, every one once. Returns `false` if the queue
    /// lost older steps because it was full.
    pub(super) fn push(&mut self, group: WorkGroup, start: u64, end: u64, shared: f64, parts: &[StepPart]) -> bool {
        let parts = &parts[..parts.len().min(MAX_PARTS)];
        let mut is_complete = true;
        while self.parts.len() + parts.len() > MAX_PARTS {
            self.lose_oldest();
            is_complete = false;
        }
        while self.steps.front().is_some_and(|step| step.end.saturating_add(MAX_AGE) < end) {
            self.lose_oldest();
        }
        self.steps.push_back(QueuedStep { group, start, end, shared, parts: parts.len() });
        self.parts.extend(parts);
        is_complete
    }

    /// Notes that steps up to this moment may be missing.
    pub(super) fn note_loss(&mut self, until: u64) {
        self.known_from = self.known_from.max(until);
    }

    /// Removes the steps that ended at or before this moment.
    pub(super) fn remove_until(&mut self, moment: u64) {
        while self.steps.front().is_some_and(|step| step.end <= moment) {
            self.remove_oldest();
        }
    }

    /// Adds the work of the steps in an interval to that of their operations. A step that overlaps a border of the
    /// interval counts by the ratio of its time. Returns `false` if steps of the interval are missing.
    pub(super) fn add_work(&self, interval: &ClosedInterval, work: &mut IntervalWork) -> bool {
        if interval.start < self.known_from {
            return false;
        }
        let mut next_part = 0;
        for step in &self.steps {
            let of_step = next_part..next_part + step.parts;
            next_part = of_step.end;
            let ratio = step.ratio_in(interval.start, interval.end);
            if ratio <= 0.0 {
                continue;
            }
            let idle = match step.group {
                WorkGroup::Sized => interval.idle_watts * to_f64(step.end.saturating_sub(step.start)) / 1e9,
                WorkGroup::Tokens(_) => 0.0,
            };
            let operations = count_to_f64(step.parts);
            for part in self.parts.range(of_step) {
                if let Some(of_operation) = work.get_mut(&part.key).filter(|work| work.group == step.group) {
                    // The devices of an operation divide its work, and each has its own idle power.
                    let devices = of_operation.devices;
                    let shared = (step.shared / devices + idle) / operations;
                    of_operation.weight += ratio * (shared + part.weight / devices);
                }
            }
        }
        true
    }

    /// Removes the oldest step, which open intervals may still need.
    fn lose_oldest(&mut self) {
        if let Some(end) = self.remove_oldest() {
            self.note_loss(end);
        }
    }

    /// Removes the oldest step and returns its end.
    fn remove_oldest(&mut self) -> Option<u64> {
        let step = self.steps.pop_front()?;
        self.parts.drain(..step.parts);
        Some(step.end)
    }
}

impl QueuedStep {
    /// Returns the ratio of the step's time after `start` until `end`. A step without duration belongs to the interval
    /// of its end.
    fn ratio_in(&self, start: u64, end: u64) -> f64 {
        if self.end <= self.start {
            return f64::from(u8::from(start < self.end && self.end <= end));
        }
        let common = self.end.min(end).saturating_sub(self.start.max(start));
        to_f64(common) / to_f64(self.end - self.start)
    }
}
