//! The interface of the engines, which generate tokens.

mod chat_template;
mod detokenizer;
mod llama;
mod synthetic;
mod weights;

use std::error::Error;

use llmobs::clock::Moment;
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

    /// Creates a sequence with a separate cache. The first step starts the prefill.
    fn start_sequence(&self, prompt: Vec<u32>, sampling: Sampling) -> Box<dyn Sequence>;
}

/// One answer during its generation.
pub(crate) trait Sequence: Send {
    /// Processes part of the prompt, or generates the next token.
    fn step(&mut self, now: Moment) -> Result<SequenceStep, EngineError>;
}

/// The result of one step of a sequence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SequenceStep {
    /// Part of the prompt was processed; more steps are needed.
    PrefillProgress,
    /// The next token. The text is empty while a character is incomplete.
    Token(String),
    /// The model ended the answer.
    End,
    /// No work before this moment.
    WaitUntil(Moment),
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
