//! Texts that come in pieces.

use std::fmt;

use super::DataKind;
use super::RedactionCounts;
use super::Redactor;
use super::class;
use super::class::DASH;
use super::class::SPACE;
use super::class::UPPER;
use super::view::is_char_boundary;

/// Redacts a text that comes in pieces and gives each part as soon as nothing that follows can change it.
///
/// However the text is cut, what comes out is what [`Redactor::redact`] makes of the whole. The last words are held back,
/// and longer what may be the begin of something: a private key until its last line. No more than a bound is held; what
/// is longer is masked as [`DataKind::Overflow`], to its end, and never let out.
///
/// ```
/// use llmobs::redact::Redactor;
///
/// let mut stream = Redactor::new().stream();
/// let mut out = String::new();
/// for piece in ["Write to ja", "ne@exam", "ple.org", " today."] {
///     stream.push(piece, &mut out);
///     assert!(!out.contains("ja"));
/// }
/// stream.finish(&mut out);
/// assert_eq!(out, "Write to [EMAIL] today.");
/// ```
pub struct StreamRedactor {
    redactor: Redactor,
    /// The last bytes that were let out, for who looks back, and all that is held.
    text: String,
    /// What is held begins here.
    pending_start: usize,
    /// Everything before is opaque.
    covered: usize,
    max_pending_bytes: usize,
    masking: MaskState,
    /// The begin of a character that is not whole yet.
    partial: Vec<u8>,
    counts: RedactionCounts,
}

/// How much is held, and nothing of it.
impl fmt::Debug for StreamRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRedactor")
            .field("held", &self.pending_bytes())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// How long what is masked still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MaskState {
    /// To the next line.
    UntilNewline,
    Off,
    /// To the last line of a key.
    UntilPemEnd,
    /// Behind the last line of a key.
    PemEndLine,
    /// To the next blank.
    UntilBlank,
}

/// How much may be held: longer than any key but private ones, and than nearly all tokens.
const DEFAULT_MAX_PENDING_BYTES: usize = 8 * 1024;

/// How much of what was let out is kept for who looks back.
const CONTEXT: usize = 256;

const PEM_END_MARK: &str = "-----END";

