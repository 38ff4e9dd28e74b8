//! Detection of secrets after a keyword: `password=..`, `"token": ".."`, `the api key for staging is ..`.

mod value;

use memchr::memmem;

use self::value::MAX_EXAMINED_BYTES;
pub(super) use self::value::bracketed_value_end;
use self::value::pin_end;
use self::value::value_at;
use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::SPACE;
use super::class::UPPER;
use super::class::VALUE;
use super::code;
use super::found::Match;
use super::kind::DataKind;
use super::scan_context::ScanContext;
use super::secret_value;
use super::secret_value::SecretKind;
use super::secret_value::ValueSyntax;
use super::view::RunClass;
use super::view::TextView;
use super::view::is_char_boundary;
use super::word_list;
use super::word_list::WordList;

/// Returns the secret that the keyword at `at..end`, for example "password", announces.
pub(super) fn detect(scan: &ScanContext<'_, '_>, at: usize, end: usize, kind: SecretKind) -> Option<Match> {
    let text = scan.text;
    let short = end - at <= 4 && text.byte_at(at).is_ascii() && text.byte_at(at) != b'_';
    // A keyword of at most four letters inside a word.
    // Input:  `compass=hunter2`
    // Output: unchanged
    if short && class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    // `_key` is a keyword only in the name of an environment variable.
    // Input:  `OPENAI_KEY=a8F3kP0zQ9mN2xVbLw7R`
    // Output: `OPENAI_KEY=[SECRET]`
    // Input:  `sort_key=a8F3kP0zQ9mN2xVbLw7R`
    // Output: unchanged
    if text.starts_with_at(at, b"_key") && end - at == 4 && !is_env_variable_key(text, at) {
        return None;
    }
    let end = name_end(text, end, short)?;
    let name_closed_end = closing_end(text, end);
    let adjacent = || (!short).then(|| adjacent_value(text, end, kind)).flatten();
    let found = xml_element_value(text, at, end)
        .or_else(|| assigned_value(text, name_closed_end))
        .or_else(|| distant_value(text, end))
        .or_else(adjacent)?;
    let (start, syntax) = skip_auth_scheme(text, found);
    // No key contains a bracket, so a closing bracket after a key belongs to the text around it.
    // Input:  `(Endpoint=..;SharedAccessKey=` + 43 base64 characters + `=)`
    // Output: `(Endpoint=..;SharedAccessKey=[SECRET])`
    let is_key = matches!(kind, SecretKind::Key | SecretKind::EnvVariable);
    let open = is_key || is_inside_bracket(text, at);
    let value_up_to = |longest| value_at(text, start, syntax, is_key, open, longest);
    let value = value_up_to(MAX_EXAMINED_BYTES)?;
    let (start, stop, syntax) = (value.start, value.stop, value.syntax);
    let stop = if kind == SecretKind::Pin { pin_end(text, start, stop) } else { stop };
    // "pass" is also an ordinary word, so quoted text with blanks after it is not a secret.
    // Input:  "All tests pass: `cargo test --release`"
    // Output: unchanged
    if short && syntax == ValueSyntax::Quoted && text.slice(start, stop).contains(&b' ') {
        return None;
    }
    // Input:  `pwd = 's3cr3t!'`
    // Output: `pwd = '[SECRET]'`
    let syntax = if short && syntax == ValueSyntax::Quoted { ValueSyntax::Prose } else { syntax };
    // A card verification code has three digits; other numbers need four.
    // Input:  `exp 12/27, cvc: 123`
    // Output: `exp 12/27, cvc: [SECRET]`
    let card_check =
        text.starts_with_at(at, b"cv") && stop - start == 3 && text.slice(start, stop).iter().all(u8::is_ascii_digit);
    // Input:  `SERVICE_SECRET=UQbyBoZLiNcilMsoBVuIOxkU`
    // Output: `SERVICE_SECRET=[SECRET]`
    let kind =
        if kind == SecretKind::Key && is_env_variable(text.slice(at, end)) { SecretKind::EnvVariable } else { kind };
    // A type or an identifier in source code.
    // Input:  `token: Kind = ..`, `password: CFStringRef;`, `password: readPassword,` + newline
    // Output: unchanged
    let camel = || text.starts_with_at(stop, b",\n") && code::is_camel_case(text.slice(start, stop));
    let code = text.byte_at(stop) == b' ' && text.byte_at(stop + 1) == b'='
        || camel()
        || matches!(text.byte_at(stop), b';' | b')' | b'>') && class::all_in(text.slice(start, stop), LOWER | UPPER);
    if syntax == ValueSyntax::Prose && code {
        return None;
    }
    // A key with a known format keeps its kind.
    // Input:  `token=ghp_` + 36 letters and digits
    // Output: `token=[API_KEY]`
    if let Some(matched) = scan.known_token_at(start).filter(|matched| matched.end >= stop) {
        return Some(matched);
    }
    // Input:  `password=hunter2`
    // Output: `password=[SECRET]`
    let is_secret = card_check || secret_value::is_secret(text.slice(start, stop), syntax, kind);
    // The end of a long value is searched only for a secret, whose text is not examined again.
    let end = || if value.is_cut { value_up_to(usize::MAX).map_or(stop, |value| value.stop) } else { stop };
    is_secret.then(|| Match::new(start, end(), DataKind::Secret))
}

