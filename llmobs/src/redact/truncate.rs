//! Redaction of a text to a byte limit.

use std::ops::Range;

use super::RedactionCounts;
use super::Redactor;
use super::found::Match;
use crate::content::Truncation;

/// A redacted and truncated text.
#[derive(Debug, Default)]
pub(crate) struct RedactedText {
    pub(crate) text: String,
    /// Number of bytes that were removed from the redacted text.
    pub(crate) cut: usize,
    pub(crate) counts: RedactionCounts,
}

impl Redactor {
    /// Redacts `text`, then truncates the result to `limit` bytes. If `missing` reports dropped bytes, also removes a
    /// tail that can be the start of a match. If `missing` is `Unknown` and nothing was truncated, removes words at the
    /// end that are not plain words; see `plain_words_end`.
    pub(crate) fn redact_up_to(&self, text: &str, limit: usize, missing: Truncation) -> RedactedText {
        let whole = !matches!(missing, Truncation::Bytes(_));
        let mut piece = self.redact_range(text, 0..text.len(), limit, whole);
        if missing == Truncation::Unknown && piece.cut == 0 {
            let end = plain_words_end(&piece.text);
            piece.cut = piece.text.len() - end;
            piece.text.truncate(end);
        }
        piece
    }

    /// Redacts `range` of `text`, with the text around it as context, and truncates the result to `limit` bytes. Scans
    /// past the limit only up to the longest match that could start before it.
    pub(super) fn redact_range(&self, text: &str, range: Range<usize>, limit: usize, whole: bool) -> RedactedText {
        let mut seen = range.start.saturating_add(limit).saturating_add(AHEAD);
        let most = seen.saturating_mul(MAX_LOOKAHEAD_FACTOR);
        loop {
            let finished = seen >= range.end;
            let end = if finished { text.len() } else { text.floor_char_boundary(seen) };
            let settled = finished && whole;
            let swept = self.sweep(&text.as_bytes()[..end], 0, 0, settled);
            let reach = if settled { range.end } else { swept.settled.clamp(range.start, range.end) };
            let inside = swept.hits.into_iter().filter(|hit| hit.end > range.start && hit.start < reach);
            let clip = |hit: Match| Match { start: hit.start.max(range.start), end: hit.end.min(range.end), ..hit };
            let hits: Vec<Match> = inside.map(clip).collect();
            let mut out = String::with_capacity(limit.min(reach - range.start));
            let done = self.write_range(text, range.start, &hits, &mut out);
            out.push_str(text.get(done..reach).unwrap_or_default());
            if !finished && out.len() < limit && seen < most {
                // Placeholders are shorter than the text that they replace, so there is room for more.
                seen = seen.saturating_mul(2);
                continue;
            }
            let length = out.len();
            shorten(&mut out, limit);
            let cut = range.end.saturating_sub(reach.max(done)) + length - out.len();
            return RedactedText { text: out, cut, counts: RedactionCounts::of(&hits) };
        }
    }
}

/// Returns the end of `text` without the words at its end that are neither plain words nor placeholders, and so can be
/// the start of a secret. Input `use AKIAIOSF`, output `use `. Input `to [EMAIL].`, output unchanged.
fn plain_words_end(text: &str) -> usize {
    let mut end = text.len();
    loop {
        let (start, last) = last_word(&text[..end]);
        // Keeps one short number, which can be an answer; several numbers can be the groups of a longer one.
        let alone =
            || end == text.len() && last.len() <= 4 && is_number(last) && !is_number(last_word(&text[..start]).1);
        if last.is_empty() || is_redaction_placeholder(last) || last.split('\'').all(is_plain_word) || alone() {
            return end;
        }
        end = start;
    }
}

/// Returns the start of the last word of `text`, and the word without surrounding punctuation. Non-ASCII characters
/// separate words like white space: input `東京sk-ant-a`, output `sk-ant-a`.
fn last_word(text: &str) -> (usize, &str) {
    let text = text.trim_end();
    let before = text.rfind(|c: char| c.is_whitespace() || !c.is_ascii());
    let start = before.map_or(0, |at| text.ceil_char_boundary(at + 1));
    (start, text[start..].trim_matches(|c: char| c.is_ascii_punctuation() && !matches!(c, '@' | '[' | ']' | '+')))
}

