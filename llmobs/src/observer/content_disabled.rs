//! Content of operations and steps, in builds without the feature `content`: nothing is captured. The interface is that
//! of `content.rs`.

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

/// No settings.
#[derive(Debug)]
pub(crate) struct ContentSettings;

impl ContentSettings {
    pub(crate) const fn new() -> Self {
        Self
    }
}

/// Content of an operation is never captured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capturing;

impl Capturing {
    #[inline]
    pub(crate) const fn is_on(self) -> bool {
        false
    }
}

/// No gate.
#[derive(Debug)]
pub(crate) struct ContentGate;

impl ContentGate {
    /// Warns once if the environment asks for content capture, which this build does not contain.
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

    pub(crate) const fn is_on_events(&self) -> bool {
        false
    }

    pub(crate) const fn should_capture(&self, _span: Option<&OwnedSpan>) -> Capturing {
        Capturing
    }

    pub(crate) const fn set_stop_sequences(&self, _span: &OwnedSpan, _texts: &[&str]) -> Option<NonZeroUsize> {
        None
    }
}

/// No content of an operation.
#[derive(Debug, Default)]
pub(crate) struct ContentSlot;

impl ContentSlot {
    pub(crate) const fn set_used_span_bytes(&self, _bytes: NonZeroUsize) {}

    pub(crate) const fn capture_text(&self, _gate: &ContentGate, _choice: u32, _is_reasoning: bool, _text: &str) {}
}

pub(crate) fn capture_error_message<'a>(_failure: &Failure, _slot: impl FnOnce() -> Option<&'a ContentSlot>) {}

/// An empty content export.
pub(crate) struct ContentExport;

impl ContentExport {
    pub(crate) fn of(
        _gate: &ContentGate,
        _slot: Option<&ContentSlot>,
        _reasons: impl FnOnce() -> Vec<(u16, FinishReason)>,
        _outcome: Outcome,
        _span: Option<&OwnedSpan>,
    ) -> Self {
        Self
    }

    pub(crate) const fn set_span_attributes(&self, _span: &OwnedSpan) {}

    pub(crate) const fn error_message(&self) -> Option<&str> {
        None
    }

    pub(crate) fn for_event(&self) -> ContentFields {
        ContentFields::default()
    }
}

/// No content of a step.
#[derive(Debug)]
pub(crate) struct StepContent;

impl StepContent {
    pub(crate) const fn off() -> Self {
        Self
    }

    pub(crate) const fn of(_gate: &Arc<ContentGate>) -> Self {
        Self
    }
}
