//! Secrets that words say to be some: `password=..`, `"token": ".."`, `the api key for staging is ..`.

use memchr::memmem;

use super::class;
use super::class::ALNUM;
use super::class::BRACKET;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::SPACE;
use super::class::UPPER;
use super::class::VALUE;
use super::code;
use super::found::Match;
use super::kind::DataKind;
use super::prefilter::ScanContext;
use super::secret_value;
use super::secret_value::SecretKind;
use super::secret_value::ValueSyntax;
use super::view::RunClass;
use super::view::TextView;
use super::view::is_char_boundary;
use super::word_list;
use super::word_list::WordList;

/// A name such as "password" stands in `at..end`.
pub(super) fn assignment(scene: &ScanContext<'_, '_>, at: usize, end: usize, named: SecretKind) -> Option<Match> {
    let text = scene.text;
    let short = end - at <= 4 && text.at(at).is_ascii() && text.at(at) != b'_';
    if short && class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    // `OPENAI_KEY=`, in capitals: what is a key in code opens nothing.
    if text.starts_with_at(at, b"_key") && end - at == 4 && !is_env_variable_key(text, at) {
        return None;
    }
    let end = name_end(text, end, short)?;
    let behind = closed(text, end);
    let beside = || (!short).then(|| adjacent_value(text, end, named)).flatten();
    let found = element(text, at, end)
        .or_else(|| assigned_value(text, behind))
        .or_else(|| further(text, end))
        .or_else(beside)?;
    let (start, said) = scheme(text, found);
    let (start, stop, said) = value_at(text, start, said, is_inside_bracket(text, at))?;
    // "Pass" is a word of every day.
    if short && said == ValueSyntax::Quoted && text.slice(start, stop).contains(&b' ') {
        return None;
    }
    let said = if short && said == ValueSyntax::Quoted { ValueSyntax::Prose } else { said };
    let card_check =
        text.starts_with_at(at, b"cv") && stop - start == 3 && text.slice(start, stop).iter().all(u8::is_ascii_digit);
    let named =
        if named == SecretKind::Key && is_env_variable(text.slice(at, end)) { SecretKind::EnvVariable } else { named };
    // `token: Kind = ..`, `password: CFString;`: a type stands there.
    let camel = || text.starts_with_at(stop, b",\n") && code::is_camel_case(text.slice(start, stop));
    let code = text.at(stop) == b' ' && text.at(stop + 1) == b'='
        || camel()
        || matches!(text.at(stop), b';' | b')' | b'>') && class::all(text.slice(start, stop), LOWER | UPPER);
    if said == ValueSyntax::Prose && code {
        return None;
    }
    if let Some(hit) = scene.specific(start).filter(|hit| hit.end >= stop) {
        return Some(hit);
    }
    (card_check || secret_value::is_secret(text.slice(start, stop), said, named))
        .then(|| Match::new(start, stop, DataKind::Secret))
}

/// `session=..`, the name of a cookie, stands in `at..end`.
pub(super) fn cookie(scene: &ScanContext<'_, '_>, at: usize, end: usize) -> Option<Match> {
    let text = scene.text;
    if class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    if let Some(hit) = scene.specific(end) {
        return Some(hit);
    }
    let all = text.run(RunClass::Value, end);
    // The first bytes tell whether chance made it, and a query has more parameters than one.
    let head = text.slice(end, all.min(end + 64));
    let head = head.split(|byte| *byte == b'&').next().unwrap_or(head);
    let made = head.len() >= 16 && (secret_value::is_random(head) || class::all(head, class::HEX));
    let mut stop = if head.len() < 64 { end + head.len() } else { all };
    while stop > end && matches!(text.byte_before(stop), b'.' | b':' | b'|') {
        stop -= 1;
    }
    (made && is_char_boundary(text.bytes(), stop) && !secret_value::is_dummy(head))
        .then(|| Match::new(end, stop, DataKind::Secret))
}

/// The end of the identifier that holds the name; none if that speaks of something else: `token_count`, `secretary`.
fn name_end(text: &TextView<'_>, end: usize, short: bool) -> Option<usize> {
    let stop = text.run(RunClass::Word, end).min(end + 40);
    let suffix = text.slice(end, stop);
    let capital = class::is_in(text.byte_before(end), UPPER);
    let glued = suffix.first().is_some_and(|byte| class::is_in(*byte, if capital { UPPER | LOWER } else { LOWER }));
    if short && !suffix.is_empty() || glued && !suffix.eq_ignore_ascii_case(b"s") {
        return None;
    }
    (!NON_SECRET_NAMES.any_in(suffix) && stop - end < 40).then(|| path_end(text, stop))
}

