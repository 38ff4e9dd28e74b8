//! Escape sequences of JSON, HTML, URLs and terminals.

use super::class;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::HEX;

/// Returns the character of the escape sequence at the end of `seen`: of JSON (`\n`, `\u003d`, `\x3d`) or of a URL
/// (`%3D`). A control character of JSON and a colour code of a terminal are a blank, and a `\u` sequence beyond ASCII is
/// 0x80.
///
/// Input:  `token%3D`, `a\n` as two characters, `\u001b[32m`
/// Output: `=`, a blank, a blank
pub(super) fn byte_at_end(seen: &[u8]) -> Option<u8> {
    if let [.., b'%', high, low] | [.., b'\\', b'x', high, low] = seen {
        return pair(*high, *low);
    }
    if let [.., b'\\', b'u', a, b, c, d] = seen {
        return unicode([*a, *b, *c, *d]);
    }
    // Nested JSON contains `\\\\n`, so the number of backslashes does not matter.
    let [.., before, last] = seen else { return None };
    if *before == b'\\' && matches!(last, b'n' | b'r' | b't' | b'b' | b'f') {
        return Some(b' ');
    }
    (class::is_in(*last, ALPHA) && is_color_code_end(seen)).then_some(b' ')
}

/// Returns whether `seen`, which ends with a letter, ends with a code that controls a terminal. The codes of colours and
/// of `grep` are recognized without their escape character too, because logs remove it.
///
/// Input:  `\x1b[01;31m`, `\x1b[K`, `\u001b[0m` as text, `[32m`
/// Output: true
/// Input:  `[m`, `x[Km`, `item`
/// Output: false
fn is_color_code_end(seen: &[u8]) -> bool {
    let [head @ .., last] = seen else { return false };
    if let [.., 0x1b, b'('] = head {
        return true;
    }
    let parameters = head.iter().rev().take(MAX_PARAMETER_BYTES).take_while(|byte| is_parameter(**byte)).count();
    let Some((b'[', opener)) = head[..head.len() - parameters].split_last() else { return false };
    parameters > 0 && matches!(last, b'm' | b'K') || ESCAPE_CHARACTERS.iter().any(|escape| opener.ends_with(escape))
}

const fn is_parameter(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b';' | b':' | b'?')
}

/// Maximum number of bytes between the bracket and the letter of a terminal code.
const MAX_PARAMETER_BYTES: usize = 20;

/// The escape character of a terminal, and its spellings in source code, in JSON and in `cat -v`.
const ESCAPE_CHARACTERS: [&[u8]; 8] = [b"\x1b", b"\\x1b", b"\\x1B", b"\\u001b", b"\\u001B", b"\\033", b"\\e", b"^["];

/// Returns the length of the terminal code that starts at offset 0, where `at` returns the byte at an offset.
///
/// Input:  `\x1b[01;31m`, `[0m`
/// Output: 8, 4
/// Input:  `[m`, `[EMAIL]`
/// Output: `None`
pub(super) fn color_code_len(at: impl Fn(usize) -> u8) -> Option<usize> {
    let escape = match at(0) {
        0x1b | b'\\' | b'^' => ESCAPE_CHARACTERS.iter().find(|escape| starts_with(&at, escape))?.len(),
        b'[' => 0,
        _ => return None,
    };
    if at(escape) != b'[' {
        return None;
    }
    let parameters = (1..=MAX_PARAMETER_BYTES).take_while(|step| is_parameter(at(escape + step))).count();
    let last = at(escape + 1 + parameters);
    let known = escape > 0 && class::is_in(last, ALPHA) || parameters > 0 && matches!(last, b'm' | b'K');
    known.then_some(escape + parameters + 2)
}

/// Returns the ASCII character of the escape sequence that starts at offset 0, and the length of the sequence, where
/// `at` returns the byte at an offset.
///
/// Input:  `%3D`, `\u003d`, `\\u003d`, `\x3d`, `\/`, `&#x3D;`, `&#61;`, `&equals;`
/// Output: the character `=` or `/`, and the number of bytes
pub(super) fn decode(at: impl Fn(usize) -> u8) -> Option<(u8, usize)> {
    match at(0) {
        b'%' => Some((pair(at(1), at(2))?, 3)),
        b'\\' => {
            let sign = (1..=MAX_BACKSLASHES).find(|step| at(*step) != b'\\')?;
            match at(sign) {
                b'u' => {
                    let code = unicode([1, 2, 3, 4].map(|step| at(sign + step))).filter(u8::is_ascii)?;
                    Some((code, sign + 5))
                }
                b'x' => Some((pair(at(sign + 1), at(sign + 2))?, sign + 3)),
                byte @ (b'/' | b'"' | b'\'' | b'=' | b'_' | b'-' | b'&' | b'+') => Some((byte, sign + 1)),
                _ => None,
            }
        }
        b'&' => entity(at),
        _ => None,
    }
}