impl StreamRedactor {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            text: String::new(),
            pending_start: 0,
            covered: 0,
            max_pending_bytes: DEFAULT_MAX_PENDING_BYTES,
            masking: MaskState::Off,
            partial: Vec::new(),
            counts: RedactionCounts::default(),
        }
    }

    /// How many bytes may be held back before they are masked. Defaults to 8 KiB; less than 512 bytes is taken as 512.
    #[must_use]
    pub fn max_pending_bytes(mut self, bytes: usize) -> Self {
        self.max_pending_bytes = bytes.max(512);
        self
    }

    /// Takes a piece and writes behind `out` what is settled.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.accept("\u{fffd}", out);
        }
        self.accept(piece, out);
    }

    /// Takes a piece that may end inside a character. Bytes that are no UTF-8 become U+FFFD.
    pub fn push_bytes(&mut self, piece: &[u8], out: &mut String) {
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(piece);
        let mut rest = &bytes[..];
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.accept(text, out),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.accept(std::str::from_utf8(good).unwrap_or_default(), out);
                    let Some(length) = error.error_len() else {
                        self.partial = bad.to_vec();
                        return;
                    };
                    self.accept("\u{fffd}", out);
                    rest = &bad[length..];
                }
            }
        }
    }

    /// The text is over: writes what was held and says what was found.
    pub fn finish(mut self, out: &mut String) -> RedactionCounts {
        if !self.partial.is_empty() {
            self.accept("\u{fffd}", out);
        }
        if self.masking == MaskState::Off {
            self.write_settled(true, out);
        }
        self.counts
    }

    /// What was found so far in what was let out.
    #[must_use]
    pub const fn counts(&self) -> RedactionCounts {
        self.counts
    }

    /// How many bytes are held back.
    #[must_use]
    pub const fn pending_bytes(&self) -> usize {
        self.text.len() - self.pending_start
    }

    fn accept(&mut self, piece: &str, out: &mut String) {
        // In parts, so that a long piece is no reason to hold more than the bound.
        let mut rest = piece;
        while !rest.is_empty() {
            let end = rest.floor_char_boundary(self.max_pending_bytes.min(rest.len()));
            let (part, after) = rest.split_at(end);
            rest = after;
            if self.masking == MaskState::Off {
                self.text.push_str(part);
                self.write_settled(false, out);
                self.mask_overflow(out);
            } else {
                self.skip(part, out);
            }
        }
    }

    /// Writes what is settled.
    fn write_settled(&mut self, finished: bool, out: &mut String) {
        let swept = self.redactor.sweep(self.text.as_bytes(), self.pending_start, self.covered, finished);
        let end = self.redactor.write_range(&self.text, self.pending_start, &swept.hits, out);
        self.counts += RedactionCounts::of(&swept.hits);
        out.push_str(&self.text[end..swept.settled]);
        self.covered = swept.hits.last().map_or(self.covered, |hit| hit.end);
        self.pending_start = swept.settled;
        let mut cut = self.pending_start.saturating_sub(CONTEXT);
        if cut >= CONTEXT {
            while !is_char_boundary(self.text.as_bytes(), cut) {
                cut += 1;
            }
            self.text.drain(..cut);
            self.pending_start -= cut;
            self.covered = self.covered.saturating_sub(cut);
        }
    }

    /// Masks what is held if it is too much: from where it begins to be one long word, or a key.
    fn mask_overflow(&mut self, out: &mut String) {
        if self.pending_bytes() <= self.max_pending_bytes {
            return;
        }
        let held = &self.text[self.pending_start..];
        let key = held.find("-----BEGIN");
        let word = held.bytes().rposition(|byte| class::is_in(byte, SPACE)).map_or(0, |at| at + 1);
        let (begin, masking) = match key {
            Some(begin) => (begin, MaskState::UntilPemEnd),
            None if self.redactor.has_line_detectors() => (0, MaskState::UntilNewline),
            // A word that is not the longest part is not what was too long.
            None => (if held.len() - word > held.len() / 2 { word } else { 0 }, MaskState::UntilBlank),
        };
        // What stands before is looked at as it will stand there: with a label behind it.
        let label = DataKind::Overflow.label();
        let masked = self.text.split_off(self.pending_start + begin);
        self.text.push_str(label);
        self.write_settled(true, out);
        self.reset();
        self.counts.add(DataKind::Overflow);
        self.masking = masking;
        if masking == MaskState::UntilPemEnd {
            self.skip(&masked, out);
        }
    }

    /// Leaves out what is masked, and goes on behind it.
    fn skip(&mut self, piece: &str, out: &mut String) {
        let bytes = piece.as_bytes();
        let end = match self.masking {
            MaskState::UntilNewline => bytes.iter().position(|byte| *byte == b'\n'),
            MaskState::UntilBlank => bytes.iter().position(|byte| class::is_in(*byte, SPACE)),
            MaskState::PemEndLine => bytes.iter().position(|byte| !class::is_in(*byte, UPPER | DASH) && *byte != b' '),
            MaskState::UntilPemEnd => {
                // The mark itself may be cut.
                self.text.push_str(piece);
                let Some(at) = self.text.find(PEM_END_MARK) else {
                    let keep = self.text.ceil_char_boundary(self.text.len().saturating_sub(PEM_END_MARK.len()));
                    self.text.drain(..keep);
                    return;
                };
                let rest = self.text.split_off(at + PEM_END_MARK.len());
                self.reset();
                self.masking = MaskState::PemEndLine;
                return self.skip(&rest, out);
            }
            MaskState::Off => return,
        };
        if let Some(end) = end {
            self.masking = MaskState::Off;
            self.accept(&piece[end..], out);
        }
    }

    fn reset(&mut self) {
        self.text.clear();
        (self.pending_start, self.covered) = (0, 0);
    }
}
