//! Properties of the decoder for any bytes, read as an answer or as a request. Run by the fuzz target, and from seeds
//! for five seconds by `cargo test`.

use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use llmobs::sse::Event;
use llmobs::sse::input;
use llmobs::sse::output;
use llmobs::sse::usage;

pub const DIALECTS: [Dialect; 4] = [Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama, Dialect::OpenAi];

/// The result of decoding an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub events: Vec<String>,
    pub frames: u64,
    pub skipped: u64,
    pub malformed: u64,
}

/// Decodes an answer in the given chunks. Asserts that the decoder never buffers more than its bound.
pub fn read<'a>(dialect: Dialect, bound: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut reader = Decoder::new(dialect).bound(bound);
    let mut events = Vec::new();
    let mut on = |event: Event<'_>| events.push(format!("{event:?}"));
    for piece in pieces {
        reader.feed(piece, &mut on);
        assert!(reader.allocated_bytes() <= bound, "{} bytes are held, and {bound} may be", reader.allocated_bytes());
    }
    reader.finish(&mut on);
    assert!(
        reader.allocated_bytes() <= bound,
        "{} bytes are held at the end, and {bound} may be",
        reader.allocated_bytes()
    );
    Said { events, frames: reader.frames(), skipped: reader.skipped(), malformed: reader.malformed() }
}

/// Tests an answer. The first four bytes select the dialect, the bound and the chunk sizes; the other bytes are the
/// answer.
pub fn any_bytes(data: &[u8]) {
    let Some(([dialect, bound, one, other], answer)) = data.split_first_chunk() else { return };
    let dialect = DIALECTS[usize::from(*dialect) % DIALECTS.len()];
    let bound = 16 << (bound % 12);
    let whole = read(dialect, bound, [answer]);
    assert_eq!(read(dialect, bound, answer.chunks(1)), whole, "byte by byte");
    assert_eq!(read(dialect, bound, in_turns(answer, usize::from(*one) + 1, usize::from(*other) + 1)), whole);
    let _ = usage(dialect, answer);
    let _ = output(dialect, answer);
    let _ = input(dialect, answer);
}

/// Splits the bytes into chunks of two alternating sizes.
fn in_turns(bytes: &[u8], one: usize, other: usize) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for size in [one, other].into_iter().cycle() {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    pieces
}