/// Maximum number of backslashes before the letter of an escape sequence in nested JSON.
const MAX_BACKSLASHES: usize = 4;

/// Returns the ASCII character of the HTML entity at offset 0, and its length.
fn entity(at: impl Fn(usize) -> u8) -> Option<(u8, usize)> {
    if at(1) != b'#' {
        let (name, byte) = ENTITIES.iter().find(|(name, _)| starts_with(|step| at(step + 1), name))?;
        return Some((*byte, name.len() + 1));
    }
    let is_hex = matches!(at(2), b'x' | b'X');
    let (start, class, radix) = if is_hex { (3, HEX, 16) } else { (2, DIGIT, 10) };
    let end = (start..start + 6).find(|step| !class::is_in(at(*step), class))?;
    let code =
        (start..end).try_fold(0, |code: u32, step| Some(code * radix + u32::from(class::hex_value(at(step))?)))?;
    let byte = u8::try_from(code).ok().filter(|byte| byte.is_ascii() && end > start)?;
    (at(end) == b';').then_some((byte, end + 1))
}

/// The names of entities, with their semicolon.
const ENTITIES: [(&[u8], u8); 16] = [
    (b"quot;", b'"'),
    (b"apos;", b'\''),
    (b"amp;", b'&'),
    (b"lt;", b'<'),
    (b"gt;", b'>'),
    (b"nbsp;", b' '),
    (b"equals;", b'='),
    (b"colon;", b':'),
    (b"sol;", b'/'),
    (b"plus;", b'+'),
    (b"commat;", b'@'),
    (b"lowbar;", b'_'),
    (b"grave;", b'`'),
    (b"ldquo;", b'"'),
    (b"rdquo;", b'"'),
    (b"Tab;", b'\t'),
];

fn starts_with(at: impl Fn(usize) -> u8, text: &[u8]) -> bool {
    text.iter().enumerate().all(|(step, byte)| at(step) == *byte)
}

/// Returns the value of two hexadecimal digits.
fn pair(high: u8, low: u8) -> Option<u8> {
    Some(class::hex_value(high)? << 4 | class::hex_value(low)?)
}

/// Returns the character of four hexadecimal digits: 0x80 if it is beyond ASCII.
fn unicode(digits: [u8; 4]) -> Option<u8> {
    let code = digits.into_iter().try_fold(0, |code, digit| Some(code << 4 | u32::from(class::hex_value(digit)?)))?;
    Some(u8::try_from(code).unwrap_or(0x80).min(0x80))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> impl Fn(usize) -> u8 {
        move |offset| text.as_bytes().get(offset).copied().unwrap_or(0)
    }

    #[test]
    fn escape_sequences_are_decoded() {
        for (text, byte) in [
            ("%3Dx", b'='),
            ("\\u003dx", b'='),
            ("\\\\u003Dx", b'='),
            ("\\x3dx", b'='),
            ("\\/x", b'/'),
            ("\\\\\\\"x", b'"'),
            ("&#x2F;x", b'/'),
            ("&#61;x", b'='),
            ("&quot;x", b'"'),
        ] {
            assert_eq!(decode(at(text)), Some((byte, text.len() - 1)), "{text}");
        }
        for text in ["%3", "%zz", "\\u00e9", "\\n", "&x;", "&#;", "&#x1F600;", "x", "", "\\", "&amp"] {
            assert_eq!(decode(at(text)), None, "{text}");
        }
    }

    #[test]
    fn terminal_codes_are_recognized_from_both_ends() {
        for text in [
            "\x1b[m",
            "\x1b[01;31m",
            "\x1b[K",
            "\x1b[2J",
            "\x1b[38;2;1;2;3m",
            "[32m",
            "\\x1b[0m",
            "\\u001b[0m",
            "\\033[1m",
            "\\e[m",
            "^[[0m",
        ] {
            assert_eq!(color_code_len(at(text)), Some(text.len()), "{text}");
            assert_eq!(byte_at_end(text.as_bytes()), Some(b' '), "{text}");
        }
        for text in ["[m", "[EMAIL]", "x[Km", "item", "[12]", "[5x"] {
            assert_eq!(color_code_len(at(text)), None, "{text}");
            assert_ne!(byte_at_end(text.as_bytes()), Some(b' '), "{text}");
        }
    }
}
