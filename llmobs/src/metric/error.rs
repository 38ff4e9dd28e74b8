//! The error of a registration.

use std::fmt;

/// The reason for which a metric was not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another metric has the same name in OpenTelemetry or on the Prometheus page: a metric of this crate or of a
    /// view, one whose handles or source still exist, or one that was registered before with another definition, which
    /// keeps its name at this observer.
    NameInUse {
        /// The name of the metric that was not registered.
        name: &'static str,
        /// The name of the other metric.
        in_use_by: &'static str,
    },
    /// An attribute of a metric with the labels of an operation is also a label that the application declared.
    LabelInUse {
        /// The name of the metric that was not registered.
        name: &'static str,
        /// The name of the attribute.
        attribute: &'static str,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameInUse { name, in_use_by } if name == in_use_by => {
                write!(f, "the metric {name} exists already; drop its handles and its source first, or rename this one")
            }
            Self::NameInUse { name, in_use_by } => {
                write!(f, "the metric {name} has the same name on the Prometheus page as {in_use_by}; rename it")
            }
            Self::LabelInUse { name, attribute } => {
                write!(f, "the attribute {attribute} of the metric {name} is also a label of the observer; rename one")
            }
        }
    }
}

impl std::error::Error for RegisterError {}
