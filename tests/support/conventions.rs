//! Holds what was exported against the conventions' own definitions, which come from the data files in `semconv/`.
//!
//! Names, types, values, required attributes, kinds, units, span names and severities are checked, each signal against
//! the definition of its kind. What begins with `llmobs.` is held against lists that are written here by hand.

mod attributes;
mod logs;
mod metrics;
mod own;
mod resources;
mod spans;

use std::fmt;

use llmobs::Profile;
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

/// The definitions of one profile, and what a user asked for on top.
#[derive(Debug, Clone, Copy)]
pub struct Conventions {
    profile: Profile,
    opted_in: &'static [&'static str],
    labels: &'static [&'static str],
}

impl Conventions {
    /// Those of the profile. Of `Dual`, both sets of metrics, and the spans and events of `V1_41`.
    pub const fn of(profile: Profile) -> Self {
        Self { profile, opted_in: &[], labels: &[] }
    }

    /// Attributes that are there only because the user asked for them.
    pub const fn opted_in(self, names: &'static [&'static str]) -> Self {
        Self { opted_in: names, ..self }
    }

    /// Labels that the user declared.
    pub const fn with_labels(self, names: &'static [&'static str]) -> Self {
        Self { labels: names, ..self }
    }

    fn is_latest(&self) -> bool {
        self.profile == Profile::Latest
    }

    fn attributes(&self) -> impl Iterator<Item = &'static AttributeDefinition> {
        let own = if self.is_latest() { attribute::LATEST } else { attribute::V1_41 };
        // Metrics of the other set carry the attributes of the other set.
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

/// One way in which a signal differs from its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The name of the span, metric or event.
    pub signal: String,
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// No definition of the profile has the span, metric or event.
    UnknownSignal,
    /// No definition of the profile has the attribute.
    UnknownAttribute(String),
    /// The profile has the attribute, but not on this signal.
    Misplaced(String),
    /// The attribute is there more than once.
    Twice(String),
    /// It is required, or its condition is met, and it is not there.
    Missing(String),
    /// It is there though nobody asked for it.
    NotOptedIn(String),
    /// It is there though its condition is not met.
    Unfounded(String),
    /// Its value has another type: the name, the type that is wanted, and what is there.
    WrongType(String, &'static str, String),
    /// Its value is none of those that it may have.
    WrongValue(String, String),
    /// The kind of the span, the instrument of the metric, its kind of number, its unit, the severity of the event, or
    /// the name of the span: which, what is wanted, and what is there.
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

/// What was found wrong with one signal.
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

/// Fails with everything that was found.
pub fn assert_none(violations: &[Violation], about: &str) {
    let mut lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
    lines.sort();
    lines.dedup();
    assert!(lines.is_empty(), "{about}: {} violations\n{}", lines.len(), lines.join("\n"));
}
