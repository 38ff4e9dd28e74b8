//! What must hold for any bytes that are read as an answer, or as a request. The fuzz target runs it, and so does
//! `cargo test`, from seeds, for five seconds.

use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use llmobs::sse::Event;
use llmobs::sse::input;
use llmobs::sse::output;
use llmobs::sse::usage;

pub const DIALECTS: [Dialect; 4] = [Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama, Dialect::OpenAi];

/// Everything that a reader says of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub events: Vec<String>,
    pub frames: u64,
    pub skipped: u64,
    pub malformed: u64,
}

/// Reads an answer in these pieces. The reader never holds more than its bound.
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

/// The first four bytes choose the dialect, the bound and the cuts; the rest is the answer.
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

/// Pieces of two sizes in turn.
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
