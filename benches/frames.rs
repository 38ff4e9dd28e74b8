//! Measures the cost of one frame of a provider's stream, compared with `eventsource-stream` and typed `serde_json`.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use eventsource_stream::Eventsource;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use llmobs_benches::Comparison;
use llmobs_benches::measure_time;
use llmobs_benches::report_budget;
use serde::de::DeserializeOwned;

use self::support::typed_frames::AnthropicEvent;
use self::support::typed_frames::GeminiResponse;
use self::support::typed_frames::OllamaLine;
use self::support::typed_frames::OpenAiChunk;
use self::support::typed_frames::ResponsesEvent;

mod support {
    pub(crate) mod typed_frames;
}

const PEER: &str = "eventsource-stream, typed serde_json";
const SPLIT: &str = "split at line feeds, typed serde_json";
const LLMOBS: &str = "llmobs";

/// The number of frames of one stream, each in a chunk of its own, as they arrive from a socket.
const FRAMES: usize = 200;

fn main() {
    let id = "chatcmpl-BxZ0k3Jm9uYc2fQ7pT1sLrV8";
    compare::<OpenAiChunk>("OpenAI chat completions", Dialect::OpenAi, |word| {
        sse(&format!(
            "{{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":1764400000,\"model\":\"gpt-4o-mini-2024-07-18\",\
             \"service_tier\":\"default\",\"system_fingerprint\":\"fp_a1b2c3d4e5\",\"choices\":[{{\"index\":0,\"delta\":\
             {{\"content\":\" {word}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"q7\"}}"
        ))
    });
    compare::<ResponsesEvent>("OpenAI Responses", Dialect::OpenAi, |word| {
        format!(
            "event: response.output_text.delta\n{}",
            sse(&format!(
                "{{\"type\":\"response.output_text.delta\",\"sequence_number\":17,\"item_id\":\"msg_68a1b2c3d4e5f6a7b8c9d0\",\
                 \"output_index\":0,\"content_index\":0,\"delta\":\" {word}\",\"logprobs\":[],\"obfuscation\":\"Xk29dj\"}}"
            ))
        )
    });
    compare::<AnthropicEvent>("Anthropic Messages", Dialect::Anthropic, |word| {
        format!(
            "event: content_block_delta\n{}",
            sse(&format!(
                "{{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\" {word} and\"}}}}"
            ))
        )
    });
    compare::<GeminiResponse>("Gemini", Dialect::Gemini, |word| {
        sse(&format!(
            "{{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{}\"}}],\"role\": \"model\"}},\"index\": 0}}],\
             \"usageMetadata\": {{\"promptTokenCount\": 120,\"candidatesTokenCount\": 34,\"totalTokenCount\": 154,\
             \"promptTokensDetails\": [{{\"modality\": \"TEXT\",\"tokenCount\": 120}}]}},\"modelVersion\": \"gemini-2.5-flash\",\
             \"responseId\": \"k3JmaJyVNo2Yvr0P4uGtwA8\"}}",
            format!("{word} is a word of this sentence, ").repeat(4)
        ))
    });
    compare::<OllamaLine>("Ollama", Dialect::Ollama, |word| {
        format!(
            "{{\"model\":\"llama3.2\",\"created_at\":\"2026-11-29T10:00:00.123456789Z\",\"message\":{{\"role\":\"assistant\",\
             \"content\":\" {word}\"}},\"done\":false}}\n"
        )
    });
}

fn sse(json: &str) -> String {
    format!("data: {json}\n\n")
}

/// Compares the time of one frame of a shape, whose text differs from frame to frame.
fn compare<T: DeserializeOwned>(name: &str, dialect: Dialect, frame: impl Fn(&str) -> String) {
    let words = ["the", "answer", "is", "forty-two", "because", "models", "count", "tokens"];
    let frames: Vec<String> = (0..FRAMES).map(|index| frame(words[index % words.len()])).collect();
    // Ollama sends lines, which need no parser of event streams.
    let is_sse = dialect != Dialect::Ollama;
    let peer = if is_sse { PEER } else { SPLIT };
    let mut comparison = Comparison::new(&format!("a frame of {name}, {} bytes", frames[0].len()));
    if is_sse {
        comparison = comparison.candidate(PEER, |iterations| per_frame(iterations, || read_events::<T>(&frames)));
    }
    let results = comparison
        .candidate(SPLIT, |iterations| per_frame(iterations, || split::<T>(&frames)))
        .candidate(LLMOBS, |iterations| per_frame(iterations, || decode(dialect, &frames)))
        .run();
    results.print(peer, peer);
    let ratio = results.median_nanos(LLMOBS) / results.median_nanos(peer);
    report_budget(&format!("a frame of {name}, of {peer}"), ratio, 0.6, "");
}

/// Measures `iterations` frames, in streams of [`FRAMES`] each.
fn per_frame(iterations: u64, read: impl Fn() -> usize) -> Duration {
    let streams = iterations.div_ceil(FRAMES as u64);
    let time = measure_time(|| (0..streams).for_each(|_| assert_eq!(black_box(read()), FRAMES)));
    time.mul_f64(iterations as f64 / (streams * FRAMES as u64) as f64)
}

fn read_events<T: DeserializeOwned>(frames: &[String]) -> usize {
    let chunks = stream::iter(frames.iter().map(|frame| Ok::<_, Infallible>(frame.as_bytes())));
    let events = chunks.eventsource().fold(0, |count, event| {
        let event = event.expect("the stream is valid");
        black_box(serde_json::from_str::<T>(&event.data).expect("the frame is valid"));
        std::future::ready(count + 1)
    });
    events.now_or_never().expect("the stream never pends")
}

/// Reads frames that arrive whole: the line with the JSON, without a parser of the event stream.
fn split<T: DeserializeOwned>(frames: &[String]) -> usize {
    let mut count = 0;
    for line in frames.iter().flat_map(|frame| frame.split('\n')) {
        let json = line.strip_prefix("data: ").unwrap_or(line);
        if json.starts_with('{') {
            black_box(serde_json::from_str::<T>(json).expect("the frame is valid"));
            count += 1;
        }
    }
    count
}

fn decode(dialect: Dialect, frames: &[String]) -> usize {
    let mut decoder = Decoder::new(dialect);
    let mut deltas = 0;
    for frame in frames {
        decoder.feed(frame.as_bytes(), |event| {
            if let llmobs::sse::Event::Delta { .. } = black_box(event) {
                deltas += 1;
            }
        });
    }
    deltas
}