/// Returns the session identifier after the cookie name at `at..end`, for example `session=`.
///
/// Input:  `Set-Cookie: sid=a8F3kP0zQ9mN2xVbLw7R; Path=/`
/// Output: `Set-Cookie: sid=[SECRET]; Path=/`
/// Input:  `session=started, sid=12, auth=none`
/// Output: unchanged
pub(super) fn detect_cookie(scan: &ScanContext<'_, '_>, at: usize, end: usize) -> Option<Match> {
    let text = scan.text;
    // Input:  `obsession=a8F3kP0zQ9mN2xVbLw7R`
    // Output: unchanged
    if class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    // A key or token with a known format keeps its kind.
    // Input:  `sid=` + JSON Web Token
    // Output: `sid=[JWT]`
    if let Some(matched) = scan.known_token_at(end) {
        return Some(matched);
    }
    let all = text.run_end(RunClass::Value, end);
    // The first 64 bytes suffice to recognize a random value; `&` ends a parameter of a query.
    let head = text.slice(end, all.min(end + 64));
    let head = head.split(|byte| *byte == b'&').next().unwrap_or(head);
    let is_generated = head.len() >= 16 && (secret_value::is_random(head) || class::all_in(head, class::HEX));
    if !is_generated {
        return None;
    }
    let mut stop = if head.len() < 64 { end + head.len() } else { all };
    while stop > end && matches!(text.byte_before(stop), b'.' | b':' | b'|') {
        stop -= 1;
    }
    let value = text.slice(end, stop.min(end + 64));
    (is_char_boundary(text.bytes(), stop) && !secret_value::is_dummy(value))
        .then(|| Match::new(end, stop, DataKind::Secret))
}

/// Returns the end of the identifier that contains the keyword, or `None` if the identifier names something else.
fn name_end(text: &TextView<'_>, end: usize, short: bool) -> Option<usize> {
    let stop = text.run_end(RunClass::Word, end).min(end + 40);
    let suffix = text.slice(end, stop);
    let capital = class::is_in(text.byte_before(end), UPPER);
    let glued = suffix.first().is_some_and(|byte| class::is_in(*byte, if capital { UPPER | LOWER } else { LOWER }));
    // A longer word, except a plural.
    // Input:  `tokenizer=llama3-8b`, `secretary: Jane2`, `passenger=hunter2`
    // Output: unchanged
    if short && !suffix.is_empty() || glued && !suffix.eq_ignore_ascii_case(b"s") {
        return None;
    }
    // A part of the name that excludes a secret, or 40 or more bytes after the keyword.
    // Input:  `token_url=https://example.com/oauth2/token1`
    // Output: unchanged
    (!NON_SECRET_NAMES.is_match(suffix) && stop - end < 40).then(|| path_end(text, stop))
}

