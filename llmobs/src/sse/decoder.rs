//! The incremental decoder.

use super::dialect::Dialect;
use super::event::Event;
use super::framing::Framer;
use super::response_decoder::ResponseDecoder;
use super::sinks::DecoderSinks;

/// An incremental decoder of one response. Bytes may be split at any position. The decoder uses no clock and records no
/// telemetry.
///
/// ```
/// use llmobs::sse::{DeltaKind, Dialect, Event, Decoder};
///
/// let mut decoder = Decoder::new(Dialect::Ollama);
/// let (mut reasoning, mut content, mut done) = (0, 0, false);
/// let mut on = |event: Event<'_>| match event {
///     Event::Delta { kind: DeltaKind::Reasoning, .. } => reasoning += 1,
///     Event::Delta { kind: DeltaKind::Content, .. } => content += 1,
///     Event::Done => done = true,
///     _ => {}
/// };
/// decoder.feed(b"{\"message\":{\"content\":\"\",\"thinking\":\"Hm\"}}\n{\"message\":{\"cont", &mut on);
/// decoder.feed(b"ent\":\"Yes\"}}\r\n{\"done\":true,\"done_reason\":\"stop\"}", &mut on);
/// decoder.finish(&mut on);
/// assert_eq!((reasoning, content, done), (1, 1, true));
/// ```
#[derive(Debug)]
pub struct Decoder {
    framer: Framer,
    response: ResponseDecoder,
    /// The declared length of the response in bytes, if known.
    content_length: Option<u64>,
}

/// The default bound of 1 MiB. Frames with generated images, and the last frame of OpenAI's Responses, which repeats
/// the whole response, may be longer in practice.
const DEFAULT_MAX_FRAME_BYTES: usize = 1024 * 1024;

impl Decoder {
    /// Returns a decoder of one response.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            framer: Framer::new(dialect, DEFAULT_MAX_FRAME_BYTES),
            response: ResponseDecoder::new(dialect),
            content_length: None,
        }
    }

    /// Returns a decoder of a response that consists of JSON objects, for example one that was not streamed.
    pub(super) const fn of_json(dialect: Dialect) -> Self {
        Self {
            framer: Framer::of_json(DEFAULT_MAX_FRAME_BYTES),
            response: ResponseDecoder::new(dialect),
            content_length: None,
        }
    }

    /// Sets the maximum number of bytes of JSON in a line or event. Defaults to 1 MiB.
    ///
    /// Of a longer frame, long strings and the later items of long arrays are skipped, and no content is captured.
    /// Usage, finish reasons, states and errors are still read, unless the rest exceeds the bound too.
    #[must_use]
    pub const fn max_frame_bytes(mut self, bytes: usize) -> Self {
        self.framer.buffer.set_max_bytes(bytes);
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
        self.decode(bytes, &mut DecoderSinks::events_only(&mut on));
    }

    /// Ends the response. A last line or event that lacks only its terminator is decoded.
    pub fn finish(&mut self, mut on: impl FnMut(Event<'_>)) {
        self.decode_end(&mut DecoderSinks::events_only(&mut on));
    }

    pub(super) fn decode(&mut self, bytes: &[u8], sinks: &mut DecoderSinks<'_>) {
        let Self { framer, response, .. } = self;
        framer.feed(bytes, &mut |frame| response.decode_frame(frame, sinks));
    }

    pub(super) fn decode_end(&mut self, sinks: &mut DecoderSinks<'_>) {
        let Self { framer, response, .. } = self;
        framer.finish(&mut |frame| response.decode_frame(frame, sinks));
    }

    /// Returns the dialect of the response.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.response.dialect
    }

    /// Returns the number of bytes allocated for an incomplete line or event. Never more than the bound.
    #[must_use]
    pub const fn allocated_bytes(&self) -> usize {
        self.framer.buffer.allocated_bytes()
    }

    /// Returns the number of lines or events that exceeded the bound. Of most of them, only the content was left out.
    #[must_use]
    pub const fn skipped_frames(&self) -> u64 {
        self.framer.buffer.skipped_frames + self.framer.buffer.condensed_frames
    }

    /// Returns whether a line or event was not decoded at all, because it exceeded the bound even without its content.
    pub(super) const fn has_lost_frames(&self) -> bool {
        self.framer.buffer.skipped_frames > 0
    }

    /// Returns the number of lines or events received, including skipped ones: the chunks that a client of the provider
    /// counts. Keep-alives, `[DONE]` and frames that are not JSON are not counted.
    #[must_use]
    pub const fn frame_count(&self) -> u64 {
        self.response.frame_count + self.framer.buffer.skipped_frames
    }

    /// Returns the number of lines or events that are not JSON.
    #[must_use]
    pub const fn malformed_frames(&self) -> u64 {
        self.response.malformed_frames
    }

    /// Returns the number of lines or events that are JSON but have none of the fields of the dialect, for example
    /// because the response is of another one.
    #[must_use]
    pub const fn foreign_frames(&self) -> u64 {
        self.response.foreign_frames
    }
}

impl From<Dialect> for Decoder {
    fn from(dialect: Dialect) -> Self {
        Self::new(dialect)
    }
}
