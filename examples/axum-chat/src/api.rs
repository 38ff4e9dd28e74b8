//! The API of the routes: the common part, and the trait with the differences.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::GenerationOptions;
use crate::app::random_u64;
use crate::engine::Prompt;
use crate::engine::Sampling;
use crate::error::ApiError;
use crate::event::TokenCounts;
use crate::priority::Priority;
use crate::sse;
use llmobs::FinishReason;
use llmobs::semconv::value::OperationName;

/// The format of a route's requests and answers. The implementing type is the request.
pub(crate) trait ApiRequest: DeserializeOwned + Send + 'static {
    /// The operation name in metrics and logs.
    const OPERATION: OperationName;
    /// The prefix of answer ids.
    const ID_PREFIX: &'static str;

    /// Returns the parameters common to all routes.
    fn parameters(&self) -> &Parameters;

    /// Returns the prompt.
    fn prompt(self) -> Result<Prompt, ApiError>;

    /// Returns the complete answer.
    fn complete_response<'a>(head: &'a ResponseHead, answer: &'a CompletedAnswer) -> impl Serialize + 'a;

    /// Returns one chunk of a streamed answer, or `None` if the format has no such chunk.
    fn chunk_response<'a>(head: &'a ResponseHead, chunk: &AnswerChunk<'a>) -> Option<impl Serialize + 'a>;
}

/// The request parameters common to all routes.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    pub(crate) model: String,
    pub(crate) user: Option<String>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    seed: Option<i64>,
    n: Option<i64>,
    service_tier: Option<String>,
    stop: Option<Value>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// The values that a caller set, for the span.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RequestedValues {
    pub(crate) stream: bool,
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) seed: Option<i64>,
}

impl Parameters {
    pub(crate) fn requested_values(&self) -> RequestedValues {
        let stream = self.stream.unwrap_or(false);
        RequestedValues { stream, temperature: self.temperature, top_p: self.top_p, seed: self.seed }
    }

    /// Returns the stream options, if the request asks for a stream.
    pub(crate) fn stream_options(&self) -> Option<sse::SseOptions> {
        let include_usage = self.stream_options.as_ref().and_then(|options| options.include_usage).unwrap_or(false);
        self.stream.unwrap_or(false).then_some(sse::SseOptions { include_usage })
    }

    /// Returns the validated options, or an error that names the invalid parameter.
    pub(crate) fn generation_options(&self, model: &str) -> Result<GenerationOptions, ApiError> {
        if self.model != model {
            return Err(ApiError::unknown_model(model));
        }
        if self.n.is_some_and(|n| n != 1) {
            return Err(ApiError::invalid_field("n", "this server generates one choice: n must be 1"));
        }
        if self.stop.is_some() {
            return Err(ApiError::invalid_field("stop", "this server has no stop sequences"));
        }
        Ok(GenerationOptions {
            max_tokens: self.max_tokens()?,
            sampling: Sampling {
                // Small models produce poor text at 1.0, the default of OpenAI's API.
                temperature: check_range("temperature", self.temperature, 0.0, 2.0)?.unwrap_or(0.2),
                top_p: check_range("top_p", self.top_p, 0.0, 1.0)?.unwrap_or(0.9),
                seed: self.seed.map_or_else(random_u64, i64::cast_unsigned),
            },
            priority: self.priority()?,
        })
    }

    fn priority(&self) -> Result<Priority, ApiError> {
        let Some(name) = &self.service_tier else { return Ok(Priority::default()) };
        Priority::from_service_tier(name).ok_or_else(|| {
            ApiError::invalid_field("service_tier", "this server has the service tiers auto, default and flex")
        })
    }

    fn max_tokens(&self) -> Result<Option<usize>, ApiError> {
        let Some(given) = self.max_completion_tokens.or(self.max_tokens) else { return Ok(None) };
        match usize::try_from(given) {
            Ok(0) | Err(_) => Err(ApiError::invalid_field("max_tokens", "max_tokens must be at least 1")),
            Ok(tokens) => Ok(Some(tokens)),
        }
    }
}

fn check_range(param: &'static str, value: Option<f64>, min: f64, max: f64) -> Result<Option<f64>, ApiError> {
    match value {
        Some(value) if !(min..=max).contains(&value) => {
            Err(ApiError::invalid_field(param, format!("{param} must be between {min} and {max}")))
        }
        _ => Ok(value),
    }
}

/// The fields common to all chunks of one answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ResponseHead {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
}

impl ResponseHead {
    pub(crate) fn new(prefix: &str, model: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "OpenAI's API requires the date")]
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { id: format!("{prefix}{:016x}", random_u64()), created, model: model.to_owned() }
    }
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct CompletedAnswer {
    pub(crate) text: String,
    pub(crate) finish_reason: FinishReason,
    pub(crate) counts: TokenCounts,
    /// Time from the arrival of the request to the last token.
    pub(crate) duration: Duration,
}

/// A chunk of a streamed answer.
#[derive(Debug)]
pub(crate) enum AnswerChunk<'a> {
    /// The start of the answer.
    Start,
    /// The text of the next token.
    Text(&'a str),
    /// The end of the answer, with its finish reason.
    End(&'a FinishReason),
    /// The token counts.
    Usage(TokenCounts),
}

/// An answer or a chunk of one in OpenAI's format; `C` is the type of a choice.
#[derive(Serialize)]
pub(crate) struct ResponseBody<'a, C> {
    #[serde(flatten)]
    pub(crate) head: &'a ResponseHead,
    pub(crate) object: &'static str,
    pub(crate) choices: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
}

/// Token counts in the format of OpenAI's API.
#[derive(Debug, Serialize)]
pub(crate) struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl From<TokenCounts> for Usage {
    fn from(counts: TokenCounts) -> Self {
        Self {
            prompt_tokens: counts.prompt,
            completion_tokens: counts.completion,
            total_tokens: counts.prompt + counts.completion,
        }
    }
}
