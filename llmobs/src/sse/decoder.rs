//! The incremental decoder.

use super::decoder_state::DecoderSinks;
use super::decoder_state::DecoderState;
use super::dialect::Dialect;
use super::event::Event;
use super::framing::Framer;

/// An incremental decoder of one response. Bytes may be split at any position. The decoder uses no clock and records no
/// telemetry.
///
/// ```
/// use llmobs::sse::{DeltaKind, Dialect, Event, Decoder};
///
/// let mut reader = Decoder::new(Dialect::Ollama);
/// let (mut reasoning, mut content, mut done) = (0, 0, false);
/// let mut on = |event: Event<'_>| match event {
///     Event::Delta { kind: DeltaKind::Reasoning, .. } => reasoning += 1,
///     Event::Delta { kind: DeltaKind::Content, .. } => content += 1,
///     Event::Done => done = true,
///     _ => {}
/// };
/// reader.feed(b"{\"message\":{\"content\":\"\",\"thinking\":\"Hm\"}}\n{\"message\":{\"cont", &mut on);
/// reader.feed(b"ent\":\"Yes\"}}\r\n{\"done\":true,\"done_reason\":\"stop\"}", &mut on);
/// reader.finish(&mut on);
/// assert_eq!((reasoning, content, done), (1, 1, true));
/// ```
#[derive(Debug)]
pub struct Decoder {
    frames: Framer,
    state: DecoderState,
    /// The declared length of the response in bytes, if known.
    content_length: Option<u64>,
}

/// The default bound of 1 MiB. Only the last frame of OpenAI's Responses, which repeats the whole response, may be
/// longer in practice.
const BOUND: usize = 1024 * 1024;

impl Decoder {
    /// Returns a decoder of one response.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { frames: Framer::new(dialect, BOUND), state: DecoderState::new(dialect), content_length: None }
    }

    /// Sets the maximum number of bytes of a line or event. A longer one is skipped to its end and counted. Defaults to
    /// 1 MiB.
    #[must_use]
    pub const fn bound(mut self, bytes: usize) -> Self {
        self.frames.buffer.set_bound(bytes);
        self
    }

    /// Declares the length of the response in bytes, as in its `Content-Length` header. [`observe()`](super::observe())
    /// ends the response with the last of these bytes, because a server that forwards a body of known length does not
    /// poll for the end. Defaults to unknown.
    #[must_use]
    pub const fn content_length(mut self, bytes: u64) -> Self {
        self.content_length = Some(bytes);
        self
    }

    pub(super) const fn declared_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Decodes the next bytes and calls `on` with each event.
    pub fn feed(&mut self, bytes: &[u8], mut on: impl FnMut(Event<'_>)) {
        self.read(bytes, &mut DecoderSinks::events(&mut on));
    }

    /// Ends the response. A last line or event that lacks only its terminator is decoded.
    pub fn finish(&mut self, mut on: impl FnMut(Event<'_>)) {
        self.end(&mut DecoderSinks::events(&mut on));
    }

    pub(super) fn read(&mut self, bytes: &[u8], to: &mut DecoderSinks<'_>) {
        let Self { frames, state, .. } = self;
        frames.feed(bytes, &mut |frame| state.frame(frame, to));
    }

    pub(super) fn end(&mut self, to: &mut DecoderSinks<'_>) {
        let Self { frames, state, .. } = self;
        frames.finish(&mut |frame| state.frame(frame, to));
    }

    /// Returns the dialect of the response.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.state.dialect()
    }

    /// Returns the number of bytes allocated for an incomplete line or event. Never more than the bound.
    #[must_use]
    pub const fn allocated_bytes(&self) -> usize {
        self.frames.buffer.allocated()
    }

    /// Returns the number of lines or events that exceeded the bound and were not decoded.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.frames.buffer.skipped
    }

    /// Returns the number of lines or events received, including skipped ones: the chunks that a client of the provider
    /// counts. Keep-alives, `[DONE]` and frames that are not JSON are not counted.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.state.frames + self.frames.buffer.skipped
    }

    /// Returns the number of lines or events that are not JSON.
    #[must_use]
    pub const fn malformed(&self) -> u64 {
        self.state.malformed
    }
}

impl From<Dialect> for Decoder {
    fn from(dialect: Dialect) -> Self {
        Self::new(dialect)
    }
}
