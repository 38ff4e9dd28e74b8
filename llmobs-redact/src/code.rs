//! Rules that recognize source code in place of a secret: types, code, versions and names.

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::UPPER;

/// Endings of class names that hold secrets.
const CLASS_SUFFIXES: [&[u8]; 8] = [b"String", b"Str", b"Bytes", b"Field", b"Type", b"Schema", b"Config", b"Provider"];

/// Returns whether `value` is a type of a programming language. Types: `&[u8]`, `__u32`, `UNICODE_STRING`, `a::B2`,
/// `SecretString`. Not a type: `hunter2`.
pub(super) fn is_type_name(value: &[u8]) -> bool {
    let constant = value.contains(&b'_')
        && class::all_in(value, UPPER | DIGIT | class::DASH_UNDERSCORE)
        && class::count_in(value, DIGIT) <= 3;
    let snake = value.contains(&b'_') && is_identifier(value) && class::is_in(value[0], ALPHA | class::DASH_UNDERSCORE);
    let slice = value.contains(&b'[') && value.ends_with(b"]");
    let class =
        is_camel_case(value) && CLASS_SUFFIXES.iter().any(|end| value.ends_with(end) && value.len() > end.len());
    constant || snake || slice || class || value.windows(2).any(|pair| pair == b"::")
}

/// Returns whether `value`, which has no quotes around it, is a fragment of source code, not a secret. Fragments:
/// `[u16`, `None)`, `1i32`, `xs.i((0`. Not a fragment: `hunter2`.
pub(super) fn is_code_fragment(value: &[u8]) -> bool {
    let count = |sign: u8| value.iter().filter(|byte| **byte == sign).count();
    let unbalanced = value.len() < 8 && (count(b'(') != count(b')') || count(b'[') != count(b']'));
    let call = value.windows(2).any(|pair| pair == b"((");
    let digits = value.iter().take_while(|byte| class::is_in(**byte, DIGIT)).count();
    let suffix = &value[digits..];
    let typed = digits > 0
        && matches!(suffix, [b'i' | b'u' | b'f', rest @ ..] if class::all_in(rest, DIGIT) && rest.len() <= 3);
    unbalanced && !value.contains(&b'!') || call || value.ends_with(b"(") || typed && digits < 12
}

/// Returns whether `value` is a version: input `v0.1.2`, output true.
pub(super) fn is_version(value: &[u8]) -> bool {
    let number = value.strip_prefix(b"v").unwrap_or(value);
    number.contains(&b'.') && class::all_in(number, DIGIT | class::DOT)
}

/// Returns whether `value` consists of letters, with at least four letters per camel-case word on average. Camel case:
/// `smimeEncryptionKeyPrefs`. Not camel case: `UQbyBoZLiNcilMsoBVuIOxkU`.
pub(super) fn is_camel_case(value: &[u8]) -> bool {
    let words =
        value.windows(2).filter(|pair| class::is_in(pair[0], LOWER) && class::is_in(pair[1], UPPER)).count() + 1;
    class::all_in(value, ALPHA) && value.len() >= words * 4
}

/// Returns whether `value` is a range: input `8-64` or `12+`, output true; input `4821`, output false.
pub(super) fn is_range(value: &[u8]) -> bool {
    value.iter().all(|byte| class::is_in(*byte, DIGIT) || matches!(byte, b'-' | b'+' | b'~'))
        && value.iter().any(|byte| !class::is_in(*byte, DIGIT))
}

/// Returns whether `value` consists of words of a sentence: each has only letters, of which only the first or all may
/// be capitals, and signs such as a hyphen or an apostrophe separate them. Words: `Required`, `case-sensitive`,
/// `don't`. Not a word: `hunter2`.
pub(super) fn is_prose_word(value: &[u8]) -> bool {
    let words = value
        .split(|byte| matches!(byte, b'-' | b'\'' | b'/' | b':' | b'!' | b'?' | b'*' | b'(' | b')'))
        .collect::<Vec<_>>();
    words.iter().all(|word| {
        word.is_empty()
            || class::all_in(word, ALPHA | class::NON_ASCII)
                && (class::count_in(&word[1..], UPPER) == 0 || class::count_in(word, LOWER) == 0)
    })
}

/// Returns whether `value` is an identifier in source code. Identifiers: `self.password`, `user_token`,
/// `AUTH_TOKEN_V2`, `gpt-4`. Not an identifier: `hunter2`.
pub(super) fn is_identifier(value: &[u8]) -> bool {
    let mut parts =
        value.split(|byte| matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')).filter(|part| !part.is_empty());
    parts.all(|part| {
        let digits = class::count_in(part, DIGIT);
        let one_case = class::count_in(part, UPPER) == 0
            || class::count_in(&part[1..], LOWER) == 0
            || class::count_in(&part[1..], UPPER) <= 2 && digits == 0;
        class::all_in(part, ALNUM | class::NON_ASCII) && one_case && (digits == 0 || part.len() <= 4)
    })
}

/// Returns whether `value` is an identifier with dots or `::` in it: `config.token`, `Settings::secret`.
pub(super) fn is_identifier_path(value: &[u8]) -> bool {
    let dotted = value.windows(2).any(|pair| pair == b"::") || value.contains(&b'.');
    dotted && is_identifier(value)
}
