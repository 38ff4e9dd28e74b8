//! The state of a response that is being decoded, and helpers shared by the dialects.

use serde_json::Value;

use super::anthropic;
#[cfg(feature = "content")]
use super::delta::ContentDecoder;
#[cfg(feature = "content")]
use super::delta::DeltaSink;
use super::dialect::Dialect;
use super::event::DeltaKind;
use super::event::Event;
use super::framing::Frame;
use super::gemini;
use super::ollama;
use super::openai;
use super::provider_error;
use crate::cardinality::truncate;
use crate::semconv::value::FinishReason;
use crate::usage::Usage;

pub(super) type EventSink<'s> = &'s mut dyn FnMut(Event<'_>);

/// The callbacks that receive the decoded events and content.
pub(super) struct DecoderSinks<'l> {
    pub(super) on_event: EventSink<'l>,
    /// Receives content deltas; `None` if content is not captured.
    #[cfg(feature = "content")]
    pub(super) on_delta: Option<DeltaSink<'l>>,
}

impl<'l> DecoderSinks<'l> {
    pub(super) fn events_only(on: EventSink<'l>) -> Self {
        Self {
            on_event: on,
            #[cfg(feature = "content")]
            on_delta: None,
        }
    }
}

#[derive(Debug)]
pub(super) struct DecoderState {
    dialect: Dialect,
    #[cfg(feature = "content")]
    content_decoder: ContentDecoder,
    has_reported_id: bool,
    has_reported_model: bool,
    usage: Usage,
    /// The input tokens without cached ones. Anthropic reports cached input separately from them.
    pub(super) uncached_input: Option<u64>,
    /// The number of JSON frames, without keep-alives.
    pub(super) frame_count: u64,
    /// The number of frames that are not JSON.
    pub(super) malformed_frames: u64,
}

impl DecoderState {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            #[cfg(feature = "content")]
            content_decoder: ContentDecoder::new(),
            has_reported_id: false,
            has_reported_model: false,
            usage: Usage::new(),
            uncached_input: None,
            frame_count: 0,
            malformed_frames: 0,
        }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn decode_frame(&mut self, frame: Frame<'_>, sinks: &mut DecoderSinks<'_>) {
        let text = String::from_utf8_lossy(frame.data);
        match text.trim() {
            "" => {}
            "[DONE]" => (sinks.on_event)(Event::Done),
            text => match serde_json::from_str(text) {
                Ok(value) => self.decode_value(&value, frame.is_error_event, sinks),
                Err(_) if frame.is_error_event => (sinks.on_event)(Event::Error(provider_error::from_text(text))),
                Err(_) => self.malformed_frames += 1,
            },
        }
    }

    /// Decodes one frame, or a response that was not streamed, which has the same fields.
    pub(super) fn decode_value(&mut self, value: &Value, is_error: bool, sinks: &mut DecoderSinks<'_>) {
        // Anthropic and OpenAI's Responses send keep-alives as events.
        self.frame_count += u64::from(value["type"] != "ping" && value["type"] != "keepalive");
        #[cfg(feature = "content")]
        if let Some(on_delta) = &mut sinks.on_delta {
            self.content_decoder.decode(self.dialect, value, on_delta);
        }
        let on = &mut *sinks.on_event;
        match self.dialect {
            Dialect::Anthropic => anthropic::decode(value, self, on),
            Dialect::Gemini => gemini::decode(value, self, on),
            Dialect::Ollama => ollama::decode(value, self, on),
            Dialect::OpenAi => openai::decode(value, self, on),
        }
        if let Some(error) = provider_error::find(value, is_error) {
            on(Event::Error(error));
        }
    }

    /// Reports the id and the model of the response, each once.
    pub(super) fn report_id_and_model(&mut self, id: &Value, model: &Value, on: EventSink<'_>) {
        if let (false, Some(id)) = (self.has_reported_id, non_empty_str(id)) {
            self.has_reported_id = true;
            on(Event::Id(id));
        }
        if let (false, Some(model)) = (self.has_reported_model, non_empty_str(model)) {
            self.has_reported_model = true;
            on(Event::Model(model));
        }
    }

    /// Returns the usage reported so far.
    pub(super) const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Merges a usage report. The larger count of each kind is kept, since streams report cumulative totals.
    pub(super) fn report_usage(&mut self, new: &Usage, on: EventSink<'_>) {
        let usage = Usage {
            input: self.usage.input.max(new.input),
            cache_read: self.usage.cache_read.max(new.cache_read),
            cache_write: self.usage.cache_write.max(new.cache_write),
            output: self.usage.output.max(new.output),
            reasoning: self.usage.reasoning.max(new.reasoning),
            is_estimated: false,
        };
        if usage != self.usage {
            self.usage = usage;
            on(Event::Usage(usage));
        }
    }
}

/// The kinds of content that one frame adds to one choice.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct DeltaKinds {
    pub(super) content: bool,
    pub(super) reasoning: bool,
    pub(super) tool_call: bool,
}

impl DeltaKinds {
    /// Reports one delta per kind, in the order in which models generate them: reasoning, content, tool call.
    pub(super) fn report_deltas(self, choice: u32, on: EventSink<'_>) {
        for (is_present, kind) in [
            (self.reasoning, DeltaKind::Reasoning),
            (self.content, DeltaKind::Content),
            (self.tool_call, DeltaKind::ToolCall),
        ] {
            if is_present {
                on(Event::Delta { choice, kind });
            }
        }
    }
}

/// Reports the finish reason of a choice, if the provider sent one.
pub(super) fn report_finish_reason(choice: u32, reason: &Value, on: EventSink<'_>) {
    if let Some(reason) = non_empty_str(reason) {
        on(Event::FinishReason { choice, reason: FinishReason::from_provider(truncate(reason)) });
    }
}

/// Returns a string value; `None` if it is empty or not a string.
pub(super) fn non_empty_str(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Returns whether a value is a non-empty string, list or object. Examples: `"a"` and `[0]` are, `""`, `{}`, `3` and
/// null are not.
pub(super) fn is_non_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(super) fn array_or_empty(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the first of two fields, or the second if the first is missing or null.
pub(super) fn first_non_null<'v>(value: &'v Value, fields: [&str; 2]) -> &'v Value {
    let [first, second] = fields.map(|field| &value[field]);
    if first.is_null() { second } else { first }
}

/// Returns a token count; `None` if it is implausibly large (more than 2^40) or not a non-negative integer.
pub(super) fn token_count(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| *count <= MAX_PLAUSIBLE_TOKENS)
}

/// Returns the sum of the known counts; `None` if none is known.
pub(super) fn sum_known(counts: &[Option<u64>]) -> Option<u64> {
    counts.iter().flatten().copied().reduce(u64::saturating_add)
}

/// Returns the index of a choice or block; 0 if it is missing or invalid.
pub(super) fn parse_index(value: &Value) -> u32 {
    value.as_u64().and_then(|index| u32::try_from(index).ok()).unwrap_or(0)
}

const MAX_PLAUSIBLE_TOKENS: u64 = 1 << 40;
