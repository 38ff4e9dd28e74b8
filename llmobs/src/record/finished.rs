//! The record of an operation that ended.

use std::time::Duration;
use std::time::SystemTime;

#[cfg(feature = "serde")]
use serde::Serialize;
#[cfg(feature = "serde")]
use serde::Serializer;
#[cfg(feature = "serde")]
use serde::ser::SerializeMap;
use tracing::field::display;

use crate::catalog::Role;
#[cfg(feature = "cost")]
use crate::cost::Cost;
#[cfg(feature = "cost")]
use crate::cost::Unpriced;
#[cfg(feature = "cost")]
use crate::cost::Usd;
use crate::event::RequestCompleteEvent;
use crate::event::fields::Numbers;
use crate::event::fields::Texts;
#[cfg(feature = "serde")]
use crate::event::fields::serialize_fields;
use crate::event::fields::write_json_fields;
use crate::event::seconds_since_epoch;
use crate::json::JsonObject;
use crate::measurement::Label;
use crate::measurement::RecordId;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::semconv::value::TokenSource;
use crate::text::display_fn;
use crate::usage::TokenPartition;
use crate::usage::Usage;

/// The record of an operation (model call) that ended: the data of the log event `llm_request_complete`, with an id, a
/// sequence number and the declared labels. An observer makes exactly one for each operation. A time that was not
/// measured and a number that is not known are `None`, never zero.
///
/// Contains no content. Contains the identifiers of the response and of the conversation, the tenant and the labels only
/// if [`RecordFields`](super::RecordFields) includes them. With the feature `serde`, a record implements `Serialize`; the JSON is that of
/// [`to_json`](Self::to_json).
#[derive(Debug, Clone)]
pub struct Finished {
    pub(crate) id: RecordId,
    /// Zero until the record is delivered.
    sequence: u64,
    event: RequestCompleteEvent,
    usage: Usage,
    tokens: TokenPartition,
    labels: Box<[Label]>,
}

/// The fields of the JSON after those of the event, passed to the macro `$use`.
macro_rules! with_record_fields {
    ($use:ident!($($argument:tt)*), $record:ident) => {
        $use! {
            $($argument)*
            [llmobs.record.instance] Some(display($record.instance_hex())),
            [llmobs.record.sequence] Some($record.sequence),
            [llmobs.record.start.timestamp] Some(seconds_since_epoch($record.started_at())),
            [llmobs.record.cost_parts] $record.event.cost.parts().map(Numbers),
            [llmobs.record.labels] (!$record.labels.is_empty()).then(|| Texts($record.labels())),
        }
    };
}

impl Finished {
    /// Returns the record of an operation. `event` contains only what the application chose to include; `usage` is the
    /// usage that was reported or counted, and `tokens` the same by kind.
    pub(crate) fn new(
        id: RecordId,
        event: RequestCompleteEvent,
        usage: Usage,
        tokens: TokenPartition,
        labels: Box<[Label]>,
    ) -> Self {
        Self { id, sequence: 0, event, usage, tokens, labels }
    }

    /// Sets the sequence number, when the record is delivered.
    pub(super) const fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// Returns the unique id of the operation, which its [`Started`](super::Started) and its log event have too.
    #[must_use]
    pub const fn id(&self) -> RecordId {
        self.id
    }

    /// Returns the number of this record among those of its [instance](RecordId::instance), from one, in the order in which
    /// the ends were recorded. Every end has a number, also one whose record was dropped: a missing number is a lost record.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the date of the start, on the wall clock: that of the end minus the duration.
    #[must_use]
    pub fn started_at(&self) -> SystemTime {
        self.event.ended_at.checked_sub(self.duration()).unwrap_or(self.event.ended_at)
    }

    /// Returns the date of the end, on the wall clock.
    #[must_use]
    pub const fn ended_at(&self) -> SystemTime {
        self.event.ended_at
    }

