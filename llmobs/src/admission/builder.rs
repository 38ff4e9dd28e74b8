//! The builder of an admission's handle.

use super::handle::Admission;
use super::registry::AdmissionRegistry;
use crate::cardinality::is_label;
use crate::error::BuildError;
use crate::semconv::value::OTHER;

/// The maximum number of priorities of an admission.
const MAX_PRIORITIES: usize = 8;

/// The priority of an admission whose builder declares none.
const DEFAULT_PRIORITY: &str = "default";

/// The settings of an [`Admission`].
#[derive(Debug)]
#[must_use = "a builder records nothing until `build` is called"]
pub struct AdmissionBuilder<'a> {
    /// `None` for a disabled observer.
    registry: Option<&'a AdmissionRegistry>,
    model: &'a str,
    priorities: Vec<String>,
    limits: Vec<(String, usize)>,
}

impl<'a> AdmissionBuilder<'a> {
    pub(crate) const fn new(registry: Option<&'a AdmissionRegistry>, model: &'a str) -> Self {
        Self { registry, model, priorities: Vec::new(), limits: Vec::new() }
    }

    /// Declares the priorities, at most 8. Their series start at zero. May be called repeatedly. Defaults to the only
    /// priority `default`.
    pub fn priorities<P: Into<String>>(mut self, names: impl IntoIterator<Item = P>) -> Self {
        self.priorities.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets the first limit of a declared priority, in operations, as [`Admission::set_limit`] does later. Defaults to
    /// none, without a series.
    pub fn limit(mut self, priority: impl Into<String>, operations: usize) -> Self {
        self.limits.push((priority.into(), operations));
        self
    }

    /// Builds the handle. While a handle or a queued request of this model exists, a further handle with the same
    /// priorities is a handle of the same admission, and sets its limits. The handle of a disabled observer records nothing.
    ///
    /// # Errors
    ///
    /// Returns [`BuildError::InvalidLabel`] with the name of the setter if the model or a priority cannot be a label value,
    /// a priority is declared twice or is the ninth, a limit has no declared priority, the model has an admission with other
    /// priorities, or the admissions together allow more label sets than
    /// [`series_limit`](crate::ObserverBuilder::series_limit).
    pub fn build(mut self) -> Result<Admission, BuildError> {
        if self.priorities.is_empty() {
            self.priorities.push(DEFAULT_PRIORITY.to_owned());
        }
        self.check()?;
        let Some(registry) = self.registry else { return Ok(Admission::new(None)) };
        let admission = Admission::new(Some(registry.open(self.model, &self.priorities)?));
        for (priority, operations) in &self.limits {
            admission.set_limit(priority, *operations);
        }
        Ok(admission)
    }

    fn check(&self) -> Result<(), BuildError> {
        const NO_LABEL: &str = "a name must have 1 to 128 bytes and no control characters";
        let invalid =
            |setter, name: &str, reason| Err(BuildError::InvalidLabel { setter, name: name.to_owned(), reason });
        if !is_label(self.model) {
            return invalid("admission", self.model, NO_LABEL);
        }
        for (index, name) in self.priorities.iter().enumerate() {
            if !is_label(name) {
                return invalid("priorities", name, NO_LABEL);
            }
            if name == OTHER {
                return invalid("priorities", name, "llmobs itself uses this name");
            }
            if self.priorities[..index].contains(name) {
                return invalid("priorities", name, "the name is declared twice");
            }
            if index == MAX_PRIORITIES {
                return invalid("priorities", name, "an admission has at most 8 priorities");
            }
        }
        match self.limits.iter().find(|(priority, _)| !self.priorities.contains(priority)) {
            Some((priority, _)) => invalid("limit", priority, "it is not one of the declared priorities"),
            None => Ok(()),
        }
    }
}
