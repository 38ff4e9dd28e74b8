//! `gen_ai.client.inference.operation.details`: the request parameters and the result of a call, as the conventions
//! define. Emitted if the application enabled it or if events contain content; off by default, because the span
//! contains the same data.

use std::sync::Once;
use std::time::SystemTime;

use opentelemetry::logs::AnyValue;
use opentelemetry::logs::Severity;

use super::content_value::ContentValue;
use super::fields::record_attributes;
use crate::catalog::Profile;
use crate::clock::nanos_to_seconds;
use crate::number::to_i64;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;
use crate::semconv::value::OutputType;
use crate::sink::otel::EventLogger;
use crate::span::CONTENT_TARGET;
use crate::span::InferenceEnd;
use crate::span::RequestParams;
use crate::span::TARGET;

const NAME: &str = "gen_ai.client.inference.operation.details";

/// The request parameters, stored until the end of the call.
#[derive(Debug, Clone)]
pub(crate) struct RequestDetails {
    server: Option<(Box<str>, u16)>,
    output_type: Option<OutputType>,
    choices: Option<i64>,
    seed: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
}

impl RequestDetails {
    pub(crate) fn from_params(request: &RequestParams<'_>) -> Self {
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        Self {
            server: request.server.map(|(address, port)| (address.into(), port)),
            output_type: request.output_type.clone(),
            choices: request.choices.filter(|choices| *choices != 1).and_then(to_i64),
            seed: request.seed,
            temperature: finite(request.temperature),
            top_p: finite(request.top_p),
            frequency_penalty: finite(request.frequency_penalty),
            presence_penalty: finite(request.presence_penalty),
        }
    }
}

/// The content of a call, after it passed the gate, which redacts and truncates it.
#[derive(Debug, Default)]
pub(crate) struct ContentFields<'a> {
    pub(crate) input: Option<ContentValue<'a>>,
    pub(crate) output: Option<ContentValue<'a>>,
    pub(crate) system_instructions: Option<ContentValue<'a>>,
    pub(crate) tool_definitions: Option<ContentValue<'a>>,
}

impl ContentFields<'_> {
    const fn has_content(&self) -> bool {
        self.input.is_some()
            || self.output.is_some()
            || self.system_instructions.is_some()
            || self.tool_definitions.is_some()
    }
}

/// A call that ended, with its request parameters.
#[derive(Debug)]
pub(crate) struct OperationDetailsEvent<'a> {
    /// The time at which the call ended.
    pub(crate) time: SystemTime,
    pub(crate) operation: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) conversation_id: Option<&'a str>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) request: &'a RequestDetails,
    pub(crate) end: &'a InferenceEnd<'a>,
    pub(crate) content: ContentFields<'a>,
}