/// `secret.key=`: the end of a name with dots in it.
fn path_end(text: &TextView<'_>, end: usize) -> usize {
    let stop = text.short_run(class::WORD | class::DOT, end, 40);
    let path = text.slice(end, stop);
    let named = path.len() > 2 && path[0] == b'.' && !path.ends_with(b".") && !NON_SECRET_NAMES.any_in(path);
    if named && text.at(stop) == b'=' && text.has_class(stop + 1, ALNUM) { stop } else { end }
}

/// `<api_key>..</api_key>`: the name is that of an element, which ends behind `end`.
fn element(text: &TextView<'_>, at: usize, end: usize) -> Option<(usize, ValueSyntax)> {
    let mut start = at;
    while at - start < 32 && class::is_in(text.byte_before(start), class::WORD | class::DOT) {
        start -= 1;
    }
    let open = text.byte_before(start) == b'<' && text.at(end) == b'>';
    let stop = || text.run(RunClass::Value, end + 1);
    (open && text.starts_with_at(stop(), b"</")).then_some((end + 1, ValueSyntax::Assigned))
}

/// What makes a name one of something else.
static NON_SECRET_NAMES: WordList =
    WordList::new(NON_SECRET_NAME_PARTS, || word_list::automaton(NON_SECRET_NAME_PARTS));

const NON_SECRET_NAME_PARTS: &[&str] = &[
    "count", "limit", "type", "expir", "url", "uri", "name", "length", "len", "file", "path", "policy", "field", "ttl",
    "size", "budget", "usage", "per_", "_age", "endpoint", "hint", "reset", "strength", "manager", "rule", "min",
    "max", "version", "format", "prefix", "regex", "validat", "_id", "-id", "range", "prompt", "enum", "flag", "stdin",
];

/// Behind what closes a name: quotation marks, brackets, what stands in brackets.
fn closed(text: &TextView<'_>, mut place: usize) -> usize {
    let from = place;
    while place - from < 4 && matches!(text.at(place), b'"' | b'\'' | b'`' | b']' | b'\\' | b'*' | b')') {
        place += 1;
    }
    if text.starts_with_at(place, b"[]") {
        place += 2;
    }
    let open = text.skip_blanks(place);
    if text.at(open) == b'(' {
        let stop = text.short_run(ALNUM | SPACE | class::DASH | class::DOT, open + 1, 24);
        if text.at(stop) == b')' {
            return stop + 1;
        }
    }
    place
}

/// Behind a sign or word that gives a value: `=`, `:`, `is`.
fn assigned_value(text: &TextView<'_>, from: usize) -> Option<(usize, ValueSyntax)> {
    let place = text.skip_blanks(from);
    let (mut stop, said) = match (text.at(place), text.at(place + 1)) {
        // A comparison of code.
        (b'=', b'=') if place > from => (place + 2, ValueSyntax::Prose),
        (b'=', b'=' | b'>') | (b':', b'=') => (place + 2, ValueSyntax::Assigned),
        // Code puts blanks around the sign, and the names of other things behind it.
        (b'=', b' ') if place > from => (place + 1, ValueSyntax::Prose),
        (b'=', _) => (place + 1, ValueSyntax::Assigned),
        (b':', b':') => return None,
        (b':', _) => (place + 1, ValueSyntax::Prose),
        // A row of a table, a list.
        (b'|', b' ') => (place + 1, ValueSyntax::Prose),
        (b'-', b' ') if place > from => (place + 1, ValueSyntax::Prose),
        (b't', b'o') if place > from && text.has_class(place + 2, SPACE) => (place + 2, ValueSyntax::Adjacent),
        _ => (assigning_word_end(text, place, place > from)?, ValueSyntax::Prose),
    };
    // `is: `, `:** `, `is now `.
    stop = text.skip_blanks(stop);
    for filler in [&b":"[..], b"**", b"now ", b"set to ", b"actually ", b"currently "] {
        if text.starts_with_at(stop, filler) {
            stop = text.skip_blanks(stop + filler.len());
        }
    }
    Some((stop, said))
}

