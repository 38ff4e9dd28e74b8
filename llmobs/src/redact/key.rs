//! Keys whose shape says what they open.

mod shapes;

pub(super) use self::shapes::SHAPES;

use super::class;
use super::class::ALNUM;
use super::class::Class;
use super::class::DASH;
use super::class::DIGIT;
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
    Hex,
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
    let short = shape.prefix.len() <= 3;
    if class::is(before, ALNUM) || short && (class::is(before, DASH) || before == b'.') {
        return None;
    }
    let stop = shape.body.end(text, end);
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
    let scheme = text.word_start(at, 8);
    if matches!(body, Body::Path) && text.says(scheme, b"https://") && scheme + 8 == at { scheme } else { at }
}

impl Body {
    fn end(self, text: &Text<'_>, from: usize) -> usize {
        match self {
            Self::Alnum => text.run(Run::Alnum, from),
            Self::Base64 => text.run(Run::Base64, from),
            Self::Dotted => without_dots(text, long_run(text, WORD | class::DOT, from)),
            Self::Hex => text.run(Run::Hex, from),
            Self::Path => without_dots(text, long_run(text, WORD | class::DOT | class::PLUS, from)),
            Self::Word => text.run(Run::Word, from),
        }
    }
}

/// Keys of these bodies are no longer than this.
const LONGEST: usize = 4096;

fn long_run(text: &Text<'_>, class: Class, from: usize) -> usize {
    text.short_run(class, from, LONGEST)
}

/// A full stop behind a key is none of it.
fn without_dots(text: &Text<'_>, mut end: usize) -> usize {
    while text.byte_before(end) == b'.' {
        end -= 1;
    }
    end
}

/// `123456789:AA..`: the bot tokens of Telegram begin with a number, which is `at..end`.
pub(super) fn telegram(text: &Text<'_>, at: usize, end: usize) -> Option<Hit> {
    let body = text.run(Run::Word, end + 1);
    let fits = (7..=12).contains(&(end - at)) && text.at(end) == b':' && text.at(end + 1) == b'A';
    (fits && (34..=36).contains(&(body - end - 1))).then(|| Hit::new(at, body, Kind::ApiKey))
}

/// `Q~` stands at a place: the secrets of Azure's applications have it behind three characters and a digit.
pub(super) fn azure(text: &Text<'_>, at: usize, end: usize) -> Option<Hit> {
    let start = at.checked_sub(4).filter(|start| *start >= text.covered() && class::is(text.byte_before(at), DIGIT))?;
    let head = text.slice(start, at).iter().all(|byte| class::is(*byte, WORD) || matches!(byte, b'.' | b'~'));
    let mut stop = end;
    while stop - end < 40 && (text.is(stop, WORD | class::DOT) || text.at(stop) == b'~') {
        stop += 1;
    }
    let stop = without_dots(text, stop);
    let fits = (31..=34).contains(&(stop - end)) && !class::is(text.before(start), ALNUM);
    (head && fits && class::count(text.slice(end, stop), DIGIT) > 0).then(|| Hit::new(start, stop, Kind::ApiKey))
}

#[cfg(test)]
mod tests;
