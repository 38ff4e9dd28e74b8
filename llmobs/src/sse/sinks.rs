//! The callbacks that receive what is decoded.

#[cfg(feature = "content")]
use super::content_delta::ContentDelta;
use super::event::Event;

/// A callback that receives events.
pub(super) type EventSink<'s> = &'s mut dyn FnMut(Event<'_>);

/// A callback that receives content.
#[cfg(feature = "content")]
pub(super) type DeltaSink<'s> = &'s mut dyn FnMut(ContentDelta<'_>);

/// The callbacks that receive the events and the content of a response.
pub(super) struct DecoderSinks<'s> {
    pub(super) on_event: EventSink<'s>,
    /// Receives content; `None` if content is not captured.
    #[cfg(feature = "content")]
    pub(super) on_delta: Option<DeltaSink<'s>>,
}

impl<'s> DecoderSinks<'s> {
    pub(super) fn events_only(on_event: EventSink<'s>) -> Self {
        Self {
            on_event,
            #[cfg(feature = "content")]
            on_delta: None,
        }
    }

    /// Returns whether content is captured.
    #[cfg(feature = "content")]
    pub(super) const fn is_capturing(&self) -> bool {
        self.on_delta.is_some()
    }

    /// Returns whether content is captured. Without the feature `content` it never is.
    #[cfg(not(feature = "content"))]
    #[expect(clippy::unused_self, reason = "one interface with and without content")]
    pub(super) const fn is_capturing(&self) -> bool {
        false
    }
}
