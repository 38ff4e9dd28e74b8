//! The interface of the engines, which generate tokens.

mod chat_template;
mod detokenizer;
mod llama;
mod synthetic;
mod weights;

use std::error::Error;
use std::time::Duration;

use llmobs::content;
use llmobs::content::Input;
use llmobs::content::Part;

pub(crate) use llama::Llama;
pub(crate) use synthetic::SimulatedFailure;
pub(crate) use synthetic::SyntheticEngine;

/// A language model: tokenizer, weights and the sequences that use them.
pub(crate) trait Engine: Send + Sync {
    /// Returns the model name that requests pass in `model`.
    fn model(&self) -> &str;

    /// Returns the name of the inference engine, recorded as the provider in the metrics.
    fn provider(&self) -> &'static str;

    /// Returns a one-sentence description for users.
    fn description(&self) -> &'static str;

    /// Returns the context length in tokens: the limit for a prompt and its answer together.
    fn context_length(&self) -> usize;

    /// Converts a prompt into tokens of the model.
    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError>;

    /// Returns the format of the weights, if there are some and it is known.
    fn quantization(&self) -> Option<&str> {
        None
    }

    /// Returns the time that the load of the weights took, if there are some.
    fn load_duration(&self) -> Option<Duration> {
        None
    }

    /// Creates a sequence without tokens.
    fn start_sequence(&self, sampling: Sampling) -> Box<dyn Sequence>;

    /// Returns the minimum duration of a step: zero for an engine that is as fast as its arithmetic.
    fn step_duration(&self, _work: StepWork) -> Duration {
        Duration::ZERO
    }
}

/// One answer during its generation.
pub(crate) trait Sequence: Send {
    /// Computes the KV cache of `tokens`, which are at `position` of the sequence. It contains all tokens before.
    fn compute(&mut self, position: usize, tokens: &[u32]) -> Result<(), EngineError>;

    /// Generates the token after the computed ones.
    fn sample(&mut self) -> Result<SampledToken, EngineError>;

    /// Frees the KV cache. All tokens are computed again before the next one is generated.
    fn clear_cache(&mut self);
}

/// The result of [`Sequence::sample`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SampledToken {
    /// The next token. The text is empty while a character is incomplete.
    Token { id: u32, text: String },
    /// The model ended the answer.
    End,
}

/// The work of one step: a run of the model over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StepWork {
    /// Sequences in the batch.
    pub(crate) sequences: usize,
    /// Tokens of prompts, and tokens that are computed again after a preemption.
    pub(crate) prefill_tokens: usize,
    /// Tokens of sequences that generate one token after another.
    pub(crate) decode_tokens: usize,
}

/// The prompt of a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// A conversation, formatted with the chat template of the model.
    Chat(Vec<Message>),
    /// Text to continue, without a template.
    Text(String),
}

impl Prompt {
    /// Returns the length of the text in bytes.
    pub(crate) fn byte_length(&self) -> usize {
        match self {
            Self::Chat(messages) => messages.iter().map(|message| message.content.len()).sum(),
            Self::Text(text) => text.len(),
        }
    }
}

/// Converts a prompt into the content to capture.
impl From<&Prompt> for Input {
    fn from(prompt: &Prompt) -> Self {
        match prompt {
            Prompt::Chat(messages) => Self::new().messages(messages.iter().map(content::Message::from)),
            Prompt::Text(text) => text.as_str().into(),
        }
    }
}

impl From<&Message> for content::Message {
    fn from(message: &Message) -> Self {
        let text = message.content.as_str();
        match message.role {
            "system" => Self::system(text),
            "assistant" => Self::assistant().part(Part::text(text)),
            _ => Self::user(text),
        }
    }
}

/// One message of a conversation.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The author: `system`, `user` or `assistant`.
    pub(crate) role: &'static str,
    /// The text of the message.
    pub(crate) content: String,
}

/// Parameters for the choice of the next token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampling {
    /// At 0, the most likely token is always chosen.
    pub(crate) temperature: f64,
    /// Restricts the choice to the most likely tokens with this cumulative probability.
    pub(crate) top_p: f64,
    /// Equal seeds produce equal answers.
    pub(crate) seed: u64,
}

/// A failure of the engine. The message is for the operator's log; it names tensors and contains no prompt text.
pub(crate) type EngineError = Box<dyn Error + Send + Sync>;
