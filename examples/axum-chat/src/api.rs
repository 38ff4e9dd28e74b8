//! The API that the routes speak: what they have in common, and what each must say for itself.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::Settings;
use crate::app::random;
use crate::engine::Prompt;
use crate::engine::Sampling;
use crate::error::ApiError;
use crate::event::Counts;
use crate::sse;
use llmobs::FinishReason;
use llmobs::OperationName;

/// A route's requests and answers: the type that implements it is the request.
pub(crate) trait Dialect: DeserializeOwned + Send + 'static {
    /// What the operation is called in metrics and logs.
    const OPERATION: OperationName;
    /// How ids of answers begin.
    const ID: &'static str;

    /// What all requests have.
    fn parameters(&self) -> &Parameters;

    /// What the model is asked.
    fn prompt(self) -> Result<Prompt, ApiError>;

    /// The whole answer at once.
    fn whole<'a>(head: &'a Head, whole: &'a Whole) -> impl Serialize + 'a;

    /// The answer in parts. `None` where this dialect says nothing.
    fn part<'a>(head: &'a Head, part: &Part<'a>) -> Option<impl Serialize + 'a>;
}

/// The parameters that all requests have.
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
    stop: Option<Value>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl Parameters {
    /// What is wanted of a stream, if one is wanted.
    pub(crate) fn stream(&self) -> Option<sse::Options> {
        let include_usage = self.stream_options.as_ref().and_then(|options| options.include_usage).unwrap_or(false);
        self.stream.unwrap_or(false).then_some(sse::Options { include_usage })
    }

    /// What they ask for, if they are sound.
    pub(crate) fn settings(&self, served: &str) -> Result<Settings, ApiError> {
        if self.model != served {
            return Err(ApiError::unknown_model(served));
        }
        if self.n.is_some_and(|n| n != 1) {
            return Err(ApiError::field("n", "this server gives one choice: n must be 1"));
        }
        if self.stop.is_some() {
            return Err(ApiError::field("stop", "this server has no stop sequences"));
        }
        Ok(Settings {
            max_tokens: self.max_tokens()?,
            sampling: Sampling {
                // Small models ramble at the 1.0 that OpenAI's API defaults to.
                temperature: between("temperature", self.temperature, 0.0, 2.0)?.unwrap_or(0.2),
                top_p: between("top_p", self.top_p, 0.0, 1.0)?.unwrap_or(0.9),
                seed: self.seed.map_or_else(random, i64::cast_unsigned),
            },
        })
    }

    fn max_tokens(&self) -> Result<Option<usize>, ApiError> {
        let Some(given) = self.max_completion_tokens.or(self.max_tokens) else { return Ok(None) };
        match usize::try_from(given) {
            Ok(0) | Err(_) => Err(ApiError::field("max_tokens", "max_tokens must be at least 1")),
            Ok(tokens) => Ok(Some(tokens)),
        }
    }
}

fn between(param: &'static str, value: Option<f64>, least: f64, most: f64) -> Result<Option<f64>, ApiError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(ApiError::field(param, format!("{param} must lie between {least} and {most}")))
        }
        _ => Ok(value),
    }
}

/// What every part of one answer repeats.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
}

impl Head {
    pub(crate) fn new(prefix: &str, model: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "OpenAI's API wants the date")]
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { id: format!("{prefix}{:016x}", random()), created, model: model.to_owned() }
    }
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) text: String,
    pub(crate) reason: FinishReason,
    pub(crate) counts: Counts,
    /// From the arrival of the request to the last token.
    pub(crate) duration: Duration,
}

/// A part of an answer.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// The answer begins.
    Opening,
    /// The next token.
    Text(&'a str),
    /// The answer ended.
    Closing(&'a FinishReason),
    /// How many tokens there were.
    Usage(Counts),
}

/// An answer, or a part of one, in OpenAI's shape; `C` is what the route calls a choice.
#[derive(Serialize)]
pub(crate) struct Answer<'a, C> {
    #[serde(flatten)]
    pub(crate) head: &'a Head,
    pub(crate) object: &'static str,
    pub(crate) choices: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
}

/// Token counts as OpenAI's API gives them.
#[derive(Debug, Serialize)]
pub(crate) struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        Self {
            prompt_tokens: counts.prompt,
            completion_tokens: counts.completion,
            total_tokens: counts.prompt + counts.completion,
        }
    }
}
