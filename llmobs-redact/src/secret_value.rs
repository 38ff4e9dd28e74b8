//! Rules that decide whether a text is a secret, from its characters, its kind and the syntax before it.

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::UPPER;
use super::code;
use super::word_list;
use super::word_list::WordList;

/// Returns whether `value` is a dummy, written in place of a secret, or empty. One matching rule suffices.
pub(super) fn is_dummy(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    // Input:  `<password>`, `{{ token }}`, `[x]`, `%PASS%`
    // Output: true
    let is_bracketed = matches!(
        (lower.first(), lower.last()),
        (Some(b'<'), Some(b'>')) | (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) | (Some(b'%'), Some(b'%'))
    );
    // Input:  `${DB_PASSWORD}`, `$PASSWORD`
    // Output: true
    // Input:  `p4$$w0rd`, `$ecret99!`
    // Output: false
    let variable = matches!(lower[..], [b'$', b'{' | b'(' | b'a'..=b'z' | b'_', ..])
        && lower[1..].iter().all(|byte| {
            class::is_in(*byte, ALNUM) || matches!(byte, b'_' | b'{' | b'}' | b'(' | b')' | b'.' | b':' | b'-')
        });
    // Input:  `aaaaaaaa`
    // Output: true
    let same = lower.len() > 1 && class::distinct_bytes(&lower) == 1;
    // At least nine of ten characters are mask characters.
    // Input:  `********`, `xx-xx-xxxx`
    // Output: true
    let is_masked = lower.iter().filter(|byte| matches!(byte, b'*' | b'x' | b'.' | b'-' | b'_' | b'#')).count() * 10
        >= lower.len() * 9;
    // The name of a variable has one case or no digits.
    // Input:  `$db_pass`
    // Output: true
    // Input:  `$TOKEN2x`
    // Output: false
    let variable = variable
        && (class::count_in(value, DIGIT) == 0
            || class::count_in(value, UPPER) == 0
            || class::count_in(value, LOWER) == 0);
    // Input:  `add-key-here`
    // Output: true
    let ends_in_here =
        [&b"_here"[..], b"-here"].iter().any(|end| lower.ends_with(end)) && class::count_in(&lower, DIGIT) == 0;
    // Input:  `%s:%s`
    // Output: true
    let format = lower.contains(&b'%')
        && lower.split(|byte| *byte == b'%').skip(1).all(|rest| matches!(rest.first(), Some(b's' | b'd')))
        && class::count_in(&lower, ALNUM) == lower.iter().filter(|byte| **byte == b'%').count();
    // Word list. Input:  `your_token`, `sk-xxxxxxxxxxxx`
    //            Output: true
    // No rule.   Input:  `hunter2`, `correct horse`
    //            Output: false
    is_bracketed || variable || same || is_masked || ends_in_here || format || DUMMY_LIST.is_match(&lower)
}

static DUMMY_LIST: WordList = WordList::new(DUMMY_WORDS, || word_list::build_automaton(DUMMY_WORDS));

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

/// Returns whether `value` looks randomly generated: it has two digits and two letters, or a digit and both cases, or
/// in at least 24 characters both cases; it has at least 8 different characters (ignoring case); and it is neither a
/// list of words with fewer than 8 digits nor a camel-case name.
pub(super) fn is_random(value: &[u8]) -> bool {
    let digits = class::count_in(value, DIGIT);
    let letters = class::count_in(value, ALPHA);
    let cases = class::count_in(value, UPPER) > 0 && class::count_in(value, LOWER) > 0;
    // Two digits and two letters.
    // Input:  `3f2a9c1e77b04d5588aa`
    // Output: true
    // One digit and both cases.
    // Input:  `aBcDeFgHiJ1`
    // Output: true
    // 24 characters, both cases, and not a word list.
    // Input:  `UQbyBoZLiNcilMsoBVuIOxkU`
    // Output: true
    let mixed =
        digits >= 2 && letters >= 2 || digits >= 1 && cases || value.len() >= 24 && cases && !is_word_list(value);
    // Fewer than 8 different characters.
    // Input:  `aaaa1111`
    // Output: false
    // Word list with fewer than 8 digits.
    // Input:  `some-long-package-name-2`
    // Output: false
    // Camel case.
    // Input:  `kSmimeEncryptionKeyPrefsList`
    // Output: false
    mixed && class::distinct_bytes(value) >= 8 && !(is_word_list(value) && digits < 8) && !code::is_camel_case(value)
}

