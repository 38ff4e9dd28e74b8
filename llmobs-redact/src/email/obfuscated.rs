//! Detection of obfuscated email addresses: `jane [at] example [dot] org`.

use super::super::class;
use super::super::class::ALNUM;
use super::super::class::EMAIL_LOCAL;
use super::super::class::SPACE;
use super::super::class::WORD;
use super::super::found::Match;
use super::super::kind::DataKind;
use super::super::view::TextView;
use super::tld;

/// Returns the email address around a spelled-out at sign. `at..end` is the word "at" with the brackets or blanks that
/// enclose it.
pub(in super::super) fn detect_obfuscated(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let bracketed = text.slice(at, end).iter().any(|byte| !class::is_in(*byte, SPACE | ALNUM));
    let name_end = skip_blanks_back(text, at);
    let start = name_start(text, name_end);
    if start == name_end || !class::is_in(text.bytes()[start], ALNUM) {
        return None;
    }
    let mut position = text.skip_blanks(end);
    let mut domain_end = None;
    if !bracketed
        && [&b"the "[..], b"a ", b"this ", b"that ", b"an "].iter().any(|word| text.starts_with_at(position, word))
    {
        return None;
    }
    for _ in 0..4 {
        let label = text.bounded_run_end(WORD, position, 63);
        if label == position {
            break;
        }
        let last = text.slice(position, label);
        if position > text.skip_blanks(end)
            && (tld::is_common(last) || bracketed && tld::classify(last) == tld::TldClass::Known)
        {
            domain_end = Some(label);
        }
        let Some(next) = dot_end(text, label, bracketed) else { break };
        position = next;
    }
    domain_end.map(|domain_end| Match::new(start, domain_end, DataKind::Email))
}

fn skip_blanks_back(text: &TextView<'_>, mut position: usize) -> usize {
    while position > text.opaque_until() && text.byte_before(position) == b' ' {
        position -= 1;
    }
    position
}

fn name_start(text: &TextView<'_>, end: usize) -> usize {
    let lowest = text.opaque_until().max(end.saturating_sub(64));
    let mut start = end;
    while start > lowest && class::is_in(text.bytes()[start - 1], EMAIL_LOCAL) {
        start -= 1;
    }
    text.terminal_code_end(start, end)
}

/// Returns the position after a spelled-out dot, or after a plain dot if the at sign was in brackets.
fn dot_end(text: &TextView<'_>, from: usize, bracketed: bool) -> Option<usize> {
    if bracketed && text.byte_at(from) == b'.' {
        return Some(from + 1);
    }
    let position = text.skip_blanks(from);
    let open = usize::from(matches!(text.byte_at(position), b'[' | b'(' | b'{'));
    if open == 0 && position == from {
        return None;
    }
    let word = if open == 1 { text.skip_blanks(position + 1) } else { position };
    if !text.starts_with_at(word, b"dot") {
        return None;
    }
    let word_end = if open == 1 { text.skip_blanks(word + 3) } else { word + 3 };
    match (open, text.byte_at(word_end)) {
        (1, b']' | b')' | b'}') => Some(text.skip_blanks(word_end + 1)),
        (0, b' ') => Some(text.skip_blanks(word_end)),
        _ => None,
    }
}
