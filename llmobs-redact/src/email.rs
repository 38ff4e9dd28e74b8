//! Detection of email addresses.

mod obfuscated;
mod tld;

pub(super) use self::obfuscated::detect_obfuscated;

use self::tld::TldClass;
use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::EMAIL_LOCAL;
use super::class::NON_ASCII;
use super::found::Match;
use super::kind::DataKind;
use super::view::TextView;
use super::view::is_char_boundary;

/// Returns the email address around the at sign at `at..end`. The at sign can be an escape sequence.
pub(super) fn detect(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let domain_end = find_domain_end(text, end)?;
    let start = find_local_part_start(text, at)?;
    let name = text.slice(start, at);
    let is_role_account = ROLE_ACCOUNTS.iter().any(|account| name.eq_ignore_ascii_case(account.as_bytes()));
    let in_url = text.byte_before(start) == b'/' && text.byte_before(start - 1) == b'/';
    if in_url && is_role_account
        || is_scp_target(text, domain_end) && !name.contains(&b'.')
        || is_package_version(text, name, end)
    {
        return None;
    }
    Some(Match::new(start, domain_end, DataKind::Email))
}

/// Maximum length of a local part in bytes. RFC 5321 limits a local part to 64 octets.
const MAX_LOCAL_PART_BYTES: usize = 96;

/// Account names that do not identify a person.
const ROLE_ACCOUNTS: [&str; 8] = ["git", "hg", "svn", "anonymous", "ftp", "root", "user", "admin"];

/// Returns the start of the local part that ends at `at`.
fn find_local_part_start(text: &TextView<'_>, at: usize) -> Option<usize> {
    let bytes = text.bytes();
    let lowest = text.opaque_until().max(at.saturating_sub(MAX_LOCAL_PART_BYTES));
    let mut start = at;
    let is_non_ascii =
        at > lowest && class::is_in(bytes[at - 1], NON_ASCII) && !is_western_letter_before(bytes, lowest, at);
    while start > lowest {
        let byte = bytes[start - 1];
        if class::is_in(byte, EMAIL_LOCAL) {
            start -= 1;
        } else if class::is_in(byte, NON_ASCII) && (is_non_ascii || is_western_letter_before(bytes, lowest, start)) {
            start -= 1;
            while start > lowest && !is_char_boundary(bytes, start) {
                start -= 1;
            }
        } else {
            break;
        }
    }
    start += escape_len(text, start, at);
    start = text.terminal_code_end(start, at);
    while start < at && (!class::is_in(bytes[start], ALNUM | NON_ASCII) || !is_char_boundary(bytes, start)) {
        start += 1;
    }
    (start < at && bytes[at - 1] != b'.').then_some(start)
}

/// Returns whether the character that ends at `position` is a non-ASCII letter of an alphabet with blanks between
/// words: Latin, Greek or Cyrillic.
fn is_western_letter_before(bytes: &[u8], lowest: usize, position: usize) -> bool {
    position >= lowest + 2
        && matches!(bytes[position - 2], 0xc3..=0xd4)
        && !matches!(bytes[position - 2..position], [0xc3, 0x97 | 0xb7])
}

/// Returns the number of bytes at `start` that belong to an escape sequence and not to the name: 1 for the `n` of `\n`,
/// 5 for the `u003c` of `\u003c`, 3 for `%20`.
fn escape_len(text: &TextView<'_>, start: usize, at: usize) -> usize {
    let name = text.slice(start, at);
    if text.byte_before(start) == b'\\' && text.byte_before(start - 1) != b'\\' {
        return match name {
            [b'u', digits @ ..] if digits.len() > 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) => 5,
            [b'n' | b'r' | b't' | b'b' | b'f', _, ..] => 1,
            _ => 0,
        };
    }
    match name {
        [b'%', digits @ ..] if digits.len() > 2 && digits[..2].iter().all(u8::is_ascii_hexdigit) => 3,
        _ => 0,
    }
}

