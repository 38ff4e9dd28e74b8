//! Texts that come in pieces.

use std::fmt;

use super::Counts;
use super::Kind;
use super::Redactor;
use super::class;
use super::class::DASH;
use super::class::SPACE;
use super::class::UPPER;
use super::text::is_border;

/// Redacts a text that comes in pieces and gives each part as soon as nothing that follows can change it.
///
/// However the text is cut, what comes out is what [`Redactor::redact`] makes of the whole. The last words are held back,
/// and longer what may be the begin of something: a private key until its last line. No more than a bound is held; what
/// is longer is masked as [`Kind::Overflow`], to its end, and never let out.
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
pub struct Redacting {
    redactor: Redactor,
    /// The last bytes that were let out, for who looks back, and all that is held.
    text: String,
    /// What is held begins here.
    held: usize,
    /// Everything before is opaque.
    covered: usize,
    most: usize,
    masking: Masking,
    /// The begin of a character that is not whole yet.
    partial: Vec<u8>,
    counts: Counts,
}

/// How much is held, and nothing of it.
impl fmt::Debug for Redacting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacting").field("held", &self.held()).field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// How long what is masked still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Masking {
    /// To the next line.
    Line,
    No,
    /// To the last line of a key.
    Pem,
    /// Behind the last line of a key.
    PemEnd,
    /// To the next blank.
    Word,
}

/// How much may be held: longer than any key but private ones, and than nearly all tokens.
const MOST: usize = 8 * 1024;

/// How much of what was let out is kept for who looks back.
const CONTEXT: usize = 256;

const MARK: &str = "-----END";

impl Redacting {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            text: String::new(),
            held: 0,
            covered: 0,
            most: MOST,
            masking: Masking::No,
            partial: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// How many bytes may be held back before they are masked. Defaults to 8 KiB; less than 512 bytes is taken as 512.
    #[must_use]
    pub fn hold_at_most(mut self, bytes: usize) -> Self {
        self.most = bytes.max(512);
        self
    }

    /// Takes a piece and writes behind `out` what is settled.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.take("\u{fffd}", out);
        }
        self.take(piece, out);
    }

    /// Takes a piece that may end inside a character. Bytes that are no UTF-8 become U+FFFD.
    pub fn push_bytes(&mut self, piece: &[u8], out: &mut String) {
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(piece);
        let mut rest = &bytes[..];
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.take(text, out),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.take(std::str::from_utf8(good).unwrap_or_default(), out);
                    let Some(length) = error.error_len() else {
                        self.partial = bad.to_vec();
                        return;
                    };
                    self.take("\u{fffd}", out);
                    rest = &bad[length..];
                }
            }
        }
    }

    /// The text is over: writes what was held and says what was found.
    pub fn finish(mut self, out: &mut String) -> Counts {
        if !self.partial.is_empty() {
            self.take("\u{fffd}", out);
        }
        if self.masking == Masking::No {
            self.let_out(true, out);
        }
        self.counts
    }

    /// What was found so far in what was let out.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many bytes are held back.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.text.len() - self.held
    }

    fn take(&mut self, piece: &str, out: &mut String) {
        // In parts, so that a long piece is no reason to hold more than the bound.
        let mut rest = piece;
        while !rest.is_empty() {
            let end = rest.floor_char_boundary(self.most.min(rest.len()));
            let (part, after) = rest.split_at(end);
            rest = after;
            if self.masking == Masking::No {
                self.text.push_str(part);
                self.let_out(false, out);
                self.mask_overflow(out);
            } else {
                self.skip(part, out);
            }
        }
    }

    /// Writes what is settled.
    fn let_out(&mut self, finished: bool, out: &mut String) {
        let swept = self.redactor.sweep(self.text.as_bytes(), self.held, self.covered, finished);
        let end = self.redactor.write_range(&self.text, self.held, &swept.hits, out);
        self.counts += Counts::of(&swept.hits);
        out.push_str(&self.text[end..swept.settled]);
        self.covered = swept.hits.last().map_or(self.covered, |hit| hit.end);
        self.held = swept.settled;
        let mut cut = self.held.saturating_sub(CONTEXT);
        if cut >= CONTEXT {
            while !is_border(self.text.as_bytes(), cut) {
                cut += 1;
            }
            self.text.drain(..cut);
            self.held -= cut;
            self.covered = self.covered.saturating_sub(cut);
        }
    }

    /// Masks what is held if it is too much: from where it begins to be one long word, or a key.
    fn mask_overflow(&mut self, out: &mut String) {
        if self.held() <= self.most {
            return;
        }
        let held = &self.text[self.held..];
        let key = held.find("-----BEGIN");
        let word = held.bytes().rposition(|byte| class::is(byte, SPACE)).map_or(0, |at| at + 1);
        let (begin, masking) = match key {
            Some(begin) => (begin, Masking::Pem),
            None if self.redactor.sees_lines() => (0, Masking::Line),
            // A word that is not the longest part is not what was too long.
            None => (if held.len() - word > held.len() / 2 { word } else { 0 }, Masking::Word),
        };
        // What stands before is looked at as it will stand there: with a label behind it.
        let label = Kind::Overflow.label();
        let masked = self.text.split_off(self.held + begin);
        self.text.push_str(label);
        self.let_out(true, out);
        self.reset();
        self.counts.add(Kind::Overflow);
        self.masking = masking;
        if masking == Masking::Pem {
            self.skip(&masked, out);
        }
    }

    /// Leaves out what is masked, and goes on behind it.
    fn skip(&mut self, piece: &str, out: &mut String) {
        let bytes = piece.as_bytes();
        let end = match self.masking {
            Masking::Line => bytes.iter().position(|byte| *byte == b'\n'),
            Masking::Word => bytes.iter().position(|byte| class::is(*byte, SPACE)),
            Masking::PemEnd => bytes.iter().position(|byte| !class::is(*byte, UPPER | DASH) && *byte != b' '),
            Masking::Pem => {
                // The mark itself may be cut.
                self.text.push_str(piece);
                let Some(at) = self.text.find(MARK) else {
                    let keep = self.text.ceil_char_boundary(self.text.len().saturating_sub(MARK.len()));
                    self.text.drain(..keep);
                    return;
                };
                let rest = self.text.split_off(at + MARK.len());
                self.reset();
                self.masking = Masking::PemEnd;
                return self.skip(&rest, out);
            }
            Masking::No => return,
        };
        if let Some(end) = end {
            self.masking = Masking::No;
            self.take(&piece[end..], out);
        }
    }

    fn reset(&mut self) {
        self.text.clear();
        (self.held, self.covered) = (0, 0);
    }
}
