//! Properties of redaction for any text. Run by the fuzz target, and from seeds for five seconds by `cargo test`.

use std::sync::LazyLock;

use llmobs::redact::Redactor;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);

/// Tests a text. The first two bytes select the chunk sizes; the other bytes are the text.
pub fn any_bytes(data: &[u8]) {
    let Some(([one, other], text)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    any_text(&REDACTOR, &text);
    any_cut(&REDACTOR, &text, usize::from(*one) % 64 + 1, usize::from(*other) + 1);
}

/// Asserts that findings are ordered, disjoint and on character boundaries, and that redacting redacted text changes
/// nothing.
pub fn any_text(redactor: &Redactor, text: &str) {
    let mut done = 0;
    let mut out = String::new();
    for finding in redactor.find(text) {
        assert!(finding.range.start >= done && finding.range.start < finding.range.end, "{finding:?} in {text:?}");
        out.push_str(&text[done..finding.range.start]);
        out.push_str(finding.label);
        done = finding.range.end;
    }
    out.push_str(&text[done..]);
    assert_eq!(redactor.redact(text), out, "{text:?}");
    assert_eq!(redactor.redact(&out), out, "again, of {text:?}");
}

/// Asserts that a text redacted in chunks of any sizes equals the text redacted as a whole.
pub fn any_cut(redactor: &Redactor, text: &str, one: usize, other: usize) {
    let whole = redactor.redact(text);
    let mut stream = redactor.stream().max_pending_bytes(1 << 20);
    let mut out = String::new();
    let mut rest = text.as_bytes();
    for size in [one, other].into_iter().cycle() {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        stream.push_bytes(piece, &mut out);
        assert!(whole.starts_with(&out), "{text:?} in pieces of {one} and {other}: {out:?} is let out of {whole:?}");
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    stream.finish(&mut out);
    assert_eq!(out, whole, "{text:?} in pieces of {one} and {other}");
}
