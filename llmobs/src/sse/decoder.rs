//! The incremental parser.

use super::decoder_state::DecoderSinks;
use super::decoder_state::DecoderState;
use super::dialect::Dialect;
use super::event::Event;
use super::framing::Framer;

/// Reads an answer from its bytes as they come, cut anywhere. It is a parser and nothing else: no clock, no telemetry.
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
    /// How many bytes the answer has, where that is known.
    content_length: Option<u64>,
}

/// A MiB: no frame of a sane answer is longer, but the last one of OpenAI's Responses has the whole answer in it.
const BOUND: usize = 1024 * 1024;

impl Decoder {
    /// A reader of one answer.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { frames: Framer::new(dialect, BOUND), state: DecoderState::new(dialect), content_length: None }
    }

    /// The most bytes of a line or event that are kept; a longer one is skipped to its end and counted. Defaults to
    /// 1 MiB.
    #[must_use]
    pub const fn bound(mut self, bytes: usize) -> Self {
        self.frames.buffer.set_bound(bytes);
        self
    }

    /// How many bytes the whole answer has, as its `Content-Length` says. With the last of them
    /// [`observe()`](super::observe()) takes the answer for ended: a server that sends it on by its length does not poll
    /// for the end. Defaults to unknown.
    #[must_use]
    pub const fn content_length(mut self, bytes: u64) -> Self {
        self.content_length = Some(bytes);
        self
    }

    pub(super) const fn declared_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Reads the next bytes and tells what they say.
    pub fn feed(&mut self, bytes: &[u8], mut on: impl FnMut(Event<'_>)) {
        self.read(bytes, &mut DecoderSinks::events(&mut on));
    }

    /// Says that no bytes come any more. A last line or event that lacks only its end is read.
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

    /// The dialect that it reads.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.state.dialect()
    }

    /// How many bytes it has allocated to hold a line or event that has not ended. Never more than its bound.
    #[must_use]
    pub const fn allocated_bytes(&self) -> usize {
        self.frames.buffer.allocated()
    }

    /// How many lines or events were longer than the bound, so that nothing is known of them.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.frames.buffer.skipped
    }

    /// How many lines or events came, skipped ones too: what a client of the provider calls a chunk. Neither keep-alives
    /// nor `[DONE]` are any.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.state.frames + self.frames.buffer.skipped
    }

    /// How many lines or events were no JSON.
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
