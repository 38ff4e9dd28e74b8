//! Texts that are redacted while they stream: a match that exceeds the buffer is redacted and never exported.

use llmobs::redact::DataKind;
use llmobs::redact::Redactor;

const MIB: usize = 1024 * 1024;

fn passed(redactor: &Redactor, hold: usize, pieces: &[&str]) -> (String, u32) {
    let mut stream = redactor.stream().max_pending_bytes(hold);
    let mut out = String::new();
    for piece in pieces {
        stream.push(piece, &mut out);
        assert!(stream.pending_bytes() <= hold, "{} bytes are held of {hold}", stream.pending_bytes());
    }
    let counts = stream.finish(&mut out);
    (out, counts.of_kind(DataKind::Overflow))
}

#[test]
fn a_token_that_is_too_long_is_masked_to_its_end() {
    let redactor = Redactor::new();
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.signature", "a".repeat(5_000));
    for size in [1, 7, 600, 100_000] {
        let text = format!("before {token} after it");
        let pieces: Vec<&str> = text.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let (out, overflows) = passed(&redactor, 1_024, &pieces);
        assert_eq!((out.as_str(), overflows), ("before [OVERFLOW] after it", 1), "pieces of {size}");
    }
}

#[test]
fn a_private_key_that_is_too_long_is_masked_to_its_last_line() {
    let redactor = Redactor::new();
    let body = "MIIEpAIBAAKCAQEA04up8hoqzS1APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1i\n".repeat(100);
    let text =
        format!("key:\n-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\nthanks, jane@example.org");
    for size in [1, 13, 700, 100_000] {
        let pieces: Vec<&str> = text.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let (out, overflows) = passed(&redactor, 1_024, &pieces);
        assert_eq!((out.as_str(), overflows), ("key:\n[OVERFLOW]\nthanks, [EMAIL]", 1), "pieces of {size}");
    }
}

#[test]
fn a_mebibyte_without_an_end_holds_no_more_than_the_bound() {
    let redactor = Redactor::new();
    for (begin, repeated) in [
        ("eyJ", "a"),
        ("-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA"),
        ("password=", "x"),
        ("", "1 "),
        ("", "a@"),
    ] {
        let text = format!("{begin}{}", repeated.repeat(MIB / repeated.len()));
        let pieces: Vec<&str> =
            text.as_bytes().chunks(4_096).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let (out, _) = passed(&redactor, 8 * 1024, &pieces);
        assert!(out.len() <= text.len() * 2, "{begin:?} {repeated:?}");
        assert!(!begin.starts_with("-----") || !out.contains("MIIE"), "{begin:?}");
    }
}

#[test]
fn prose_is_let_out_as_it_comes() {
    let mut stream = Redactor::new().stream();
    let mut out = String::new();
    let words =
        "The rain in Spain stays mainly in the plain, they say, and nobody knows why that should be so at all. ";
    for word in words.repeat(20).split_inclusive(' ') {
        stream.push(word, &mut out);
        assert!(stream.pending_bytes() < 150, "{} bytes are held of plain prose", stream.pending_bytes());
    }
    assert_eq!(stream.finish(&mut out).total(), 0);
    assert_eq!(out, words.repeat(20));
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    let mut stream = Redactor::new().stream();
    let mut out = String::new();
    for piece in [&b"a\xe2\x82"[..], b"\xac b\xff c \xf0\x9f", b"d \xc3"] {
        stream.push_bytes(piece, &mut out);
    }
    stream.finish(&mut out);
    assert_eq!(out, "a\u{20ac} b\u{fffd} c \u{fffd}d \u{fffd}");
}
