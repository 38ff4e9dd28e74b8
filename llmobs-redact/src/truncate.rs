//! Redaction of a text to a byte limit.

use std::ops::Range;

use super::char_boundary::ceil_char_boundary;
use super::char_boundary::floor_char_boundary;
use super::counts::RedactionCounts;
use super::found::Match;
use super::rules::Rules;
use super::truncation::Truncation;

/// A redacted and truncated text.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RedactedText {
    /// The redacted text, truncated.
    pub text: String,
    /// Number of bytes that this call removed at the end: of the redacted text, and of the original text after the
    /// scanned part.
    pub truncated_bytes: usize,
    /// Number of matches in the scanned part of the text by kind, including those whose placeholders were truncated.
    pub counts: RedactionCounts,
}

/// Redacts `text`, then truncates the result to `limit` bytes. If `truncation` is `Bytes` with more than 0, also
/// removes a tail that can be the start of a match. If `truncation` is `Unknown` and nothing was truncated, removes
/// words at the end that are not plain words; see `plain_words_end`.
pub(super) fn redact_and_truncate(rules: &Rules, text: &str, limit: usize, truncation: Truncation) -> RedactedText {
    let is_complete = !matches!(truncation, Truncation::Bytes(1..));
    let mut redacted = redact_range(rules, text, 0..text.len(), limit, is_complete);
    if truncation == Truncation::Unknown && redacted.truncated_bytes == 0 {
        let end = plain_words_end(&redacted.text);
        redacted.truncated_bytes = redacted.text.len() - end;
        redacted.text.truncate(end);
    }
    redacted
}

