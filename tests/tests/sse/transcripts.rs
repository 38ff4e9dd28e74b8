//! Answers in the formats that providers document.

use llmobs::sse::Dialect;

/// The name, the dialect and the bytes of an answer.
pub type Transcript = (&'static str, Dialect, &'static [u8]);

macro_rules! transcripts {
    ($($name:ident: $dialect:ident,)*) => {
        $(pub const $name: &[u8] = include_bytes!(concat!("transcripts/", stringify!($name), ".txt"));)*

        pub const ALL: &[Transcript] = &[$((stringify!($name), Dialect::$dialect, $name)),*];
    };
}

#[allow(non_upper_case_globals, reason = "the names of the files")]
mod files {
    use super::*;

    transcripts! {
        anthropic: Anthropic,
        anthropic_error: Anthropic,
        anthropic_parallel_tools: Anthropic,
        gemini: Gemini,
        gemini_array: Gemini,
        ollama_chat: Ollama,
        ollama_error: Ollama,
        openai_chat: OpenAi,
        openai_completions: OpenAi,
        openai_parallel_tools: OpenAi,
        openai_reasoning_and_tools: OpenAi,
        openai_responses: OpenAi,
        openai_responses_tools: OpenAi,
        openai_two_choices: OpenAi,
    }
}

pub use files::*;