/// Returns whether every part between separators is a word or a number.
fn is_word_list(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| !class::is_in(*byte, ALNUM)).filter(|part| !part.is_empty());
    parts.all(|part| {
        let digits = part.iter().rev().take_while(|byte| class::is_in(**byte, DIGIT)).count();
        let word = &part[..part.len() - digits];
        let tail = word.get(1..).unwrap_or_default();
        // A number of at most 8 digits.
        // Input:  `12345678`
        // Output: true
        // Input:  `123456789`
        // Output: false
        // A word of at most 14 letters, in lower case after the first, and at most 3 digits after the word.
        // Input:  `some-long-name-2`, `nistp256`
        // Output: true
        // Input:  `aB3dE6`
        // Output: false
        word.is_empty() && digits <= 8
            || digits <= 3 && class::all_in(tail, LOWER) && class::is_in(part[0], ALPHA) && word.len() <= 14
    })
}

/// Returns whether `value` is random base64, even if it contains `/` like a path: at least 24 characters, a multiple of
/// 4, with a digit, and with a change between upper case, lower case and other characters in at least a third of the
/// positions.
fn is_base64(value: &[u8]) -> bool {
    let kind = |byte: u8| (class::is_in(byte, UPPER), class::is_in(byte, LOWER));
    // Input:  `/8FS64j2sM7Zk/K4teSMoGspV6zGCnAiWyCDVToG`
    // Output: true
    // Input:  `home/user/project/file12`
    // Output: false
    let changes = value.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let shaped = value.len() >= 24 && value.len().is_multiple_of(4) && class::all_in(value, ALNUM | class::BASE64_SIGN);
    shaped && changes * 3 >= value.len() && class::count_in(value, DIGIT) > 0
}

/// The syntax between a keyword and a value. More explicit syntax needs less evidence in the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueSyntax {
    /// Value in quotation marks after a sign or a word like `is`. A quoted value directly after its keyword is
    /// `Adjacent`.
    ///
    /// Input:  `"password": "open sesame"`
    /// Output: `"password": "[SECRET]"`
    Quoted,
    /// Value after `=` unless it has blanks on both sides, after `:=` or `=>`, in an XML element, or after the name of an
    /// authentication scheme.
    ///
    /// Input:  `DB_PASSWORD=letmein`
    /// Output: `DB_PASSWORD=[SECRET]`
    Assigned,
    /// Value after a colon, ` = `, ` ==`, ` - `, a table border or a word like `is`. The value can also be an ordinary
    /// word of the sentence.
    ///
    /// Input:  `the wifi password is sunflower42,`
    /// Output: `the wifi password is [SECRET],`
    /// Input:  `the password is required`
    /// Output: unchanged
    Prose,
    /// Value directly after the keyword, or after `to`, with or without quotation marks. Only a value that does not
    /// look like a word is a secret.
    ///
    /// Input:  `with token 9f8e7d6c5b4a39281706abcd in hand`
    /// Output: `with token [SECRET] in hand`
    /// Input:  `Bearer token authentication`
    /// Output: unchanged
    Adjacent,
}

/// The kind of secret that a keyword announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// Machine-generated: a key or token.
    ///
    /// Input:  `x-api-key: 3f9a8b7c6d5e4f3a2b1c`
    /// Output: `x-api-key: [SECRET]`
    Key,
    /// Chosen by a person.
    ///
    /// Input:  `password=hunter2`
    /// Output: `password=[SECRET]`
    Password,
    /// Digits only.
    ///
    /// Input:  `PIN: 4821`
    /// Output: `PIN: [SECRET]`
    Pin,
    /// Machine-generated, in an environment variable with a name in upper case.
    ///
    /// Input:  `API_TOKEN=9f8e7d6c5b4a39281706`
    /// Output: `API_TOKEN=[SECRET]`
    EnvVariable,
}