/// Returns whether `text` is a plain word: ASCII letters only, at most 20, in lower case, with one capital first, or at
/// most 7 capitals. Plain: `winter`, `Then`, `NASA`. Not plain: `hf_abc`, `eyJhbGci`.
fn is_plain_word(text: &str) -> bool {
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    let is_cased =
        text.bytes().skip(1).all(|byte| byte.is_ascii_lowercase()) || capitals == text.len() && capitals <= 7;
    text.bytes().all(|byte| byte.is_ascii_alphabetic()) && is_cased && text.len() <= 20
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_redaction_placeholder(text: &str) -> bool {
    let name = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    name.is_some_and(|name| name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')))
}

/// Number of bytes after the limit that are scanned in the first pass.
const AHEAD: usize = 1024;

/// Maximum factor by which the scanned range grows where most text is replaced by placeholders. The text after it is
/// dropped.
const MAX_LOOKAHEAD_FACTOR: usize = 8;

/// Truncates `text` to at most `limit` bytes, at a character boundary and never inside a placeholder.
pub(crate) fn shorten(text: &mut String, limit: usize) {
    if text.len() <= limit {
        return;
    }
    let end = text.floor_char_boundary(limit);
    let open = text[..end].rfind('[').filter(|open| end - open <= 34);
    let inside = open.filter(|open| {
        let name = &text.as_bytes()[open + 1..end];
        name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    });
    text.truncate(inside.unwrap_or(end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_was_redacted_before_it_was_cut() {
        let redactor = Redactor::new();
        let text = format!("{} write to jane.doe@example.org today", "x ".repeat(50));
        let whole = redactor.redact(&text).into_owned();
        for limit in 0..text.len() + 5 {
            let piece = redactor.redact_up_to(&text, limit, Truncation::None);
            assert!(whole.starts_with(&piece.text) && piece.text.len() <= limit, "{limit}: {:?}", piece.text);
            assert!(
                !piece.text.contains("jane") && (piece.text.len() + 9 >= limit.min(whole.len())),
                "{limit}: {:?}",
                piece.text
            );
            assert_eq!(piece.cut > 0, piece.text.len() < whole.len(), "{limit}");
        }
    }

    #[test]
    fn the_tail_of_a_text_that_was_cut_before_is_left_out() {
        let redactor = Redactor::new();
        for cut in [
            "my key is sk-ant-api03-a8F3kP",
            "write to jane.d",
            "card 4242 4242 42",
            "-----BEGIN PRIVATE KEY-----\nMIIEpAIB",
        ] {
            for missing in [Truncation::Bytes(1), Truncation::Unknown] {
                let piece = redactor.redact_up_to(cut, 1000, missing);
                let secret = cut.split(' ').next_back().unwrap();
                assert!(!piece.text.contains(secret) && piece.cut > 0, "{cut}: {:?}", piece.text);
            }
        }
    }

    #[test]
    fn plain_words_stay_where_a_text_was_broken_off() {
        let redactor = Redactor::new();
        for text in [
            "It was a dark and",
            "Then NASA",
            "\u{c9}t\u{e9}, l'hiver et",
            "(so it was",
            "to [EMAIL].",
            "\u{6771}\u{4eac}",
        ] {
            let piece = redactor.redact_up_to(text, 1000, Truncation::Unknown);
            assert_eq!((piece.text.as_str(), piece.cut), (text, 0));
        }
        for (text, left) in [
            ("use AKIAIOSF", "use "),
            ("use eyJhbGciOi", "use "),
            ("so hf_abcdefgh", "so "),
            ("at https://user:pa", "at "),
            ("paid by 4242 4242 42", "paid by "),
            ("\u{6771}\u{4eac}sk-ant-a", "\u{6771}\u{4eac}"),
            ("ask jane@example.org or max@", "ask [EMAIL] or "),
        ] {
            let piece = redactor.redact_up_to(text, 1000, Truncation::Unknown);
            assert_eq!(piece.text, left, "{text}");
            assert!(piece.cut > 0, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_looked_at_no_further_than_needed() {
        let redactor = Redactor::new();
        let text = format!("{}jane@example.org", "word ".repeat(1_000_000));
        let piece = redactor.redact_up_to(&text, 100, Truncation::None);
        assert_eq!((piece.text.len(), piece.counts.total()), (100, 0));
        assert_eq!(piece.cut, text.len() - 100);
        let masked = format!("{}tail", "a@b.example ".repeat(1_000));
        assert_eq!(
            redactor.redact_up_to(&masked, 7_000, Truncation::None).text.len(),
            7_000,
            "labels are shorter than what they mask"
        );
    }

    #[test]
    fn a_label_is_kept_whole_or_not_at_all() {
        let mut text = "to [EMAIL] and [x".to_owned();
        shorten(&mut text, 8);
        assert_eq!(text, "to ");
        let mut text = "to [EMAIL] and".to_owned();
        shorten(&mut text, 10);
        assert_eq!(text, "to [EMAIL]");
    }
}
