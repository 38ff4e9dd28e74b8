//! Whether a piece of text is a secret, by its looks.

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::UPPER;
use super::code;
use super::word_list;
use super::word_list::WordList;

/// Whether somebody put this there in the place of a secret.
pub(super) fn is_dummy(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let framed = matches!(
        (lower.first(), lower.last()),
        (Some(b'<'), Some(b'>')) | (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) | (Some(b'%'), Some(b'%'))
    );
    let variable = matches!(lower[..], [b'$', b'{' | b'(' | b'a'..=b'z' | b'_', ..])
        && lower[1..].iter().all(|byte| {
            class::is_in(*byte, ALNUM) || matches!(byte, b'_' | b'{' | b'}' | b'(' | b')' | b'.' | b':' | b'-')
        });
    let same = lower.len() > 1 && class::variety(&lower) == 1;
    let masked = lower.iter().filter(|byte| matches!(byte, b'*' | b'x' | b'.' | b'-' | b'_' | b'#')).count() * 10
        >= lower.len() * 9;
    // A name of a variable has one case, or no digits.
    let variable = variable
        && (class::count(value, DIGIT) == 0 || class::count(value, UPPER) == 0 || class::count(value, LOWER) == 0);
    let here = [&b"_here"[..], b"-here"].iter().any(|end| lower.ends_with(end)) && class::count(&lower, DIGIT) == 0;
    let format = lower.contains(&b'%')
        && lower.split(|byte| *byte == b'%').skip(1).all(|rest| matches!(rest.first(), Some(b's' | b'd')))
        && class::count(&lower, ALNUM) == lower.iter().filter(|byte| **byte == b'%').count();
    framed || variable || same || masked || here || format || DUMMY_LIST.any_in(&lower)
}

static DUMMY_LIST: WordList = WordList::new(DUMMY_WORDS, || word_list::automaton(DUMMY_WORDS));

const DUMMY_WORDS: &[&str] = &[
    "your_",
    "your-",
    "yourapi",
    "yourkey",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "placeholder",
    "redacted",
    "xxxxxx",
    "<your",
    "insert_",
    "insert-",
    "replace_",
    "replace-",
    "...",
    "\u{2026}",
    "dummy",
    "os.environ",
    "process.env",
    "getenv",
];

/// Whether chance made it: digits and letters mixed, many different ones, and no row of words.
pub(super) fn is_random(value: &[u8]) -> bool {
    let digits = class::count(value, DIGIT);
    let letters = class::count(value, ALPHA);
    let cases = class::count(value, UPPER) > 0 && class::count(value, LOWER) > 0;
    let mixed =
        digits >= 2 && letters >= 2 || digits >= 1 && cases || value.len() >= 24 && cases && !is_word_list(value);
    mixed && class::variety(value) >= 8 && !(is_word_list(value) && digits < 8) && !code::is_camel_case(value)
}

/// Whether the pieces between separators are all words or numbers: `some-long-name-2`.
fn is_word_list(value: &[u8]) -> bool {
    let mut pieces = value.split(|byte| !class::is_in(*byte, ALNUM)).filter(|piece| !piece.is_empty());
    pieces.all(|piece| {
        let digits = piece.iter().rev().take_while(|byte| class::is_in(**byte, DIGIT)).count();
        let word = &piece[..piece.len() - digits];
        let tail = word.get(1..).unwrap_or_default();
        // `nistp256`: a word may end with a number.
        word.is_empty() && digits <= 8
            || digits <= 3 && class::all(tail, LOWER) && class::is_in(piece[0], ALPHA) && word.len() <= 14
    })
}

/// Base64 that chance made, even if it has the slashes of a path: the kinds of its letters change too often for words.
fn is_base64(value: &[u8]) -> bool {
    let kind = |byte: u8| (class::is_in(byte, UPPER), class::is_in(byte, LOWER));
    let changes = value.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let shaped = value.len() >= 24 && value.len().is_multiple_of(4) && class::all(value, ALNUM | class::PLUS);
    shaped && changes * 3 >= value.len() && class::count(value, DIGIT) > 0
}

/// How much the words before a value say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueSyntax {
    /// `password="..."`: whatever stands between the marks.
    Quoted,
    /// `password=...`.
    Assigned,
    /// `password: ...`, `the password is ...`: a sentence may go on there.
    Prose,
    /// `token abc...`: only what nobody would write as a word.
    Adjacent,
}

/// What the name says that the value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// Made by a machine: a key, a token.
    Key,
    /// Chosen by a person.
    Password,
    /// Digits alone.
    Pin,
    /// Made by a machine, in a variable of the environment: `API_TOKEN`.
    EnvVariable,
}

