//! Every place where an application passes a value to the library, and the outputs where that value may appear.

use std::fmt::Write;

use llmobs::capture::ContentCapture;

use crate::support::leaks::Canaries;
use crate::support::leaks::GOLD;
use crate::support::leaks::Leaf;
use crate::support::random::Random;

/// The outputs in which a canary may appear.
#[derive(Debug, Clone, Copy)]
pub enum May {
    /// In no signal, in any mode.
    Nowhere,
    /// Under these names on spans and in logs, in every mode: ids and other identifying values from callers.
    Identity(&'static [&'static str]),
    /// Under these names in every signal: values that the application declared.
    Declared(&'static [&'static str]),
    /// Under this name on spans and in events, if the capture mode exports content there.
    Content(&'static str),
    /// Under this name on spans, if the capture mode exports content there.
    OnSpans(&'static str),
    /// Under this name in events, if the capture mode exports content there.
    InEvents(&'static str),
    /// Nowhere: a secret, redacted in all exported content.
    Secret,
}

use May::Content;
use May::Declared;
use May::Identity;
use May::InEvents;
use May::Nowhere;
use May::OnSpans;
use May::Secret;

const PLACES: &[(&str, May)] = &[
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
    ("stop", OnSpans("gen_ai.request.stop_sequences")),
    ("step.arguments", OnSpans("gen_ai.tool.call.arguments")),
    ("step.result", OnSpans("gen_ai.tool.call.result")),
    ("step.query", OnSpans("gen_ai.retrieval.query.text")),
    ("step.document", OnSpans("gen_ai.retrieval.documents")),
    ("step.input", OnSpans("gen_ai.input.messages")),
    ("step.output", OnSpans("gen_ai.output.messages")),
    // Errors.
    ("failure.message", InEvents("exception.message")),
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
    ("model.response", Identity(&["gen_ai.response.model"])),
    ("finish", Identity(&["gen_ai.response.finish_reasons", "finish_reasons", "gen_ai.output.messages"])),
    ("evaluation.name", Identity(&["gen_ai.evaluation.name"])),
    ("evaluation.label", Identity(&["gen_ai.evaluation.score.label"])),
    // Ids.
    ("conversation", Identity(&["gen_ai.conversation.id"])),
    ("response", Identity(&["gen_ai.response.id"])),
    ("response.previous", Identity(&["gen_ai.request.previous_response.id"])),
    ("tool.call", Identity(&["gen_ai.tool.call.id"])),
    ("agent.id", Identity(&["gen_ai.agent.id"])),
    ("data_source", Identity(&["gen_ai.data_source.id", "name"])),
    ("user.id", Nowhere),
    ("pseudonym.key", Nowhere),
    // Functions with the attribute `#[llm_span]`.
    ("function.argument", Nowhere),
    ("function.value", Content("gen_ai.output.messages")),
    ("function.input", Content("gen_ai.input.messages")),
    ("function.streamed", Content("gen_ai.output.messages")),
    ("function.arguments", OnSpans("gen_ai.tool.call.arguments")),
    ("function.result", OnSpans("gen_ai.tool.call.result")),
    ("function.query", OnSpans("gen_ai.retrieval.query.text")),
    ("function.error", Nowhere),
    ("function.message", InEvents("exception.message")),
    ("function.panic", Nowhere),
    ("function.item", Nowhere),
    ("function.field", Identity(&["declared.field"])),
    // HTTP.
    ("http.path", Identity(&["url.path"])),
    ("http.path.unknown", Identity(&["url.path"])),
    ("http.method", Identity(&["http.request.method_original"])),
    ("http.host", Identity(&["server.address"])),
    ("http.state", Identity(&["trace_state"])),
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
pub const SEEN: &[&str] = &[
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
pub const NOT_BY_DEFAULT: &[&str] = &["tool.definition.description", "tool.definition.parameters"];

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
    let plain = PLACES.iter().map(|(place, _)| *place).filter(|place| *place != "pseudonym.key");
    Canaries::new(seed, plain).with("pseudonym.key", hex, 16).with_gold()
}

/// Returns the outputs in which a value from this place may appear. Panics if the place is unknown.
pub fn may(place: &str) -> May {
    if place.starts_with(GOLD) {
        return Secret;
    }
    let found = PLACES.iter().find(|(known, _)| *known == place);
    found.map(|(_, may)| *may).unwrap_or_else(|| panic!("`{place}` is no place"))
}

impl May {
    /// Returns whether the value may appear in any output.
    pub const fn be_seen(self, mode: ContentCapture) -> bool {
        match self {
            Self::Nowhere | Self::Secret => false,
            Self::Identity(_) | Self::Declared(_) => true,
            Self::Content(_) => mode.on_spans() || mode.on_events(),
            Self::OnSpans(_) => mode.on_spans(),
            Self::InEvents(_) => mode.on_events(),
        }
    }

    /// Returns whether the value may appear in this text.
    pub fn be_in(self, leaf: &Leaf, mode: ContentCapture) -> bool {
        let on_span = mode.on_spans() && leaf.signal == "span";
        let in_event = mode.on_events() && leaf.signal == "log";
        match self {
            Self::Nowhere | Self::Secret => false,
            Self::Declared(names) => names.contains(&leaf.key.as_str()),
            Self::Identity(names) => {
                !matches!(leaf.signal, "metric" | "metrics" | "open" | "resource" | "scope")
                    && names.contains(&leaf.key.as_str())
            }
            Self::Content(name) => (on_span || in_event) && leaf.key == name,
            Self::OnSpans(name) => on_span && leaf.key == name,
            // An event's line is also on standard output, except for an event that contains only content.
            Self::InEvents(name) => (in_event || mode.on_events() && leaf.signal == "line") && leaf.key == name,
        }
    }
}
