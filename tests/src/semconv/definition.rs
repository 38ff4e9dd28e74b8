//! The types of the tables: the definition of an attribute, of a metric, of a span and of an event.

/// One attribute as the conventions define it. The tables of these are in [`attribute`](super::attribute).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// The name, as in `gen_ai.request.model`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: AttributeType,
    /// The values that have a meaning of their own, if there are such. Others are allowed beside them unless the
    /// conventions say otherwise.
    pub values: &'static [&'static str],
}

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// A value with structure: lists and maps, or their JSON where a signal has no such values.
    Any,
    /// True or false.
    Boolean,
    /// A 64-bit floating-point number.
    Double,
    /// A 64-bit integer.
    Int,
    /// A string.
    String,
    /// A list of strings.
    Strings,
    /// A string under each name that is the attribute's name, a dot and a key.
    Template,
}

/// One event as the conventions define it. The tables of these are in [`event`](super::event).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventDefinition {
    /// The name, as in `gen_ai.evaluation.result`.
    pub name: &'static str,
    /// The requirement level of the event itself.
    pub requirement: Requirement,
    /// The severity number that the conventions ask for, if they do.
    pub severity: Option<u8>,
    /// The attributes, in the order of their names, and how much each is wanted.
    pub attributes: &'static [(&'static str, Requirement)],
}

/// One metric as the conventions define it. The tables of these are in [`metric`](super::metric).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// One kind of span as the conventions define it. The tables of these are in [`span`](super::span).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanDefinition {
    /// The type, as in `gen_ai.inference.client`. It is not on the wire.
    pub id: &'static str,
    /// Its kind.
    pub kind: SpanKind,
    /// True if the span may also be [`SpanKind::Internal`], when the callee runs in the same process.
    pub may_be_internal: bool,
    /// The values of `gen_ai.operation.name` that it is for; none where the conventions do not say.
    pub operations: &'static [&'static str],
    /// The names that it may have, the preferred one first. An attribute in braces stands for its value.
    pub names: &'static [&'static str],
    /// The attributes, in the order of their names.
    pub attributes: &'static [SpanAttribute],
}

/// An attribute of a kind of span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanAttribute {
    /// Its name.
    pub name: &'static str,
    /// The requirement level.
    pub requirement: Requirement,
    /// True if samplers use the attribute, so that a span should have it when it starts.
    pub at_start: bool,
}

/// On which side of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// It makes a call and waits for the answer.
    Client,
    /// It is neither the beginning nor the end of a call to another process.
    Internal,
    /// It answers a call.
    Server,
}

/// The kind of instrument of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub enum Number {
    /// A 64-bit floating-point number.
    Double,
    /// A 64-bit integer.
    Int,
}

/// The requirement level of an attribute on a signal, or of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
