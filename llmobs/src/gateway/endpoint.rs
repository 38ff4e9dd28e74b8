//! The endpoints of model providers, by the paths of requests.

use http::Method;
use http::request::Parts;

use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::sse::Dialect;

/// An endpoint that calls a model: the operation that its requests perform, and the wire format of its responses.
///
/// ```
/// use llmobs::gateway::ModelEndpoint;
/// use llmobs::semconv::value::OperationName;
/// use llmobs::sse::Dialect;
///
/// let messages = ModelEndpoint::new(OperationName::Chat, Dialect::Anthropic);
/// assert_eq!(ModelEndpoint::from_path("/v1/messages"), Some(messages));
/// assert_eq!(ModelEndpoint::from_path("/v1/models"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ModelEndpoint {
    pub(super) operation: OperationName,
    pub(super) dialect: Dialect,
    pub(super) provider: Option<Provider>,
    pub(super) model: Option<String>,
    /// True if the path requests a stream, false if it requests a whole response; `None` if the body decides.
    pub(super) stream: Option<bool>,
}

impl ModelEndpoint {
    /// Creates the endpoint of an operation whose responses have this format.
    pub const fn new(operation: OperationName, dialect: Dialect) -> Self {
        Self { operation, dialect, provider: None, model: None, stream: None }
    }

    /// Sets the provider of the model. Defaults to the observer's provider.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Sets the model of a request whose body names none. Defaults to no model.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Returns the endpoint of a path, of any host: of OpenAI (chat completions, completions, Responses, embeddings),
    /// Azure, Anthropic, Gemini, Vertex AI or Ollama. Returns `None` for any other path.
    ///
    /// The paths of Gemini, of Vertex AI and of Azure's deployments contain the model, and those of Gemini and Vertex
    /// AI whether a stream is requested.
    pub fn from_path(path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let dialect = Dialect::from_path(path)?;
        let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
        let (name, method) = last.rsplit_once(':').unwrap_or((last, ""));
        let operation = match (dialect, name, method) {
            // The messages of OpenAI's assistants, which call no model.
            (_, "messages", "") if parent.contains("/threads/") => return None,
            (_, "embed" | "embeddings", "") | (_, _, "batchEmbedContents" | "embedContent") => {
                OperationName::Embeddings
            }
            (Dialect::OpenAi, "completions", _) if !parent.ends_with("/chat") => OperationName::TextCompletion,
            (Dialect::Ollama, "generate", _) => OperationName::TextCompletion,
            (Dialect::Gemini, ..) => OperationName::GenerateContent,
            _ => OperationName::Chat,
        };
        let deployment = || path.split('/').skip_while(|segment| *segment != "deployments").nth(1);
        let model = if method.is_empty() { deployment() } else { Some(name) };
        let stream = (!method.is_empty()).then(|| method.starts_with("stream"));
        Some(Self { model: model.map(str::to_owned), stream, ..Self::new(operation, dialect) })
    }

    /// Returns whether a request whose body has this value of `stream` requests a stream; `None` if it is not known.
    /// The path precedes the body. Ollama streams if neither says so.
    pub(super) fn is_stream_requested(&self, of_body: Option<bool>) -> Option<bool> {
        let streams_by_default = self.dialect == Dialect::Ollama && self.operation != OperationName::Embeddings;
        self.stream.or(of_body).or_else(|| streams_by_default.then_some(true))
    }

    /// Returns the endpoint of a request: that of the path of a `POST`, else `None`.
    pub(super) fn from_request(request: &Parts) -> Option<Self> {
        if request.method == Method::POST { Self::from_path(request.uri.path()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_determines_the_operation_the_format_and_sometimes_the_model() {
        use Dialect::Anthropic;
        use Dialect::Gemini;
        use Dialect::Ollama;
        use Dialect::OpenAi;
        use OperationName::Chat;
        use OperationName::Embeddings;
        use OperationName::GenerateContent;
        use OperationName::TextCompletion;

        for (path, operation, dialect, model, stream) in [
            ("/v1/chat/completions", Chat, OpenAi, None, None),
            ("/chat/completions/", Chat, OpenAi, None, None),
            ("/v1/completions", TextCompletion, OpenAi, None, None),
            ("/v1/responses", Chat, OpenAi, None, None),
            ("/v1/embeddings?x=1", Embeddings, OpenAi, None, None),
            ("/openai/deployments/gpt/chat/completions?api-version=1", Chat, OpenAi, Some("gpt"), None),
            ("/anthropic/v1/messages", Chat, Anthropic, None, None),
            ("/v1beta/models/gemini-2.5:generateContent", GenerateContent, Gemini, Some("gemini-2.5"), Some(false)),
            ("/v1beta/models/g:streamGenerateContent?alt=sse", GenerateContent, Gemini, Some("g"), Some(true)),
            ("/v1beta/models/e:batchEmbedContents", Embeddings, Gemini, Some("e"), Some(false)),
            ("/v1/projects/p/publishers/anthropic/models/c:streamRawPredict", Chat, Anthropic, Some("c"), Some(true)),
            ("/api/chat", Chat, Ollama, None, None),
            ("/api/generate", TextCompletion, Ollama, None, None),
            ("/api/embed", Embeddings, Ollama, None, None),
        ] {
            let model = model.map(str::to_owned);
            let expected = ModelEndpoint { model, stream, ..ModelEndpoint::new(operation, dialect) };
            assert_eq!(ModelEndpoint::from_path(path), Some(expected), "{path}");
        }
        for path in ["/", "/v1/models", "/v1/threads/t/messages", "/v1/messages/count_tokens", "/v1/responses/r"] {
            assert_eq!(ModelEndpoint::from_path(path), None, "{path}");
        }
    }
}