/// Returns the end of the domain that starts at `start`.
fn find_domain_end(text: &TextView<'_>, start: usize) -> Option<usize> {
    let mut longest_end = None;
    let (mut position, mut labels) = (start, 0);
    while position - start < MAX_DOMAIN_BYTES {
        let end = domain_label_end(text, position)?;
        let bytes = text.slice(position, end);
        if bytes.is_empty() {
            break;
        }
        labels += 1;
        if labels > 1 && !class::is_in(text.byte_at(end), DIGIT) {
            match tld::classify(bytes) {
                TldClass::Known => longest_end = Some(end),
                TldClass::Possible if text.byte_at(end) != b'(' => longest_end = Some(end),
                TldClass::FileExtension | TldClass::Invalid | TldClass::Possible => {}
            }
            if matches!(tld::classify(bytes), TldClass::FileExtension) && text.byte_at(end) != b'.' {
                return None;
            }
        }
        if text.byte_at(end) != b'.' {
            break;
        }
        position = end + 1;
    }
    longest_end
}

/// Returns the end of a domain label of letters, digits and inner hyphens. Returns `None` if the label exceeds 189
/// bytes (63 characters of three bytes), where an escape sequence counts as the three bytes of its letter.
fn domain_label_end(text: &TextView<'_>, start: usize) -> Option<usize> {
    let ascii = class::is_in(text.byte_at(start), ALNUM);
    let (mut end, mut size) = (start, 0);
    loop {
        let byte = text.byte_at(end);
        // In a script without blanks, the next word can follow directly.
        let fits = class::is_in(byte, ALNUM)
            || byte == b'-'
            || class::is_in(byte, NON_ASCII)
                && (!ascii || matches!(byte, 0xc3..=0xd4) || !is_char_boundary(text.bytes(), end) && end > start);
        (end, size) = match escaped_letter_end(text, end, ascii) {
            Some(stop) => (stop, size + 3),
            None if !fits || ascii && is_non_western(text, end) => break,
            None => (end + 1, size + 1),
        };
        if size > MAX_LABEL_BYTES {
            return None;
        }
    }
    while end > start && (text.byte_at(end - 1) == b'-' || !is_char_boundary(text.bytes(), end)) {
        end -= 1;
    }
    Some(end)
}

/// Maximum number of bytes of a domain before its last label: 253 letters, each an escape sequence of six bytes.
const MAX_DOMAIN_BYTES: usize = 253 * 6;

/// Maximum number of bytes of a domain label: 63 characters of three bytes.
const MAX_LABEL_BYTES: usize = 63 * 3;

/// Returns the end of an escape sequence of a non-ASCII letter, for example `\u00fc`. Nested JSON contains more than
/// one backslash. A `western` label excludes letters of alphabets without blanks.
fn escaped_letter_end(text: &TextView<'_>, position: usize, western: bool) -> Option<usize> {
    let sign =
        (position..position + 4).find(|position| text.byte_at(*position) != b'\\').filter(|sign| *sign > position)?;
    let end = text.bounded_run_end(class::HEX, sign + 1, 4);
    if text.byte_at(sign) != b'u' || end - sign != 5 {
        return None;
    }
    let code = text
        .slice(sign + 1, end)
        .iter()
        .fold(0, |code, digit| code << 4 | u32::from(class::hex_value(*digit).unwrap_or(0)));
    let letter = matches!(code, 0xc0..=0x52f if code != 0xd7 && code != 0xf7)
        || !western && matches!(code, 0x530..=0x1fff | 0x3040..=0xd7ff);
    letter.then_some(end)
}

/// Returns whether a non-western character starts at `position`: one from U+0540 on, or two-byte punctuation.
fn is_non_western(text: &TextView<'_>, position: usize) -> bool {
    match text.byte_at(position) {
        0xd5.. | 0xc2 => true,
        0xc3 => matches!(text.byte_at(position + 1), 0x97 | 0xb7),
        _ => false,
    }
}

/// Returns whether a path follows the address, as in a source of `scp` or `git`: input `git@host.org:team/repository`,
/// output true.
fn is_scp_target(text: &TextView<'_>, end: usize) -> bool {
    text.byte_at(end) == b':' && {
        let path = text.bounded_run_end(class::VALUE, end + 1, 64);
        text.slice(end + 1, path).contains(&b'/') || text.slice(end + 1, path).ends_with(b".git")
    }
}

/// Returns whether a version follows the at sign in place of a domain: input `react@18.2.0-rc.one`, output true.
fn is_package_version(text: &TextView<'_>, name: &[u8], domain: usize) -> bool {
    let start = if text.byte_at(domain) == b'v' { domain + 1 } else { domain };
    let number = text.bounded_run_end(DIGIT, start, 8);
    let version = number > start && text.byte_at(number) == b'.' && text.has_class(number + 1, DIGIT);
    version && class::count_in(name, ALPHA) > 0
}

#[cfg(test)]
mod tests;
