//! What the conventions say of a metric, in types that code and tests can read.

/// One metric as the conventions define it. The tables of these are in [`metric`](super::metric).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricDefinition {
    /// The name, as in `gen_ai.server.request.duration`.
    pub name: &'static str,
    /// The kind of instrument.
    pub instrument: Instrument,
    /// The unit in UCUM notation, as in `s`, `By` or `{token}`.
    pub unit: &'static str,
    /// The kind of number that is recorded.
    pub number: Number,
    /// The attributes, in the order of their names, and how much each is wanted.
    pub attributes: &'static [(&'static str, Requirement)],
}

/// The kind of instrument of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Instrument {
    /// A sum that only rises.
    Counter,
    /// A reading of the moment.
    Gauge,
    /// A distribution.
    Histogram,
    /// A sum that rises and falls.
    UpDownCounter,
}

/// The kind of number that a metric records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Number {
    /// A 64-bit floating-point number.
    Double,
    /// A 64-bit integer.
    Int,
}

/// How much an attribute is wanted on a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requirement {
    /// Always there.
    Required,
    /// There whenever the condition that the conventions name holds.
    ConditionallyRequired,
    /// There unless there is a reason against it.
    Recommended,
    /// Left out unless the user asks for it.
    OptIn,
}