/// The place behind a word that gives a value.
fn assigning_word_end(text: &TextView<'_>, place: usize, parted: bool) -> Option<usize> {
    let whole = |word: &&&str| {
        text.starts_with_at(place, word.as_bytes()) && (!word.is_ascii() || text.has_class(place + word.len(), SPACE))
    };
    let found = GIVERS.iter().filter(|word| parted || !word.is_ascii()).find(whole)?;
    Some(place + found.len())
}

const GIVERS: [&str; 16] =
    ["is", "was", "will be", "ist", "lautet", "est", "es", "jest", "är", "：", "は", "是", "为", "為", "→", "—"];

/// `password for the staging database is ..`: the word that gives the value stands further on.
fn further(text: &TextView<'_>, from: usize) -> Option<(usize, ValueSyntax)> {
    if text.at(from) != b' ' {
        return None;
    }
    let mut place = from;
    while place - from < 48 {
        match text.at(place) {
            b' ' if text.starts_with_at(place, b" is ") || text.starts_with_at(place, b" was ") => {
                return assigned_value(text, place);
            }
            b':' if text.has_class(place + 1, SPACE | ALNUM) && place - from < 32 => {
                return assigned_value(text, place);
            }
            b' ' | b'\'' | b'/' | b'@' | b'#' | b'"' => place += 1,
            byte if class::is_in(byte, ALNUM | class::DASH | class::WIDE) => place += 1,
            _ => return None,
        }
    }
    None
}

/// `token abc..`: nothing between the name and the value.
fn adjacent_value(text: &TextView<'_>, from: usize, named: SecretKind) -> Option<(usize, ValueSyntax)> {
    let place = text.skip_blanks(from);
    (place > from && named != SecretKind::Pin).then_some((place, ValueSyntax::Adjacent))
}

/// Behind the name of a scheme: `Authorization: Bearer ..`.
fn scheme(text: &TextView<'_>, (start, said): (usize, ValueSyntax)) -> (usize, ValueSyntax) {
    let quote = usize::from(matches!(text.at(start), b'"' | b'\''));
    for name in [&b"bearer "[..], b"basic ", b"token ", b"apikey ", b"api-key ", b"digest "] {
        if text.starts_with_at(start + quote, name) {
            return (text.skip_blanks(start + quote + name.len()), ValueSyntax::Assigned);
        }
    }
    (start, said)
}

/// The value that begins at a place, without its quotation marks.
fn value_at(text: &TextView<'_>, start: usize, said: ValueSyntax, open: bool) -> Option<(usize, usize, ValueSyntax)> {
    // `b"..."`, `@"..."`: letters that say what kind of text it is.
    let marked =
        matches!(text.at(start), b'b' | b'f' | b'r' | b'u' | b'@') && matches!(text.at(start + 1), b'"' | b'\'');
    let start = start + usize::from(marked);
    if let Some((open, close)) = quote(text, start) {
        let from = start + open;
        let mut stop = from;
        while stop - from < LONGEST && !text.starts_with_at(stop, close) {
            if starts_placeholder(text, stop) || matches!(text.at(stop), b'\n' | 0) {
                return None;
            }
            stop += 1;
        }
        // Quotation marks are no proof where nothing gave the value.
        let said = if said == ValueSyntax::Adjacent { said } else { ValueSyntax::Quoted };
        return text.starts_with_at(stop, close).then_some((from, stop, said));
    }
    let word = text.run(RunClass::Value, start);
    if is_call(text, start, word) || is_argument(text, start, word) {
        return None;
    }
    // A password may hold brackets; what opens before it closes behind it.
    let run = text.slice(start, bracketed_value_end(text, word));
    let foreign = run.first()?.is_ascii().then(|| run.iter().position(|byte| *byte >= 0xe2)).flatten();
    let escape = run
        .windows(2)
        .position(|pair| pair[0] == b'\\' && matches!(pair[1], b'n' | b'r' | b't' | b'"' | b'\'' | b'u' | b'\\'));
    let escape = escape.or_else(|| (run.last() == Some(&b'\\')).then_some(run.len() - 1));
    let next = run.iter().enumerate().position(|(at, byte)| *byte == b'&' && is_parameter(&run[at + 1..]));
    let cut = [foreign, escape, next].into_iter().flatten().min().unwrap_or(run.len());
    let (from, to) = secret_value::without_frame(&run[..cut], open);
    Some((start + from, start + to, said))
}

