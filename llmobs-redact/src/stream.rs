//! Redaction of a text that arrives in parts.

use std::fmt;
use std::sync::Arc;

use super::char_boundary::ceil_char_boundary;
use super::char_boundary::floor_char_boundary;
use super::class;
use super::class::DASH_UNDERSCORE;
use super::class::SPACE;
use super::class::UPPER;
use super::counts::RedactionCounts;
use super::kind::DataKind;
use super::rules::Rules;
use super::view::is_char_boundary;

/// A redactor for a text that arrives in parts. Writes each section as soon as later input cannot change it.
///
/// The output does not depend on how the text is split and equals the output of
/// [`Redactor::redact`](super::Redactor::redact) for the whole text, except after an overflow. The last words are held
/// back, and longer sections when they can be the start of a match: a private key is held until its last line, and with
/// a user-defined [`Detector`](super::Detector) each line until its end. The bytes that are held back are *pending*.
///
/// A section that exceeds the limit of pending bytes is replaced by the placeholder of [`DataKind::Overflow`], up to
/// its end, and never written. The end of a private key is its last line; any other section ends before the next white
/// space, or with a user-defined detector before the next newline.
///
/// ```
/// use llmobs_redact::Redactor;
///
/// let mut stream = Redactor::new().stream();
/// let mut out = String::new();
/// for part in ["Write to ja", "ne@exam", "ple.org", " today."] {
///     stream.push(part, &mut out);
///     assert!(!out.contains("ja"));
/// }
/// stream.finish(&mut out);
/// assert_eq!(out, "Write to [EMAIL] today.");
/// ```
pub struct StreamRedactor {
    rules: Arc<Rules>,
    /// The last written bytes, as context for detectors, followed by all pending bytes.
    buffer: String,
    /// The start of the pending bytes in `buffer`.
    pending_start: usize,
    /// The end of the last match in `buffer`. Detectors do not read before it.
    opaque_until: usize,
    max_pending_bytes: usize,
    mask_state: MaskState,
    /// The first bytes of a UTF-8 character whose other bytes have not arrived.
    incomplete_char: Vec<u8>,
    counts: RedactionCounts,
}

/// Prints the number of pending bytes and the counts, and no content.
impl fmt::Debug for StreamRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRedactor")
            .field("held", &self.pending_bytes())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// The point at which the masking of an overflow ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MaskState {
    /// At the next newline.
    UntilNewline,
    /// Nothing is masked.
    Off,
    /// At the end mark of a PEM block.
    UntilPemEnd,
    /// At the end of the last line of a PEM block.
    PemEndLine,
    /// At the next white space.
    UntilBlank,
}

/// Default limit of pending bytes: longer than any key except private keys, and than nearly all tokens.
const DEFAULT_MAX_PENDING_BYTES: usize = 8 * 1024;

/// Number of written bytes that are kept as context for detectors.
const LOOKBEHIND_BYTES: usize = 256;

const PEM_END_MARK: &str = "-----END";

