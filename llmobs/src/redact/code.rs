//! What stands in programs and their manuals where a value could stand: types, code, versions, names.

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::UPPER;

/// How the names of classes end that hold secrets.
const CLASSES: [&[u8]; 8] = [b"String", b"Str", b"Bytes", b"Field", b"Type", b"Schema", b"Config", b"Provider"];

/// A type of a program: `&[u8]`, `__u32`, `UNICODE_STRING`, `a::B2`, `SecretString`.
pub(super) fn is_type_name(value: &[u8]) -> bool {
    let constant =
        value.contains(&b'_') && class::all(value, UPPER | DIGIT | class::DASH) && class::count(value, DIGIT) <= 3;
    let snake = value.contains(&b'_') && is_identifier(value) && class::is_in(value[0], ALPHA | class::DASH);
    let slice = value.contains(&b'[') && value.ends_with(b"]");
    let class = is_camel_case(value) && CLASSES.iter().any(|end| value.ends_with(end) && value.len() > end.len());
    constant || snake || slice || class || value.windows(2).any(|pair| pair == b"::")
}

/// What no unquoted value is: `[u16`, `None)`, `1i32`, `xs.i((0`.
pub(super) fn is_code_fragment(value: &[u8]) -> bool {
    let count = |sign: u8| value.iter().filter(|byte| **byte == sign).count();
    let unbalanced = value.len() < 8 && (count(b'(') != count(b')') || count(b'[') != count(b']'));
    let call = value.windows(2).any(|pair| pair == b"((");
    let digits = value.iter().take_while(|byte| class::is_in(**byte, DIGIT)).count();
    let suffix = &value[digits..];
    let typed =
        digits > 0 && matches!(suffix, [b'i' | b'u' | b'f', rest @ ..] if class::all(rest, DIGIT) && rest.len() <= 3);
    unbalanced && !value.contains(&b'!') || call || value.ends_with(b"(") || typed && digits < 12
}

/// `v0.1.2`.
pub(super) fn is_version(value: &[u8]) -> bool {
    let number = value.strip_prefix(b"v").unwrap_or(value);
    number.contains(&b'.') && class::all(number, DIGIT | class::DOT)
}

/// `smimeEncryptionKeyPrefs`: words of four letters on average, each with its capital.
pub(super) fn is_camel_case(value: &[u8]) -> bool {
    let words =
        value.windows(2).filter(|pair| class::is_in(pair[0], LOWER) && class::is_in(pair[1], UPPER)).count() + 1;
    class::all(value, ALPHA) && value.len() >= words * 4
}

/// `8-64`, `12+`.
pub(super) fn is_range(value: &[u8]) -> bool {
    value.iter().all(|byte| class::is_in(*byte, DIGIT) || matches!(byte, b'-' | b'+' | b'~'))
        && value.iter().any(|byte| !class::is_in(*byte, DIGIT))
}

/// A word with a capital, a hyphen or an apostrophe, as sentences have them: `Required`, `case-sensitive`, `don't`.
pub(super) fn is_prose_word(value: &[u8]) -> bool {
    let words = value
        .split(|byte| matches!(byte, b'-' | b'\'' | b'/' | b':' | b'!' | b'?' | b'*' | b'(' | b')'))
        .collect::<Vec<_>>();
    words.iter().all(|word| {
        word.is_empty()
            || class::all(word, ALPHA | class::WIDE)
                && (class::count(&word[1..], UPPER) == 0 || class::count(word, LOWER) == 0)
    })
}

/// The name of something in a program: `self.password`, `user_token`, `AUTH_TOKEN_V2`, `gpt-4`.
pub(super) fn is_identifier(value: &[u8]) -> bool {
    let mut pieces =
        value.split(|byte| matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')).filter(|piece| !piece.is_empty());
    pieces.all(|piece| {
        let digits = class::count(piece, DIGIT);
        let one_case = class::count(piece, UPPER) == 0
            || class::count(&piece[1..], LOWER) == 0
            || class::count(&piece[1..], UPPER) <= 2 && digits == 0;
        class::all(piece, ALNUM | class::WIDE) && one_case && (digits == 0 || piece.len() <= 4)
    })
}

/// `config.token`, `Settings::secret`: dots or colons between words.
pub(super) fn plain_path(value: &[u8]) -> bool {
    let dotted = value.windows(2).any(|pair| pair == b"::") || value.contains(&b'.');
    dotted && is_identifier(value)
}
