//! Every place where an application passes a value to the library, and the outputs where that value may appear.

use std::fmt::Write;

use llmobs::capture::ContentCapture;

use llmobs_tests::leaks::Canaries;
use llmobs_tests::leaks::SECRET_PREFIX;
use llmobs_tests::leaks::TextField;
use llmobs_tests::random::Random;

/// The outputs in which a canary may appear.
#[derive(Debug, Clone, Copy)]
pub enum Exposure {
    /// In no signal, in any mode.
    Nowhere,
    /// Under these names on spans and in logs, in every mode: ids and other identifying values from callers.
    Identifiers(&'static [&'static str]),
    /// Under these names in every signal: values that the application declared.
    Declared(&'static [&'static str]),
    /// Under this name on spans and in events, if the capture mode exports content there.
    Content(&'static str),
    /// Under this name on spans, if the capture mode exports content there.
    SpanContent(&'static str),
    /// Under this name in events, if the capture mode exports content there.
    EventContent(&'static str),
    /// Nowhere: a secret, redacted in all exported content.
    Secret,
}

use Exposure::Content;
use Exposure::Declared;
use Exposure::EventContent;
use Exposure::Identifiers;
use Exposure::Nowhere;
use Exposure::Secret;
use Exposure::SpanContent;

const EXPOSURES: &[(&str, Exposure)] = &[
    // Input and output of a model.
    ("input.system", Content("gen_ai.system_instructions")),
    ("input.user", Content("gen_ai.input.messages")),
    ("input.name", Content("gen_ai.input.messages")),
    ("input.tool.arguments", Content("gen_ai.input.messages")),
    ("input.tool.response", Content("gen_ai.input.messages")),
    ("input.uri", Content("gen_ai.input.messages")),
    ("input.file", Content("gen_ai.input.messages")),
    ("input.blob", Nowhere),
    ("tool.definition.name", Content("gen_ai.tool.definitions")),
    ("tool.definition.description", Content("gen_ai.tool.definitions")),
    ("tool.definition.parameters", Content("gen_ai.tool.definitions")),
    ("output.whole", Content("gen_ai.output.messages")),
    ("output.stream", Content("gen_ai.output.messages")),
    ("output.pieces", Content("gen_ai.output.messages")),
    ("output.reasoning", Content("gen_ai.output.messages")),
    ("output.tool.name", Content("gen_ai.output.messages")),
    ("output.tool.arguments", Content("gen_ai.output.messages")),
    ("output.of.broken", Content("gen_ai.output.messages")),
    ("stop", SpanContent("gen_ai.request.stop_sequences")),
    ("step.arguments", SpanContent("gen_ai.tool.call.arguments")),
    ("step.result", SpanContent("gen_ai.tool.call.result")),
    ("step.query", SpanContent("gen_ai.retrieval.query.text")),
    ("step.document", SpanContent("gen_ai.retrieval.documents")),
    ("step.input", SpanContent("gen_ai.input.messages")),
    ("step.output", SpanContent("gen_ai.output.messages")),
    // Errors.
    ("failure.message", EventContent("exception.message")),
    ("failure.cause", Nowhere),
    ("rejection.message", Nowhere),
    ("stream.error", Nowhere),
    ("stream.panic", Nowhere),
    ("panic", Nowhere),
    ("step.failure", Nowhere),
    ("attempt.failure", Nowhere),
    // Names and labels.
    ("label.name", Nowhere),
    ("label.value", Nowhere),
    ("phase", Nowhere),
    ("model.undeclared", Nowhere),
    ("model.declared", Declared(&["gen_ai.request.model", "gen_ai_request_model", "model", "name", "model_name"])),
    ("model.response", Identifiers(&["gen_ai.response.model"])),
    ("finish", Identifiers(&["gen_ai.response.finish_reasons", "llmobs.finish_reasons", "gen_ai.output.messages"])),
    ("evaluation.name", Identifiers(&["gen_ai.evaluation.name"])),
    ("evaluation.label", Identifiers(&["gen_ai.evaluation.score.label"])),
    // Ids.
    ("conversation", Identifiers(&["gen_ai.conversation.id"])),
    ("response", Identifiers(&["gen_ai.response.id"])),
    ("response.previous", Identifiers(&["gen_ai.request.previous_response.id"])),
    ("tool.call", Identifiers(&["gen_ai.tool.call.id"])),
    ("agent.id", Identifiers(&["gen_ai.agent.id"])),
    ("data_source", Identifiers(&["gen_ai.data_source.id", "name"])),
    ("user.id", Nowhere),
    ("pseudonym.key", Nowhere),
    // Functions with the attribute `#[llm_span]`.
    ("function.argument", Nowhere),
    ("function.value", Content("gen_ai.output.messages")),
    ("function.input", Content("gen_ai.input.messages")),
    ("function.streamed", Content("gen_ai.output.messages")),
    ("function.arguments", SpanContent("gen_ai.tool.call.arguments")),
    ("function.result", SpanContent("gen_ai.tool.call.result")),
    ("function.query", SpanContent("gen_ai.retrieval.query.text")),
    ("function.error", Nowhere),
    ("function.message", EventContent("exception.message")),
    ("function.panic", Nowhere),
    ("function.item", Nowhere),
    ("function.field", Identifiers(&["declared.field"])),
    // HTTP.
    ("http.path", Identifiers(&["url.path"])),
    ("http.path.unknown", Identifiers(&["url.path"])),
    ("http.method", Identifiers(&["http.request.method_original"])),
    ("http.host", Identifiers(&["server.address"])),
    ("http.state", Identifiers(&["trace_state"])),
    ("http.query", Nowhere),
    ("http.agent", Nowhere),
    ("http.authorization", Nowhere),
    ("http.cookie", Nowhere),
    ("http.key", Nowhere),
    ("http.forwarded", Nowhere),
    ("http.referer", Nowhere),
    ("http.parent", Nowhere),
    ("http.baggage", Nowhere),
    ("http.body", Content("gen_ai.input.messages")),
    ("http.answer", Nowhere),
    ("http.answer.header", Nowhere),
    ("http.body.error", Nowhere),
    ("http.panic", Nowhere),
    ("grpc.path", Nowhere),
    ("grpc.metadata", Nowhere),
    ("grpc.message", Nowhere),
    // Answers of a gateway's upstream.
    ("upstream.request", Content("gen_ai.input.messages")),
    ("upstream.content", Content("gen_ai.output.messages")),
    ("upstream.reasoning", Content("gen_ai.output.messages")),
    ("upstream.arguments", Content("gen_ai.output.messages")),
    ("upstream.error", Nowhere),
    ("upstream.garbage", Nowhere),
    ("upstream.body.error", Nowhere),
    // The environment.
    ("variable", Nowhere),
    ("exporter.header", Nowhere),
];

/// Places whose canary must appear where content is captured. Otherwise the search would prove nothing.
pub const SEEN_WITH_CAPTURE: &[&str] = &[
    "input.system",
    "input.user",
    "input.tool.arguments",
    "input.tool.response",
    "tool.definition.name",
    "output.whole",
    "output.stream",
    "output.pieces",
    "output.reasoning",
    "output.tool.arguments",
    "output.of.broken",
    "stop",
    "failure.message",
    "http.body",
    "step.arguments",
    "step.result",
    "step.query",
    "step.document",
    "step.input",
    "step.output",
    "function.message",
    "function.value",
    "function.input",
    "function.streamed",
    "function.arguments",
    "function.result",
    "function.query",
    "upstream.request",
    "upstream.content",
    "upstream.reasoning",
    "upstream.arguments",
];

/// Places whose canary appears only if the gate is configured to export full definitions.
pub const OPT_IN_PLACES: &[&str] = &["tool.definition.description", "tool.definition.parameters"];

/// Places whose canary appears in every mode.
pub const ALWAYS_SEEN: &[&str] = &[
    "model.declared",
    "model.response",
    "finish",
    "evaluation.label",
    "conversation",
    "response",
    "tool.call",
    "agent.id",
    "data_source",
    "function.field",
    "http.path",
    "http.path.unknown",
    "http.method",
    "http.host",
    "http.state",
];

/// Generates one canary for each place, and the secrets.
pub fn canaries(seed: u64) -> Canaries {
    let mut random = Random::new(seed.rotate_left(7));
    let hex = (0..32).fold(String::new(), |mut text, _| {
        let _ = write!(text, "{:02x}", random.below(256));
        text
    });
    let generated = EXPOSURES.iter().map(|(place, _)| *place).filter(|place| *place != "pseudonym.key");
    Canaries::new(seed, generated).with_canary("pseudonym.key", hex, 16).with_secrets()
}

/// Returns the outputs in which a value from this place may appear. Panics if the place is unknown.
pub fn exposure_of(place: &str) -> Exposure {
    if place.starts_with(SECRET_PREFIX) {
        return Secret;
    }
    let found = EXPOSURES.iter().find(|(known, _)| *known == place);
    found.map(|(_, exposure)| *exposure).unwrap_or_else(|| panic!("`{place}` is not a known place"))
}

/// Returns whether a span attribute of a served request contains a part of this attribute of its model call.
fn is_on_request_span(key: &str, of_call: &str) -> bool {
    matches!((key, of_call), ("input.value", "gen_ai.input.messages") | ("output.value", "gen_ai.output.messages"))
}

impl Exposure {
    /// Returns whether the value may appear in any output.
    pub const fn is_allowed(self, mode: ContentCapture) -> bool {
        match self {
            Self::Nowhere | Self::Secret => false,
            Self::Identifiers(_) | Self::Declared(_) => true,
            Self::Content(_) => mode.is_on_spans() || mode.is_on_events(),
            Self::SpanContent(_) => mode.is_on_spans(),
            Self::EventContent(_) => mode.is_on_events(),
        }
    }

    /// Returns whether the value may appear in this text.
    pub fn is_allowed_in(self, field: &TextField, mode: ContentCapture) -> bool {
        let on_span = mode.is_on_spans() && field.signal == "span";
        let in_event = mode.is_on_events() && field.signal == "log";
        match self {
            Self::Nowhere | Self::Secret => false,
            Self::Declared(names) => names.contains(&field.key.as_str()),
            Self::Identifiers(names) => {
                !matches!(field.signal, "metric" | "metrics" | "open" | "resource" | "scope")
                    && names.contains(&field.key.as_str())
            }
            Self::Content(name) => {
                (on_span || in_event) && field.key == name || on_span && is_on_request_span(&field.key, name)
            }
            Self::SpanContent(name) => on_span && field.key == name,
            // An event's line is also on standard output, except for an event that contains only content.
            Self::EventContent(name) => {
                (in_event || mode.is_on_events() && field.signal == "line") && field.key == name
            }
        }
    }
}
