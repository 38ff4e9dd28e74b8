//! Detection of secrets after a keyword: `password=..`, `"token": ".."`, `the api key for staging is ..`.

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
use super::escape;
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

/// The value of an assignment, without quotation marks.
struct AssignedValue {
    start: usize,
    stop: usize,
    syntax: ValueSyntax,
    /// True if the value continues after `stop`.
    is_cut: bool,
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

/// Returns the value that begins at `start`, or its first `longest` bytes.
fn value_at(
    text: &TextView<'_>,
    start: usize,
    syntax: ValueSyntax,
    is_key: bool,
    open: bool,
    longest: usize,
) -> Option<AssignedValue> {
    // A prefix of a string literal.
    // Input:  `password = b"open sesame"`
    // Output: `password = b"[SECRET]"`
    let marked = matches!(text.byte_at(start), b'b' | b'f' | b'r' | b'u' | b'@')
        && matches!(text.byte_at(start + 1), b'"' | b'\'');
    let start = start + usize::from(marked);
    // A quoted value. A placeholder, a newline or the end of the text before the closing mark: no value.
    // Input:  `{\"client_secret\":\"aB3dE6gH9jK2\"}`
    // Output: `{\"client_secret\":\"[SECRET]\"}`
    if let Some((open, close)) = quote(text, start) {
        let from = start + open;
        let mut stop = from;
        while stop - from < MAX_QUOTED_BYTES && !text.starts_with_at(stop, close) {
            if starts_placeholder(text, stop) || matches!(text.byte_at(stop), b'\n' | 0) {
                return None;
            }
            stop += 1;
        }
        // Directly after a keyword, quotation marks do not make a value more likely to be a secret.
        // Input:  `token "a8F3kP0zQ9mN2xVb/Lw7RtYcE4uHsJdGf12=="`
        // Output: `token "[SECRET]"`
        let syntax = if syntax == ValueSyntax::Adjacent { syntax } else { ValueSyntax::Quoted };
        let is_closed = text.starts_with_at(stop, close);
        return is_closed.then_some(AssignedValue { start: from, stop, syntax, is_cut: false });
    }
    let word = text.run_end(RunClass::Value, start);
    let word = if is_key { escaped_key_end(text, start, word) } else { word };
    // Input:  `password = get_password()`
    // Output: unchanged
    if is_call(text, start, word) || is_argument(text, start, word) {
        return None;
    }
    // A password can contain brackets; `trim_brackets` removes a bracket that was opened before the password.
    let run_end = bracketed_value_end(text, word);
    let run = text.slice(start, run_end.min(start.saturating_add(longest)));
    // A character of another script ends the value.
    // Input:  `密码是hunter2。`
    // Output: `密码是[SECRET]。`
    let foreign = run.first()?.is_ascii().then(|| run.iter().position(|byte| *byte >= 0xe2)).flatten();
    // An escape sequence ends the value.
    // Input:  `password=hunter2\nuser=jane`
    // Output: `password=[SECRET]\nuser=jane`
    let escape = run.windows(2).enumerate().position(|(at, pair)| is_end_escape(run, at, pair[1]) && pair[0] == b'\\');
    let escape = escape.or_else(|| (run.last() == Some(&b'\\')).then_some(run.len() - 1));
    // A closing bracket ends a key, and the address of a link and the code of a terminal end any value.
    // Input:  `[password=hunter2](https://example.com)`, `password=hunter2\x1b[0m`
    // Output: `[password=[SECRET]](https://example.com)`, `password=[SECRET]\x1b[0m`
    let closing = if is_key { unmatched_closing_bracket(run) } else { None };
    let link = memmem::find(run, b"](");
    let code = (0..run.len()).find(|at| is_markup_at(run, *at));
    // The next parameter of a query ends the value; `&` alone does not.
    // Input:  `password=a&b3c!d&user=x`
    // Output: `password=[SECRET]&user=x`
    let next = run.iter().enumerate().position(|(at, byte)| *byte == b'&' && is_parameter(&run[at + 1..]));
    let value_len = [foreign, escape, next, closing, link, code].into_iter().flatten().min().unwrap_or(run.len());
    let (from, to) = secret_value::trim_brackets(&run[..value_len], open);
    let is_cut = value_len == run.len() && start + run.len() < run_end;
    Some(AssignedValue { start: start + from, stop: start + to, syntax, is_cut })
}

/// Returns whether the escape sequence at `at`, with `letter` after the backslash, ends a value. A sign of base64 does
/// not.
///
/// Input:  `\n`, `\"`, `\u0026`
/// Output: true
/// Input:  `\u002b`, `\/`
/// Output: false
fn is_end_escape(run: &[u8], at: usize, letter: u8) -> bool {
    let decoded = || escape::decode(|offset| run.get(at + offset).copied().unwrap_or(0));
    match letter {
        b'n' | b'r' | b't' | b'"' | b'\'' => true,
        b'u' | b'\\' => !decoded().is_some_and(|(byte, _)| class::is_in(byte, class::BASE64_SIGN)),
        _ => false,
    }
}

/// Returns the end of a key that starts at `start` and has a run of value characters up to `end`. The semicolon of an HTML
/// entity does not end the key.
///
/// Input:  `aB3&#x2F;dE6&#x3D;`, `end` at the first semicolon
/// Output: the end of `&#x3D;`
fn escaped_key_end(text: &TextView<'_>, start: usize, mut end: usize) -> usize {
    while text.byte_at(end) == b';' && end - start < MAX_EXAMINED_BYTES {
        let from = start.max(end.saturating_sub(8));
        let Some(at) = text.slice(from, end).iter().rposition(|byte| *byte == b'&') else { break };
        match text.escape_at(from + at) {
            Some((byte, next)) if next == end + 1 && class::is_in(byte, class::BASE64_SIGN) => {
                end = text.run_end(RunClass::Value, next);
            }
            _ => break,
        }
    }
    end
}

/// Returns the position of the first closing bracket in `run` without an opening one before it.
fn unmatched_closing_bracket(run: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    run.iter().position(|byte| match byte {
        b'(' | b'[' | b'{' => {
            depth += 1;
            false
        }
        b')' | b']' | b'}' if depth == 0 => true,
        b')' | b']' | b'}' => {
            depth -= 1;
            false
        }
        _ => false,
    })
}

/// Returns whether a terminal code, or an entity of a bracket or quotation mark, starts at `at`.
///
/// Input:  `\x1b[0m`, `[0m`, `&lt;`, `&quot;`
/// Output: true
fn is_markup_at(run: &[u8], at: usize) -> bool {
    let byte_at = |offset: usize| run.get(at + offset).copied().unwrap_or(b';');
    match run[at] {
        b'\\' | b'^' | b'[' => escape::color_code_len(byte_at).is_some(),
        b'&' => escape::decode(byte_at).is_some_and(|(byte, _)| matches!(byte, b'"' | b'\'' | b'<' | b'>' | b' ')),
        _ => false,
    }
}

/// Returns the end of the digits at `start`, if neither a letter nor a fraction follows them, or else `stop`.
///
/// Input:  `482913!`, `482913**`
/// Output: the position after `3`
fn pin_end(text: &TextView<'_>, start: usize, stop: usize) -> usize {
    let end = text.bounded_run_end(DIGIT, start, 13);
    let is_fraction = matches!(text.byte_at(end), b'.' | b',' | b':' | b'-' | b'/') && text.has_class(end + 1, DIGIT);
    if end < stop && !text.has_class(end, ALNUM) && !is_fraction { end } else { stop }
}

/// Returns the end of a value that starts at `from` and can contain brackets. A placeholder ends the value.
///
/// Input:  `mysql -phunter2[EMAIL] x`
/// Output: `mysql -p[SECRET][EMAIL] x`
pub(super) fn bracketed_value_end(text: &TextView<'_>, from: usize) -> usize {
    let mut stop = from;
    while stop - from < MAX_EXAMINED_BYTES && text.has_class(stop, VALUE | BRACKET) && !starts_placeholder(text, stop) {
        stop += 1;
    }
    stop
}

/// Returns whether a placeholder can start at `position`.
///
/// Input:  `[EMAIL]`, `[[EMAIL]`
/// Output: true
/// Input:  `[u8]`
/// Output: false
fn starts_placeholder(text: &TextView<'_>, position: usize) -> bool {
    text.byte_at(position) == b'[' && matches!(text.byte_at(position + 1), b'[' | b'A'..=b'Z')
}

/// Returns whether `rest` starts with a parameter of a query.
///
/// Input:  `next=1`
/// Output: true
/// Input:  `b3c!d`
/// Output: false
fn is_parameter(rest: &[u8]) -> bool {
    let name = rest.iter().position(|byte| !class::is_in(*byte, class::WORD | class::DOT));
    name.is_some_and(|end| end > 0 && rest[end] == b'=')
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

/// Returns whether `start..end` is the name of a variable, passed as a named argument.
///
/// Input:  `login(password=given, ..)`
/// Output: true
/// Input:  `login(password=hunter2, ..)`
/// Output: false
fn is_argument(text: &TextView<'_>, start: usize, end: usize) -> bool {
    let name = text.slice(start, end);
    let word = name.len() <= MAX_EXAMINED_BYTES
        && name.iter().all(|byte| class::is_in(*byte, LOWER | UPPER) || *byte == b'_')
        && !secret_value::is_mixed_case(name);
    word && !name.is_empty() && matches!(text.byte_at(end), b',' | b')') && text.byte_before(start) == b'='
}

/// Returns whether `start..end` is the start of a function call or an index expression in source code.
fn is_call(text: &TextView<'_>, start: usize, end: usize) -> bool {
    let (name, open) = (text.slice(start, end), text.byte_at(end));
    let path = |name: &[u8]| {
        name.iter().all(|byte| class::is_in(*byte, ALNUM) || matches!(byte, b'_' | b'.' | b':' | b'&' | b'*'))
    };
    if name.len() > MAX_EXAMINED_BYTES
        || !name.first().is_some_and(|byte| class::is_in(*byte, LOWER | UPPER) || *byte == b'_')
        || !path(name)
    {
        return false;
    }
    let inside = text.bounded_run_end(VALUE, end + 1, 64);
    let spelled = class::count_in(name, DIGIT) == 0 || !secret_value::is_random(name);
    let closes = matches!(text.byte_at(inside), b')' | b',' | b'(' | b'"' | b'\'') || text.has_class(inside, SPACE);
    let closed = closes && path(text.slice(end + 1, inside)) && spelled;
    // Input:  `os.environ['DB_PASSWORD']`
    // Output: true
    // Input:  `get_password()`, `input("..")`
    // Output: true
    // Input:  `hunter2`, `a8F3kP0zQ9mN2xVb(x)`
    // Output: false
    open == b'[' && text.terminal_code_at(end).is_none()
        || open == b'(' && (matches!(text.byte_at(end + 1), b'"' | b'\'' | b'&') || closed)
}

/// Maximum number of bytes of a value without quotation marks that are examined, so that the time stays linear where many
/// keywords share one long value.
const MAX_EXAMINED_BYTES: usize = 256;

/// Maximum number of bytes of a value in quotation marks.
const MAX_QUOTED_BYTES: usize = 2048;

/// Returns the length in bytes of the opening quotation mark at `start`, and the closing mark.
///
/// Input:  `„soleil42“`, `&quot;soleil42&quot;`
/// Output: 3 and `“`, 6 and `&quot;`
fn quote<'t>(text: &TextView<'t>, start: usize) -> Option<(usize, &'t [u8])> {
    let marks: [(&[u8], &[u8]); 8] = [
        (b"\"", b"\""),
        (b"'", b"'"),
        (b"`", b"`"),
        ("“".as_bytes(), "”".as_bytes()),
        ("„".as_bytes(), "“".as_bytes()),
        ("‘".as_bytes(), "’".as_bytes()),
        ("«".as_bytes(), "»".as_bytes()),
        ("「".as_bytes(), "」".as_bytes()),
    ];
    let escaped = || {
        let (_, end) = text.escape_at(start).filter(|(mark, _)| matches!(mark, b'"' | b'\'' | b'`'))?;
        Some((end - start, text.slice(start, end)))
    };
    let known = marks.into_iter().find(|(open, _)| text.starts_with_at(start, open));
    known.map(|(open, close)| (open.len(), close)).or_else(escaped)
}

#[cfg(test)]
mod tests;
