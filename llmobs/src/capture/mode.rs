//! Whether content is captured, and where it goes.

use std::sync::Once;

/// Whether content is captured, and where it goes.
///
/// Code decides over the environment ([`ContentCapture::VARIABLE`]), the environment over the default, which is
/// [`Off`](Self::Off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ContentCapture {
    /// No content leaves, in any signal; none is looked at.
    #[default]
    Off,
    /// As attributes of spans.
    Spans,
    /// In events.
    Events,
    /// On both.
    SpansAndEvents,
    /// To the application's own [`ContentHook`](super::ContentHook) alone; spans and events have references at most.
    Hook,
}

impl ContentCapture {
    /// The standard variable: `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY` or `SPAN_AND_EVENT`, in any case. Of the older
    /// values `false` is `NO_CONTENT`, and `true` is `EVENT_ONLY`, which is what it switched on.
    pub const VARIABLE: &'static str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    /// What the environment says. A value that is none of them means [`Off`](Self::Off) and is said once in the log.
    #[must_use]
    pub fn from_environment() -> Self {
        let Some(value) = std::env::var_os(Self::VARIABLE) else { return Self::Off };
        let known = value.to_str().and_then(Self::from_value);
        known.unwrap_or_else(|| {
            static ONCE: Once = Once::new();
            // Not the value: who mistook the variable may have put a secret there.
            ONCE.call_once(|| {
                tracing::warn!(
                    target: "llmobs",
                    "{} is none of NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT: no content is captured",
                    Self::VARIABLE
                );
            });
            Self::Off
        })
    }

    /// The mode of a value of the variable. None if there is no such value.
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

    /// Whether any content is looked at.
    #[must_use]
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether spans have it.
    #[must_use]
    pub const fn on_spans(self) -> bool {
        matches!(self, Self::Spans | Self::SpansAndEvents)
    }

    /// Whether events have it.
    #[must_use]
    pub const fn on_events(self) -> bool {
        matches!(self, Self::Events | Self::SpansAndEvents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_in_any_case_has_its_mode_and_no_other_has_one() {
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
    fn nothing_is_on_by_default() {
        assert!(!ContentCapture::default().is_on());
        assert!(ContentCapture::Hook.is_on() && !ContentCapture::Hook.on_spans() && !ContentCapture::Hook.on_events());
    }
}
