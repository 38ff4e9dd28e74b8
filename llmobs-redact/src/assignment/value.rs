//! The value after a keyword such as `password`: its end, its quotation marks, and the source code that resembles a
//! value.

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

/// The value of an assignment: the bytes `start..stop` of the text. They contain neither its quotation marks nor,
/// for a value without quotation marks, the brackets and punctuation that `secret_value::trim_brackets` removes.
pub(super) struct AssignedValue {
    pub(super) start: usize,
    pub(super) stop: usize,
    /// The syntax before the value. If quotation marks enclose the value, `Quoted` in place of any other syntax than
    /// `Adjacent`.
    pub(super) syntax: ValueSyntax,
    /// True if an unquoted value was examined up to the maximum length and can continue after `stop`.
    pub(super) is_cut: bool,
}

/// Returns the value that begins at `start`, after an assignment with this syntax. Returns `None` for an empty value,
/// for source code in place of a value, and for a quoted value without its closing mark.
///
/// Set `is_key` if the keyword announces a generated key or token, which cannot contain an unmatched closing bracket.
/// Set `open` if an unmatched closing bracket at the end of an unquoted value is part of the text around it: for every
/// key, and if a bracket is open before the keyword. `longest` is the maximum number of bytes of an unquoted value that
/// are examined; it does not limit a quoted value.
pub(super) fn value_at(
    text: &TextView<'_>,
    start: usize,
    syntax: ValueSyntax,
    is_key: bool,
    open: bool,
    longest: usize,
) -> Option<AssignedValue> {
    // `b`, `f`, `r`, `u` or `@` before a quotation mark, the prefix of a string literal in source code.
    // Input:  `password = b"open sesame"`
    // Output: `password = b"[SECRET]"`
    let marked = matches!(text.byte_at(start), b'b' | b'f' | b'r' | b'u' | b'@')
        && matches!(text.byte_at(start + 1), b'"' | b'\'');
    let start = start + usize::from(marked);
    // A quoted value. It is rejected if a placeholder, a newline, the end of the text or more than `MAX_QUOTED_BYTES`
    // bytes precede the closing mark.
    // Input:  `{\"client_secret\":\"aB3dE6gH9jK2\"}`
    // Output: `{\"client_secret\":\"[SECRET]\"}`
    // Input:  `password = "open [EMAIL] sesame"`, `password: "soleil42` + newline
    // Output: unchanged
    if let Some((open, close)) = quote(text, start) {
        let from = start + open;
        let mut stop = from;
        while stop - from < MAX_QUOTED_BYTES && !text.starts_with_at(stop, close) {
            if starts_placeholder(text, stop) || matches!(text.byte_at(stop), b'\n' | 0) {
                return None;
            }
            stop += 1;
        }
        // After an assigning sign or word, a value in quotation marks needs less evidence to be a secret. Directly
        // after the keyword (`Adjacent`), the marks change nothing.
        // Input:  `token "a8F3kP0zQ9mN2xVb/Lw7RtYcE4uHsJdGf12=="`
        // Output: `token "[SECRET]"`
        // Input:  `the password "sesame"`
        // Output: unchanged
        let syntax = if syntax == ValueSyntax::Adjacent { syntax } else { ValueSyntax::Quoted };
        let is_closed = text.starts_with_at(stop, close);
        return is_closed.then_some(AssignedValue { start: from, stop, syntax, is_cut: false });
    }
    let word = text.run_end(RunClass::Value, start);
    let word = if is_key { escaped_key_end(text, start, word, longest) } else { word };
    // A function call, an index expression or a variable in source code.
    // Input:  `password = get_password()`, `password = os.environ['DB_PASSWORD']`, `login(password=given, user=jane)`
    // Output: unchanged
    if is_call(text, start, word) || is_argument(text, start, word, open) {
        return None;
    }
    // An unquoted value can contain brackets. `trim_brackets`, below, removes a closing bracket at its end whose
    // opening bracket precedes the value.
    // Input:  `password=h7!(ter2)x`, `(password: hunter2)`
    // Output: `password=[SECRET]`, `(password: [SECRET])`
    let run_end = bracketed_value_end(text, word);
    let run = text.slice(start, run_end.min(start.saturating_add(longest)));
    // An escape sequence that begins in the run can end after it.
    let run_and_escape =
        text.slice(start, run_end.min(start.saturating_add(longest).saturating_add(LONGEST_ESCAPE - 1)));
    // In a value that starts with an ASCII character, a character from U+2000 on (`。`, `→`, Chinese, Japanese, Korean)
    // ends the value. Earlier characters, such as `é`, do not.
    // Input:  `密码是hunter2。`, `password=huntér2→next`
    // Output: `密码是[SECRET]。`, `password=[SECRET]→next`
    let foreign = run.first()?.is_ascii().then(|| run.iter().position(|byte| *byte >= 0xe2)).flatten();
    // An escape sequence that `is_end_escape` accepts, or a backslash before the character that ends the run, such as a
    // quotation mark, ends the value.
    // Input:  `password=hunter2\nuser=jane`, `"password=hunter2\", then"`
    // Output: `password=[SECRET]\nuser=jane`, `"password=[SECRET]\", then"`
    let is_end = |(at, pair): (usize, &[u8])| pair[0] == b'\\' && is_end_escape(run_and_escape, at, pair[1]);
    let escape = run_and_escape.windows(2).enumerate().take(run.len()).position(is_end);
    let ends_in_backslash = || run.last() == Some(&b'\\') && run.len() == run_and_escape.len();
    let escape = escape.or_else(|| ends_in_backslash().then(|| run.len() - 1));
    // An unmatched closing bracket ends a key.
    // Input:  `api_key=a8F3kP0zQ9mN2xVb) x`
    // Output: `api_key=[SECRET]) x`
    let closing = if is_key { unmatched_closing_bracket(run) } else { None };
    // The `](` of a Markdown link, a terminal code, and an HTML entity of `is_markup_at` end any value.
    // Input:  `[password=hunter2](https://example.com)`, `password=hunter2\x1b[0m`, `password=hunter2&quot;`
    // Output: `[password=[SECRET]](https://example.com)`, `password=[SECRET]\x1b[0m`, `password=[SECRET]&quot;`
    let link = memmem::find(run, b"](");
    let code = (0..run.len()).find(|at| is_markup_at(run, *at));
    // The next parameter of a URL query ends the value; `&` alone does not.
    // Input:  `password=a&b3c!d&user=x`
    // Output: `password=[SECRET]&user=x`
    let next = run.iter().enumerate().position(|(at, byte)| *byte == b'&' && is_parameter(&run[at + 1..]));
    let value_len = [foreign, escape, next, closing, link, code].into_iter().flatten().min().unwrap_or(run.len());
    let (from, to) = secret_value::trim_brackets(&run[..value_len], open);
    let is_cut = value_len == run.len() && start + run.len() < run_end;
    Some(AssignedValue { start: start + from, stop: start + to, syntax, is_cut })
}

