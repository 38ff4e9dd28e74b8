//! Keys whose shape says what they open.

mod formats;
mod infix;

pub(super) use self::formats::SHAPES;
pub(super) use self::infix::asana;
pub(super) use self::infix::azure;
pub(super) use self::infix::facebook;
pub(super) use self::infix::maxmind;
pub(super) use self::infix::salesforce;
pub(super) use self::infix::telegram;
pub(super) use self::infix::terraform;

use super::class;
use super::class::ALNUM;
use super::class::BASE64;
use super::class::ByteClass;
use super::class::DASH;
use super::class::DIGIT;
use super::class::DOT;
use super::class::PLUS;
use super::class::WORD;
use super::found::Match;
use super::kind::DataKind;
use super::secret_value;
use super::view::RunClass;
use super::view::TextView;

/// How the keys of one maker look.
#[derive(Debug)]
pub(super) struct KeyFormat {
    pub(super) prefix: &'static str,
    body: BodyFormat,
    /// The fewest bytes of the body: fewer than makers give out, since a longer piece of a key is one too.
    min_len: usize,
    check: BodyCheck,
}

/// What the body consists of.
#[derive(Debug, Clone, Copy)]
enum BodyFormat {
    Alnum,
    /// Base64 with padding.
    Base64,
    /// Words with dots between them.
    DotSeparated,
    /// Base64 in a cookie: `%2B` for a plus.
    PercentEncoded,
    Hex,
    /// Hexadecimal digits, and maybe a hyphen and one digit.
    HexNumbered,
    /// Letters and digits with colons between them.
    ColonSeparated,
    /// The rest of a path.
    Path,
    /// Letters, digits, `-` and `_`.
    Word,
}

/// What else must hold, where the prefix alone is too short to be sure.
#[derive(Debug, Clone, Copy)]
enum BodyCheck {
    None,
    /// The body has exactly so many bytes.
    ExactLength(usize),
    /// Chance made the body.
    Random,
}

/// The prefix of a shape stands in `at..end`.
pub(super) fn key(text: &TextView<'_>, at: usize, end: usize, shape: &KeyFormat) -> Option<Match> {
    // The automaton that found it knows no case.
    if text.slice(at, end) != shape.prefix.as_bytes() {
        return None;
    }
    let before = text.decoded_byte_before(at);
    // Three letters may be a part of a name or of base64; a hyphen or `_` that begins a word is none of either.
    let short = shape.prefix.len() <= 3;
    let plain = short && class::all(shape.prefix.as_bytes(), ALNUM);
    let joined = class::is_in(before, DASH) && class::is_in(text.byte_before(at - 1), class::WIDE | ALNUM | DASH)
        || before == b'.';
    if class::is_in(before, ALNUM) || short && joined || plain && matches!(before, b'+' | b'/') {
        return None;
    }
    let stop = shape.body.end(text, end);
    // Base64 goes on behind a piece of it that looks so.
    if plain && matches!(text.at(stop), b'+' | b'/') && text.has_class(stop + 1, ALNUM) {
        return None;
    }
    let body = text.slice(end, stop);
    let fits = body.len() >= shape.min_len && class::variety(body) >= 5 && !secret_value::is_dummy(body);
    let checked = match shape.check {
        BodyCheck::None => true,
        BodyCheck::ExactLength(length) => body.len() == length && !text.has_class(stop, ALNUM),
        BodyCheck::Random => secret_value::is_random(body),
    };
    (fits && checked).then(|| Match::new(start(text, at, shape.body), stop, DataKind::ApiKey))
}

/// A secret path goes with its whole address.
fn start(text: &TextView<'_>, at: usize, body: BodyFormat) -> usize {
    if !matches!(body, BodyFormat::Path) {
        return at;
    }
    let lowest = text.covered().max(at.saturating_sub(100));
    let mut host = at;
    while host > lowest && class::is_in(text.byte_before(host), WORD | DOT) {
        host -= 1;
    }
    let scheme = host.saturating_sub(8);
    if scheme >= text.covered() && text.starts_with_at(scheme, b"https://") { scheme } else { at }
}

impl BodyFormat {
    fn end(self, text: &TextView<'_>, from: usize) -> usize {
        match self {
            Self::Alnum => text.run(RunClass::Alnum, from),
            Self::Base64 => text.run(RunClass::Base64, from),
            Self::DotSeparated => run_end_with_signs(text, WORD, b".", from),
            Self::PercentEncoded => run_end_with_signs(text, BASE64, b"%", from),
            Self::Hex => text.run(RunClass::Hex, from),
            Self::HexNumbered => numbered(text, text.run(RunClass::Hex, from)),
            Self::ColonSeparated => run_end_with_signs(text, ALNUM, b":", from),
            Self::Path => run_end_with_signs(text, WORD | PLUS, b".@", from),
            Self::Word => text.run(RunClass::Word, from),
        }
    }
}

/// The end of a run of a class and of single signs between. Several dots are an ellipsis, one at the end is a full stop.
fn run_end_with_signs(text: &TextView<'_>, class: ByteClass, signs: &[u8], from: usize) -> usize {
    let mut end = from;
    while end - from < LONGEST
        && (text.has_class(end, class) || signs.contains(&text.at(end)) && text.has_class(end + 1, class))
    {
        end += 1;
    }
    end
}

/// Behind a hyphen and one digit, if they stand here.
fn numbered(text: &TextView<'_>, end: usize) -> usize {
    let shaped = text.at(end) == b'-' && text.has_class(end + 1, DIGIT) && !text.has_class(end + 2, WORD);
    if shaped { end + 2 } else { end }
}

/// Keys of these bodies are no longer than this.
const LONGEST: usize = 4096;

/// A full stop behind a key is none of it.
fn without_dots(text: &TextView<'_>, mut end: usize) -> usize {
    while text.byte_before(end) == b'.' {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests;
