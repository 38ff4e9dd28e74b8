//! The decoder compared with `eventsource-stream` and `serde_json` on recorded and random answers, cut at any point.

use eventsource_stream::Eventsource;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::sse::Decoder;
use llmobs::sse::DeltaKind;
use llmobs::sse::Dialect;
use llmobs::sse::Event;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::json;

use llmobs_tests::random::Random;

use crate::transcripts::ALL;

/// The facts that both sides read from an answer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Facts {
    frames: u64,
    malformed: u64,
    is_done: bool,
    id: Option<String>,
    model: Option<String>,
    /// The choice of each delta of visible content.
    content: Vec<u32>,
    /// The choice of each finish reason.
    finished: Vec<u32>,
    input: Option<u64>,
    output: Option<u64>,
}

/// Decodes an answer of chat completions with llmobs.
fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Facts {
    let mut facts = Facts::default();
    let mut decoder = Decoder::new(Dialect::OpenAi);
    let mut on = |event: Event<'_>| match event {
        Event::Delta { choice, kind: DeltaKind::Content, .. } => facts.content.push(choice),
        Event::Done => facts.is_done = true,
        Event::FinishReason { choice, .. } => facts.finished.push(choice),
        Event::Id(id) => facts.id = Some(id.to_owned()),
        Event::Model(model) => facts.model = Some(model.to_owned()),
        Event::Usage(usage) => {
            let total = usage.partition();
            (facts.input, facts.output) = (Some(total.input()), Some(total.output()));
        }
        _ => {}
    };
    chunks.for_each(|chunk| decoder.feed(chunk, &mut on));
    decoder.finish(&mut on);
    facts.frames = decoder.frame_count();
    facts.malformed = decoder.malformed_frames();
    facts
}

/// Decodes the same answer with `eventsource-stream` and `serde_json`. Returns `None` if it contains a number that
/// `serde_json` cannot represent.
fn decode_with_peers<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Option<Facts> {
    let mut facts = Facts::default();
    // The peer discards an event without a blank line after it.
    let chunks = chunks.chain([b"\n\n".as_slice()]).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let events = stream::iter(chunks.collect::<Vec<_>>()).eventsource().collect::<Vec<_>>();
    for event in events.now_or_never().expect("the stream never pends") {
        let event = event.expect("the answer is UTF-8");
        match event.data.trim_matches([' ', '\t', '\n', '\r']) {
            "" => {}
            "[DONE]" => facts.is_done = true,
            data if serde_json::from_str::<IgnoredAny>(data).is_err() => facts.malformed += 1,
            // The decoder replaces half of a surrogate pair, which is an error for `serde_json`.
            data => facts.add_frame(&serde_json::from_str(&data.replace("\\ud800", "\\ufffd")).ok()?),
        }
    }
    Some(facts)
}

impl Facts {
    fn add_frame(&mut self, frame: &Value) {
        self.frames += 1;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        self.id = self.id.take().or_else(|| text(&frame["id"]));
        self.model = self.model.take().or_else(|| text(&frame["model"]));
        for choice in frame["choices"].as_array().into_iter().flatten() {
            let index = choice["index"].as_u64().and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
            if ["content", "refusal"].iter().any(|name| text(&choice["delta"][name]).is_some()) {
                self.content.push(index);
            }
            if text(&choice["finish_reason"]).is_some() {
                self.finished.push(index);
            }
        }
        let count = |name: &str| frame["usage"][name].as_u64();
        let (input, output) = (count("prompt_tokens"), count("completion_tokens"));
        if input.is_some() || output.is_some() {
            let known = input.zip(output).map_or(u64::MAX, |(input, output)| input + output);
            let uncounted = count("total_tokens").map_or(0, |total| total.saturating_sub(known));
            self.input = input.or(self.input).or(Some(0));
            self.output = output.map(|output| output + uncounted).max(self.output).or(Some(0));
        }
    }
}

/// Cuts an answer at random points.
fn cut<'a>(random: &mut Random, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (chunk, rest) = bytes.split_at(random.index(bytes.len().min(120)) + 1);
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

/// Returns a JSON value: any text, number, list or object.
fn any_value(random: &mut Random, depth: u32) -> Value {
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.chance(50)),
        2 => json!(random.below(1 << 40)),
        3 => json!(f64::from(u32::try_from(random.below(1 << 30)).unwrap()) / 7.0 - 1e8),
        4 | 5 => json!(any_text(random)),
        6 => (0..random.below(4)).map(|_| any_value(random, depth - 1)).collect(),
        _ => (0..random.below(4)).map(|_| (any_text(random), any_value(random, depth - 1))).collect(),
    }
}

