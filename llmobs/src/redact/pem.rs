//! Private keys in PEM.

use memchr::memmem;

use super::class;
use super::class::BASE64;
use super::class::SPACE;
use super::class::UPPER;
use super::hit::Hit;
use super::kind::Kind;
use super::text::Text;

/// `-----BEGIN` stands at a place.
pub(super) fn pem(text: &Text<'_>, at: usize) -> Option<Hit> {
    if text.slice(at, at + 10) != b"-----BEGIN" {
        return None;
    }
    let title = at + b"-----BEGIN".len();
    let title_end = text.short_run(UPPER | SPACE | class::DIGIT, title, 64);
    let name = text.slice(title, title_end);
    let private = memmem::find(name, b"PRIVATE KEY").is_some();
    if !private || !text.says(title_end, b"-----") {
        return None;
    }
    let body = title_end + 5;
    match text.find_mark(body) {
        Some(mark) => Some(Hit::new(at, end_of_mark(text, mark), Kind::PrivateKey)),
        // Cut off: all that follows may be key.
        None if is_body(text, body) => Some(Hit::new(at, text.rest(), Kind::PrivateKey)),
        None => None,
    }
}

/// The end of `-----END RSA PRIVATE KEY-----`, as much of it as is there.
fn end_of_mark(text: &Text<'_>, mark: usize) -> usize {
    let title = text.short_run(UPPER | SPACE | class::DIGIT, mark + b"-----END".len(), 64);
    text.short_run(class::DASH, title, 5)
}

/// Whether a key begins behind the first line, and not a sentence that speaks of one.
fn is_body(text: &Text<'_>, from: usize) -> bool {
    let mut place = from;
    while place - from < 16 && is_line_end(text, place) {
        place += 1;
    }
    let header =
        [&b"proc-type:"[..], b"dek-info:", b"version:", b"comment:"].into_iter().any(|name| text.says(place, name));
    let word = text.short_run(BASE64, place, 24);
    header || word - place >= 16 || text.at(word) == 0
}

/// A blank or a byte of `\n` in two characters.
fn is_line_end(text: &Text<'_>, place: usize) -> bool {
    match text.at(place) {
        b'\\' => true,
        b'n' | b'r' => text.byte_before(place) == b'\\',
        byte => class::is(byte, SPACE),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::probe::found;

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
                assert_eq!(found(&frame.replace("{}", &key)), [(Kind::PrivateKey, &key[..])], "{frame}");
            }
            let escaped = key.replace('\n', "\\n");
            assert_eq!(found(&format!("{{\"key\":\"{escaped}\"}}")), [(Kind::PrivateKey, &escaped[..])]);
            let blanks = key.replace('\n', " ");
            assert_eq!(found(&blanks), [(Kind::PrivateKey, &blanks[..])]);
        }
    }

    #[test]
    fn a_key_without_an_end_reaches_to_the_end() {
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{BODY}and more");
        assert_eq!(found(&format!("x {cut}")), [(Kind::PrivateKey, &cut[..])]);
        assert_eq!(found("-----BEGIN PRIVATE KEY-----").len(), 1);
    }

    #[test]
    fn public_keys_certificates_and_talk_stay() {
        for title in ["PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY"] {
            assert!(found(&format!("-----BEGIN {title}-----\n{BODY}-----END {title}-----")).is_empty(), "{title}");
        }
        assert!(found("a file that begins with -----BEGIN PRIVATE KEY----- is secret").is_empty());
    }
}