/// Returns whether the value after a keyword is a secret.
pub(super) fn is_secret(value: &[u8], syntax: ValueSyntax, kind: SecretKind) -> bool {
    // Shorter than 3 bytes, a dummy, a placeholder or a harmless value.
    // Input:  `password=${DB_PASSWORD}`, `"password": "required"`, `a pin is 3 mm long`
    // Output: unchanged
    if value.len() < 3 || is_dummy(value) || is_redaction_placeholder(value) || is_harmless(value) {
        return false;
    }
    let digits = class::count_in(value, DIGIT);
    let letters = class::count_in(value, ALPHA) + class::count_in(value, class::NON_ASCII);
    let signs = value.len() - digits - letters;
    let cases = class::count_in(&value[1..], UPPER) > 0 && class::count_in(value, LOWER) > 0;
    let plain = signs == 0 && digits == 0 && !cases;
    let numeric = letters == 0
        && value
            .iter()
            .all(|byte| class::is_in(*byte, DIGIT) || matches!(byte, b'.' | b',' | b'-' | b'/' | b':' | b'%'));
    let name = code::is_identifier(value);
    // Input:  `PasswordKind = 1i32;`
    // Output: unchanged
    if syntax != ValueSyntax::Quoted && code::is_code_fragment(value) {
        return false;
    }
    match (kind, syntax) {
        // 4 to 12 digits.
        // Input:  `PIN: 4821`
        // Output: `PIN: [SECRET]`
        // Input:  `PIN: 123`
        // Output: unchanged
        (SecretKind::Pin, _) => (4..=12).contains(&digits) && digits == value.len(),
        // At least 4 bytes, and not a constant name in upper case with `_`.
        // Input:  `"password": "open sesame"`
        // Output: `"password": "[SECRET]"`
        // Input:  `PUBLIC_AND_PASSWORD = "PUBLIC_AND_PASSWORD"`
        // Output: unchanged
        (SecretKind::Password, ValueSyntax::Quoted) => {
            value.len() >= 4 && !(value.contains(&b'_') && class::all_in(value, UPPER | class::DASH_UNDERSCORE))
        }
        // At least 5 bytes, and not a dotted path.
        // Input:  `DB_PASSWORD=letmein`
        // Output: `DB_PASSWORD=[SECRET]`
        // Input:  `password=config.auth.token`
        // Output: unchanged
        (SecretKind::Password, ValueSyntax::Assigned) => value.len() >= 5 && !code::is_identifier_path(value),
        // At least 4 bytes; not a word, range, path or type; a number needs at least 4 digits.
        // Input:  `password: Tr0ub4dor&3`
        // Output: `password: [SECRET]`
        // Input:  `pub password: SecretString,`
        // Output: unchanged
        (SecretKind::Password, ValueSyntax::Prose) => {
            let word = plain
                || code::is_range(value)
                || code::is_prose_word(value)
                || code::is_identifier_path(value)
                || code::is_type_name(value);
            value.len() >= 4 && !word && (!numeric || digits >= 4)
        }
        // At least 6 bytes with a letter; not a path or version; digits at the end, digits with signs or both cases, or
        // random.
        // Input:  `with password hunter2`
        // Output: `with password [SECRET]`
        // Input:  `with password 03eTaMv3pXyXt6wszAv2sh+qeQWFPQ/wUzSeT+yAIytM`
        // Output: `with password [SECRET]`
        // Input:  `channel?passwd HTTP/1.1`
        // Output: unchanged
        (SecretKind::Password, ValueSyntax::Adjacent) => {
            value.len() >= 6
                && letters > 0
                && (!value.contains(&b'/') || is_base64(value))
                && !code::is_version(value)
                && (digits > 0 && ends_in_digits(value)
                    || digits > 0 && (signs > 0 || cases) && !name
                    || value.len() >= 16 && is_random(value))
        }
        // At least 8 bytes (20 for letters of one case or a name); not a number or path; without blanks.
        // Input:  `config["secret"] = "k9X2mQ7vB4nL";`
        // Output: `config["secret"] = "[SECRET]";`
        // Input:  `"token": "config.auth"`
        // Output: unchanged
        (SecretKind::Key | SecretKind::EnvVariable, ValueSyntax::Quoted) => {
            value.len() >= 8
                && !numeric
                && !value.contains(&b' ')
                && !code::is_identifier_path(value)
                && (!plain && !name || value.len() >= 20)
        }
        // At least 8 bytes, with a digit or mixed case; not a number, name or path; without brackets.
        // Input:  `<api_key>a8F3kP0zQ9mN2xVb</api_key>`
        // Output: `<api_key>[SECRET]</api_key>`
        // Input:  `token=config.auth.token`
        // Output: unchanged
        (SecretKind::Key, ValueSyntax::Assigned) => {
            let bracket = value.iter().any(|byte| class::is_in(*byte, class::BRACKET));
            let looks_generated = digits > 0 || is_mixed_case(value) && !code::is_camel_case(value);
            value.len() >= 8 && !numeric && !bracket && looks_generated && !name && !code::is_identifier_path(value)
        }
        // At least 6 bytes, with a digit, a sign or mixed case; not a number or path.
        // Input:  `SERVICE_SECRET=UQbyBoZLiNcilMsoBVuIOxkU`
        // Output: `SERVICE_SECRET=[SECRET]`
        // Input:  `API_TOKEN=123456`
        // Output: unchanged
        (SecretKind::EnvVariable, ValueSyntax::Assigned) => {
            let looks_generated = digits > 0 || signs > 0 || is_mixed_case(value) && !code::is_camel_case(value);
            value.len() >= 6 && !numeric && looks_generated && !code::is_identifier_path(value)
        }
        // At least 8 bytes, with a letter, and with a digit or mixed case; not a number, name, path or type; without
        // brackets.
        // Input:  `x-api-key: 3f9a8b7c6d5e4f3a2b1c`
        // Output: `x-api-key: [SECRET]`
        // Input:  `token = config.auth.token`
        // Output: unchanged
        (SecretKind::Key | SecretKind::EnvVariable, ValueSyntax::Prose) => {
            let code = name
                || code::is_identifier_path(value)
                || code::is_type_name(value)
                || value.iter().any(|byte| class::is_in(*byte, class::BRACKET));
            value.len() >= 8 && !numeric && letters > 0 && (digits > 0 || is_mixed_case(value)) && !code
        }
        // At least 16 bytes with two digits and two letters, random, and not a path.
        // Input:  `with token 9f8e7d6c5b4a39281706abcd in hand`
        // Output: `with token [SECRET] in hand`
        // Input:  `Bearer token authentication`
        // Output: unchanged
        (SecretKind::Key | SecretKind::EnvVariable, ValueSyntax::Adjacent) => {
            let path = value.contains(&b'/') && !value.ends_with(b"=") && !is_base64(value);
            value.len() >= 16 && digits > 1 && letters > 1 && is_random(value) && !path
        }
    }
}