/// Whether a value behind a name is a secret.
pub(super) fn is_secret(value: &[u8], said: ValueSyntax, named: SecretKind) -> bool {
    if value.len() < 3 || is_dummy(value) || is_redaction_placeholder(value) || is_harmless(value) {
        return false;
    }
    let digits = class::count(value, DIGIT);
    let letters = class::count(value, ALPHA) + class::count(value, class::WIDE);
    let signs = value.len() - digits - letters;
    let cases = class::count(&value[1..], UPPER) > 0 && class::count(value, LOWER) > 0;
    let plain = signs == 0 && digits == 0 && !cases;
    let numeric = letters == 0
        && value
            .iter()
            .all(|byte| class::is_in(*byte, DIGIT) || matches!(byte, b'.' | b',' | b'-' | b'/' | b':' | b'%'));
    let name = code::is_identifier(value);
    if said != ValueSyntax::Quoted && code::is_code_fragment(value) {
        return false;
    }
    match (named, said) {
        (SecretKind::Pin, _) => (4..=12).contains(&digits) && digits == value.len(),
        (SecretKind::Password, ValueSyntax::Quoted) => {
            value.len() >= 4 && !(value.contains(&b'_') && class::all(value, UPPER | class::DASH))
        }
        (SecretKind::Password, ValueSyntax::Assigned) => value.len() >= 5 && !code::plain_path(value),
        (SecretKind::Password, ValueSyntax::Prose) => {
            let word = plain
                || code::is_range(value)
                || code::is_prose_word(value)
                || code::plain_path(value)
                || code::is_type_name(value);
            value.len() >= 4 && !word && (!numeric || digits >= 4)
        }
        (SecretKind::Password, ValueSyntax::Adjacent) => {
            value.len() >= 6
                && letters > 0
                && (!value.contains(&b'/') || is_base64(value))
                && !code::is_version(value)
                && (digits > 0 && ends_in_digits(value)
                    || digits > 0 && (signs > 0 || cases) && !name
                    || value.len() >= 16 && is_random(value))
        }
        (SecretKind::Key | SecretKind::EnvVariable, ValueSyntax::Quoted) => {
            value.len() >= 8
                && !numeric
                && !value.contains(&b' ')
                && !code::plain_path(value)
                && (!plain && !name || value.len() >= 20)
        }
        (SecretKind::Key, ValueSyntax::Assigned) => {
            let bracket = value.iter().any(|byte| class::is_in(*byte, class::BRACKET));
            let made = digits > 0 || is_mixed_case(value) && !code::is_camel_case(value);
            value.len() >= 8 && !numeric && !bracket && made && !name && !code::plain_path(value)
        }
        (SecretKind::EnvVariable, ValueSyntax::Assigned) => {
            let made = digits > 0 || signs > 0 || is_mixed_case(value) && !code::is_camel_case(value);
            value.len() >= 6 && !numeric && made && !code::plain_path(value)
        }
        (SecretKind::Key | SecretKind::EnvVariable, ValueSyntax::Prose) => {
            let code = name
                || code::plain_path(value)
                || code::is_type_name(value)
                || value.iter().any(|byte| class::is_in(*byte, class::BRACKET));
            value.len() >= 8 && !numeric && letters > 0 && (digits > 0 || is_mixed_case(value)) && !code
        }
        (SecretKind::Key | SecretKind::EnvVariable, ValueSyntax::Adjacent) => {
            let path = value.contains(&b'/') && !value.ends_with(b"=") && !is_base64(value);
            value.len() >= 16 && digits > 1 && letters > 1 && is_random(value) && !path
        }
    }
}

/// A value without the brackets, full stops and commas that stand around it and are none of it. Whether a bracket is `open`
/// before it decides about one that closes behind it.
pub(super) fn without_frame(value: &[u8], open: bool) -> (usize, usize) {
    let (mut start, mut end) = (0, value.len());
    while end > start {
        let inner = &value[start..end];
        let closes = |close: u8, opener: u8| {
            open && inner.iter().filter(|byte| **byte == close).count()
                > inner.iter().filter(|byte| **byte == opener).count()
        };
        match (inner[0], inner[inner.len() - 1]) {
            (b'(', b')') | (b'[', b']') | (b'{', b'}') if inner.len() > 2 => (start, end) = (start + 1, end - 1),
            (_, b'.' | b':' | b'|') => end -= 1,
            (_, b')') if closes(b')', b'(') => end -= 1,
            (_, b']') if closes(b']', b'[') => end -= 1,
            (_, b'}') if closes(b'}', b'{') => end -= 1,
            _ => break,
        }
    }
    (start, end)
}