    /// Returns the role of the process: server, gateway or client.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.event.role
    }

    /// Returns the name of the operation, such as `chat`.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.event.operation.as_str()
    }

    /// Returns the name of the provider that answered, such as `openai`: after a fallback, that of the last attempt.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.event.provider.as_str()
    }

    /// Returns the name of the requested model as in the metric labels, after a fallback that of the last attempt: `_OTHER`
    /// for a model without a label value of its own.
    #[must_use]
    pub fn request_model(&self) -> &str {
        self.event.model.as_str()
    }

    /// Returns the name of the model that answered, if it is known.
    #[must_use]
    pub fn response_model(&self) -> Option<&str> {
        self.event.response_model.as_deref()
    }

    /// Returns the identifier of the response, or its pseudonym, if
    /// [`RecordFields::response_id`](super::RecordFields::response_id) includes it.
    #[must_use]
    pub fn response_id(&self) -> Option<&str> {
        self.event.response_id.as_deref()
    }

    /// Returns the identifier of the conversation, or its pseudonym, if
    /// [`RecordFields::conversation_id`](super::RecordFields::conversation_id) includes it.
    #[must_use]
    pub fn conversation_id(&self) -> Option<&str> {
        self.event.conversation_id.as_deref()
    }

    /// Returns the name of the tenant, or its pseudonym, if [`RecordFields::tenant`](super::RecordFields::tenant) includes
    /// it and the observer records tenants; `None` for an operation without a tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.event.tenant.as_deref()
    }

    /// Returns the names and values, or their pseudonyms, of the declared labels, if
    /// [`RecordFields::labels`](super::RecordFields::labels) includes them.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|label| (&*label.name, label.value.as_str()))
    }

    /// Returns the maximum number of output tokens that the caller requested.
    #[must_use]
    pub const fn max_tokens(&self) -> Option<u64> {
        self.event.max_tokens
    }

    /// Returns whether the answer was requested as a stream or, if that is not known, whether it was one.
    #[must_use]
    pub const fn is_streamed(&self) -> bool {
        self.event.is_streamed
    }

    /// Returns the outcome: completed, failed, cancelled or rejected.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.event.outcome
    }

    /// Returns the error type; `None` if the operation completed.
    #[must_use]
    pub const fn error_type(&self) -> Option<ErrorType> {
        self.event.error_type
    }

    /// Returns the finish reasons, in the order of the choices.
    pub fn finish_reasons(&self) -> impl Iterator<Item = &str> {
        self.event.finish_reasons.iter()
    }

    /// Returns the number of input tokens as reported, with cached ones; `None` without a report, and if the engine did not
    /// process the input.
    #[must_use]
    pub const fn input_tokens(&self) -> Option<u64> {
        self.event.input_tokens
    }

    /// Returns the number of output tokens of the last attempt, with reasoning tokens: as reported, else as counted from
    /// the stream; `None` without both.
    #[must_use]
    pub const fn output_tokens(&self) -> Option<u64> {
        self.event.output_tokens
    }

    /// Returns the tokens of the last attempt by kind. The kinds do not overlap: the input kinds sum to
    /// [`input_tokens`](Self::input_tokens), the output kinds to [`output_tokens`](Self::output_tokens). An unknown number
    /// counts as zero.
    #[must_use]
    pub const fn tokens(&self) -> TokenPartition {
        self.tokens
    }

    /// Returns the usage of the last attempt, with its modalities and [service tier](Usage::reported_service_tier), if
    /// these were reported.
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Returns the source of the input tokens: reported or estimated.
    #[must_use]
    pub const fn input_token_source(&self) -> TokenSource {
        self.event.input_token_source
    }

    /// Returns the source of the output tokens: reported, counted or estimated.
    #[must_use]
    pub const fn output_token_source(&self) -> TokenSource {
        self.event.token_source
    }

    /// Returns the number of input tokens of superseded attempts, which [`input_tokens`](Self::input_tokens) does not
    /// contain.
    #[must_use]
    pub const fn superseded_input_tokens(&self) -> u64 {
        self.event.superseded.input
    }

    /// Returns the number of output tokens of superseded attempts, which [`output_tokens`](Self::output_tokens) does not
    /// contain.
    #[must_use]
    pub const fn superseded_output_tokens(&self) -> u64 {
        self.event.superseded.output
    }

    /// Returns whether the producer of a cancelled operation may have generated tokens after the end: those are in the
    /// metrics only.
    #[must_use]
    pub const fn late_tokens_possible(&self) -> bool {
        self.event.late_tokens_possible
    }

    /// Returns the request duration, from the start to the end.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_nanos(self.event.duration)
    }

    /// Returns the queue time, from the mark `enqueued` to the mark `scheduled` or, without one, to the end.
    #[must_use]
    pub fn queue_time(&self) -> Option<Duration> {
        self.event.queue_time.map(Duration::from_nanos)
    }

    /// Returns the prefill time, from the mark `scheduled`, or without one from the start, to the first token.
    #[must_use]
    pub fn prefill_time(&self) -> Option<Duration> {
        self.event.prefill_time.map(Duration::from_nanos)
    }

    /// Returns the decode time, from the first token to the last exact moment of a token.
    #[must_use]
    pub fn decode_time(&self) -> Option<Duration> {
        self.event.decode_time.map(Duration::from_nanos)
    }

    /// Returns the time to first token, from the start.
    #[must_use]
    pub fn time_to_first_token(&self) -> Option<Duration> {
        self.event.time_to_first_token.map(Duration::from_nanos)
    }

    /// Returns the time to first chunk of any kind, from the start, in the gateway and client roles.
    #[must_use]
    pub fn time_to_first_chunk(&self) -> Option<Duration> {
        self.event.time_to_first_chunk.map(Duration::from_nanos)
    }

    /// Returns the time per output token: the decode time divided by the tokens after the first in it.
    #[must_use]
    pub fn time_per_output_token(&self) -> Option<Duration> {
        self.event.time_per_output_token.map(Duration::from_nanos)
    }

    /// Returns the longest time from one token to the next.
    #[must_use]
    pub fn longest_gap(&self) -> Option<Duration> {
        self.event.longest_gap.map(Duration::from_nanos)
    }

    /// Returns the consumer wait: from each item handed over to the next poll, summed over the stream.
    #[must_use]
    pub fn consumer_wait(&self) -> Option<Duration> {
        self.event.consumer_wait.map(Duration::from_nanos)
    }

    /// Returns the number of pauses of one second or more between two tokens.
    #[must_use]
    pub const fn stalls(&self) -> u16 {
        self.event.stalls
    }

    /// Returns the number of attempts, with the first.
    #[must_use]
    pub const fn attempts(&self) -> u16 {
        self.event.attempts
    }

    /// Returns the number of times that the engine scheduled the operation again.
    #[must_use]
    pub const fn preemptions(&self) -> u32 {
        self.event.preemptions
    }

    /// Returns the cost of the operation: the sum over its attempts, also superseded ones. `None` if no attempt has a cost:
    /// nothing is charged for a rejected operation, and a cost that is not known has a reason in
    /// [`unpriced`](Self::unpriced). If only the cost of some attempts is known, the sum of these.
    #[cfg(feature = "cost")]
    #[must_use]
    pub fn cost(&self) -> Option<Usd> {
        self.event.cost.total()
    }

    /// Returns the cost of the last attempt by kind, with its source and quality; `None` if it is not known, or if nothing is
    /// charged for it.
    #[cfg(feature = "cost")]
    #[must_use]
    pub fn last_attempt_cost(&self) -> Option<&Cost> {
        self.event.cost.last()
    }

    /// Returns the sum of the costs of superseded attempts, a part of [`cost`](Self::cost); zero without one.
    #[cfg(feature = "cost")]
    #[must_use]
    pub fn superseded_cost(&self) -> Usd {
        self.event.cost.ended.as_ref().and_then(|ended| ended.superseded).unwrap_or_default()
    }

    /// Returns the reason for which an attempt has no known cost, of the first such attempt; `None` if there is none.
    #[cfg(feature = "cost")]
    #[must_use]
    pub fn unpriced(&self) -> Option<Unpriced> {
        self.event.cost.ended.as_ref()?.unpriced
    }

    /// Returns the version of the price book with which the operation started; `None` if the observer has no prices.
    #[cfg(feature = "cost")]
    #[must_use]
    pub fn price_book_version(&self) -> Option<&str> {
        self.event.cost.version()
    }

    /// Returns the estimate of the used energy in joules, if a [companion](crate::companion) such as `llmobs-gpu` gives one.
    #[must_use]
    pub const fn provisional_energy(&self) -> Option<f64> {
        self.event.provisional_energy
    }

    /// Returns whether every objective that judged the operation was met; `None` if none judged it.
    #[must_use]
    pub const fn is_good(&self) -> Option<bool> {
        self.event.is_good
    }

    /// Returns the id of the trace as 32 hexadecimal digits; `None` if the operation has no span and started in no
    /// sampled trace.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.event.trace_ids.map(|ids| ids.trace_id_hex().to_string())
    }

    /// Returns the id of the operation's span as 16 hexadecimal digits; without a span of the operation, the id of the
    /// span in whose sampled trace it started. Returns `None` if there is neither.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.event.trace_ids.map(|ids| ids.span_id_hex().to_string())
    }

    /// Returns the record as an object of JSON in one line: the [fields of the log event](crate::guide::logs#fields)
    /// `llm_request_complete` without those about logging, then the fields `llmobs.record.*` of the record. Times are in
    /// seconds; `timestamp` and `llmobs.record.start.timestamp` count from 1970.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let mut line = JsonObject::new(&mut out);
        let object = &mut line;
        self.event.write_fields(object);
        with_record_fields!(write_json_fields!(object), self);
        line.finish();
        out
    }

    /// Returns the instance as 16 hexadecimal digits.
    fn instance_hex(&self) -> impl std::fmt::Display {
        let instance = self.id.instance();
        display_fn(move |f| write!(f, "{instance:016x}"))
    }
}

#[cfg(feature = "serde")]
impl Serialize for Finished {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        let map = &mut object;
        self.event.serialize_fields(map)?;
        with_record_fields!(serialize_fields!(map), self);
        object.end()
    }
}
