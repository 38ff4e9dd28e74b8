//! Properties of redaction for any text. Run by the fuzz target, and from seeds for five seconds by `cargo test`.

use std::sync::LazyLock;

use llmobs::redact::Redactor;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);

/// Tests a text. The first two bytes select the chunk sizes; the other bytes are the text. Tests nothing if there are
/// fewer than two bytes.
pub fn check_bytes(data: &[u8]) {
    let Some(([first_size, second_size], text)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    check_text(&REDACTOR, &text);
    check_cuts(&REDACTOR, &text, usize::from(*first_size) % 64 + 1, usize::from(*second_size) + 1);
}

/// Asserts that findings are ordered, disjoint and on character boundaries, that redaction replaces exactly them, and
/// that redacting redacted text changes nothing.
pub fn check_text(redactor: &Redactor, text: &str) {
    let mut end = 0;
    let mut out = String::new();
    for finding in redactor.find(text) {
        assert!(finding.range.start >= end && finding.range.start < finding.range.end, "{finding:?} in {text:?}");
        out.push_str(&text[end..finding.range.start]);
        out.push_str(finding.placeholder);
        end = finding.range.end;
    }
    out.push_str(&text[end..]);
    assert_eq!(redactor.redact(text), out, "{text:?}");
    assert_eq!(redactor.redact(&out), out, "redacted again: {text:?}");
}

/// Asserts that a text redacted in chunks of two sizes in turn, in bytes, equals the text redacted as a whole, and that
/// the output after each chunk is a beginning of it. If both sizes are zero, the function does not return.
pub fn check_cuts(redactor: &Redactor, text: &str, first_size: usize, second_size: usize) {
    let expected = redactor.redact(text);
    let mut stream = redactor.stream().max_pending_bytes(1 << 20);
    let mut out = String::new();
    let mut rest = text.as_bytes();
    for size in [first_size, second_size].into_iter().cycle() {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        stream.push_bytes(chunk, &mut out);
        assert!(
            expected.starts_with(&out),
            "{text:?} in chunks of {first_size} and {second_size}: {out:?} is not a prefix of {expected:?}"
        );
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    stream.finish(&mut out);
    assert_eq!(out, expected, "{text:?} in chunks of {first_size} and {second_size}");
}
