//! Texts that are redacted while they stream: a match that exceeds the buffer is redacted and never exported.

use llmobs::redact::DataKind;
use llmobs::redact::Redactor;

const MIB: usize = 1024 * 1024;

fn redact_stream(redactor: &Redactor, max_pending_bytes: usize, chunks: &[&str]) -> (String, u32) {
    let mut stream = redactor.stream().max_pending_bytes(max_pending_bytes);
    let mut out = String::new();
    for chunk in chunks {
        stream.push(chunk, &mut out);
        assert!(
            stream.pending_bytes() <= max_pending_bytes,
            "{} of {max_pending_bytes} bytes are pending",
            stream.pending_bytes()
        );
    }
    let counts = stream.finish(&mut out);
    (out, counts.get(DataKind::Overflow))
}

#[test]
fn a_token_longer_than_the_buffer_is_redacted_to_its_end() {
    let redactor = Redactor::new();
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.signature", "a".repeat(5_000));
    for size in [1, 7, 600, 100_000] {
        let text = format!("before {token} after it");
        let chunks: Vec<&str> = text.as_bytes().chunks(size).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let (out, overflows) = redact_stream(&redactor, 1_024, &chunks);
        assert_eq!((out.as_str(), overflows), ("before [OVERFLOW] after it", 1), "chunks of {size}");
    }
}

#[test]
fn a_private_key_longer_than_the_buffer_is_redacted_to_its_last_line() {
    let redactor = Redactor::new();
    let body = "MIIEpAIBAAKCAQEA04up8hoqzS1APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1i\n".repeat(100);
    let text =
        format!("key:\n-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\nthanks, jane@example.org");
    for size in [1, 13, 700, 100_000] {
        let chunks: Vec<&str> = text.as_bytes().chunks(size).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let (out, overflows) = redact_stream(&redactor, 1_024, &chunks);
        assert_eq!((out.as_str(), overflows), ("key:\n[OVERFLOW]\nthanks, [EMAIL]", 1), "chunks of {size}");
    }
}

#[test]
fn a_mebibyte_without_an_end_buffers_at_most_the_bound() {
    let redactor = Redactor::new();
    for (begin, repeated) in [
        ("eyJ", "a"),
        ("-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA"),
        ("password=", "x"),
        ("", "1 "),
        ("", "a@"),
    ] {
        let text = format!("{begin}{}", repeated.repeat(MIB / repeated.len()));
        let chunks: Vec<&str> =
            text.as_bytes().chunks(4_096).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let (out, _) = redact_stream(&redactor, 8 * 1024, &chunks);
        assert!(out.len() <= text.len() * 2, "{begin:?} {repeated:?}");
        assert!(!begin.starts_with("-----") || !out.contains("MIIE"), "{begin:?}");
    }
}

#[test]
fn prose_is_passed_on_without_delay() {
    let mut stream = Redactor::new().stream();
    let mut out = String::new();
    let prose =
        "The rain in Spain stays mainly in the plain, they say, and nobody knows why that should be so at all. ";
    for word in prose.repeat(20).split_inclusive(' ') {
        stream.push(word, &mut out);
        assert!(stream.pending_bytes() < 150, "{} bytes of plain prose are pending", stream.pending_bytes());
    }
    assert_eq!(stream.finish(&mut out).total(), 0);
    assert_eq!(out, prose.repeat(20));
}

#[test]
fn invalid_utf_8_becomes_replacement_characters() {
    let mut stream = Redactor::new().stream();
    let mut out = String::new();
    for chunk in [&b"a\xe2\x82"[..], b"\xac b\xff c \xf0\x9f", b"d \xc3"] {
        stream.push_bytes(chunk, &mut out);
    }
    stream.finish(&mut out);
    assert_eq!(out, "a\u{20ac} b\u{fffd} c \u{fffd}d \u{fffd}");
}
