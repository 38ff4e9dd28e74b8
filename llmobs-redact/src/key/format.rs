//! The format of the keys of a service.

use super::super::class::ALNUM;
use super::super::class::BASE64;
use super::super::class::BASE64_SIGN;
use super::super::class::ByteClass;
use super::super::class::DIGIT;
use super::super::class::VALUE;
use super::super::class::WORD;
use super::super::secret_value;
use super::super::view::RunClass;
use super::super::view::TextView;

/// The format of the keys of one service.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct KeyFormat {
    pub(in super::super) prefix: &'static str,
    pub(super) body: BodyFormat,
    /// Minimum number of bytes of the body. Shorter than the keys that the service issues, because a part of a key is
    /// also a secret.
    pub(super) min_len: usize,
    pub(super) check: BodyCheck,
}

/// The characters of the body of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFormat {
    /// Letters and digits.
    ///
    /// Input:  `ghp_` + 36 letters and digits
    /// Output: `[API_KEY]`
    Alnum,
    /// Base64 of both alphabets, with padding.
    ///
    /// Input:  `ATATT3xFfGF0` + 100 base64 characters
    /// Output: `[API_KEY]`
    Base64,
    /// Letters, digits, `-` and `_`, with single dots between them.
    ///
    /// Input:  `SG.` + 22 characters + `.` + 43 characters
    /// Output: `[API_KEY]`
    DotSeparated,
    /// Base64 with percent-encoding, as in a cookie.
    ///
    /// Input:  `xoxd-` + 60 characters + `%2B` + 40 characters + `%3D`
    /// Output: `[API_KEY]`
    PercentEncoded,
    /// Hexadecimal digits.
    ///
    /// Input:  `shpat_` + 32 hexadecimal digits
    /// Output: `[API_KEY]`
    Hex,
    /// Hexadecimal digits, then optionally a hyphen and one digit.
    ///
    /// Input:  `dapi` + 32 hexadecimal digits + `-2`
    /// Output: `[API_KEY]`
    HexNumbered,
    /// Letters and digits, with single colons between them.
    ///
    /// Input:  `AstraCS:` + 24 characters + `:` + 64 characters
    /// Output: `[API_KEY]`
    ColonSeparated,
    /// The path of a URL. The match includes the scheme and the host.
    ///
    /// Input:  `https://hooks.slack.com/services/T` + 8 + `/B` + 8 + `/` + 24 letters and digits
    /// Output: `[API_KEY]`
    Path,
    /// Letters, digits, `-` and `_`.
    ///
    /// Input:  `sk-ant-api03-` + 95 characters
    /// Output: `[API_KEY]`
    Word,
}

/// An additional check of the body, for prefixes that are too short to identify a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyCheck {
    /// No additional check. Every body has the minimum length and at least 5 different bytes, and is not a dummy.
    ///
    /// Input:  `ghp_` + 36 letters and digits
    /// Output: `[API_KEY]`
    None,
    /// The body has exactly this number of bytes.
    ///
    /// Input:  `AKIAIOSFODNN7EXAMPLE`
    /// Output: `[API_KEY]`
    /// Input:  `AKIAIOSFODNN7EXAMPLEX`
    /// Output: unchanged
    ExactLength(usize),
    /// The body looks randomly generated; see `secret_value::is_random`.
    ///
    /// Input:  `s.` + 24 random letters and digits
    /// Output: `[API_KEY]`
    /// Input:  `s.noDeleteOnFetchRejection`
    /// Output: unchanged
    Random,
}

/// Returns the format of keys with a body of at least `min_len` bytes.
pub(super) const fn at_least(prefix: &'static str, body: BodyFormat, min_len: usize) -> KeyFormat {
    KeyFormat { prefix, body, min_len, check: BodyCheck::None }
}

/// Returns the format of keys with a body of exactly `length` bytes.
pub(super) const fn exact_length(prefix: &'static str, body: BodyFormat, length: usize) -> KeyFormat {
    KeyFormat { prefix, body, min_len: length, check: BodyCheck::ExactLength(length) }
}