/// Returns whether the escape sequence whose backslash is at `at` and whose next byte is `letter` ends a value: `\n`,
/// `\r`, `\t`, a quotation mark, and each sequence with `\u` or several backslashes whose character is not a sign of
/// base64 (`+`, `/`, `=`). All others do not.
///
/// Input:  `\n`, `\"`, `\u0026`, `\\n`, `\\d`
/// Output: true
/// Input:  `\u002b`, `\\/`
/// Output: false
/// Input:  `\/`, `\x26`, `\d`
/// Output: false
fn is_end_escape(run: &[u8], at: usize, letter: u8) -> bool {
    let decoded = || escape::decode(|offset| run.get(at + offset).copied().unwrap_or(0));
    match letter {
        b'n' | b'r' | b't' | b'"' | b'\'' => true,
        b'u' | b'\\' => !decoded().is_some_and(|(byte, _)| class::is_in(byte, class::BASE64_SIGN)),
        _ => false,
    }
}

/// Returns the end of a key that starts at `start` and has a run of value characters up to `end`. The semicolon of an
/// HTML entity of a base64 sign (`+`, `/`, `=`) does not end the key, if it is at most `longest` bytes after `start`.
///
/// Input:  `aB3&#x2F;dE6&#x3D;`, `end` at the first semicolon
/// Output: the position after `&#x3D;`
/// Input:  `aB3&quot;dE6`, `end` at the semicolon
/// Output: `end`
fn escaped_key_end(text: &TextView<'_>, start: usize, mut end: usize, longest: usize) -> usize {
    while text.byte_at(end) == b';' && end - start <= longest {
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

/// Returns the position of the first closing bracket in `run` that closes no bracket of `run`. Round, square and curly
/// brackets close each other.
///
/// Input:  `a)b`, `(a)b]`
/// Output: 1, 4
/// Input:  `(a]b`
/// Output: `None`
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

/// Returns whether a terminal code, or an HTML entity of `"`, `'`, `<`, `>` or a blank, starts at `at`.
///
/// Input:  `\x1b[0m`, `[0m`, `&lt;`, `&quot;`, `&nbsp;`
/// Output: true
/// Input:  `[m`, `&amp;`, `&`
/// Output: false
fn is_markup_at(run: &[u8], at: usize) -> bool {
    // A semicolon is not a value character, so the run ends before the semicolon of an entity.
    let byte_at = |offset: usize| run.get(at + offset).copied().unwrap_or(b';');
    match run[at] {
        b'\\' | b'^' | b'[' => escape::color_code_len(byte_at).is_some(),
        b'&' => escape::decode(byte_at).is_some_and(|(byte, _)| matches!(byte, b'"' | b'\'' | b'<' | b'>' | b' ')),
        _ => false,
    }
}

/// Returns the end of the digits at `start`. Returns `stop`, the end of the whole value, if there are more than 13
/// digits, or if a letter follows them, or one of `.`, `,`, `:`, `-`, `/` and a digit.
///
/// Input:  `482913!`, `482913**`, `482913-abc`
/// Output: the position after `482913`
/// Input:  `482913x`, `3.5`, `2024-01-15`
/// Output: `stop`
pub(super) fn pin_end(text: &TextView<'_>, start: usize, stop: usize) -> usize {
    let end = text.bounded_run_end(DIGIT, start, 13);
    let is_fraction = matches!(text.byte_at(end), b'.' | b',' | b':' | b'-' | b'/') && text.has_class(end + 1, DIGIT);
    if end < stop && !text.has_class(end, ALNUM) && !is_fraction { end } else { stop }
}

/// Returns the end of a value whose bytes up to `from` are known to belong to it: the end of the value characters and
/// brackets at `from`, at most `MAX_EXAMINED_BYTES` further. A placeholder ends the value.
///
/// Input:  `mysql -phun(ter2)x`, `from` at `(`
/// Output: the position after `x`
/// Input:  `mysql -phunter2[EMAIL] x`, `from` at `[`
/// Output: `from`
pub(in super::super) fn bracketed_value_end(text: &TextView<'_>, from: usize) -> usize {
    let mut stop = from;
    while stop - from < MAX_EXAMINED_BYTES && text.has_class(stop, VALUE | BRACKET) && !starts_placeholder(text, stop) {
        stop += 1;
    }
    stop
}

/// Returns whether a placeholder or a match can start at `position`: `[` and a capital or, since the view shows `[` in
/// place of every byte from the start of the next match on, `[[`.
///
/// Input:  `[EMAIL]`, `[[EMAIL]`
/// Output: true
/// Input:  `[u8]`
/// Output: false
fn starts_placeholder(text: &TextView<'_>, position: usize) -> bool {
    text.byte_at(position) == b'[' && matches!(text.byte_at(position + 1), b'[' | b'A'..=b'Z')
}

/// Returns whether `rest` starts with a parameter of a URL query: a name of letters, digits, `-`, `_` and `.`, then
/// `=`.
///
/// Input:  `next=1`
/// Output: true
/// Input:  `b3c!d`, `a[]=1`
/// Output: false
fn is_parameter(rest: &[u8]) -> bool {
    let name = rest.iter().position(|byte| !class::is_in(*byte, class::WORD | class::DOT));
    name.is_some_and(|end| end > 0 && rest[end] == b'=')
}

/// Returns whether `start..end` can be the name of a variable that is passed as a named argument: letters and `_`
/// directly after `=` and before `,` or `)`, at most `MAX_EXAMINED_BYTES`, and without the mixed case of a random
/// value. Either a bracket is open before it (`is_in_bracket`), or it is closed after it, or the arguments are on lines of
/// their own.
///
/// Input:  `login(password=given, ..)`, `password=given,` + newline
/// Output: true
/// Input:  `login(password=hunter2, ..)`, `login(password = given)`, `password=letmein, user=jane`
/// Output: false
fn is_argument(text: &TextView<'_>, start: usize, end: usize, is_in_bracket: bool) -> bool {
    let name = text.slice(start, end);
    let is_call = is_in_bracket || text.byte_at(end) == b')' || text.byte_at(end + 1) == b'\n';
    let word = is_call
        && name.len() <= MAX_EXAMINED_BYTES
        && name.iter().all(|byte| class::is_in(*byte, LOWER | UPPER) || *byte == b'_')
        && !secret_value::is_mixed_case(name);
    word && !name.is_empty() && matches!(text.byte_at(end), b',' | b')') && text.byte_before(start) == b'='
}

/// Returns whether `start..end` can be the name before a function call or an index expression in source code: at most
/// `MAX_EXAMINED_BYTES` letters, digits, `_`, `.`, `:`, `&` and `*`, a letter or `_` first, and `(` or `[` at `end`.
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
    // `[`, except that of a terminal code.
    // Input:  `os.environ['DB_PASSWORD']`, `hunter2[x]`
    // Output: true
    // Input:  `hunter2[0m`
    // Output: false
    // `(` before a quotation mark or `&`. Or a name that has no digits or does not look random, `(`, and at most 64
    // bytes of the characters of a name up to a parenthesis, comma, quotation mark or white space.
    // Input:  `input("..")`, `get_password()`, `hunter2(x, y)`
    // Output: true
    // Input:  `hunter2`, `a8F3kP0zQ9mN2xVb(x)`, `hunter2(x!y)`
    // Output: false
    open == b'[' && text.terminal_code_at(end).is_none()
        || open == b'(' && (matches!(text.byte_at(end + 1), b'"' | b'\'' | b'&') || closed)
}

/// Maximum number of bytes of a value without quotation marks that decide whether it is a secret, so that the time
/// stays linear where many keywords share one long value. More bytes are read only to find the end of a secret.
pub(super) const MAX_EXAMINED_BYTES: usize = 256;

/// Number of bytes of the longest escape sequence that can stand for one sign of a value: `\u002b`, with two backslashes.
const LONGEST_ESCAPE: usize = 7;

/// Maximum number of bytes of a value in quotation marks. A longer value is not found.
const MAX_QUOTED_BYTES: usize = 2048;

/// Returns the length in bytes of the opening quotation mark at `start`, and the mark that closes it. An escape
/// sequence of `"`, `'` or `` ` `` is closed by the same sequence.
///
/// Input:  `„soleil42“`, `&quot;soleil42&quot;`, `\"soleil42\"`
/// Output: 3 and `“`, 6 and `&quot;`, 2 and `\"`
/// Input:  `soleil42`
/// Output: `None`
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