/// Redacts `range` of `text`, with the text around it as context, and truncates the result to `limit` bytes. Scans
/// [`LOOKAHEAD_BYTES`] past the limit, and further only while the result is shorter than the limit. Unless
/// `is_complete` is set, removes a tail that can be the start of a match.
pub(super) fn redact_range(
    rules: &Rules,
    text: &str,
    range: Range<usize>,
    limit: usize,
    is_complete: bool,
) -> RedactedText {
    let mut scan_end = range.start.saturating_add(limit).saturating_add(LOOKAHEAD_BYTES);
    let most = scan_end.saturating_mul(MAX_LOOKAHEAD_FACTOR);
    loop {
        let reaches_end = scan_end >= range.end;
        let end = if reaches_end { text.len() } else { floor_char_boundary(text, scan_end) };
        let is_settled = reaches_end && is_complete;
        let result = rules.scan(&text.as_bytes()[..end], 0, 0, is_settled);
        let reach = if is_settled { range.end } else { result.settled_end.clamp(range.start, range.end) };
        let overlapping =
            result.matches.into_iter().filter(|matched| matched.end > range.start && matched.start < reach);
        let clip = |matched: Match| Match {
            start: matched.start.max(range.start),
            end: matched.end.min(range.end),
            ..matched
        };
        let matches: Vec<Match> = overlapping.map(clip).collect();
        let mut out = String::with_capacity(limit.min(reach - range.start));
        let done = rules.write_redacted_range(text, range.start, &matches, &mut out);
        out.push_str(text.get(done..reach).unwrap_or_default());
        if !reaches_end && out.len() < limit && scan_end < most {
            // Placeholders are shorter than the text that they replace, so there is room for more.
            scan_end = scan_end.saturating_mul(2);
            continue;
        }
        let length = out.len();
        truncate_text(&mut out, limit);
        let truncated_bytes = range.end.saturating_sub(reach.max(done)) + length - out.len();
        return RedactedText { text: out, truncated_bytes, counts: RedactionCounts::from_matches(&matches) };
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
    let start = before.map_or(0, |at| ceil_char_boundary(text, at + 1));
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
const LOOKAHEAD_BYTES: usize = 1024;

/// Maximum factor by which the scanned range grows where most text is replaced by placeholders. The text after the
/// scanned range is dropped.
const MAX_LOOKAHEAD_FACTOR: usize = 8;

/// Truncates `text` to at most `limit` bytes, at a character boundary and never inside a placeholder.
pub fn truncate_text(text: &mut String, limit: usize) {
    if text.len() <= limit {
        return;
    }
    let end = floor_char_boundary(text, limit);
    let open = text[..end].rfind('[').filter(|open| end - open <= 34);
    let inside = open.filter(|open| {
        let name = &text.as_bytes()[open + 1..end];
        name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    });
    text.truncate(inside.unwrap_or(end));
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;
    use super::*;

    #[test]
    fn text_is_redacted_before_truncation() {
        let redactor = Redactor::new();
        let text = format!("{} write to jane.doe@example.org today", "x ".repeat(50));
        let expected = redactor.redact(&text).into_owned();
        for limit in 0..text.len() + 5 {
            let redacted = redactor.redact_and_truncate(&text, limit, Truncation::None);
            assert!(
                expected.starts_with(&redacted.text) && redacted.text.len() <= limit,
                "{limit}: {:?}",
                redacted.text
            );
            assert!(
                !redacted.text.contains("jane") && (redacted.text.len() + 9 >= limit.min(expected.len())),
                "{limit}: {:?}",
                redacted.text
            );
            assert_eq!(redacted.truncated_bytes > 0, redacted.text.len() < expected.len(), "{limit}");
        }
    }

    #[test]
    fn tail_of_already_truncated_text_is_removed() {
        let redactor = Redactor::new();
        for truncated in [
            "my key is sk-ant-api03-a8F3kP",
            "write to jane.d",
            "card 4242 4242 42",
            "-----BEGIN PRIVATE KEY-----\nMIIEpAIB",
        ] {
            for truncation in [Truncation::Bytes(1), Truncation::Unknown] {
                let redacted = redactor.redact_and_truncate(truncated, 1000, truncation);
                let secret = truncated.split(' ').next_back().unwrap();
                assert!(
                    !redacted.text.contains(secret) && redacted.truncated_bytes > 0,
                    "{truncated}: {:?}",
                    redacted.text
                );
            }
        }
    }

    #[test]
    fn text_of_which_nothing_was_removed_keeps_its_tail() {
        let redactor = Redactor::new();
        for text in ["my key is sk-ant-api03-a8F3kP", "write to jane.d", "card 4242 4242 42"] {
            for truncation in [Truncation::Bytes(0), Truncation::None] {
                let redacted = redactor.redact_and_truncate(text, 1000, truncation);
                assert_eq!((redacted.text.as_str(), redacted.truncated_bytes), (text, 0));
            }
        }
    }

    #[test]
    fn plain_words_at_the_end_of_incomplete_text_remain() {
        let redactor = Redactor::new();
        for text in [
            "It was a dark and",
            "Then NASA",
            "\u{c9}t\u{e9}, l'hiver et",
            "(so it was",
            "to [EMAIL].",
            "\u{6771}\u{4eac}",
        ] {
            let redacted = redactor.redact_and_truncate(text, 1000, Truncation::Unknown);
            assert_eq!((redacted.text.as_str(), redacted.truncated_bytes), (text, 0));
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
            let redacted = redactor.redact_and_truncate(text, 1000, Truncation::Unknown);
            assert_eq!(redacted.text, left, "{text}");
            assert!(redacted.truncated_bytes > 0, "{text}");
        }
    }

    #[test]
    fn long_text_is_scanned_only_as_far_as_needed() {
        let redactor = Redactor::new();
        let text = format!("{}jane@example.org", "word ".repeat(1_000_000));
        let redacted = redactor.redact_and_truncate(&text, 100, Truncation::None);
        assert_eq!((redacted.text.len(), redacted.counts.total()), (100, 0));
        assert_eq!(redacted.truncated_bytes, text.len() - 100);
        let masked = format!("{}tail", "a@b.example ".repeat(1_000));
        assert_eq!(
            redactor.redact_and_truncate(&masked, 7_000, Truncation::None).text.len(),
            7_000,
            "placeholders are shorter than the texts that they replace"
        );
    }

    #[test]
    fn placeholder_is_never_split() {
        let mut text = "to [EMAIL] and [x".to_owned();
        truncate_text(&mut text, 8);
        assert_eq!(text, "to ");
        let mut text = "to [EMAIL] and".to_owned();
        truncate_text(&mut text, 10);
        assert_eq!(text, "to [EMAIL]");
    }
}
