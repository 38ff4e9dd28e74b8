//! Detection of keys with a known format.

mod formats;
mod infix;

pub(super) use self::formats::KEY_FORMATS;
pub(super) use self::infix::detect_asana;
pub(super) use self::infix::detect_azure;
pub(super) use self::infix::detect_facebook;
pub(super) use self::infix::detect_maxmind;
pub(super) use self::infix::detect_salesforce;
pub(super) use self::infix::detect_telegram;
pub(super) use self::infix::detect_terraform;

use super::class;
use super::class::ALNUM;
use super::class::BASE64;
use super::class::BASE64_SIGN;
use super::class::ByteClass;
use super::class::DASH_UNDERSCORE;
use super::class::DIGIT;
use super::class::DOT;
use super::class::WORD;
use super::found::Match;
use super::kind::DataKind;
use super::secret_value;
use super::view::RunClass;
use super::view::TextView;

/// The format of the keys of one service.
#[derive(Debug)]
pub(super) struct KeyFormat {
    pub(super) prefix: &'static str,
    body: BodyFormat,
    /// Minimum number of bytes of the body. Shorter than the keys that the service issues, because a part of a key is
    /// also a secret.
    min_len: usize,
    check: BodyCheck,
}

/// The characters of the body of a key.
#[derive(Debug, Clone, Copy)]
enum BodyFormat {
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
#[derive(Debug, Clone, Copy)]
enum BodyCheck {
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

/// Returns the key of the format `format`, whose prefix is at `at..end`.
pub(super) fn detect_prefixed(text: &TextView<'_>, at: usize, end: usize, format: &KeyFormat) -> Option<Match> {
    // The automaton ignores case; the prefix does not.
    // Input:  `akiaiosfodnn7example`
    // Output: unchanged
    if text.slice(at, end) != format.prefix.as_bytes() {
        return None;
    }
    let before = text.decoded_byte_before(at);
    // Three letters can be a part of a name or of base64. A hyphen or `_` at the start of a word belongs to neither.
    let short = format.prefix.len() <= 3;
    let plain = short && class::all_in(format.prefix.as_bytes(), ALNUM);
    let joined = class::is_in(before, DASH_UNDERSCORE)
        && class::is_in(text.byte_before(at - 1), class::NON_ASCII | ALNUM | DASH_UNDERSCORE)
        || before == b'.';
    // A letter or digit before the prefix.
    // Input:  `xAKIAIOSFODNN7EXAMPLE`
    // Output: unchanged
    // A short prefix after a hyphen, `_` or dot inside a word.
    // Input:  `my_hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0`
    // Output: unchanged
    // A short prefix after `+` or `/`.
    // Input:  `/EXOMaB8WFXmPCO3JQyUCIQDZX1O09Hsls`
    // Output: unchanged
    if class::is_in(before, ALNUM) || short && joined || plain && matches!(before, b'+' | b'/') {
        return None;
    }
    let stop = format.body.find_end(text, end);
    // Base64 text continues after the candidate.
    // Input:  `EXOMaB8WFXmPCO3JQyUCIQDZX1O09Hsls+S6fLOt4P5d/SAwPJef`
    // Output: unchanged
    if plain && matches!(text.byte_at(stop), b'+' | b'/') && text.has_class(stop + 1, ALNUM) {
        return None;
    }
    let body = text.slice(end, stop);
    // Input:  `gsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, `AKIA`
    // Output: unchanged
    let fits = body.len() >= format.min_len && class::distinct_bytes(body) >= 5 && !secret_value::is_dummy(body);
    let checked = match format.check {
        BodyCheck::None => true,
        BodyCheck::ExactLength(length) => body.len() == length && !text.has_class(stop, ALNUM),
        BodyCheck::Random => secret_value::is_random(body),
    };
    (fits && checked).then(|| Match::new(key_start(text, at, format.body), stop, DataKind::ApiKey))
}

/// Returns the start of the match: of the whole URL for a secret path, of the prefix for other keys.
///
/// Input:  `https://discord.com/api/webhooks/..`
/// Output: the position of `https://`
/// Input:  `ghp_..`
/// Output: the position of `ghp_`
fn key_start(text: &TextView<'_>, at: usize, body: BodyFormat) -> usize {
    if !matches!(body, BodyFormat::Path) {
        return at;
    }
    let lowest = text.opaque_until().max(at.saturating_sub(100));
    let mut host = at;
    while host > lowest && class::is_in(text.byte_before(host), WORD | DOT) {
        host -= 1;
    }
    let scheme = host.saturating_sub(8);
    if scheme >= text.opaque_until() && text.starts_with_at(scheme, b"https://") { scheme } else { at }
}

impl BodyFormat {
    fn find_end(self, text: &TextView<'_>, from: usize) -> usize {
        match self {
            Self::Alnum => text.run_end(RunClass::Alnum, from),
            Self::Base64 => text.run_end(RunClass::Base64, from),
            Self::DotSeparated => run_end_with_signs(text, WORD, b".", from),
            Self::PercentEncoded => run_end_with_signs(text, BASE64, b"%", from),
            Self::Hex => text.run_end(RunClass::Hex, from),
            Self::HexNumbered => numbered_end(text, text.run_end(RunClass::Hex, from)),
            Self::ColonSeparated => run_end_with_signs(text, ALNUM, b":", from),
            Self::Path => run_end_with_signs(text, WORD | BASE64_SIGN, b".@", from),
            Self::Word => text.run_end(RunClass::Word, from),
        }
    }
}

/// Returns the end of a run of `class` with single `signs` between its characters. An ellipsis or a final full stop
/// ends the run.
///
/// Input:  `aB3.dE6.`, `aB3.dE6...then`
/// Output: the end of `aB3.dE6`
fn run_end_with_signs(text: &TextView<'_>, class: ByteClass, signs: &[u8], from: usize) -> usize {
    let mut end = from;
    while end - from < MAX_BODY_BYTES
        && (text.has_class(end, class) || signs.contains(&text.byte_at(end)) && text.has_class(end + 1, class))
    {
        end += 1;
    }
    end
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

/// Returns the position before the full stops that end at `end`.
///
/// Input:  `aB3..`
/// Output: the end of `aB3`
fn trim_trailing_dots(text: &TextView<'_>, mut end: usize) -> usize {
    while text.byte_before(end) == b'.' {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests;