/// Returns the format of keys with a body of at least `min_len` bytes that looks random.
pub(super) const fn random(prefix: &'static str, body: BodyFormat, min_len: usize) -> KeyFormat {
    KeyFormat { prefix, body, min_len, check: BodyCheck::Random }
}

impl BodyFormat {
    /// Returns the end of the longest body that starts at `from`.
    pub(super) fn find_end(self, text: &TextView<'_>, from: usize) -> usize {
        match self {
            Self::Alnum => text.run_end(RunClass::Alnum, from),
            Self::Base64 => text.base64_end(from),
            Self::DotSeparated => run_end_with_signs(text, WORD, b".", from),
            Self::PercentEncoded => run_end_with_signs(text, BASE64, b"%", from),
            Self::Hex => text.run_end(RunClass::Hex, from),
            Self::HexNumbered => numbered_end(text, text.run_end(RunClass::Hex, from)),
            Self::ColonSeparated => run_end_with_signs(text, ALNUM, b":", from),
            Self::Path => path_end(text, from),
            Self::Word => text.run_end(RunClass::Word, from),
        }
    }
}

/// Returns the end of a run of `class` with single `signs` between its characters. An ellipsis or a final full stop
/// ends the run.
///
/// Input:  `aB3.dE6.`, `aB3.dE6...then`
/// Output: the end of `aB3.dE6`
pub(super) fn run_end_with_signs(text: &TextView<'_>, class: ByteClass, signs: &[u8], from: usize) -> usize {
    let mut end = from;
    while end - from < MAX_BODY_BYTES
        && (text.has_class(end, class) || signs.contains(&text.byte_at(end)) && text.has_class(end + 1, class))
    {
        end += 1;
    }
    end
}

/// Returns the end of the path of a URL. Its slashes can be escape sequences.
///
/// Input:  `services\/T0\/B0\/aB3dE6.`
/// Output: the end of `aB3dE6`
fn path_end(text: &TextView<'_>, from: usize) -> usize {
    let mut end = run_end_with_signs(text, WORD | BASE64_SIGN, b".@", from);
    while let Some((b'/' | b'@', next)) = text.escape_at(end) {
        if end - from > MAX_BODY_BYTES {
            break;
        }
        end = run_end_with_signs(text, WORD | BASE64_SIGN, b".@", next);
    }
    end
}

/// Returns the end of the token whose known part ends at `end`: of the word, of following parts that look random, and
/// of the padding. A placeholder must not leave a part of a token in the text.
///
/// Input:  `ghs_..` with a JSON Web Token as its body, `end` at the first dot
/// Output: the end of the signature
/// Input:  `shpat_..` with letters after its hexadecimal digits, `end` at the first letter
/// Output: the end of the word
pub(super) fn token_end(text: &TextView<'_>, mut end: usize) -> usize {
    loop {
        end = run_end_with_signs(text, ALNUM, b"-_", end);
        let part = text.run_end(RunClass::Word, end + 1);
        if text.byte_at(end) != b'.' || part - end <= 16 || !secret_value::is_random(text.slice(end + 1, part)) {
            break;
        }
        end = part;
    }
    let padding = text.bounded_run_end(BASE64_SIGN, end, 3);
    let is_padding = text.slice(end, padding).iter().all(|byte| *byte == b'=') && padding - end <= 2;
    if is_padding && !text.has_class(padding, VALUE) { padding } else { end }
}

/// Returns the position after a hyphen and one digit at `end`, or `end` without them.
///
/// Input:  `-2`
/// Output: the position after `2`
/// Input:  `-25`
/// Output: `end`
fn numbered_end(text: &TextView<'_>, end: usize) -> usize {
    let has_number = text.byte_at(end) == b'-' && text.has_class(end + 1, DIGIT) && !text.has_class(end + 2, WORD);
    if has_number { end + 2 } else { end }
}

/// Maximum number of bytes of a body with signs in it.
const MAX_BODY_BYTES: usize = 4096;