/// The fields of the event without the list of finish reasons, passed to the macro `$use`. `$content` converts content.
macro_rules! with_fields {
    ($use:ident!($($argument:tt)*), $event:ident, $content:expr) => {
        $use! {
            $($argument)*
            [gen_ai.operation.name] Some($event.operation),
            [gen_ai.provider.name] $event.is_latest().then_some($event.provider),
            [gen_ai.request.model] Some($event.model).filter(|model| !model.is_empty()),
            [gen_ai.conversation.id] $event.conversation_id,
            [gen_ai.output.type] $event.request.output_type.as_ref().map(OutputType::as_str),
            [gen_ai.request.choice.count] $event.request.choices,
            [gen_ai.request.max_tokens] $event.max_tokens.and_then(to_i64),
            [gen_ai.request.seed] $event.request.seed,
            [gen_ai.request.temperature] $event.request.temperature,
            [gen_ai.request.top_p] $event.request.top_p,
            [gen_ai.request.frequency_penalty] $event.request.frequency_penalty,
            [gen_ai.request.presence_penalty] $event.request.presence_penalty,
            [gen_ai.request.stream] $event.end.is_streamed.then_some(true),
            [gen_ai.response.id] $event.end.response_id,
            [gen_ai.response.model] $event.end.response_model,
            [gen_ai.response.time_to_first_chunk] $event.end.time_to_first_chunk.map(nanos_to_seconds),
            [gen_ai.usage.input_tokens] $event.end.usage.input.and_then(to_i64),
            [gen_ai.usage.output_tokens] $event.end.usage.output.and_then(to_i64),
            [gen_ai.usage.cache_read.input_tokens] $event.end.usage.cache_read.and_then(to_i64),
            [gen_ai.usage.cache_creation.input_tokens] $event.cache_write().filter(|_| !$event.is_latest()),
            [gen_ai.usage.cache_write.input_tokens] $event.cache_write().filter(|_| $event.is_latest()),
            [gen_ai.usage.reasoning.output_tokens] $event.end.usage.reasoning.and_then(to_i64),
            [gen_ai.input.messages] $event.content.input.as_ref().map($content),
            [gen_ai.output.messages] $event.content.output.as_ref().map($content),
            [gen_ai.system_instructions] $event.content.system_instructions.as_ref().map($content),
            [gen_ai.tool.definitions] $event.content.tool_definitions.as_ref().map($content),
            [server.address] $event.request.server.as_ref().map(|(address, _)| &**address),
            [server.port] $event.request.server.as_ref().map(|(_, port)| i64::from(*port)),
            [error.type] $event.end.error_type.map(ErrorType::as_str),
        }
    };
}

/// Emits the event with one target: a `tracing` callsite has a fixed target.
macro_rules! emit_event {
    ($target:ident $([$($name:ident).+] $value:expr,)+) => {
        tracing::event!(
            name: "gen_ai.client.inference.operation.details",
            target: $target,
            parent: None,
            tracing::Level::DEBUG,
            $($($name).+ = $value,)+
            "gen_ai.client.inference.operation.details"
        )
    };
}

impl OperationDetailsEvent<'_> {
    /// Emits the event in the current trace. The logger records content and finish reasons as lists and objects.
    /// Without a logger, the event is emitted with `tracing`, which has no such types: content is JSON text, and the
    /// finish reasons are omitted, because the conventions do not allow a string for them.
    pub(crate) fn emit(&self, logger: Option<&EventLogger>) {
        if let Some(logger) = logger {
            logger.emit(NAME, Severity::Debug, self.time, || self.attributes());
        } else if self.content.has_content() {
            warn_if_filtered_out();
            with_fields!(emit_event!(CONTENT_TARGET), self, ContentValue::to_json);
        } else {
            with_fields!(emit_event!(TARGET), self, ContentValue::to_json);
        }
    }

    fn attributes(&self) -> Vec<(&'static str, AnyValue)> {
        let mut attributes = with_fields!(record_attributes!(), self, ContentValue::to_any_value);
        let reasons: Vec<_> = self.end.finish_reasons.iter().map(|reason| AnyValue::from(reason.to_owned())).collect();
        if !reasons.is_empty() {
            attributes.push((a::GEN_AI_RESPONSE_FINISH_REASONS, AnyValue::ListAny(Box::new(reasons))));
        }
        attributes
    }

    fn cache_write(&self) -> Option<i64> {
        self.end.usage.cache_write.and_then(to_i64)
    }

    fn is_latest(&self) -> bool {
        self.end.profile == Profile::Latest
    }
}

/// Warns once if the subscriber filters the event out. The conventions define the level DEBUG for this event, which
/// filters often exclude, so that an application that enabled content would otherwise receive none.
fn warn_if_filtered_out() {
    static ONCE: Once = Once::new();
    if !tracing::enabled!(target: CONTENT_TARGET, tracing::Level::DEBUG) {
        ONCE.call_once(|| {
            tracing::warn!(
                target: TARGET,
                "content in events is enabled, but the `tracing` subscriber filters these events out; add \
                 `{CONTENT_TARGET}=debug` to its filter"
            );
        });
    }
}
