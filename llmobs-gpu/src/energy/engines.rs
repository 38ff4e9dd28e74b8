//! The engines that report their steps.

use super::division::WorkGroup;
use crate::roofline::ModelSize;

/// An engine that reports its steps.
#[derive(Debug, Clone)]
pub(crate) struct ReportingEngine {
    pub(crate) model: String,
    pub(crate) id: String,
    /// The size of its model; `None` if it is unknown.
    pub(crate) size: Option<ModelSize>,
    /// The end of its last step, in nanoseconds.
    pub(super) reported_until: u64,
}

impl ReportingEngine {
    /// Returns an engine without steps.
    pub(crate) const fn new(model: String, id: String, size: Option<ModelSize>) -> Self {
        Self { model, id, size, reported_until: 0 }
    }
}

/// The engines that report their steps, by the index of their first step.
#[derive(Debug, Default)]
pub(super) struct ReportingEngines(Vec<ReportingEngine>);

impl ReportingEngines {
    pub(super) fn push(&mut self, engine: ReportingEngine) {
        self.0.push(engine);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ReportingEngine> {
        self.0.iter()
    }

    pub(super) fn get(&self, index: usize) -> Option<&ReportingEngine> {
        self.0.get(index)
    }

    /// Notes the end of a step.
    pub(super) fn note_step(&mut self, index: usize, end: u64) {
        if let Some(engine) = self.0.get_mut(index) {
            engine.reported_until = engine.reported_until.max(end);
        }
    }

    /// Returns whether the steps of an engine are known up to a moment.
    pub(super) fn is_known_until(&self, index: usize, moment: u64) -> bool {
        self.0.get(index).is_some_and(|engine| engine.reported_until >= moment)
    }

    /// Returns the group of the operations of an engine; `None` if there is no such engine.
    pub(super) fn group(&self, index: usize) -> Option<WorkGroup> {
        let engine = self.0.get(index)?;
        if engine.size.is_some() {
            return Some(WorkGroup::Sized);
        }
        self.0.iter().position(|other| other.model == engine.model).map(WorkGroup::Tokens)
    }

    /// Returns the group of the operations of a model, that of its first engine; `None` if no engine of the model
    /// reports steps.
    pub(super) fn group_of_model(&self, model: &str) -> Option<WorkGroup> {
        self.group(self.0.iter().position(|engine| engine.model == model)?)
    }
}
