//! Detection of private keys in PEM format.

use memchr::memmem;

use super::class;
use super::class::BASE64_SIGN;
use super::class::DASH_UNDERSCORE;
use super::class::DIGIT;
use super::class::SPACE;
use super::class::UPPER;
use super::found::Match;
use super::kind::DataKind;
use super::view::TextView;

/// Returns the private key whose `-----BEGIN` is at `at`.
pub(super) fn detect(text: &TextView<'_>, at: usize) -> Option<Match> {
    if text.slice(at, at + 10) != b"-----BEGIN" {
        return None;
    }
    let title = at + 10;
    let title_end = text.bounded_run_end(UPPER | DIGIT | SPACE, title, 64);
    let is_private = memmem::find(text.slice(title, title_end), b"PRIVATE KEY").is_some();
    if !is_private || !text.starts_with_at(title_end, b"-----") {
        return None;
    }
    key_end(text, title_end + 5).map(|end| Match::new(at, end, DataKind::PrivateKey))
}

/// Returns the end of a key whose first line ends at `from`: the end of its last line, the end of a truncated text, or
/// the last base64 before other text. Returns `None` if no key follows, for example in prose about keys.
fn key_end(text: &TextView<'_>, from: usize) -> Option<usize> {
    let (mut end, mut position, mut last) = (None, from, 0);
    loop {
        let part = skip_separators(text, position);
        if text.byte_at(part) == 0 {
            return Some(part);
        }
        if text.starts_with_at(part, b"-----end") {
            let title = text.bounded_run_end(UPPER | DIGIT | SPACE, part + 8, 64);
            return Some(text.bounded_run_end(DASH_UNDERSCORE, title, 5));
        }
        let stop = text.base64_end(part);
        let length = stop - part;
        let before = text.slice(position, part);
        let breaks = before.contains(&b'\n') || before.windows(2).any(|pair| pair == b"\\n");
        if text.byte_at(stop) == b':' && length <= 16 && breaks {
            // `Proc-Type: 4,ENCRYPTED`
            let Some(next) = header_line_end(text, stop + 1) else { return end };
            position = next;
            continue;
        }
        // The last line of a truncated key can look like a word.
        let random = length >= 16 || class::count_in(text.slice(part, stop), DIGIT | BASE64_SIGN) > 0 || last >= 60;
        if length == 0 || !random {
            return end;
        }
        if length >= 16 || end.is_some() {
            end = Some(stop);
        } else {
            return None;
        }
        (position, last) = (stop, length);
    }
}

/// Returns the end of a header line. Returns `None` if the line has more than 128 bytes or contains a placeholder.
fn header_line_end(text: &TextView<'_>, from: usize) -> Option<usize> {
    (from..from + 128).find_map(|position| match text.byte_at(position) {
        b'\n' | b'\\' | 0 => Some(Some(position)),
        b'[' => Some(None),
        _ => None,
    })?
}

/// Returns the position after the separators between two lines of a key: white space, an escaped newline (`\n`), and
/// the punctuation of source code, quotations and tables; at most 24 bytes.
fn skip_separators(text: &TextView<'_>, from: usize) -> usize {
    let mut position = from;
    while position - from < 24 {
        let between = match text.byte_at(position) {
            b'\\' | b'"' | b'\'' | b'`' | b',' | b';' | b'>' | b'|' | b'*' => true,
            b'n' | b'r' => position > from && text.byte_before(position) == b'\\',
            byte => class::is_in(byte, SPACE),
        };
        if !between {
            break;
        }
        position += 1;
    }
    position
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    const BODY: &str = "MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1\niWlX9HNavcydATJc1f0DpzF0u4zY8PY24RVoW8vk+bJANPp1o2IAkeajCaF3w9nf\n";

    #[test]
    fn key_is_found_from_first_to_last_line() {
        for title in [
            "RSA PRIVATE KEY",
            "PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            let key = format!("-----BEGIN {title}-----\n{BODY}-----END {title}-----");
            for frame in ["{}", "this: {}\nplease", "\"{}\""] {
                assert_eq!(find_all(&frame.replace("{}", &key)), [(DataKind::PrivateKey, &key[..])], "{frame}");
            }
            let escaped = key.replace('\n', "\\n");
            assert_eq!(find_all(&format!("{{\"key\":\"{escaped}\"}}")), [(DataKind::PrivateKey, &escaped[..])]);
            let blanks = key.replace('\n', " ");
            assert_eq!(find_all(&blanks), [(DataKind::PrivateKey, &blanks[..])]);
        }
    }

    #[test]
    fn key_without_end_line_extends_to_the_end() {
        let truncated = format!("-----BEGIN PRIVATE KEY-----\n{BODY}MIIEp");
        assert_eq!(find_all(&format!("x {truncated}")), [(DataKind::PrivateKey, &truncated[..])]);
        assert_eq!(find_all("-----BEGIN PRIVATE KEY-----").len(), 1);
        let prose = format!("{}; what is wrong with it?", truncated.trim_end());
        assert_eq!(find_all(&prose), [(DataKind::PrivateKey, &truncated[..])]);
    }

    #[test]
    fn key_with_headers_or_in_code_is_found() {
        let headers = format!(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,3F17F5316E2BAC89\n\n{BODY}-----END RSA PRIVATE KEY-----"
        );
        assert_eq!(find_all(&headers), [(DataKind::PrivateKey, &headers[..])]);
        let escaped = headers.replace('\n', "\\n");
        assert_eq!(find_all(&format!("{{\"key\":\"{escaped}\"}}")), [(DataKind::PrivateKey, &escaped[..])]);
        let code = format!(
            "\"-----BEGIN PRIVATE KEY-----\\n\" \\\n    \"{}\\n\" \\\n    \"-----END PRIVATE KEY-----\"",
            &BODY[..64]
        );
        assert_eq!(find_all(&code), [(DataKind::PrivateKey, &code[1..code.len() - 1])]);
    }

    #[test]
    fn public_keys_certificates_and_prose_are_not_found() {
        for title in ["PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY"] {
            assert!(find_all(&format!("-----BEGIN {title}-----\n{BODY}-----END {title}-----")).is_empty(), "{title}");
        }
        assert!(find_all("a file that begins with -----BEGIN PRIVATE KEY----- is secret").is_empty());
    }
}
