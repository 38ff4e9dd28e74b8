//! The notice of a started operation.

use std::time::SystemTime;

use crate::catalog::Role;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::RecordId;
use crate::measurement::TraceLink;

/// An operation (model call) that has started, as passed to
/// [`ObserverBuilder::on_start`](crate::ObserverBuilder::on_start). Its [`Finished`](super::Finished) has the same id.
#[derive(Debug, Clone)]
pub struct Started {
    pub(crate) id: RecordId,
    pub(crate) started_at: SystemTime,
    pub(crate) role: Role,
    /// The operation name, the provider and the model.
    pub(crate) identity: [LabelValue; 3],
    pub(crate) trace_ids: Option<TraceLink>,
    pub(crate) labels: Box<[Label]>,
}

impl Started {
    /// Returns the unique id of the operation.
    #[must_use]
    pub const fn id(&self) -> RecordId {
        self.id
    }

    /// Returns the date of the start, on the wall clock.
    #[must_use]
    pub const fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// Returns the role of the process: server, gateway or client.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns the name of the operation, such as `chat`.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.identity[0].as_str()
    }

    /// Returns the name of the provider that was set at the start, such as `openai`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.identity[1].as_str()
    }

    /// Returns the name of the requested model as in the metric labels: `_OTHER` for a model without a label value of
    /// its own.
    #[must_use]
    pub fn request_model(&self) -> &str {
        self.identity[2].as_str()
    }

    /// Returns the id of the trace as 32 hexadecimal digits; `None` if the operation has no span and started in no
    /// sampled trace.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.trace_ids.map(|ids| ids.trace_id_hex().to_string())
    }

    /// Returns the id of the operation's span as 16 hexadecimal digits; without a span of the operation, the id of the
    /// span in whose sampled trace it started. Returns `None` if there is neither.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.trace_ids.map(|ids| ids.span_id_hex().to_string())
    }

    /// Returns the names and values of the declared labels, if [`RecordFields::labels`](super::RecordFields::labels)
    /// includes them.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|label| (&*label.name, label.value.as_str()))
    }
}
