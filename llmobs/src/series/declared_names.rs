//! The names that are declared when an observer is built.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::catalog::Profile;
use crate::catalog::to_prometheus_name;
use crate::objective::Objective;

/// The names declared when the observer was built. The index of a name determines the variant of the rows that use it.
#[derive(Debug, Default)]
pub(crate) struct DeclaredNames {
    pub(crate) profile: Profile,
    pub(crate) phases: Vec<Arc<str>>,
    pub(crate) evaluations: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) objectives: Vec<Objective>,
    /// Objectives of functions with the `llm_span` attribute, registered at the first call. Their indices follow those
    /// of `objectives`.
    pub(crate) function_objectives: [OnceLock<Objective>; MAX_FUNCTION_OBJECTIVES],
    pub(crate) labels: Vec<ExtraLabel>,
}

/// The maximum number of function objectives.
pub(crate) const MAX_FUNCTION_OBJECTIVES: usize = 8;

impl DeclaredNames {
    /// Returns the objective at an index.
    pub(crate) fn objective(&self, index: usize) -> Option<&Objective> {
        let function_objective = || self.function_objectives.get(index - self.objectives.len())?.get();
        self.objectives.get(index).or_else(function_objective)
    }

    /// Returns the first of these attributes that has the name of a label of the application.
    pub(crate) fn find_label(&self, attributes: &[&'static str]) -> Option<&'static str> {
        let is_label = |attribute: &str| {
            self.labels.iter().any(|label| to_prometheus_name(&label.name) == to_prometheus_name(attribute))
        };
        attributes.iter().copied().find(|attribute| is_label(attribute))
    }

    /// Returns the number of indices for objectives.
    pub(crate) const fn objective_slots(&self) -> usize {
        self.objectives.len() + MAX_FUNCTION_OBJECTIVES
    }

    /// Returns the index of the function objective with this name, and registers the objective at the first call.
    /// Returns `None` if every index is in use.
    #[cfg(feature = "macros")]
    pub(crate) fn register_function_objective(&self, name: &str, make: impl FnOnce() -> Objective) -> Option<usize> {
        let has_name = |objective: &Objective| objective.name == name;
        let registered = (0..self.objective_slots()).find(|index| self.objective(*index).is_some_and(has_name));
        registered.or_else(|| {
            let mut objective = make();
            let position = self.function_objectives.iter().position(|slot| match slot.set(objective.clone()) {
                Ok(()) => true,
                // Another thread may have registered the same objective.
                Err(returned) => {
                    objective = returned;
                    slot.get().is_some_and(has_name)
                }
            });
            Some(self.objectives.len() + position?)
        })
    }
}

/// A label that the application added, with all of its possible values.
#[derive(Debug, Clone)]
pub(crate) struct ExtraLabel {
    pub(crate) name: Arc<str>,
    pub(crate) values: Vec<Arc<str>>,
}

/// The maximum number of extra labels.
pub(crate) const MAX_EXTRA_LABELS: usize = 4;
