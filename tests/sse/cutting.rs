//! An answer decodes to the same events for any split and layout, and the decoder buffers a bounded number of bytes.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use proptest::prelude::*;
use serde_json::Value;

use crate::fuzzed::DIALECTS;
use crate::fuzzed::Said;
use crate::fuzzed::any_bytes;
use crate::fuzzed::read;
use crate::transcripts::ALL;
use crate::transcripts::Transcript;

const MIB: usize = 1024 * 1024;

fn transcript() -> impl Strategy<Value = Transcript> {
    prop::sample::select(ALL)
}

/// Splits an answer at the given positions.
fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    ends.sort_unstable();
    ends.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

fn pieces(pieces: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    pieces.iter().map(Vec::as_slice)
}

/// Returns the JSON payloads of a whole answer, parsed without the decoder's code.
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
struct Layout {
    line_end: &'static str,
    mark: bool,
    space: bool,
    pretty: bool,
    last_blank: bool,
    between: Vec<&'static str>,
}

fn layout() -> impl Strategy<Value = Layout> {
    let noise = [": keep-alive", "id: 7", "retry: 3000", "event: message", "unknown", ":", "data-of-nothing: {}"];
    (
        prop::sample::select(vec!["\n", "\r", "\r\n"]),
        any::<[bool; 4]>(),
        prop::collection::vec(prop::sample::select(noise.to_vec()), 0..4),
    )
        .prop_map(|(line_end, [mark, space, pretty, last_blank], between)| Layout {
            line_end,
            mark,
            space,
            pretty,
            last_blank,
            between,
        })
}

impl Layout {
    fn write(&self, payloads: &[Value]) -> Vec<u8> {
        let mut text = if self.mark { "\u{feff}" } else { "" }.to_owned();
        for (number, payload) in payloads.iter().enumerate() {
            let json = if self.pretty { serde_json::to_string_pretty(payload) } else { serde_json::to_string(payload) };
            for (place, line) in json.unwrap().lines().enumerate() {
                let noise = self.between.get((number + place) % 5).copied();
                for line in noise.map(str::to_owned).into_iter().chain([self.data(line)]) {
                    text.push_str(&line);
                    text.push_str(self.line_end);
                }
            }
            if self.last_blank || number + 1 < payloads.len() {
                text.push_str(self.line_end);
            }
        }
        text.into_bytes()
    }

    fn data(&self, line: &str) -> String {
        format!("data:{}{line}", if self.space { " " } else { "" })
    }
}

/// Decodes the payloads, each as a plain event.
fn plainly(dialect: Dialect, payloads: &[Value]) -> Said {
    let plain: String = payloads.iter().map(|payload| format!("data: {payload}\n\n")).collect();
    read(dialect, MIB, [plain.as_bytes()])
}

