//! Keys whose shape says what they open.

mod inner;
mod shapes;

pub(super) use self::inner::asana;
pub(super) use self::inner::azure;
pub(super) use self::inner::facebook;
pub(super) use self::inner::maxmind;
pub(super) use self::inner::salesforce;
pub(super) use self::inner::telegram;
pub(super) use self::inner::terraform;
pub(super) use self::shapes::SHAPES;

use super::class;
use super::class::ALNUM;
use super::class::BASE64;
use super::class::Class;
use super::class::DASH;
use super::class::DIGIT;
use super::class::DOT;
use super::class::PLUS;
use super::class::WORD;
use super::hit::Hit;
use super::kind::Kind;
use super::text::Run;
use super::text::Text;
use super::value;

/// How the keys of one maker look.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    body: Body,
    /// The fewest bytes of the body: fewer than makers give out, since a longer piece of a key is one too.
    least: usize,
    check: Check,
}

/// What the body consists of.
#[derive(Debug, Clone, Copy)]
enum Body {
    Alnum,
    /// Base64 with padding.
    Base64,
    /// Words with dots between them.
    Dotted,
    /// Base64 in a cookie: `%2B` for a plus.
    Escaped,
    Hex,
    /// Hexadecimal digits, and maybe a hyphen and one digit.
    Numbered,
    /// Letters and digits with colons between them.
    Parts,
    /// The rest of a path.
    Path,
    /// Letters, digits, `-` and `_`.
    Word,
}

/// What else must hold, where the prefix alone is too short to be sure.
#[derive(Debug, Clone, Copy)]
enum Check {
    None,
    /// The body has exactly so many bytes.
    Exactly(usize),
    /// Chance made the body.
    Random,
}

/// The prefix of a shape stands in `at..end`.
pub(super) fn key(text: &Text<'_>, at: usize, end: usize, shape: &Shape) -> Option<Hit> {
    // The automaton that found it knows no case.
    if text.slice(at, end) != shape.prefix.as_bytes() {
        return None;
    }
    let before = text.before(at);
    // Three letters may be a part of a name or of base64; a hyphen or `_` that begins a word is none of either.
    let short = shape.prefix.len() <= 3;
    let plain = short && class::all(shape.prefix.as_bytes(), ALNUM);
    let joined =
        class::is(before, DASH) && class::is(text.byte_before(at - 1), class::WIDE | ALNUM | DASH) || before == b'.';
    if class::is(before, ALNUM) || short && joined || plain && matches!(before, b'+' | b'/') {
        return None;
    }
    let stop = shape.body.end(text, end);
    // Base64 goes on behind a piece of it that looks so.
    if plain && matches!(text.at(stop), b'+' | b'/') && text.is(stop + 1, ALNUM) {
        return None;
    }
    let body = text.slice(end, stop);
    let fits = body.len() >= shape.least && class::variety(body) >= 5 && !value::is_placeholder(body);
    let checked = match shape.check {
        Check::None => true,
        Check::Exactly(length) => body.len() == length && !text.is(stop, ALNUM),
        Check::Random => value::is_random(body),
    };
    (fits && checked).then(|| Hit::new(start(text, at, shape.body), stop, Kind::ApiKey))
}

/// A secret path goes with its whole address.
fn start(text: &Text<'_>, at: usize, body: Body) -> usize {
    if !matches!(body, Body::Path) {
        return at;
    }
    let lowest = text.covered().max(at.saturating_sub(100));
    let mut host = at;
    while host > lowest && class::is(text.byte_before(host), WORD | DOT) {
        host -= 1;
    }
    let scheme = host.saturating_sub(8);
    if scheme >= text.covered() && text.says(scheme, b"https://") { scheme } else { at }
}

impl Body {
    fn end(self, text: &Text<'_>, from: usize) -> usize {
        match self {
            Self::Alnum => text.run(Run::Alnum, from),
            Self::Base64 => text.run(Run::Base64, from),
            Self::Dotted => run_and(text, WORD, b".", from),
            Self::Escaped => run_and(text, BASE64, b"%", from),
            Self::Hex => text.run(Run::Hex, from),
            Self::Numbered => numbered(text, text.run(Run::Hex, from)),
            Self::Parts => run_and(text, ALNUM, b":", from),
            Self::Path => run_and(text, WORD | PLUS, b".@", from),
            Self::Word => text.run(Run::Word, from),
        }
    }
}

/// The end of a run of a class and of single signs between. Several dots are an ellipsis, one at the end is a full stop.
fn run_and(text: &Text<'_>, class: Class, signs: &[u8], from: usize) -> usize {
    let mut end = from;
    while end - from < LONGEST && (text.is(end, class) || signs.contains(&text.at(end)) && text.is(end + 1, class)) {
        end += 1;
    }
    end
}

/// Behind a hyphen and one digit, if they stand here.
fn numbered(text: &Text<'_>, end: usize) -> usize {
    let shaped = text.at(end) == b'-' && text.is(end + 1, DIGIT) && !text.is(end + 2, WORD);
    if shaped { end + 2 } else { end }
}

/// Keys of these bodies are no longer than this.
const LONGEST: usize = 4096;

/// A full stop behind a key is none of it.
fn without_dots(text: &Text<'_>, mut end: usize) -> usize {
    while text.byte_before(end) == b'.' {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests;
