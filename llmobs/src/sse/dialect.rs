//! The wire formats of model providers.

/// The wire format of a response, streamed or not. Many other providers use one of these formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Anthropic's Messages: server-sent events (SSE) whose data names the event in `type`.
    Anthropic,
    /// Gemini's `generateContent`, `streamGenerateContent` and embeddings. A stream is server-sent events with
    /// `alt=sse`, otherwise one JSON array.
    Gemini,
    /// Ollama's native chat, generate and embeddings endpoints: one JSON object per line (NDJSON).
    Ollama,
    /// OpenAI's chat completions, legacy completions, Responses and embeddings, and compatible servers: vLLM, SGLang,
    /// TGI, llama.cpp, Mistral, Groq, DeepSeek, and Ollama under `/v1`.
    OpenAi,
}

impl Dialect {
    /// Returns the dialect of an endpoint's responses from the path of the request; `None` if the path is unknown. A
    /// query or fragment is ignored.
    ///
    /// ```
    /// use llmobs::sse::Dialect;
    ///
    /// assert_eq!(Dialect::from_path("/v1/chat/completions"), Some(Dialect::OpenAi));
    /// assert_eq!(Dialect::from_path("/v1beta/models/gemini:streamGenerateContent?alt=sse"), Some(Dialect::Gemini));
    /// assert_eq!(Dialect::from_path("/health"), None);
    /// ```
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
        let method = last.rsplit_once(':').map(|(_, method)| method);
        match (last, method) {
            (_, Some("rawPredict" | "streamRawPredict")) if parent.contains("/publishers/anthropic/") => {
                Some(Self::Anthropic)
            }
            (_, Some("batchEmbedContents" | "embedContent" | "generateContent" | "streamGenerateContent")) => {
                Some(Self::Gemini)
            }
            ("chat" | "embed" | "embeddings" | "generate", _) if parent.ends_with("/api") => Some(Self::Ollama),
            ("messages", _) => Some(Self::Anthropic),
            ("completions" | "embeddings" | "responses", _) => Some(Self::OpenAi),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_request_determines_the_dialect() {
        for (path, expected) in [
            ("/v1/completions", Some(Dialect::OpenAi)),
            ("/v1/responses/", Some(Dialect::OpenAi)),
            ("/openai/deployments/gpt/chat/completions?api-version=2024-10-21", Some(Dialect::OpenAi)),
            ("/v1/messages", Some(Dialect::Anthropic)),
            ("/v1/projects/p/publishers/anthropic/models/claude:streamRawPredict", Some(Dialect::Anthropic)),
            ("/v1/projects/p/publishers/google/models/gemini:generateContent", Some(Dialect::Gemini)),
            ("/api/chat", Some(Dialect::Ollama)),
            ("/api/generate", Some(Dialect::Ollama)),
            ("/api/embeddings", Some(Dialect::Ollama)),
            ("/v1/embeddings", Some(Dialect::OpenAi)),
            ("/generate", None),
            ("", None),
        ] {
            assert_eq!(Dialect::from_path(path), expected, "{path}");
        }
    }
}