/// Returns the end of a dotted name, or `end` without one.
///
/// Input:  `box.secret.key=a8F3kP0zQ9mN2xVb`
/// Output: `box.secret.key=[SECRET]`
fn path_end(text: &TextView<'_>, end: usize) -> usize {
    let stop = text.bounded_run_end(class::WORD | class::DOT, end, 40);
    let path = text.slice(end, stop);
    let is_name = path.len() > 2 && path[0] == b'.' && !path.ends_with(b".") && !NON_SECRET_NAMES.is_match(path);
    if is_name && text.byte_at(stop) == b'=' && text.has_class(stop + 1, ALNUM) { stop } else { end }
}

/// Returns the start of the value if the keyword is the name of an XML element that ends at `end`.
///
/// Input:  `<api_key>a8F3kP0zQ9mN2xVb</api_key>`
/// Output: `<api_key>[SECRET]</api_key>`
fn xml_element_value(text: &TextView<'_>, at: usize, end: usize) -> Option<(usize, ValueSyntax)> {
    let mut start = at;
    while at - start < 32 && class::is_in(text.byte_before(start), class::WORD | class::DOT) {
        start -= 1;
    }
    let open = text.byte_before(start) == b'<' && text.byte_at(end) == b'>';
    let stop = || text.run_end(RunClass::Value, end + 1);
    (open && text.starts_with_at(stop(), b"</")).then_some((end + 1, ValueSyntax::Assigned))
}

/// Parts of a name that exclude a secret: `token_count`, `password_url`.
static NON_SECRET_NAMES: WordList =
    WordList::new(NON_SECRET_NAME_PARTS, || word_list::build_automaton(NON_SECRET_NAME_PARTS));

const NON_SECRET_NAME_PARTS: &[&str] = &[
    "count", "limit", "type", "expir", "url", "uri", "name", "length", "len", "file", "path", "policy", "field", "ttl",
    "size", "budget", "usage", "per_", "_age", "endpoint", "hint", "reset", "strength", "manager", "rule", "min",
    "max", "version", "format", "prefix", "regex", "validat", "_id", "-id", "range", "prompt", "enum", "flag", "stdin",
];

/// Returns the position after the characters that close a keyword.
fn closing_end(text: &TextView<'_>, mut position: usize) -> usize {
    // Up to four quotation marks, brackets, backslashes, asterisks or escape sequences of them.
    // Input:  `config["secret"] = "k9X2mQ7vB4nL";`
    // Output: `config["secret"] = "[SECRET]";`
    // Input:  `&quot;secret&quot;:&quot;k9X2mQ7vB4nL&quot;`
    // Output: `&quot;secret&quot;:&quot;[SECRET]&quot;`
    for _ in 0..4 {
        position = match text.byte_at(position) {
            b'"' | b'\'' | b'`' | b']' | b'*' | b')' => position + 1,
            byte => match text.escape_at(position) {
                Some((b'"' | b'\'' | b'`', next)) => next,
                None if byte == b'\\' => position + 1,
                _ => break,
            },
        };
    }
    // Input:  `apikey[] = @"a8F3kP0zQ9mN2xVb"`
    // Output: `apikey[] = @"[SECRET]"`
    if text.starts_with_at(position, b"[]") {
        position += 2;
    }
    let open = text.skip_blanks(position);
    // A remark of at most 24 bytes.
    // Input:  `password (staging): hunter2`
    // Output: `password (staging): [SECRET]`
    if text.byte_at(open) == b'(' {
        let stop = text.bounded_run_end(ALNUM | SPACE | class::DASH_UNDERSCORE | class::DOT, open + 1, 24);
        if text.byte_at(stop) == b')' {
            return stop + 1;
        }
    }
    position
}