impl StreamRedactor {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            buffer: String::new(),
            pending_start: 0,
            opaque_until: 0,
            max_pending_bytes: DEFAULT_MAX_PENDING_BYTES,
            mask_state: MaskState::Off,
            incomplete_char: Vec::new(),
            counts: RedactionCounts::default(),
        }
    }

    /// Sets the maximum number of pending bytes; more are replaced by the placeholder of [`DataKind::Overflow`].
    /// Default: 8 KiB. Values below 512 bytes become 512.
    #[must_use]
    pub fn max_pending_bytes(mut self, bytes: usize) -> Self {
        self.max_pending_bytes = bytes.max(512);
        self
    }

    /// Accepts the next part of the text and appends all settled text, which later input cannot change, to `out`,
    /// redacted. If a part given to [`push_bytes`](Self::push_bytes) before ended inside a character, U+FFFD replaces
    /// that character.
    pub fn push(&mut self, part: &str, out: &mut String) {
        if !self.incomplete_char.is_empty() {
            self.incomplete_char.clear();
            self.accept("\u{fffd}", out);
        }
        self.accept(part, out);
    }

    /// Accepts the next part of the text as bytes, like [`push`](Self::push). The part can end inside a character,
    /// which the next call of this function completes. Invalid UTF-8 is replaced by U+FFFD.
    pub fn push_bytes(&mut self, part: &[u8], out: &mut String) {
        let mut bytes = std::mem::take(&mut self.incomplete_char);
        bytes.extend_from_slice(part);
        let mut rest = &bytes[..];
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.accept(text, out),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.accept(std::str::from_utf8(good).unwrap_or_default(), out);
                    let Some(length) = error.error_len() else {
                        self.incomplete_char = bad.to_vec();
                        return;
                    };
                    self.accept("\u{fffd}", out);
                    rest = &bad[length..];
                }
            }
        }
    }

    /// Ends the text, appends the pending text to `out`, redacted, and returns the number of matches in the whole text
    /// by kind. Text that is being masked as an overflow is not written. U+FFFD replaces an incomplete character at the
    /// end.
    pub fn finish(mut self, out: &mut String) -> RedactionCounts {
        if !self.incomplete_char.is_empty() {
            self.accept("\u{fffd}", out);
        }
        if self.mask_state == MaskState::Off {
            self.write_settled(true, out);
        }
        self.counts
    }

    /// Returns the number of matches by kind in the text written so far.
    #[must_use]
    pub const fn counts(&self) -> RedactionCounts {
        self.counts
    }

    /// Returns the number of pending bytes: accepted, and neither written nor replaced. The bytes of an incomplete
    /// character are not counted. While a private key is masked as an overflow, up to 8 bytes of it are counted.
    #[must_use]
    pub const fn pending_bytes(&self) -> usize {
        self.buffer.len() - self.pending_start
    }

    fn accept(&mut self, text: &str, out: &mut String) {
        // Splits a long part, so that at most twice the limit is pending at once.
        let mut rest = text;
        while !rest.is_empty() {
            let end = floor_char_boundary(rest, self.max_pending_bytes.min(rest.len()));
            let (part, after) = rest.split_at(end);
            rest = after;
            if self.mask_state == MaskState::Off {
                self.buffer.push_str(part);
                self.write_settled(false, out);
                self.mask_overflow(out);
            } else {
                self.skip_masked(part, out);
            }
        }
    }

    /// Appends the settled text to `out`.
    fn write_settled(&mut self, is_complete: bool, out: &mut String) {
        let result = self.rules.scan(self.buffer.as_bytes(), self.pending_start, self.opaque_until, is_complete);
        let end = self.rules.write_redacted_range(&self.buffer, self.pending_start, &result.matches, out);
        self.counts += RedactionCounts::from_matches(&result.matches);
        out.push_str(&self.buffer[end..result.settled_end]);
        self.opaque_until = result.matches.last().map_or(self.opaque_until, |matched| matched.end);
        self.pending_start = result.settled_end;
        let mut drain_end = self.pending_start.saturating_sub(LOOKBEHIND_BYTES);
        if drain_end >= LOOKBEHIND_BYTES {
            while !is_char_boundary(self.buffer.as_bytes(), drain_end) {
                drain_end += 1;
            }
            self.buffer.drain(..drain_end);
            self.pending_start -= drain_end;
            self.opaque_until = self.opaque_until.saturating_sub(drain_end);
        }
    }

    /// Masks the pending text when it exceeds the limit: from the start of a PEM block or of one long word, else all of
    /// it.
    fn mask_overflow(&mut self, out: &mut String) {
        if self.pending_bytes() <= self.max_pending_bytes {
            return;
        }
        let pending = &self.buffer[self.pending_start..];
        let key = pending.find("-----BEGIN");
        let word = pending.bytes().rposition(|byte| class::is_in(byte, SPACE)).map_or(0, |at| at + 1);
        let (begin, mask_state) = match key {
            Some(begin) => (begin, MaskState::UntilPemEnd),
            None if self.rules.has_line_detectors() => (0, MaskState::UntilNewline),
            // A last word of at most half the pending bytes did not cause the overflow, so everything is masked.
            None => (if pending.len() - word > pending.len() / 2 { word } else { 0 }, MaskState::UntilBlank),
        };
        // Redacts the text before the mask with the overflow placeholder after it, as it will appear in the output.
        let placeholder = DataKind::Overflow.placeholder();
        let masked = self.buffer.split_off(self.pending_start + begin);
        self.buffer.push_str(placeholder);
        self.write_settled(true, out);
        self.reset();
        self.counts.add(DataKind::Overflow);
        self.mask_state = mask_state;
        if mask_state == MaskState::UntilPemEnd {
            self.skip_masked(&masked, out);
        }
    }

    /// Drops masked text up to the end of the mask and accepts the text after it.
    fn skip_masked(&mut self, part: &str, out: &mut String) {
        let bytes = part.as_bytes();
        let end = match self.mask_state {
            MaskState::UntilNewline => bytes.iter().position(|byte| *byte == b'\n'),
            MaskState::UntilBlank => bytes.iter().position(|byte| class::is_in(*byte, SPACE)),
            MaskState::PemEndLine => {
                bytes.iter().position(|byte| !class::is_in(*byte, UPPER | DASH_UNDERSCORE) && *byte != b' ')
            }
            MaskState::UntilPemEnd => {
                // The mark can be split between two parts.
                self.buffer.push_str(part);
                let Some(at) = self.buffer.find(PEM_END_MARK) else {
                    let drain_end =
                        ceil_char_boundary(&self.buffer, self.buffer.len().saturating_sub(PEM_END_MARK.len()));
                    self.buffer.drain(..drain_end);
                    return;
                };
                let rest = self.buffer.split_off(at + PEM_END_MARK.len());
                self.reset();
                self.mask_state = MaskState::PemEndLine;
                return self.skip_masked(&rest, out);
            }
            MaskState::Off => return,
        };
        if let Some(end) = end {
            self.mask_state = MaskState::Off;
            self.accept(&part[end..], out);
        }
    }

    fn reset(&mut self) {
        self.buffer.clear();
        (self.pending_start, self.opaque_until) = (0, 0);
    }
}
