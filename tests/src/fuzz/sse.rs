//! Properties of the decoder for any bytes, read as an answer or as a request. Run by the fuzz target, and from seeds
//! for five seconds by `cargo test`.

use llmobs::sse::Decoder;
pub use llmobs::sse::Dialect;
use llmobs::sse::Event;
use llmobs::sse::parse_input;
use llmobs::sse::parse_output;
use llmobs::sse::parse_response;

/// All dialects.
pub const DIALECTS: [Dialect; 4] = [Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama, Dialect::OpenAi];

/// The result of decoding an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct DecodedAnswer {
    /// The `Debug` texts of the events, in the order of decoding.
    pub events: Vec<String>,
    /// The number of frames, as [`Decoder::frame_count`] returns it.
    pub frame_count: u64,
    /// The number of frames that exceeded the bound, as [`Decoder::skipped_frames`] returns it.
    pub skipped_frames: u64,
    /// The number of frames that are not JSON, as [`Decoder::malformed_frames`] returns it.
    pub malformed_frames: u64,
}

/// Decodes an answer in the given chunks. Panics if the decoder ever buffers more than `max_frame_bytes`.
pub fn decode_stream<'a>(
    dialect: Dialect,
    max_frame_bytes: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> DecodedAnswer {
    let mut decoder = Decoder::new(dialect).max_frame_bytes(max_frame_bytes);
    let mut events = Vec::new();
    let mut record = |event: Event<'_>| events.push(format!("{event:?}"));
    for chunk in chunks {
        decoder.feed(chunk, &mut record);
        assert!(
            decoder.allocated_bytes() <= max_frame_bytes,
            "{} bytes are buffered, but at most {max_frame_bytes} are allowed",
            decoder.allocated_bytes()
        );
    }
    decoder.finish(&mut record);
    assert!(
        decoder.allocated_bytes() <= max_frame_bytes,
        "{} bytes are buffered at the end, but at most {max_frame_bytes} are allowed",
        decoder.allocated_bytes()
    );
    DecodedAnswer {
        events,
        frame_count: decoder.frame_count(),
        skipped_frames: decoder.skipped_frames(),
        malformed_frames: decoder.malformed_frames(),
    }
}

/// Tests an answer of one dialect. The first three bytes select the frame limit and the chunk sizes; the other bytes
/// are the answer. Does nothing with fewer than three bytes. Panics if the result depends on the sizes of the chunks,
/// if the decoder buffers more than the limit, or if a parser panics.
pub fn check_answer(dialect: Dialect, data: &[u8]) {
    let Some(([bound, first_size, second_size], answer)) = data.split_first_chunk() else { return };
    let max_frame_bytes = 16 << (bound % 12);
    let whole = decode_stream(dialect, max_frame_bytes, [answer]);
    assert_eq!(decode_stream(dialect, max_frame_bytes, answer.chunks(1)), whole, "byte by byte");
    assert_eq!(
        decode_stream(
            dialect,
            max_frame_bytes,
            alternating_chunks(answer, usize::from(*first_size) + 1, usize::from(*second_size) + 1)
        ),
        whole
    );
    let _ = parse_response(dialect, answer);
    let _ = parse_output(dialect, answer);
    let _ = parse_input(dialect, answer);
}

/// Splits the bytes into chunks of two alternating sizes.
fn alternating_chunks(bytes: &[u8], first_size: usize, second_size: usize) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    for size in [first_size, second_size].into_iter().cycle() {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    chunks
}
