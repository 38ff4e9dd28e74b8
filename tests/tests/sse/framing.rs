//! An answer decodes to the same events for any split and layout, and the decoder buffers a bounded number of bytes.

use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use proptest::prelude::*;
use serde_json::Value;

use crate::transcripts::ALL;
use crate::transcripts::Transcript;
use llmobs_tests::fuzz::sse::DIALECTS;
use llmobs_tests::fuzz::sse::DecodedAnswer;
use llmobs_tests::fuzz::sse::decode_stream;

const MIB: usize = 1024 * 1024;

fn any_transcript() -> impl Strategy<Value = Transcript> {
    prop::sample::select(ALL)
}

/// Splits an answer at the given positions.
fn split_at(bytes: &[u8], split_points: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut ends: Vec<usize> =
        split_points.iter().map(|point| point.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    ends.sort_unstable();
    ends.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

fn chunks(chunks: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    chunks.iter().map(Vec::as_slice)
}

/// Returns the JSON payloads of a complete answer, parsed without the decoder's code.
fn payloads(text: &str) -> Vec<Value> {
    match serde_json::from_str(text) {
        Ok(Value::Array(values)) => return values,
        Ok(value) => return vec![value],
        Err(_) => {}
    }
    let lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A layout of SSE events: line ends, byte order mark, spaces, other fields.
#[derive(Debug, Clone)]
struct FrameLayout {
    line_end: &'static str,
    has_bom: bool,
    has_space: bool,
    is_pretty_json: bool,
    ends_with_blank_line: bool,
    between: Vec<&'static str>,
}

fn any_layout() -> impl Strategy<Value = FrameLayout> {
    let noise = [": keep-alive", "id: 7", "retry: 3000", "event: message", "unknown", ":", "data-of-nothing: {}"];
    (
        prop::sample::select(vec!["\n", "\r", "\r\n"]),
        any::<[bool; 4]>(),
        prop::collection::vec(prop::sample::select(noise.to_vec()), 0..4),
    )
        .prop_map(|(line_end, [has_bom, has_space, is_pretty_json, ends_with_blank_line], between)| FrameLayout {
            line_end,
            has_bom,
            has_space,
            is_pretty_json,
            ends_with_blank_line,
            between,
        })
}

impl FrameLayout {
    fn write(&self, payloads: &[Value]) -> Vec<u8> {
        let mut text = if self.has_bom { "\u{feff}" } else { "" }.to_owned();
        for (payload_index, payload) in payloads.iter().enumerate() {
            let json = if self.is_pretty_json {
                serde_json::to_string_pretty(payload)
            } else {
                serde_json::to_string(payload)
            };
            for (index, line) in json.unwrap().lines().enumerate() {
                let noise = self.between.get((payload_index + index) % 5).copied();
                for line in noise.map(str::to_owned).into_iter().chain([self.data(line)]) {
                    text.push_str(&line);
                    text.push_str(self.line_end);
                }
            }
            if self.ends_with_blank_line || payload_index + 1 < payloads.len() {
                text.push_str(self.line_end);
            }
        }
        text.into_bytes()
    }

    fn data(&self, line: &str) -> String {
        format!("data:{}{line}", if self.has_space { " " } else { "" })
    }
}

/// Decodes the payloads, each as a plain event.
fn decode_plain(dialect: Dialect, payloads: &[Value]) -> DecodedAnswer {
    let plain: String = payloads.iter().map(|payload| format!("data: {payload}\n\n")).collect();
    decode_stream(dialect, MIB, [plain.as_bytes()])
}

proptest! {
    #[test]
    fn an_answer_split_anywhere_decodes_to_the_same_events(
        (name, dialect, bytes) in any_transcript(),
        split_points in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let unsplit = decode_stream(dialect, MIB, [bytes]);
        prop_assert!(unsplit.events.len() > 2, "{name}");
        prop_assert_eq!(decode_stream(dialect, MIB, chunks(&split_at(bytes, &split_points))), unsplit);
    }

    #[test]
    fn every_event_layout_of_the_standard_decodes_to_the_same_events(
        (_, dialect, bytes) in any_transcript(), layout in any_layout(),
        split_points in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assume!(dialect != Dialect::Ollama);
        let payloads = payloads(std::str::from_utf8(bytes).unwrap());
        prop_assert!(payloads.len() > 1);
        let encoded = layout.write(&payloads);
        let decoded = decode_stream(dialect, MIB, chunks(&split_at(&encoded, &split_points)));
        prop_assert_eq!(decoded, decode_plain(dialect, &payloads));
    }

    #[test]
    fn garbage_never_panics_and_never_exceeds_the_bound(
        dialect in prop::sample::select(&DIALECTS), bound in 0_usize..4_000,
        garbage in prop::collection::vec(any::<u8>(), 0..6_000),
        split_points in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let decoded = decode_stream(dialect, bound, chunks(&split_at(&garbage, &split_points)));
        prop_assert_eq!(decoded, decode_stream(dialect, bound, [&garbage[..]]));
    }
}

#[test]
fn the_decoder_finds_every_payload_of_the_text() {
    for (name, dialect, bytes) in ALL {
        let payloads = payloads(std::str::from_utf8(bytes).unwrap());
        let mut unsplit = decode_stream(*dialect, MIB, [*bytes]).events;
        if *dialect == Dialect::OpenAi && bytes.ends_with(b"data: [DONE]\n\n") {
            assert_eq!(unsplit.pop().as_deref(), Some("Done"), "{name}");
        }
        let lines: String = payloads.iter().map(|payload| format!("{payload}\n")).collect();
        let plain = match dialect {
            Dialect::Ollama => decode_stream(*dialect, MIB, [lines.as_bytes()]),
            dialect => decode_plain(*dialect, &payloads),
        };
        assert_eq!(unsplit, plain.events, "{name}");
    }
}

#[test]
fn a_frame_longer_than_the_bound_is_skipped_and_the_next_one_is_decoded() {
    let long = "x".repeat(5_000);
    let cases = [
        (Dialect::OpenAi, format!("data: {{\"id\":\"{long}\"}}\n\ndata: {{\"id\":\"b\"}}\n\n")),
        (Dialect::OpenAi, format!("data: {{\"id\":\ndata: \"{long}\"}}\n\ndata: {{\"id\":\"b\"}}\n\n")),
        (Dialect::OpenAi, format!(": {long}\n: {long}\ndata: {{\"id\":\ndata: \"b\"}}\n\n")),
        (Dialect::Ollama, format!("{{\"model\":\"{long}\"}}\n{{\"model\":\"b\"}}\n")),
        (Dialect::Gemini, format!("[{{\"responseId\":\"{long}}}\\\"\"}},\n{{\"responseId\":\"b\"}}]")),
    ];
    for (dialect, text) in cases {
        let decoded = decode_stream(dialect, 1_000, text.as_bytes().chunks(7));
        assert!(decoded.events.len() == 1 && decoded.events[0].ends_with("(\"b\")"), "{text:.40}: {decoded:?}");
        // A comment is not a frame, so a long comment does not count as a skipped frame.
        assert_eq!(
            (decoded.skipped_frames, decoded.malformed_frames),
            (u64::from(!text.starts_with(": ")), 0),
            "{text:.40}"
        );
    }
}

#[test]
fn a_hundred_mebibytes_without_an_end_are_not_buffered() {
    let chunk = [b'a'; 64 * 1024];
    for (dialect, begin) in [(Dialect::OpenAi, "data: {"), (Dialect::Ollama, "{"), (Dialect::Gemini, "[{\"")] {
        let mut decoder = Decoder::new(dialect);
        decoder.feed(begin.as_bytes(), |_| {});
        let mut max_allocated = 0;
        for _ in 0..1_600 {
            decoder.feed(&chunk, |_| {});
            max_allocated = max_allocated.max(decoder.allocated_bytes());
        }
        assert!(max_allocated > MIB / 2 && max_allocated <= MIB, "{max_allocated}");
        // The name of Gemini's field is shortened; the others are not JSON.
        assert!(decoder.allocated_bytes() <= 16 * 1024, "{}", decoder.allocated_bytes());
        decoder.finish(|_| {});
        assert_eq!(decoder.skipped_frames(), 1);
    }
}

#[test]
fn a_bound_below_the_bytes_that_are_stored_applies_from_then_on() {
    let mut decoder = Decoder::new(Dialect::OpenAi);
    decoder.feed(b"data: {\"choices\":[],\"a\":1,", |_| {});
    let mut decoder = decoder.max_frame_bytes(8);
    decoder.feed(b"\"b\":2}\n\ndata: {}\n\n", |_| {});
    decoder.finish(|_| {});
    assert_eq!((decoder.skipped_frames(), decoder.malformed_frames(), decoder.frame_count()), (1, 0, 2));
}

#[test]
fn the_memory_of_a_long_frame_is_released() {
    let mut decoder = Decoder::new(Dialect::OpenAi);
    decoder.feed(format!("data: {{\"id\":\"{}\"}}\n\n", "x".repeat(500_000)).as_bytes(), |_| {});
    assert!(decoder.allocated_bytes() <= 16 * 1024, "{}", decoder.allocated_bytes());
}

#[test]
fn invalid_utf_8_is_replaced_as_in_the_standard() {
    let decoded = decode_stream(Dialect::OpenAi, MIB, [&b"data: {\"id\":\"a\xff\xf0\x9f\"}\n\n"[..]]);
    assert_eq!((decoded.events.len(), decoded.malformed_frames), (1, 0));
}
