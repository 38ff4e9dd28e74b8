//! Checks exported telemetry against the conventions' definitions, which are generated from the data files in
//! `semconv/`.
//!
//! The checks cover names, types, values, required attributes, kinds, units, span names and severities of each signal.
//! Names that begin with `llmobs.` are checked against lists in these files, written by hand.

mod attributes;
mod logs;
mod metrics;
mod own;
mod resources;
mod spans;

use std::fmt;

use llmobs::catalog::Profile;
use llmobs::semconv::attribute;
use llmobs::semconv::definition::AttributeDefinition;
use llmobs::semconv::definition::EventDefinition;
use llmobs::semconv::definition::MetricDefinition;
use llmobs::semconv::definition::SpanDefinition;
use llmobs::semconv::event;
use llmobs::semconv::metric;
use llmobs::semconv::span;

pub use self::logs::WIDE_EVENT;
pub use self::own::OWN;

/// The definitions of one profile, and the attributes and labels that the user requested.
#[derive(Debug, Clone, Copy)]
pub struct Conventions {
    profile: Profile,
    opted_in: &'static [&'static str],
    labels: &'static [&'static str],
}

impl Conventions {
    /// Returns the definitions of a profile. `Dual` has both sets of metrics, and the spans and events of `V1_41`.
    pub const fn of(profile: Profile) -> Self {
        Self { profile, opted_in: &[], labels: &[] }
    }

    /// Sets the opt-in attributes that the user requested.
    pub const fn opted_in(self, names: &'static [&'static str]) -> Self {
        Self { opted_in: names, ..self }
    }

    /// Sets the labels that the user declared.
    pub const fn with_labels(self, names: &'static [&'static str]) -> Self {
        Self { labels: names, ..self }
    }

    fn is_latest(&self) -> bool {
        self.profile == Profile::Latest
    }

    fn attributes(&self) -> impl Iterator<Item = &'static AttributeDefinition> {
        let own = if self.is_latest() { attribute::LATEST } else { attribute::V1_41 };
        // In `Dual`, the metrics of `Latest` have the attributes of `Latest`.
        let other: &[_] = if self.profile == Profile::Dual { attribute::LATEST } else { &[] };
        own.iter().chain(other).chain(attribute::CORE).chain(attribute::HARDWARE)
    }

    fn metrics(&self) -> impl Iterator<Item = &'static MetricDefinition> {
        let own = if self.is_latest() { metric::LATEST } else { metric::V1_41 };
        let other: &[_] = if self.profile == Profile::Dual { metric::LATEST } else { &[] };
        own.iter().chain(other).chain(metric::CORE).chain(metric::HARDWARE)
    }

    pub fn spans(&self) -> impl Iterator<Item = &'static SpanDefinition> + use<> {
        let own = if self.is_latest() { span::LATEST } else { span::V1_41 };
        own.iter().chain(span::CORE)
    }

    fn events(&self) -> &'static [EventDefinition] {
        if self.is_latest() { event::LATEST } else { event::V1_41 }
    }
}

/// One difference between a signal and its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The name of the span, metric or event.
    pub signal: String,
    pub what: What,
}

/// The kind of a violation.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// No definition of the profile has the span, metric or event.
    UnknownSignal,
    /// No definition of the profile has the attribute.
    UnknownAttribute(String),
    /// The profile defines the attribute, but not for this signal.
    Misplaced(String),
    /// The attribute is present more than once.
    Twice(String),
    /// A required attribute, or a conditional one whose condition is met, is missing.
    Missing(String),
    /// An opt-in attribute is present that the user did not request.
    NotOptedIn(String),
    /// A conditional attribute is present although its condition is not met.
    Unfounded(String),
    /// The value has the wrong type: name, expected type, actual value.
    WrongType(String, &'static str, String),
    /// The value is not among the allowed values: name, actual value.
    WrongValue(String, String),
    /// Another property differs: which one (span kind, instrument, type of number, unit, severity or span name), the
    /// expected value, the actual value.
    Wrong(&'static str, String, String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: ", self.signal)?;
        match &self.what {
            What::UnknownSignal => f.write_str("the profile has no such signal"),
            What::UnknownAttribute(name) => write!(f, "the profile has no attribute `{name}`"),
            What::Misplaced(name) => write!(f, "`{name}` does not belong here"),
            What::Twice(name) => write!(f, "`{name}` is there twice"),
            What::Missing(name) => write!(f, "`{name}` is missing"),
            What::NotOptedIn(name) => write!(f, "nobody asked for `{name}`"),
            What::Unfounded(name) => write!(f, "`{name}` should not be here"),
            What::WrongType(name, wanted, found) => write!(f, "`{name}` is {found} where {wanted} is wanted"),
            What::WrongValue(name, found) => write!(f, "`{name}` may not be {found}"),
            What::Wrong(which, wanted, found) => write!(f, "the {which} is `{found}` where `{wanted}` is wanted"),
        }
    }
}

/// The violations of one signal.
#[derive(Debug)]
struct Findings {
    signal: String,
    list: Vec<Violation>,
}

impl Findings {
    fn new(signal: &str) -> Self {
        Self { signal: signal.to_owned(), list: Vec::new() }
    }

    fn add(&mut self, what: What) {
        self.list.push(Violation { signal: self.signal.clone(), what });
    }

    fn hold(&mut self, which: &'static str, wanted: impl fmt::Display, found: impl fmt::Display) {
        let (wanted, found) = (wanted.to_string(), found.to_string());
        if wanted != found {
            self.add(What::Wrong(which, wanted, found));
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