/// Returns the range of `value` without enclosing brackets and a final `.`, `:` or `|`. `open` reports whether a
/// bracket is open before the value; only then is an unmatched closing bracket at the end removed.
pub(super) fn trim_brackets(value: &[u8], open: bool) -> (usize, usize) {
    let (mut start, mut end) = (0, value.len());
    while end > start {
        let inner = &value[start..end];
        let closes = |close: u8, opener: u8| {
            open && inner.iter().filter(|byte| **byte == close).count()
                > inner.iter().filter(|byte| **byte == opener).count()
        };
        match (inner[0], inner[inner.len() - 1]) {
            // Input:  `(hunter2)`
            // Output: `hunter2`
            (b'(', b')') | (b'[', b']') | (b'{', b'}') if inner.len() > 2 => (start, end) = (start + 1, end - 1),
            // Input:  `hunter2.`, `hunter2:`, `hunter2|`
            // Output: `hunter2`
            (_, b'.' | b':' | b'|') => end -= 1,
            // Input:  `hunter2)`, `hunter2]` or `hunter2}` with `open`
            // Output: `hunter2`
            // Input:  `hunter2)` without `open`
            // Output: unchanged
            (_, b')') if closes(b')', b'(') => end -= 1,
            (_, b']') if closes(b']', b'[') => end -= 1,
            (_, b'}') if closes(b'}', b'{') => end -= 1,
            _ => break,
        }
    }
    (start, end)
}