/// The end of a value that may hold brackets, looked for from a place on, but no label.
pub(super) fn bracketed_value_end(text: &TextView<'_>, from: usize) -> usize {
    let mut stop = from;
    while stop - from < LONGEST && text.has_class(stop, VALUE | BRACKET) && !starts_placeholder(text, stop) {
        stop += 1;
    }
    stop
}

/// Whether a label may begin here, or something begins that will be one.
fn starts_placeholder(text: &TextView<'_>, place: usize) -> bool {
    text.at(place) == b'[' && matches!(text.at(place + 1), b'[' | b'A'..=b'Z')
}

/// `name=..`
fn is_parameter(rest: &[u8]) -> bool {
    let name = rest.iter().position(|byte| !class::is_in(*byte, class::WORD | class::DOT));
    name.is_some_and(|end| end > 0 && rest[end] == b'=')
}

/// Whether a bracket stands open before a place: `(password: ..)`.
fn is_inside_bracket(text: &TextView<'_>, at: usize) -> bool {
    let window = text.window(at, 48);
    let count = |signs: &[u8]| window.iter().filter(|byte| signs.contains(byte)).count();
    count(b"([{") > count(b")]}")
}

/// Whether `_KEY` ends the name of a variable of the environment that tells nothing else of it.
fn is_env_variable_key(text: &TextView<'_>, at: usize) -> bool {
    let mut start = at;
    while at - start < 40 && class::is_in(text.byte_before(start), UPPER | DIGIT) || text.byte_before(start) == b'_' {
        start -= 1;
    }
    let name = text.slice(start, at);
    let public = memmem::find(name, b"PUB").is_some();
    let stop = text.short_run(VALUE, at + 5, LONGEST);
    let random = || stop - at > 20 && secret_value::is_random(text.slice(at + 5, stop));
    text.slice(at, at + 5) == b"_KEY=" && !name.is_empty() && !public && random()
}

/// `TOKEN`, `API_KEY`: as variables of the environment are written.
fn is_env_variable(name: &[u8]) -> bool {
    name.iter().all(|byte| class::is_in(*byte, UPPER | DIGIT) || *byte == b'_')
}

/// `login(password=given, ..)`: the name of something else.
fn is_argument(text: &TextView<'_>, start: usize, end: usize) -> bool {
    let name = text.slice(start, end);
    let word = name.iter().all(|byte| class::is_in(*byte, LOWER | UPPER) || *byte == b'_')
        && !secret_value::is_mixed_case(name);
    word && !name.is_empty() && matches!(text.at(end), b',' | b')') && text.byte_before(start) == b'='
}

/// `get_password()`, `input("..")`: code that gives a value.
fn is_call(text: &TextView<'_>, start: usize, end: usize) -> bool {
    let (name, open) = (text.slice(start, end), text.at(end));
    let path = |name: &[u8]| {
        name.iter().all(|byte| class::is_in(*byte, ALNUM) || matches!(byte, b'_' | b'.' | b':' | b'&' | b'*'))
    };
    if !name.first().is_some_and(|byte| class::is_in(*byte, LOWER | UPPER) || *byte == b'_') || !path(name) {
        return false;
    }
    let inside = text.short_run(VALUE, end + 1, 64);
    let spelled = class::count(name, DIGIT) == 0 || !secret_value::is_random(name);
    let closes = matches!(text.at(inside), b')' | b',' | b'(' | b'"' | b'\'') || text.has_class(inside, SPACE);
    let closed = closes && path(text.slice(end + 1, inside)) && spelled;
    open == b'[' || open == b'(' && (matches!(text.at(end + 1), b'"' | b'\'' | b'&') || closed)
}

/// The most bytes that stand between quotation marks.
const LONGEST: usize = 256;

/// How long the opening mark is, and what closes it.
fn quote(text: &TextView<'_>, start: usize) -> Option<(usize, &'static [u8])> {
    let marks: [(&[u8], &[u8]); 8] = [
        (b"\\\\\\\"", b"\\\\\\\""),
        (b"\\\"", b"\\\""),
        (b"\"", b"\""),
        (b"'", b"'"),
        (b"`", b"`"),
        ("“".as_bytes(), "”".as_bytes()),
        ("„".as_bytes(), "“".as_bytes()),
        ("「".as_bytes(), "」".as_bytes()),
    ];
    marks.into_iter().find(|(open, _)| text.starts_with_at(start, open)).map(|(open, close)| (open.len(), close))
}

#[cfg(test)]
mod tests;