fn any_text(random: &mut Random) -> String {
    let words =
        ["", "Hello", " 世界", "\"quoted\"", "back\\slash", "line\nfeed\r", "🦀", "{}", "\u{7f}\u{80}", "data: "];
    (0..random.below(4)).map(|_| random.word(&words)).collect()
}

/// Returns a frame of chat completions, with fields of any kind among the true ones.
fn any_frame(random: &mut Random) -> Value {
    let mut frame = json!({});
    for (name, value) in [
        ("id", json!(any_text(random))),
        ("object", json!("chat.completion.chunk")),
        ("model", json!(any_text(random))),
        ("choices", any_choices(random)),
        ("unknown", any_value(random, 3)),
        ("system_fingerprint", any_value(random, 1)),
    ] {
        if random.chance(70) {
            frame[name] = value;
        }
    }
    if random.chance(10) {
        // The total keeps the output as it is.
        frame["usage"] =
            json!({"prompt_tokens": 1 + random.below(1_000), "completion_tokens": 7, "service": any_value(random, 2)});
    }
    frame
}

fn any_choices(random: &mut Random) -> Value {
    (0..random.below(4))
        .map(|index| {
            let mut choice = json!({"index": index, "logprobs": any_value(random, 3)});
            if random.chance(80) {
                choice["delta"] = json!({"content": any_text(random), "extra": any_value(random, 2)});
            }
            if random.chance(20) {
                choice["finish_reason"] = json!("stop");
            }
            choice
        })
        .collect()
}

/// Returns an answer of random frames, some of them broken at one byte.
fn any_answer(random: &mut Random) -> String {
    let line_end = random.word(&["\n", "\r\n"]).to_owned();
    let mut answer = String::new();
    for _ in 0..random.below(8) {
        let frame = any_frame(random);
        let mut json =
            if random.chance(30) { serde_json::to_string_pretty(&frame) } else { serde_json::to_string(&frame) }
                .unwrap();
        if random.chance(40) {
            break_json(random, &mut json);
        }
        answer.push_str(random.word(&["", ": keep-alive\n", "id: 7\n", "event: message\n", "retry: 10\n"]));
        for line in json.lines() {
            answer.push_str(&format!("data:{}{line}{line_end}", random.word(&["", " "])));
        }
        answer.push_str(&line_end);
    }
    if random.chance(50) {
        answer.push_str(&format!("data: [DONE]{line_end}{line_end}"));
    }
    answer
}

/// Replaces, removes or inserts one character of the syntax.
fn break_json(random: &mut Random, json: &mut String) {
    let at = random.index(json.len());
    let at = (0..=at).rev().find(|at| json.is_char_boundary(*at)).unwrap();
    let end = if random.chance(50) { at } else { at + json[at..].chars().next().map_or(0, char::len_utf8) };
    let pieces =
        ["", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "\\u12", "\\ud800", "\t", "\u{1}", "nul"];
    json.replace_range(at..end, random.word(&pieces));
}

#[test]
fn random_answers_are_read_as_the_peers_read_them() {
    let mut random = Random::new(14);
    let (mut malformed, mut content) = (0, 0);
    for _ in 0..3_000 {
        let answer = any_answer(&mut random);
        let Some(expected) = decode_with_peers(std::iter::once(answer.as_bytes())) else { continue };
        let chunks = cut(&mut random, answer.as_bytes());
        assert_eq!(decode(chunks.into_iter()), expected, "{answer}");
        malformed += expected.malformed;
        content += expected.content.len();
    }
    assert!(malformed > 1_000 && content > 4_000, "{malformed} malformed frames, {content} deltas");
}

#[test]
fn recorded_answers_broken_at_any_byte_are_read_as_the_peers_read_them() {
    let mut random = Random::new(41);
    for (name, _, bytes) in ALL.iter().filter(|(name, dialect, bytes)| {
        *dialect == Dialect::OpenAi
            && bytes.starts_with(b"data")
            && !name.contains("responses")
            && !name.contains("completions")
    }) {
        let answer = std::str::from_utf8(bytes).unwrap();
        for _ in 0..400 {
            let mut answer = answer.to_owned();
            break_json(&mut random, &mut answer);
            let Some(expected) = decode_with_peers(std::iter::once(answer.as_bytes())) else { continue };
            let chunks = cut(&mut random, answer.as_bytes());
            assert_eq!(decode(chunks.into_iter()), expected, "{name}: {answer}");
        }
    }
}