/// Returns the start of a value after an assigning sign or word (`=`, `:`, `is`), and the syntax of the assignment.
fn assigned_value(text: &TextView<'_>, from: usize) -> Option<(usize, ValueSyntax)> {
    let position = text.skip_blanks(from);
    // The sign can be an escape sequence.
    // Input:  `password%3Dhunter2`, `password\u003dhunter2`
    // Output: `password%3D[SECRET]`, `password\u003d[SECRET]`
    let escaped = text.escape_at(position).filter(|(sign, _)| matches!(sign, b'=' | b':'));
    let (sign, after) = escaped.unwrap_or_else(|| (text.byte_at(position), position + 1));
    let (mut stop, syntax) = match (sign, text.byte_at(after)) {
        // A comparison in source code.
        // Input:  `password == hunter2`
        // Output: `password == [SECRET]`
        // Input:  `password == None`
        // Output: unchanged
        (b'=', b'=') if position > from => (after + 1, ValueSyntax::Prose),
        // Input:  `password:=letmein`
        // Output: `password:=[SECRET]`
        (b'=', b'=' | b'>') | (b':', b'=') => (after + 1, ValueSyntax::Assigned),
        // Source code has blanks around the sign, and often another name after it.
        // Input:  `token = config.auth.token`
        // Output: unchanged
        (b'=', b' ') if position > from => (after, ValueSyntax::Prose),
        // Input:  `DB_PASSWORD=letmein`
        // Output: `DB_PASSWORD=[SECRET]`
        (b'=', _) => (after, ValueSyntax::Assigned),
        // A path of source code.
        // Input:  `Password::new`
        // Output: unchanged
        (b':', b':') => return None,
        // Input:  `password: Tr0ub4dor&3`
        // Output: `password: [SECRET]`
        (b':', _) => (after, ValueSyntax::Prose),
        // A row of a table.
        // Input:  `| token | 3f9a8b7c6d5e4f3a2b1c |`, `|token|3f9a8b7c6d5e4f3a2b1c|`
        // Output: `| token | [SECRET] |`, `|token|[SECRET]|`
        (b'|', byte) if byte == b' ' || class::is_in(byte, ALNUM) => (after, ValueSyntax::Prose),
        // An entry of a list.
        // Input:  `Password - hunter2`
        // Output: `Password - [SECRET]`
        (b'-', b' ') if position > from => (position + 1, ValueSyntax::Prose),
        // Input:  `changed the password to k9x!mQ2v`
        // Output: `changed the password to [SECRET]`
        (b't', b'o') if position > from && text.has_class(position + 2, SPACE) => (position + 2, ValueSyntax::Adjacent),
        // Input:  `my passcode is 482913`
        // Output: `my passcode is [SECRET]`
        _ => (assigning_word_end(text, position, position > from)?, ValueSyntax::Prose),
    };
    // Skips fillers between the sign and the value.
    // Input:  `**Password:** Xk9#mQ2v`
    // Output: `**Password:** [SECRET]`
    stop = text.skip_blanks(stop);
    for filler in [&b":"[..], b"**", b"now ", b"set to ", b"actually ", b"currently "] {
        if text.starts_with_at(stop, filler) {
            stop = text.skip_blanks(stop + filler.len());
        }
    }
    Some((stop, syntax))
}

/// Returns the position after an assigning word. An ASCII word needs a blank before it (`parted`) and after it.
///
/// Input:  `密码是hunter2。`
/// Output: `密码是[SECRET]。`
fn assigning_word_end(text: &TextView<'_>, position: usize, parted: bool) -> Option<usize> {
    let is_match = |word: &&&str| {
        text.starts_with_at(position, word.as_bytes())
            && (!word.is_ascii() || text.has_class(position + word.len(), SPACE))
    };
    let found = ASSIGNING_WORDS.iter().filter(|word| parted || !word.is_ascii()).find(is_match)?;
    Some(position + found.len())
}

const ASSIGNING_WORDS: [&str; 16] =
    ["is", "was", "will be", "ist", "lautet", "est", "es", "jest", "är", "：", "は", "是", "为", "為", "→", "—"];

