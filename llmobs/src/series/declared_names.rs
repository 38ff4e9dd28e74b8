//! The names that an application declares when it builds an observer (the object that starts operations): phases,
//! evaluations, objectives and extra labels. A closed list of names limits the number of series.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::catalog::Profile;
use crate::catalog::to_prometheus_name;
use crate::objective::Objective;

/// The names declared when the observer was built. The index of a name determines the variant (one of the series) of
/// the rows (metrics of the catalog) that use it.
#[derive(Debug, Default)]
pub(crate) struct DeclaredNames {
    /// The version of the OpenTelemetry conventions whose metrics are recorded.
    pub(crate) profile: Profile,
    /// The names of phases: parts of an operation that the application times.
    pub(crate) phases: Vec<Arc<str>>,
    /// Each evaluation of answers, such as `relevance`, paired with one of its score labels, such as `pass`.
    pub(crate) evaluations: Vec<(Arc<str>, Arc<str>)>,
    /// The objectives that judge every operation. Their names differ.
    pub(crate) objectives: Vec<Objective>,
    /// Objectives of functions with the `llm_span` attribute, registered at the first call. Their indices follow those
    /// of `objectives`.
    pub(crate) function_objectives: [OnceLock<Objective>; MAX_FUNCTION_OBJECTIVES],
    /// The labels that the application added; at most [`MAX_EXTRA_LABELS`].
    pub(crate) labels: Vec<ExtraLabel>,
}

/// The maximum number of function objectives (objectives that the `llm_span` attribute of a function defines) of an
/// observer.
pub(crate) const MAX_FUNCTION_OBJECTIVES: usize = 8;

impl DeclaredNames {
    /// Returns the objective at an index: a declared one, else a function objective. Returns `None` if no objective is
    /// registered at the index.
    pub(crate) fn objective(&self, index: usize) -> Option<&Objective> {
        let function_objective = || self.function_objectives.get(index - self.objectives.len())?.get();
        self.objectives.get(index).or_else(function_objective)
    }

    /// Returns the first of these attributes that has the name of an extra label on the metrics page, where dots are
    /// underscores; `None` if no attribute has such a name. Called when another crate registers a metric.
    pub(crate) fn find_label(&self, attributes: &[&'static str]) -> Option<&'static str> {
        let is_label = |attribute: &str| {
            self.labels.iter().any(|label| to_prometheus_name(&label.name) == to_prometheus_name(attribute))
        };
        attributes.iter().copied().find(|attribute| is_label(attribute))
    }

    /// Returns the number of indices for objectives: the declared ones, and [`MAX_FUNCTION_OBJECTIVES`], also if
    /// unused.
    pub(crate) const fn objective_slots(&self) -> usize {
        self.objectives.len() + MAX_FUNCTION_OBJECTIVES
    }

    /// Returns the index of the objective with this name, declared or of a function. If there is none, registers the
    /// result of `make`, which must have this name, as a function objective. Returns `None` if every index is in use.
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

/// A label that the application added to the metrics of operations, with all of its possible values.
#[derive(Debug, Clone)]
pub(crate) struct ExtraLabel {
    /// The name of the label in OpenTelemetry, such as `tenant.tier`.
    pub(crate) name: Arc<str>,
    /// The values, from 1 to 255, in the order of their declaration; each has 1 to 128 bytes.
    pub(crate) values: Vec<Arc<str>>,
}

/// The maximum number of extra labels of an observer.
pub(crate) const MAX_EXTRA_LABELS: usize = 4;
