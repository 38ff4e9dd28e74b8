//! Answers of every provider with bytes changed, removed, repeated and inserted, as the fuzz targets make them.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::sse::Dialect;

use crate::fields::answers;
use crate::transcripts::ALL;
use llmobs_tests::fuzz::sse::check_answer;
use llmobs_tests::random::Random;

/// The providers whose answers are damaged, by the fuzz target in `fuzz/fuzz_targets`.
const OPENAI: &[&str] = &[
    "azure",
    "clarifai",
    "deepseek",
    "dynamo",
    "glm",
    "groq",
    "kimi",
    "litellm",
    "llamacpp",
    "lmstudio",
    "minimax",
    "mistral",
    "mistralrs",
    "openai-chat",
    "openai-completions",
    "openrouter",
    "perplexity",
    "sglang",
    "tgi",
    "vllm",
    "xai",
];

#[test]
fn five_seconds_of_damaged_answers_of_openai_and_compatible_servers() {
    check_damaged(Dialect::OpenAi, OPENAI);
}

#[test]
fn five_seconds_of_damaged_answers_of_responses() {
    check_damaged(Dialect::OpenAi, &["openai-responses"]);
}

#[test]
fn five_seconds_of_damaged_answers_of_anthropic() {
    check_damaged(Dialect::Anthropic, &["anthropic"]);
}

#[test]
fn five_seconds_of_damaged_answers_of_gemini() {
    check_damaged(Dialect::Gemini, &["gemini"]);
}

#[test]
fn five_seconds_of_damaged_answers_of_ollama() {
    check_damaged(Dialect::Ollama, &["ollama"]);
}

/// Damages the answers of the providers, and the transcripts of the dialect, for five seconds.
fn check_damaged(dialect: Dialect, providers: &[&str]) {
    let answers = providers.iter().flat_map(|provider| answers(provider)).map(|(_, text)| text.into_bytes());
    let transcripts = ALL.iter().filter(|(_, of, _)| *of == dialect).map(|(_, _, bytes)| bytes.to_vec());
    let seeds: Vec<Vec<u8>> = answers.chain(transcripts).collect();
    let clock = Clock::system();
    let end = clock.now().saturating_add(Duration::from_secs(5));
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    let mut rounds = 0;
    while clock.now() < end {
        let mut bytes = random.one_of(&seeds).clone();
        damage(&mut random, &mut bytes);
        // The frame limit and the chunk sizes.
        bytes.splice(..0, [random.byte(), random.byte(), random.byte()]);
        check_answer(dialect, &bytes);
        rounds += 1;
    }
    assert!(rounds > 50, "only {rounds} answers were decoded");
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.index(12) {
        let at = random.index(bytes.len());
        let range = at..(at + random.index(60)).min(bytes.len());
        match random.index(6) {
            0 => bytes[at] = random.byte(),
            1 => drop(bytes.drain(range)),
            2 => bytes.extend_from_within(range),
            3 => bytes.insert(at, b"\n\r\"\\{}[]:, \xef\xbb\xbf"[random.index(14)]),
            // A long text or list, which is above many of the limits.
            4 => bytes
                .splice(at..at, random.word(&["xxxxxxxx", "[1],", "\\u00e9"]).repeat(300).into_bytes())
                .for_each(drop),
            _ => bytes.splice(at..at, *b"\ndata:").for_each(drop),
        }
        if bytes.is_empty() {
            break;
        }
    }
}
