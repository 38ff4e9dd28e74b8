//! The mode of content capture: whether the prompts and answers of calls are exported, and in which signals.

use std::sync::Once;

/// The mode of content capture: off, or the signals that receive content.
///
/// A mode set in code takes precedence over the environment ([`ContentCapture::VARIABLE`]), which takes precedence over
/// the default, [`Off`](Self::Off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ContentCapture {
    /// Content is neither captured nor exported.
    #[default]
    Off,
    /// Content is exported as span attributes.
    Spans,
    /// Content is exported in log events.
    Events,
    /// Content is exported in spans and in events.
    SpansAndEvents,
    /// Content is passed only to the application's [`ContentHook`](super::ContentHook). Spans and events contain no
    /// content, at most the references to it that the hook returns.
    Hook,
}

impl ContentCapture {
    /// The environment variable of the OpenTelemetry GenAI conventions. Values: `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY`
    /// and `SPAN_AND_EVENT`, in upper or lower case. The older values `false` and `true` mean `NO_CONTENT` and
    /// `EVENT_ONLY`, an empty value means `NO_CONTENT`. White space around a value is ignored. [`Hook`](Self::Hook) can
    /// be set only in code.
    pub const VARIABLE: &'static str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    /// Returns the mode set in the environment, [`Off`](Self::Off) if none is set. An unknown value returns `Off` and
    /// logs one warning per process.
    #[must_use]
    pub fn from_environment() -> Self {
        let Some(value) = std::env::var_os(Self::VARIABLE) else { return Self::Off };
        let known = value.to_str().and_then(Self::from_value);
        known.unwrap_or_else(|| {
            static ONCE: Once = Once::new();
            // Do not log the value: a secret may have been put into the wrong variable.
            ONCE.call_once(|| {
                tracing::warn!(
                    target: "llmobs",
                    "{} has an unknown value, so no content is captured; set it to NO_CONTENT, SPAN_ONLY, EVENT_ONLY \
                     or SPAN_AND_EVENT",
                    Self::VARIABLE
                );
            });
            Self::Off
        })
    }

    /// Parses a value of [`VARIABLE`](Self::VARIABLE). Returns `None` for an unknown value.
    ///
    /// ```
    /// use llmobs::capture::ContentCapture;
    ///
    /// assert_eq!(ContentCapture::from_value("span_and_event"), Some(ContentCapture::SpansAndEvents));
    /// assert_eq!(ContentCapture::from_value(""), Some(ContentCapture::Off));
    /// assert_eq!(ContentCapture::from_value("yes"), None);
    /// ```
    #[must_use]
    pub fn from_value(value: &str) -> Option<Self> {
        match value.trim().to_ascii_uppercase().as_str() {
            "" | "NO_CONTENT" | "FALSE" => Some(Self::Off),
            "SPAN_ONLY" => Some(Self::Spans),
            "EVENT_ONLY" | "TRUE" => Some(Self::Events),
            "SPAN_AND_EVENT" => Some(Self::SpansAndEvents),
            _ => None,
        }
    }

    /// Returns whether content is captured: in every mode except [`Off`](Self::Off).
    #[must_use]
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Returns whether spans contain content.
    #[must_use]
    pub const fn is_on_spans(self) -> bool {
        matches!(self, Self::Spans | Self::SpansAndEvents)
    }

    /// Returns whether events contain content.
    #[must_use]
    pub const fn is_on_events(self) -> bool {
        matches!(self, Self::Events | Self::SpansAndEvents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_in_any_case_have_a_mode_and_others_have_none() {
        for (value, mode) in [
            ("NO_CONTENT", ContentCapture::Off),
            ("no_content", ContentCapture::Off),
            ("false", ContentCapture::Off),
            ("", ContentCapture::Off),
            ("Span_Only", ContentCapture::Spans),
            ("EVENT_ONLY", ContentCapture::Events),
            ("true", ContentCapture::Events),
            (" SPAN_AND_EVENT ", ContentCapture::SpansAndEvents),
        ] {
            assert_eq!(ContentCapture::from_value(value), Some(mode), "{value}");
        }
        for value in ["1", "on", "SPAN", "HOOK", "ALL"] {
            assert_eq!(ContentCapture::from_value(value), None, "{value}");
        }
    }

    #[test]
    fn capture_is_off_by_default() {
        assert!(!ContentCapture::default().is_on());
        assert!(
            ContentCapture::Hook.is_on() && !ContentCapture::Hook.is_on_spans() && !ContentCapture::Hook.is_on_events()
        );
    }
}
