//! The value after a keyword: its end, its quotation marks, and the source code that resembles a value.

use memchr::memmem;

use super::super::class;
use super::super::class::ALNUM;
use super::super::class::BRACKET;
use super::super::class::DIGIT;
use super::super::class::LOWER;
use super::super::class::SPACE;
use super::super::class::UPPER;
use super::super::class::VALUE;
use super::super::escape;
use super::super::secret_value;
use super::super::secret_value::ValueSyntax;
use super::super::view::RunClass;
use super::super::view::TextView;

/// The value of an assignment, without quotation marks.
pub(super) struct AssignedValue {
    pub(super) start: usize,
    pub(super) stop: usize,
    pub(super) syntax: ValueSyntax,
    /// True if the value continues after `stop`.
    pub(super) is_cut: bool,
}

/// Returns the value that begins at `start`, or its first `longest` bytes.
pub(super) fn value_at(
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
pub(super) fn pin_end(text: &TextView<'_>, start: usize, stop: usize) -> usize {
    let end = text.bounded_run_end(DIGIT, start, 13);
    let is_fraction = matches!(text.byte_at(end), b'.' | b',' | b':' | b'-' | b'/') && text.has_class(end + 1, DIGIT);
    if end < stop && !text.has_class(end, ALNUM) && !is_fraction { end } else { stop }
}

/// Returns the end of a value that starts at `from` and can contain brackets. A placeholder ends the value.
///
/// Input:  `mysql -phunter2[EMAIL] x`
/// Output: `mysql -p[SECRET][EMAIL] x`
pub(in super::super) fn bracketed_value_end(text: &TextView<'_>, from: usize) -> usize {
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
pub(super) const MAX_EXAMINED_BYTES: usize = 256;

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