/// Returns the value after an assigning word or colon that follows the keyword at some distance.
fn distant_value(text: &TextView<'_>, from: usize) -> Option<(usize, ValueSyntax)> {
    if text.byte_at(from) != b' ' {
        return None;
    }
    let mut position = from;
    while position - from < 48 {
        match text.byte_at(position) {
            // At most 48 bytes between the keyword and the word.
            // Input:  `the password for the staging database is Zx9!qqLm.`
            // Output: `the password for the staging database is [SECRET].`
            b' ' if text.starts_with_at(position, b" is ") || text.starts_with_at(position, b" was ") => {
                return assigned_value(text, position);
            }
            // At most 32 bytes between the keyword and the colon.
            // Input:  `password for admin:hunter2`
            // Output: `password for admin:[SECRET]`
            b':' if text.has_class(position + 1, SPACE | ALNUM) && position - from < 32 => {
                return assigned_value(text, position);
            }
            b' ' | b'\'' | b'/' | b'@' | b'#' | b'"' => position += 1,
            byte if class::is_in(byte, ALNUM | class::DASH_UNDERSCORE | class::NON_ASCII) => position += 1,
            // Any other character ends the search: `password, the one for admin: ..`.
            _ => return None,
        }
    }
    None
}

/// Returns the value directly after the keyword. PINs need an assigning sign or word.
///
/// Input:  `with token 9f8e7d6c5b4a39281706abcd in hand`
/// Output: `with token [SECRET] in hand`
fn adjacent_value(text: &TextView<'_>, from: usize, kind: SecretKind) -> Option<(usize, ValueSyntax)> {
    let position = text.skip_blanks(from);
    (position > from && kind != SecretKind::Pin).then_some((position, ValueSyntax::Adjacent))
}

/// Skips the name of an authentication scheme before the value.
///
/// Input:  `Authorization: Bearer mF_9.B5f-4.1JqM`
/// Output: `Authorization: Bearer [SECRET]`
fn skip_auth_scheme(text: &TextView<'_>, (start, syntax): (usize, ValueSyntax)) -> (usize, ValueSyntax) {
    let quote = usize::from(matches!(text.byte_at(start), b'"' | b'\''));
    for name in [&b"bearer"[..], b"basic", b"token", b"apikey", b"api-key", b"digest"] {
        let word = start + quote + name.len();
        let value = text.skip_blanks(word);
        if text.starts_with_at(start + quote, name) && value > word {
            return (value, ValueSyntax::Assigned);
        }
    }
    (start, syntax)
}

/// Returns whether a bracket is open before `at`, within 48 bytes.
///
/// Input:  `(password: ..)`
/// Output: true
/// Input:  `() password: ..`
/// Output: false
fn is_inside_bracket(text: &TextView<'_>, at: usize) -> bool {
    let window = text.window_before(at, 48);
    let count = |signs: &[u8]| window.iter().filter(|byte| signs.contains(byte)).count();
    count(b"([{") > count(b")]}")
}

/// Returns whether the `_key` at `at` ends the name of an environment variable that holds a secret.
///
/// Input:  `OPENAI_KEY=a8F3kP0zQ9mN2xVbLw7R`
/// Output: true
/// Input:  `PUBLIC_KEY=a8F3kP0zQ9mN2xVbLw7R`, `sort_key=a8F3kP0zQ9mN2xVbLw7R`
/// Output: false
fn is_env_variable_key(text: &TextView<'_>, at: usize) -> bool {
    let mut start = at;
    while at - start < 40 && (class::is_in(text.byte_before(start), UPPER | DIGIT) || text.byte_before(start) == b'_') {
        start -= 1;
    }
    let name = text.slice(start, at);
    let public = memmem::find(name, b"PUB").is_some();
    let stop = text.bounded_run_end(VALUE, at + 5, MAX_EXAMINED_BYTES);
    let random = || stop - at > 20 && secret_value::is_random(text.slice(at + 5, stop));
    text.slice(at, at + 5) == b"_KEY=" && !name.is_empty() && !public && random()
}

/// Returns whether `name` is written like an environment variable.
///
/// Input:  `TOKEN`, `API_KEY`
/// Output: true
/// Input:  `api_key`
/// Output: false
fn is_env_variable(name: &[u8]) -> bool {
    name.iter().all(|byte| class::is_in(*byte, UPPER | DIGIT) || *byte == b'_')
}

#[cfg(test)]
mod tests;
