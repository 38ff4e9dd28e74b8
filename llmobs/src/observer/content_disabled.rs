//! Content (prompts, answers, error texts) of operations and steps, in builds without the feature `content`: nothing is
//! captured. The interface is that of `content.rs`, so that no caller asks whether content is compiled in.

#![expect(clippy::unused_self, reason = "the signatures are those of `content.rs`")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::Once;

use crate::error::Failure;
use crate::event::ContentFields;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::sink::Sinks;
use crate::span::OwnedSpan;
use crate::span::ServedRequest;

/// The content settings of a builder, which has none in this build.
#[derive(Debug)]
pub(crate) struct ContentSettings;

impl ContentSettings {
    /// Returns the settings.
    pub(crate) const fn new() -> Self {
        Self
    }
}

/// The decision not to capture the content of an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capturing;

impl Capturing {
    /// Returns `false`: content is not captured.
    #[inline]
    pub(crate) const fn is_on(self) -> bool {
        false
    }
}

/// A gate without content: it captures and exports nothing.
#[derive(Debug)]
pub(crate) struct ContentGate;

impl ContentGate {
    /// Returns the gate. Warns once in a process if the environment asks for content capture, which this build does not
    /// contain.
    pub(crate) fn new(_settings: ContentSettings, _sinks: Arc<Sinks>) -> Self {
        static ONCE: Once = Once::new();
        let setting = std::env::var("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT").unwrap_or_default();
        if !["", "no_content", "false"].contains(&setting.trim().to_ascii_lowercase().as_str()) {
            ONCE.call_once(|| {
                tracing::warn!(
                    target: "llmobs",
                    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is set, but llmobs was built without its feature \
                     `content`, so no content is captured"
                );
            });
        }
        Self
    }

    /// Returns `false`: content is not exported on events.
    pub(crate) const fn is_on_events(&self) -> bool {
        false
    }

    /// Returns the decision not to capture.
    pub(crate) const fn should_capture(&self, _span: Option<&OwnedSpan>) -> Capturing {
        Capturing
    }

    /// Sets nothing, and returns `None`: the span contains no content.
    pub(crate) const fn set_stop_sequences(&self, _span: &OwnedSpan, _texts: &[&str]) -> Option<NonZeroUsize> {
        None
    }
}

/// The place for the content of an operation, always empty.
#[derive(Debug, Default)]
pub(crate) struct ContentSlot;

impl ContentSlot {
    /// Does nothing, since no span contains content.
    pub(crate) const fn set_used_span_bytes(&self, _bytes: NonZeroUsize) {}

    /// Ignores the text of a stream's item.
    pub(crate) const fn capture_text(&self, _gate: &ContentGate, _choice: u32, _is_reasoning: bool, _text: &str) {}
}

/// Ignores the text of an error; `slot` is not called.
pub(crate) fn capture_error_message<'a>(_failure: &Failure, _slot: impl FnOnce() -> Option<&'a ContentSlot>) {}

/// The export of an operation's content, always empty.
pub(crate) struct ContentExport;

impl ContentExport {
    /// Returns an empty export.
    pub(crate) fn of(
        _gate: &ContentGate,
        _slot: Option<&ContentSlot>,
        _reasons: impl FnOnce() -> Vec<(u16, FinishReason)>,
        _outcome: Outcome,
        _span: Option<&OwnedSpan>,
    ) -> Self {
        Self
    }

    /// Sets no attribute.
    pub(crate) const fn set_span_attributes(&self, _span: &OwnedSpan) {}

    /// Sets no attribute.
    pub(crate) const fn set_request_attributes(&self, _request: &ServedRequest) {}

    /// Returns `None`: the text of an error is not exported.
    pub(crate) const fn error_message(&self) -> Option<&str> {
        None
    }

    /// Returns the content attributes of the details event, all of them absent.
    pub(crate) fn for_event(&self) -> ContentFields<'_> {
        ContentFields::default()
    }
}

/// The export of a step's content, always empty.
#[derive(Debug)]
pub(crate) struct StepContent;

impl StepContent {
    /// Returns an empty export.
    pub(crate) const fn off() -> Self {
        Self
    }

    /// Returns an empty export.
    pub(crate) const fn of(_gate: &Arc<ContentGate>) -> Self {
        Self
    }
}