proptest! {
    #[test]
    fn an_answer_cut_anywhere_says_the_same(
        (name, dialect, bytes) in transcript(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let whole = read(dialect, MIB, [bytes]);
        prop_assert!(whole.events.len() > 2, "{name}");
        prop_assert_eq!(read(dialect, MIB, pieces(&cut(bytes, &cuts))), whole);
    }

    #[test]
    fn events_laid_out_in_any_way_that_the_standard_allows_say_the_same(
        (_, dialect, bytes) in transcript(), layout in layout(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assume!(dialect != Dialect::Ollama);
        let payloads = payloads(std::str::from_utf8(bytes).unwrap());
        prop_assert!(payloads.len() > 1);
        let laid_out = layout.write(&payloads);
        prop_assert_eq!(read(dialect, MIB, pieces(&cut(&laid_out, &cuts))), plainly(dialect, &payloads));
    }

    #[test]
    fn garbage_never_panics_and_never_holds_more_than_the_bound(
        dialect in prop::sample::select(&DIALECTS), bound in 0_usize..4_000,
        garbage in prop::collection::vec(any::<u8>(), 0..6_000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assert_eq!(read(dialect, bound, pieces(&cut(&garbage, &cuts))), read(dialect, bound, [&garbage[..]]));
    }
}

#[test]
fn payloads_in_the_whole_text_are_what_the_reader_finds() {
    for (name, dialect, bytes) in ALL {
        let payloads = payloads(std::str::from_utf8(bytes).unwrap());
        let mut whole = read(*dialect, MIB, [*bytes]).events;
        if *dialect == Dialect::OpenAi && bytes.ends_with(b"data: [DONE]\n\n") {
            assert_eq!(whole.pop().as_deref(), Some("Done"), "{name}");
        }
        let lines: String = payloads.iter().map(|payload| format!("{payload}\n")).collect();
        let plain = match dialect {
            Dialect::Ollama => read(*dialect, MIB, [lines.as_bytes()]),
            dialect => plainly(*dialect, &payloads),
        };
        assert_eq!(whole, plain.events, "{name}");
    }
}

#[test]
fn a_frame_longer_than_the_bound_is_skipped_to_its_end_and_the_next_one_is_read() {
    let long = "x".repeat(5_000);
    let cases = [
        (Dialect::OpenAi, format!("data: {{\"id\":\"{long}\"}}\n\ndata: {{\"id\":\"b\"}}\n\n")),
        (Dialect::OpenAi, format!("data: {{\"id\":\ndata: \"{long}\"}}\n\ndata: {{\"id\":\"b\"}}\n\n")),
        (Dialect::OpenAi, format!(": {long}\n: {long}\ndata: {{\"id\":\ndata: \"b\"}}\n\n")),
        (Dialect::Ollama, format!("{{\"model\":\"{long}\"}}\n{{\"model\":\"b\"}}\n")),
        (Dialect::Gemini, format!("[{{\"responseId\":\"{long}}}\\\"\"}},\n{{\"responseId\":\"b\"}}]")),
    ];
    for (dialect, text) in cases {
        let said = read(dialect, 1_000, text.as_bytes().chunks(7));
        assert!(said.events.len() == 1 && said.events[0].ends_with("(\"b\")"), "{text:.40}: {said:?}");
        // A comment is not a frame, so a long comment does not count as a skipped frame.
        assert_eq!((said.skipped, said.malformed), (u64::from(!text.starts_with(": ")), 0), "{text:.40}");
    }
}

#[test]
fn a_hundred_mebibytes_without_an_end_are_not_kept() {
    let piece = [b'a'; 64 * 1024];
    for (dialect, begin) in [(Dialect::OpenAi, "data: {"), (Dialect::Ollama, "{"), (Dialect::Gemini, "[{\"")] {
        let mut reader = Decoder::new(dialect);
        reader.feed(begin.as_bytes(), |_| {});
        let mut most = 0;
        for _ in 0..1_600 {
            reader.feed(&piece, |_| {});
            most = most.max(reader.allocated_bytes());
        }
        assert!(most > MIB / 2 && most <= MIB, "{most}");
        assert_eq!(reader.allocated_bytes(), 0, "nothing is kept of what is skipped");
        reader.finish(|_| {});
        assert_eq!(reader.skipped(), 1);
    }
}

#[test]
fn whatever_a_long_frame_needed_is_given_back() {
    let mut reader = Decoder::new(Dialect::OpenAi);
    reader.feed(format!("data: {{\"id\":\"{}\"}}\n\n", "x".repeat(500_000)).as_bytes(), |_| {});
    assert!(reader.allocated_bytes() <= 16 * 1024, "{}", reader.allocated_bytes());
}

#[test]
fn bytes_that_are_no_text_are_replaced_as_the_standard_says() {
    let said = read(Dialect::OpenAi, MIB, [&b"data: {\"id\":\"a\xff\xf0\x9f\"}\n\n"[..]]);
    assert_eq!((said.events.len(), said.malformed), (1, 0));
}

#[test]
fn five_seconds_of_damaged_answers() {
    let clock = Clock::system();
    let end = clock.now().saturating_add(Duration::from_secs(5));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut rounds = 0;
    while clock.now() < end {
        any_bytes(&damaged(&mut dice));
        rounds += 1;
    }
    assert!(rounds > 100, "only {rounds} answers were read");
}

/// Returns a transcript with bytes changed, removed, repeated and inserted. The first four bytes are random; the fuzz
/// body takes the dialect, the frame limit and the split of the answer from them.
fn damaged(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = ALL[dice.below(ALL.len())].2.to_vec();
    for _ in 0..dice.below(12) {
        let at = dice.below(bytes.len());
        let some = at..(at + dice.below(60)).min(bytes.len());
        match dice.below(5) {
            0 => bytes[at] = dice.byte(),
            1 => drop(bytes.drain(some)),
            2 => bytes.extend_from_within(some),
            3 => bytes.insert(at, b"\n\r\"\\{}[]:, \xef\xbb\xbf"[dice.below(14)]),
            _ => bytes.splice(at..at, *b"\ndata:").for_each(drop),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes.splice(..0, [dice.byte(), dice.byte(), dice.byte(), dice.byte()]);
    bytes
}

/// A pseudo-random generator with a fixed seed: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[3]
    }
}
