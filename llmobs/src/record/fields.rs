//! The choice of the values in a record that may identify a person.

use std::sync::Arc;

use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::measurement::LabelValue;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::semconv::attribute;

/// The form in which records contain a value that may identify a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Inclusion {
    /// The value is omitted, the default.
    #[default]
    Omit,
    /// The value itself.
    Plain,
    /// The [pseudonym](crate::Observer::pseudonym) of the value, under its name as the field; omitted without a key.
    #[cfg(feature = "pseudonym")]
    Pseudonym,
}

/// The values that may identify a person, and the form in which records contain each: all are omitted by default. Set
/// with [`ObserverBuilder::record_fields`](crate::ObserverBuilder::record_fields).
///
/// ```
/// use llmobs::Observer;
/// use llmobs::record::{Inclusion, RecordFields};
///
/// let (builder, mut records) = Observer::builder()
///     .label("plan", ["free", "paid"])
///     .record_fields(RecordFields::new().labels(Inclusion::Plain))
///     .on_end_channel(16);
/// let observer = builder.build()?;
/// observer.chat("m").label("plan", "paid").conversation("conv_1").start().complete();
///
/// let record = records.try_recv().unwrap();
/// assert_eq!(record.labels().collect::<Vec<_>>(), [("plan", "paid")]);
/// assert_eq!(record.conversation_id(), None);
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct RecordFields {
    response_id: Inclusion,
    conversation_id: Inclusion,
    labels: Inclusion,
    tenant: Inclusion,
}

impl RecordFields {
    /// Creates a choice that omits every value which may identify a person.
    pub const fn new() -> Self {
        let omit = Inclusion::Omit;
        Self { response_id: omit, conversation_id: omit, labels: omit, tenant: omit }
    }

    /// Sets the form of the identifier of the response, `gen_ai.response.id`.
    pub const fn response_id(mut self, inclusion: Inclusion) -> Self {
        self.response_id = inclusion;
        self
    }

    /// Sets the form of the identifier of the conversation, `gen_ai.conversation.id`.
    pub const fn conversation_id(mut self, inclusion: Inclusion) -> Self {
        self.conversation_id = inclusion;
        self
    }

    /// Sets the form of the name of the [tenant](crate::operation::Start::tenant), as the application gave it: also of one
    /// that is `_OTHER` in the metrics.
    pub const fn tenant(mut self, inclusion: Inclusion) -> Self {
        self.tenant = inclusion;
        self
    }

    /// Sets the form of the values of the [declared labels](crate::ObserverBuilder::label).
    pub const fn labels(mut self, inclusion: Inclusion) -> Self {
        self.labels = inclusion;
        self
    }
}

/// The choice with the source of its pseudonyms.
#[derive(Debug)]
pub(crate) struct FieldRules {
    pub(crate) fields: RecordFields,
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Pseudonymizer,
}

impl FieldRules {
    /// Returns the identifier of the response in the chosen form; `None` if it is omitted.
    pub(crate) fn response_id(&self, id: Option<Arc<str>>) -> Option<Arc<str>> {
        self.apply(self.fields.response_id, attribute::GEN_AI_RESPONSE_ID, id?)
    }

    /// Returns the identifier of the conversation in the chosen form; `None` if it is omitted.
    pub(crate) fn conversation_id(&self, id: Option<Arc<str>>) -> Option<Arc<str>> {
        self.apply(self.fields.conversation_id, attribute::GEN_AI_CONVERSATION_ID, id?)
    }

    /// Returns whether records include the tenant.
    pub(crate) fn has_tenant(&self) -> bool {
        self.fields.tenant != Inclusion::Omit
    }

    /// Returns the name of the tenant in the chosen form; `None` if it is omitted.
    pub(crate) fn tenant(&self, name: Option<Arc<str>>) -> Option<Arc<str>> {
        self.apply(self.fields.tenant, llmobs_attribute::TENANT_NAME, name?)
    }

    /// Returns those of the labels that are included, with their values in the chosen form.
    pub(crate) fn labels(&self, labels: &[Label]) -> Box<[Label]> {
        if self.fields.labels == Inclusion::Omit {
            return Box::default();
        }
        let included = labels.iter().filter_map(|label| {
            let value = self.apply(self.fields.labels, &label.name, label.value.as_str().into())?;
            Some(Label { name: label.name.clone(), value: LabelValue::Shared(value) })
        });
        included.collect()
    }

    #[cfg_attr(
        not(feature = "pseudonym"),
        expect(clippy::unused_self, reason = "without pseudonyms, only the choice counts")
    )]
    fn apply(
        &self,
        inclusion: Inclusion,
        #[cfg_attr(not(feature = "pseudonym"), expect(unused_variables, reason = "the field of a pseudonym"))]
        name: &str,
        value: Arc<str>,
    ) -> Option<Arc<str>> {
        match inclusion {
            Inclusion::Omit => None,
            Inclusion::Plain => Some(value),
            #[cfg(feature = "pseudonym")]
            Inclusion::Pseudonym => self.pseudonyms.pseudonymize(name, &value).map(Into::into),
        }
    }
}