/// Letters of both cases in an order that no word has.
pub(super) fn is_mixed_case(value: &[u8]) -> bool {
    let changes = value.windows(2).filter(|pair| class::is_in(pair[0], LOWER) && class::is_in(pair[1], UPPER)).count();
    value.len() >= 16 && changes >= 3 && class::variety(value) >= 8 && class::all(value, ALNUM | class::DASH)
}

/// `hunter2`, `fight-painting-41`; not `sha256` and the like.
fn ends_in_digits(value: &[u8]) -> bool {
    let head = value.iter().rposition(|byte| !class::is_in(*byte, DIGIT)).map_or(0, |at| at + 1);
    let word = &value[..head];
    let algorithms: [&[u8]; 10] =
        [b"sha", b"md", b"base", b"utf-", b"argon", b"oauth", b"pbkdf", b"version", b"v", b"rfc"];
    (1..=6).contains(&(value.len() - head))
        && word.len() >= 3
        && class::is_in(word[0], ALPHA)
        && !algorithms.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// A label of ours.
fn is_redaction_placeholder(value: &[u8]) -> bool {
    matches!(value, [b'[', .., b']'])
        && value[1..value.len() - 1].iter().all(|byte| class::is_in(*byte, UPPER | DIGIT) || *byte == b'_')
}

/// What often stands behind such a name and is none: a type, a truth, an address.
fn is_harmless(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let url = lower.windows(3).any(|seen| seen == b"://");
    let file =
        [&b".pem"[..], b".key", b".crt", b".txt", b".json", b".yaml", b".yml", b".env", b".py", b".rs", b".js", b".md"]
            .iter()
            .any(|ending| lower.ends_with(ending));
    let path = lower.starts_with(b"/") && lower[1..].contains(&b'/') && !lower.ends_with(b"==") && !is_base64(value)
        || lower.starts_with(b"./")
        || lower.starts_with(b"../")
        || lower.starts_with(b"~/")
        || lower.starts_with(b"arn:")
        || lower.starts_with(b"s3:");
    // A type of Rust or C may be a reference.
    let slice = lower.starts_with(b"&[");
    let word = lower.trim_ascii().strip_prefix(b"&").or_else(|| lower.strip_prefix(b"*")).unwrap_or(&lower);
    let call = lower.ends_with(b"()");
    url || file || path || slice || call || HARMLESS_WORDS.contains(&word)
}

const HARMLESS_WORDS: [&[u8]; 50] = [
    b"true",
    b"false",
    b"null",
    b"none",
    b"nil",
    b"undefined",
    b"string",
    b"str",
    b"string?",
    b"int",
    b"integer",
    b"number",
    b"bool",
    b"boolean",
    b"bytes",
    b"object",
    b"any",
    b"optional",
    b"required",
    b"hidden",
    b"secret",
    b"password",
    b"passwd",
    b"token",
    b"bearer",
    b"basic",
    b"empty",
    b"missing",
    b"invalid",
    b"incorrect",
    b"wrong",
    b"expired",
    b"valid",
    b"changed",
    b"unknown",
    b"default",
    b"disabled",
    b"enabled",
    b"example",
    b"default_value",
    b"varchar",
    b"varchar(255)",
    b"text",
    b"input",
    b"field",
    b"value",
    b"sha256",
    b"bcrypt",
    b"n/a",
    b"option<string>",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_seen_through() {
        for text in [
            "<password>",
            "${DB_PASSWORD}",
            "$PASSWORD",
            "{{ token }}",
            "%PASS%",
            "********",
            "xxxxxxxx",
            "your-api-key-here",
            "sk-xxxxxxxxxxxx",
            "aaaaaaaa",
            "...",
        ] {
            assert!(is_dummy(text.as_bytes()), "{text}");
        }
        for text in ["hunter2", "p4$$w0rd", "correct horse", "$ecret99!", "x9"] {
            assert!(!is_dummy(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_chance_made_is_told_from_words() {
        for text in ["a8F3kP0zQ9mN2xVb", "3f2a9c1e77b04d5588aa", "AbCdEfGh1234567890XyZ", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"]
        {
            assert!(is_random(text.as_bytes()), "{text}");
        }
        for text in ["some-long-package-name-2", "monitoring", "2024-01-15", "learn-extension", "aaaa1111"] {
            assert!(!is_random(text.as_bytes()), "{text}");
        }
    }
}
