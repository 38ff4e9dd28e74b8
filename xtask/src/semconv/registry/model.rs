//! The values of the keys that have a fixed set of words: requirement levels, instruments, number types and span kinds.

use serde::Deserialize;

/// The requirement level of an attribute, in the order of the conventions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Requirement {
    Required,
    ConditionallyRequired,
    Recommended,
    OptIn,
}

impl Requirement {
    /// Returns the level in words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::ConditionallyRequired => "conditionally required",
            Self::Recommended => "recommended",
            Self::OptIn => "opt-in",
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Instrument {
    Counter,
    Gauge,
    Histogram,
    UpDownCounter,
}

/// The type of the measured values.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Number {
    Double,
    Int,
}

impl Number {
    /// Returns the name of the type in the conventions.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::Int => "int",
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SpanKind {
    Client,
    Internal,
    Server,
}
