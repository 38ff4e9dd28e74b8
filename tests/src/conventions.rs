//! Checks exported telemetry against the definitions of the conventions and of llmobs, which are generated from the
//! data files in `semconv/`.
//!
//! The checks cover names, types, values, required attributes, kinds, units, span names and severities of each signal.

mod attributes;
mod logs;
mod metrics;
mod resources;
mod spans;

use std::fmt;

use llmobs::catalog::Profile;

use crate::semconv::attribute;
use crate::semconv::definition::AttributeDefinition;
use crate::semconv::definition::EventDefinition;
use crate::semconv::definition::MetricDefinition;
use crate::semconv::definition::SpanDefinition;
use crate::semconv::event;
use crate::semconv::llmobs as own;
use crate::semconv::metric;
use crate::semconv::span;

pub use self::logs::COMPLETE_EVENT;

/// The definitions of one profile and of llmobs, and the attributes and labels that the user requested.
#[derive(Debug, Clone, Copy)]
pub struct Conventions {
    profile: Profile,
    opt_in_attributes: &'static [&'static str],
    labels: &'static [&'static str],
}

impl Conventions {
    /// Returns the definitions of a profile. `Dual` has both sets of metrics, and the spans and events of `V1_41`.
    pub const fn new(profile: Profile) -> Self {
        Self { profile, opt_in_attributes: &[], labels: &[] }
    }

    /// Sets the opt-in attributes that the user requested.
    pub const fn with_opt_in(self, names: &'static [&'static str]) -> Self {
        Self { opt_in_attributes: names, ..self }
    }

    /// Sets the labels that the user declared.
    pub const fn with_labels(self, names: &'static [&'static str]) -> Self {
        Self { labels: names, ..self }
    }

    fn is_latest(&self) -> bool {
        self.profile == Profile::Latest
    }

    fn attributes(&self) -> impl Iterator<Item = &'static AttributeDefinition> {
        let primary = if self.is_latest() { attribute::LATEST } else { attribute::V1_41 };
        // In `Dual`, the metrics of `Latest` have the attributes of `Latest`.
        let other: &[_] = if self.profile == Profile::Dual { attribute::LATEST } else { &[] };
        primary.iter().chain(other).chain(attribute::CORE).chain(attribute::HARDWARE)
    }

    fn metrics(&self) -> impl Iterator<Item = &'static MetricDefinition> {
        let primary = if self.is_latest() { metric::LATEST } else { metric::V1_41 };
        let other: &[_] = if self.profile == Profile::Dual { metric::LATEST } else { &[] };
        primary.iter().chain(other).chain(metric::CORE).chain(metric::HARDWARE).chain(own::METRICS)
    }

    /// Returns the definitions of the profile's spans, also those of conventions other than GenAI.
    pub fn spans(&self) -> impl Iterator<Item = &'static SpanDefinition> + use<> {
        let primary = if self.is_latest() { span::LATEST } else { span::V1_41 };
        primary.iter().chain(span::CORE)
    }

    fn events(&self) -> impl Iterator<Item = &'static EventDefinition> {
        let primary = if self.is_latest() { event::LATEST } else { event::V1_41 };
        primary.iter().chain(own::EVENTS)
    }
}

/// One difference between a signal and its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The name of the span, metric or event; `resource` for the resource.
    pub signal: String,
    pub kind: ViolationKind,
}

/// The kind of a violation.
#[derive(Debug, Clone, PartialEq)]
pub enum ViolationKind {
    /// No definition of the profile has the span, metric or event.
    UnknownSignal,
    /// No definition of the profile has the attribute.
    UnknownAttribute(String),
    /// The profile defines the attribute, but not for this signal.
    Misplaced(String),
    /// The attribute is present more than once.
    Duplicate(String),
    /// A required attribute, or a conditional one whose condition is met, is missing.
    Missing(String),
    /// An opt-in attribute is present that the user did not request.
    NotOptedIn(String),
    /// A conditional attribute is present although its condition is not met.
    ConditionNotMet(String),
    /// The value has the wrong type: name, expected type, actual value.
    WrongType(String, &'static str, String),
    /// The value is not among the allowed values: name, actual value.
    WrongValue(String, String),
    /// Another property differs: which one (span kind, instrument, type of number, unit, severity or span name), the
    /// expected value, the actual value.
    Mismatch(&'static str, String, String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: ", self.signal)?;
        match &self.kind {
            ViolationKind::UnknownSignal => f.write_str("the profile has no such signal"),
            ViolationKind::UnknownAttribute(name) => write!(f, "the profile has no attribute `{name}`"),
            ViolationKind::Misplaced(name) => write!(f, "the profile does not define `{name}` for this signal"),
            ViolationKind::Duplicate(name) => write!(f, "`{name}` is present twice"),
            ViolationKind::Missing(name) => write!(f, "`{name}` is missing"),
            ViolationKind::NotOptedIn(name) => write!(f, "the opt-in attribute `{name}` was not requested"),
            ViolationKind::ConditionNotMet(name) => write!(f, "the condition of `{name}` is not met"),
            ViolationKind::WrongType(name, expected, found) => write!(f, "`{name}` is {found} instead of {expected}"),
            ViolationKind::WrongValue(name, found) => write!(f, "{found} is not an allowed value of `{name}`"),
            ViolationKind::Mismatch(which, expected, found) => {
                write!(f, "the {which} is `{found}` instead of `{expected}`")
            }
        }
    }
}

/// The violations of one signal.
#[derive(Debug)]
struct Findings {
    signal: String,
    violations: Vec<Violation>,
}

impl Findings {
    fn new(signal: &str) -> Self {
        Self { signal: signal.to_owned(), violations: Vec::new() }
    }

    fn add(&mut self, kind: ViolationKind) {
        self.violations.push(Violation { signal: self.signal.clone(), kind });
    }

    fn expect_eq(&mut self, which: &'static str, expected: impl fmt::Display, found: impl fmt::Display) {
        let (expected, found) = (expected.to_string(), found.to_string());
        if expected != found {
            self.add(ViolationKind::Mismatch(which, expected, found));
        }
    }
}

/// Panics with the list of all violations, if there are any.
pub fn assert_none(violations: &[Violation], about: &str) {
    let mut lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
    lines.sort();
    lines.dedup();
    assert!(lines.is_empty(), "{about}: {} violations\n{}", lines.len(), lines.join("\n"));
}
