//! `gen_ai.client.inference.operation.details`: the request parameters and the result of a call, as the conventions
//! define. Emitted only if enabled, because the span contains the same data, or if events contain content.

use std::sync::Once;

use crate::catalog::Profile;
use crate::clock::nanos_to_seconds;
use crate::number::to_i64;
use crate::semconv::value::ErrorType;
use crate::semconv::value::OutputType;
use crate::span::CONTENT_TARGET;
use crate::span::InferenceEnd;
use crate::span::RequestParams;
use crate::span::TARGET;

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

/// The content of a call as JSON, after it passed the gate.
#[derive(Debug, Default)]
pub(crate) struct ContentFields {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) system_instructions: Option<String>,
    pub(crate) tool_definitions: Option<String>,
}

impl ContentFields {
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
    pub(crate) operation: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) conversation_id: Option<&'a str>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) request: &'a RequestDetails,
    pub(crate) end: &'a InferenceEnd<'a>,
    pub(crate) content: ContentFields,
}

/// Emits the event with one target. A `tracing` callsite has a fixed target, so the macro is expanded twice.
macro_rules! emit_event {
    ($target:expr, $event:ident, $request:ident, $end:ident, $cache:ident) => {
        tracing::event!(
            name: "gen_ai.client.inference.operation.details",
            target: $target,
            parent: None,
            tracing::Level::DEBUG,
            gen_ai.operation.name = $event.operation,
            gen_ai.provider.name = $event.is_latest().then_some($event.provider),
            gen_ai.request.model = $event.model,
            gen_ai.conversation.id = $event.conversation_id,
            gen_ai.output.type = $request.output_type.as_ref().map(OutputType::as_str),
            gen_ai.request.choice.count = $request.choices,
            gen_ai.request.max_tokens = $event.max_tokens.and_then(to_i64),
            gen_ai.request.seed = $request.seed,
            gen_ai.request.temperature = $request.temperature,
            gen_ai.request.top_p = $request.top_p,
            gen_ai.request.frequency_penalty = $request.frequency_penalty,
            gen_ai.request.presence_penalty = $request.presence_penalty,
            gen_ai.request.stream = $end.is_streamed.then_some(true),
            gen_ai.response.id = $end.response_id,
            gen_ai.response.model = $end.response_model,
            gen_ai.response.time_to_first_chunk = $end.time_to_first_chunk.map(nanos_to_seconds),
            gen_ai.usage.input_tokens = $end.usage.input.and_then(to_i64),
            gen_ai.usage.output_tokens = $end.usage.output.and_then(to_i64),
            gen_ai.usage.cache_read.input_tokens = $end.usage.cache_read.and_then(to_i64),
            gen_ai.usage.cache_creation.input_tokens = $cache.0,
            gen_ai.usage.cache_write.input_tokens = $cache.1,
            gen_ai.usage.reasoning.output_tokens = $end.usage.reasoning.and_then(to_i64),
            gen_ai.input.messages = $event.content.input,
            gen_ai.output.messages = $event.content.output,
            gen_ai.system_instructions = $event.content.system_instructions,
            gen_ai.tool.definitions = $event.content.tool_definitions,
            server.address = $request.server.as_ref().map(|(address, _)| &**address),
            server.port = $request.server.as_ref().map(|(_, port)| i64::from(*port)),
            error.type = $end.error_type.map(ErrorType::as_str),
            "gen_ai.client.inference.operation.details"
        )
    };
}

impl OperationDetailsEvent<'_> {
    /// Emits the event in the current trace. `tracing` has no types for lists and objects: content is JSON, which the
    /// pipeline converts to structured values. The list of finish reasons is omitted, because the conventions do not
    /// allow a string for it.
    pub(crate) fn emit(&self) {
        let Self { request, end, .. } = self;
        let cache_write = end.usage.cache_write.and_then(to_i64);
        let cache = if self.is_latest() { (None, cache_write) } else { (cache_write, None) };
        if self.content.has_content() {
            warn_if_filtered_out();
            emit_event!(CONTENT_TARGET, self, request, end, cache);
        } else {
            emit_event!(TARGET, self, request, end, cache);
        }
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
