//! Detection of private keys in PEM format.

use memchr::memmem;

use super::class;
use super::class::DASH;
use super::class::DIGIT;
use super::class::PLUS;
use super::class::SPACE;
use super::class::UPPER;
use super::found::Match;
use super::kind::DataKind;
use super::view::RunClass;
use super::view::TextView;

/// Returns the private key whose `-----BEGIN` is at `at`.
pub(super) fn pem(text: &TextView<'_>, at: usize) -> Option<Match> {
    if text.slice(at, at + 10) != b"-----BEGIN" {
        return None;
    }
    let title = at + 10;
    let title_end = text.short_run(UPPER | DIGIT | SPACE, title, 64);
    let private = memmem::find(text.slice(title, title_end), b"PRIVATE KEY").is_some();
    if !private || !text.starts_with_at(title_end, b"-----") {
        return None;
    }
    body(text, title_end + 5).map(|end| Match::new(at, end, DataKind::PrivateKey))
}

/// Returns the end of a key whose first line ends at `from`: the end of its last line, the end of a truncated text, or
/// the last base64 before other text. Returns `None` if no key follows, for example in prose about keys.
fn body(text: &TextView<'_>, from: usize) -> Option<usize> {
    let (mut end, mut place, mut last) = (None, from, 0);
    loop {
        let piece = separators(text, place);
        if text.at(piece) == 0 {
            return Some(piece);
        }
        if text.starts_with_at(piece, b"-----end") {
            let title = text.short_run(UPPER | DIGIT | SPACE, piece + 8, 64);
            return Some(text.short_run(DASH, title, 5));
        }
        let stop = text.run(RunClass::Base64, piece);
        let length = stop - piece;
        let before = text.slice(place, piece);
        let breaks = before.contains(&b'\n') || before.windows(2).any(|pair| pair == b"\\n");
        if text.at(stop) == b':' && length <= 16 && breaks {
            // `Proc-Type: 4,ENCRYPTED`
            let Some(next) = line(text, stop + 1) else { return end };
            place = next;
            continue;
        }
        // The last line of a truncated key can look like a word.
        let random = length >= 16 || class::count(text.slice(piece, stop), DIGIT | PLUS) > 0 || last >= 60;
        if length == 0 || !random {
            return end;
        }
        if length >= 16 || end.is_some() {
            end = Some(stop);
        } else {
            return None;
        }
        (place, last) = (stop, length);
    }
}

/// Returns the end of a header line. Returns `None` if the line has more than 128 bytes or contains a placeholder.
fn line(text: &TextView<'_>, from: usize) -> Option<usize> {
    (from..from + 128).find_map(|place| match text.at(place) {
        b'\n' | b'\\' | 0 => Some(Some(place)),
        b'[' => Some(None),
        _ => None,
    })?
}

/// Returns the position after the separators between two lines of a key: white space, an escaped newline (`\n`),
/// quotation marks of source code.
fn separators(text: &TextView<'_>, from: usize) -> usize {
    let mut place = from;
    while place - from < 24 {
        let between = match text.at(place) {
            b'\\' | b'"' | b'\'' | b'`' | b',' | b';' | b'>' | b'|' | b'*' => true,
            b'n' | b'r' => place > from && text.byte_before(place) == b'\\',
            byte => class::is_in(byte, SPACE),
        };
        if !between {
            break;
        }
        place += 1;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::found;

    const BODY: &str = "MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1\niWlX9HNavcydATJc1f0DpzF0u4zY8PY24RVoW8vk+bJANPp1o2IAkeajCaF3w9nf\n";

    #[test]
    fn a_key_is_found_from_its_first_line_to_its_last() {
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
                assert_eq!(found(&frame.replace("{}", &key)), [(DataKind::PrivateKey, &key[..])], "{frame}");
            }
            let escaped = key.replace('\n', "\\n");
            assert_eq!(found(&format!("{{\"key\":\"{escaped}\"}}")), [(DataKind::PrivateKey, &escaped[..])]);
            let blanks = key.replace('\n', " ");
            assert_eq!(found(&blanks), [(DataKind::PrivateKey, &blanks[..])]);
        }
    }

    #[test]
    fn a_key_without_an_end_reaches_to_the_end() {
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{BODY}MIIEp");
        assert_eq!(found(&format!("x {cut}")), [(DataKind::PrivateKey, &cut[..])]);
        assert_eq!(found("-----BEGIN PRIVATE KEY-----").len(), 1);
        let talk = format!("{}; what is wrong with it?", cut.trim_end());
        assert_eq!(found(&talk), [(DataKind::PrivateKey, &cut[..])]);
    }

    #[test]
    fn a_key_with_headers_or_in_code_is_found() {
        let headers = format!(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,3F17F5316E2BAC89\n\n{BODY}-----END RSA PRIVATE KEY-----"
        );
        assert_eq!(found(&headers), [(DataKind::PrivateKey, &headers[..])]);
        let escaped = headers.replace('\n', "\\n");
        assert_eq!(found(&format!("{{\"key\":\"{escaped}\"}}")), [(DataKind::PrivateKey, &escaped[..])]);
        let code = format!(
            "\"-----BEGIN PRIVATE KEY-----\\n\" \\\n    \"{}\\n\" \\\n    \"-----END PRIVATE KEY-----\"",
            &BODY[..64]
        );
        assert_eq!(found(&code), [(DataKind::PrivateKey, &code[1..code.len() - 1])]);
    }

    #[test]
    fn public_keys_certificates_and_talk_stay() {
        for title in ["PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY"] {
            assert!(found(&format!("-----BEGIN {title}-----\n{BODY}-----END {title}-----")).is_empty(), "{title}");
        }
        assert!(found("a file that begins with -----BEGIN PRIVATE KEY----- is secret").is_empty());
    }
}
