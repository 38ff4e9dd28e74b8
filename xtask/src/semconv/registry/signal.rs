//! Metrics, spans and events.

use super::file::Reference;
use super::model::Instrument;
use super::model::Number;
use super::model::Requirement;
use super::model::SpanKind;

#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) brief: String,
    pub(crate) stability: String,
    pub(crate) instrument: Instrument,
    pub(crate) unit: String,
    pub(crate) number: Number,
    pub(super) references: Vec<Reference>,
}

/// A type of span. The type is the name in the registry and is not exported.
#[derive(Debug)]
pub(crate) struct SpanType {
    pub(crate) kind: SpanKind,
    /// True if the span may have kind `internal` although `kind` differs, because the called code may run in the same
    /// process.
    pub(crate) may_be_internal: bool,
    /// The operations of this span; empty if the conventions name none.
    pub(crate) operation_names: Vec<String>,
    /// The span names, the preferred one first, with attributes in braces.
    pub(crate) span_names: Vec<String>,
    pub(super) references: Vec<Reference>,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) brief: String,
    pub(crate) level: Requirement,
    /// The severity number, if the conventions define one.
    pub(crate) severity: Option<u8>,
    pub(super) references: Vec<Reference>,
}
