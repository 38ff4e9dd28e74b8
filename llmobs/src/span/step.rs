//! The spans of everything but model calls: retrievals, tools, agents, workflows, database queries, cache look-ups, and
//! the attempts of a model call.

use std::fmt;

use tracing::Level;
use tracing::field::Empty;

use super::TARGET;
use super::owned::OwnedSpan;
use super::owned::is_in_unsampled_trace;
use crate::cardinality::truncate;
use crate::number::to_i64;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;
use crate::text::display_fn;
use crate::usage::Usage;

/// The data of a step that is known at its start. Each kind of step sets the fields whose attributes the OpenTelemetry
/// conventions or llmobs define for it. A field that is `None` is not recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepSpan<'a> {
    /// The two parts of the span's name, joined by a space: the operation, and its target if it has one. A long target
    /// is truncated.
    pub(crate) name: (&'a str, Option<&'a str>),
    pub(crate) kind: StepSpanKind,
    pub(crate) operation: Option<&'a str>,
    pub(crate) provider: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) server: Option<(&'a str, u16)>,
    pub(crate) conversation_id: Option<&'a str>,
    pub(crate) data_source_id: Option<&'a str>,
    pub(crate) top_k: Option<TopK>,
    pub(crate) tool_name: Option<&'a str>,
    pub(crate) tool_type: Option<&'a str>,
    pub(crate) tool_call_id: Option<&'a str>,
    pub(crate) tool_description: Option<&'a str>,
    pub(crate) agent_name: Option<&'a str>,
    pub(crate) agent_id: Option<&'a str>,
    pub(crate) agent_version: Option<&'a str>,
    pub(crate) agent_description: Option<&'a str>,
    pub(crate) workflow_name: Option<&'a str>,
    pub(crate) db_system: Option<&'a str>,
    pub(crate) db_operation: Option<&'a str>,
    pub(crate) db_collection: Option<&'a str>,
    pub(crate) db_namespace: Option<&'a str>,
    /// The value of `llmobs.cache.kind`: the kind of cache that was looked up.
    pub(crate) cache_kind: Option<&'a str>,
    /// The value of `llmobs.attempt.kind`: why the attempt was made, for example a retry.
    pub(crate) attempt_kind: Option<&'a str>,
}

/// The maximum number of documents that a retrieval returns. Each variant is for one profile, a version of the
/// conventions: the name and the type of the attribute differ.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TopK {
    /// For v1.41.0 of the conventions.
    V1_41(f64),
    /// For the unreleased conventions.
    Latest(i64),
}

/// The kind of a step's span, as defined by OpenTelemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum StepSpanKind {
    #[default]
    Internal,
    Client,
}

impl StepSpan<'_> {
    /// Starts the span as a child of the current span. Returns `None` if no subscriber receives the span. In a trace
    /// that is not sampled, the span starts with a name and a kind, and without attributes.
    pub(crate) fn start_span(&self) -> Option<Box<OwnedSpan>> {
        if tracing::level_filters::LevelFilter::current() < Level::INFO {
            return None;
        }
        let with_attributes = !is_in_unsampled_trace();
        let (old_top_k, top_k) = match self.top_k.filter(|_| with_attributes) {
            Some(TopK::V1_41(documents)) => (Some(documents), None),
            Some(TopK::Latest(documents)) => (None, Some(documents)),
            None => (None, None),
        };
        let span = tracing::info_span!(
            target: TARGET,
            "step",
            otel.name = display(self.span_name()),
            otel.kind = if self.kind == StepSpanKind::Client { "client" } else { "internal" },
            gen_ai.operation.name = self.operation.filter(|_| with_attributes),
            gen_ai.provider.name = self.provider.filter(|_| with_attributes),
            gen_ai.request.model = self.model.filter(|_| with_attributes),
            gen_ai.agent.name = self.agent_name.filter(|_| with_attributes),
            gen_ai.tool.name = self.tool_name.filter(|_| with_attributes),
            gen_ai.tool.type = self.tool_type.filter(|_| with_attributes),
            server.address = self.server.filter(|_| with_attributes).map(|(address, _)| address),
            server.port = self.server.filter(|_| with_attributes).map(|(_, port)| i64::from(port)),
            db.system.name = self.db_system.filter(|_| with_attributes),
            db.operation.name = self.db_operation.filter(|_| with_attributes),
            db.collection.name = self.db_collection.filter(|_| with_attributes),
            db.namespace = self.db_namespace.filter(|_| with_attributes),
            gen_ai.conversation.id = self.conversation_id.filter(|_| with_attributes).map(truncate),
            gen_ai.data_source.id = self.data_source_id.filter(|_| with_attributes).map(truncate),
            gen_ai.request.top_k = old_top_k,
            gen_ai.retrieval.top_k = top_k,
            gen_ai.tool.call.id = self.tool_call_id.filter(|_| with_attributes).map(truncate),
            gen_ai.tool.description = self.tool_description.filter(|_| with_attributes),
            gen_ai.agent.id = self.agent_id.filter(|_| with_attributes).map(truncate),
            gen_ai.agent.version = self.agent_version.filter(|_| with_attributes),
            gen_ai.agent.description = self.agent_description.filter(|_| with_attributes),
            gen_ai.workflow.name = self.workflow_name.filter(|_| with_attributes),
            llmobs.cache.kind = self.cache_kind.filter(|_| with_attributes),
            llmobs.attempt.kind = self.attempt_kind.filter(|_| with_attributes),
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            llmobs.cache.result = Empty,
            error.type = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
            otel.status_message = Empty,
        );
        OwnedSpan::new(span)
    }

    fn span_name(&self) -> impl fmt::Display {
        display_fn(|f| match self.name {
            (first, Some(second)) => write!(f, "{first} {}", truncate(second)),
            (first, None) => f.write_str(first),
        })
    }
}

/// Sets the numbers of input and output tokens on the span of a step. An unknown number is not set.
pub(crate) fn set_usage(span: &OwnedSpan, usage: &Usage) {
    for (name, tokens) in [(a::GEN_AI_USAGE_INPUT_TOKENS, usage.input), (a::GEN_AI_USAGE_OUTPUT_TOKENS, usage.output)] {
        if let Some(tokens) = tokens.and_then(to_i64) {
            span.tracing_span().record(name, tokens);
        }
    }
}

/// Sets the error type and the error status on the span of a step.
pub(crate) fn set_error(span: &OwnedSpan, error: ErrorType) {
    span.tracing_span().record(a::ERROR_TYPE, error.as_str());
    span.set_error_status(error);
}