/// Returns whether `value` changes from lower to upper case more often than a name: at least 3 times in at least 16
/// letters, digits, `-` or `_`, with at least 8 different characters.
///
/// Input:  `UQbyBoZLiNcilMsoBVuIOxkU`
/// Output: true
/// Input:  `readPassword`
/// Output: false
pub(super) fn is_mixed_case(value: &[u8]) -> bool {
    let changes = value.windows(2).filter(|pair| class::is_in(pair[0], LOWER) && class::is_in(pair[1], UPPER)).count();
    value.len() >= 16
        && changes >= 3
        && class::distinct_bytes(value) >= 8
        && class::all_in(value, ALNUM | class::DASH_UNDERSCORE)
}

/// Returns whether `value` is a word of at least 3 characters with 1 to 6 digits at its end, and not the name of an
/// algorithm or version.
///
/// Input:  `hunter2`, `fight-painting-41`
/// Output: true
/// Input:  `sha256`, `ab12`
/// Output: false
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

/// Returns whether `value` is a placeholder of a redaction.
///
/// Input:  `[SECRET]`
/// Output: true
fn is_redaction_placeholder(value: &[u8]) -> bool {
    matches!(value, [b'[', .., b']'])
        && value[1..value.len() - 1].iter().all(|byte| class::is_in(*byte, UPPER | DIGIT) || *byte == b'_')
}

/// Returns whether `value` is a text that often follows a keyword like `password` but is not a secret.
fn is_harmless(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    // Input:  `https://example.com`
    // Output: true
    let url = lower.windows(3).any(|window| window == b"://");
    // Input:  `server.pem`
    // Output: true
    let file =
        [&b".pem"[..], b".key", b".crt", b".txt", b".json", b".yaml", b".yml", b".env", b".py", b".rs", b".js", b".md"]
            .iter()
            .any(|ending| lower.ends_with(ending));
    // Input:  `/etc/ssl/private`, `./key`
    // Output: true
    let path = lower.starts_with(b"/") && lower[1..].contains(&b'/') && !lower.ends_with(b"==") && !is_base64(value)
        || lower.starts_with(b"./")
        || lower.starts_with(b"../")
        || lower.starts_with(b"~/")
        || lower.starts_with(b"arn:")
        || lower.starts_with(b"s3:");
    // References of Rust and pointers of C to the listed words, and slices.
    // Input:  `&[u8]`, `&str`, `*str`
    // Output: true
    let slice = lower.starts_with(b"&[");
    let word = lower.trim_ascii().strip_prefix(b"&").or_else(|| lower.strip_prefix(b"*")).unwrap_or(&lower);
    // Input:  `get_token()`
    // Output: true
    let call = lower.ends_with(b"()");
    // Word list. Input:  `true`, `required`
    //            Output: true
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
    fn dummies_are_recognized() {
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
    fn random_values_are_distinguished_from_words() {
        for text in ["a8F3kP0zQ9mN2xVb", "3f2a9c1e77b04d5588aa", "AbCdEfGh1234567890XyZ", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"]
        {
            assert!(is_random(text.as_bytes()), "{text}");
        }
        for text in ["some-long-package-name-2", "monitoring", "2024-01-15", "learn-extension", "aaaa1111"] {
            assert!(!is_random(text.as_bytes()), "{text}");
        }
    }
}
