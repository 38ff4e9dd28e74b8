//! What generates tokens, as the rest of the server sees it.

mod llama;
mod synthetic;
mod template;
mod text;
mod weights;

use std::error::Error;

use llmobs::Moment;
use llmobs::content;
use llmobs::content::Input;
use llmobs::content::Part;

pub(crate) use llama::Llama;
pub(crate) use synthetic::Synthetic;

/// A language model: tokenizer, weights, and the sequences that run over them.
pub(crate) trait Engine: Send + Sync {
    /// The name that requests give in `model`.
    fn model(&self) -> &str;

    /// What runs the model: the provider in its metrics.
    fn provider(&self) -> &'static str;

    /// One sentence about it, for people.
    fn description(&self) -> &'static str;

    /// How many tokens a prompt and its answer may have together.
    fn context(&self) -> usize;

    /// A prompt as the model's tokens.
    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, Failed>;

    /// A new sequence with a cache of its own. Its first step begins the prefill.
    fn begin(&self, prompt: Vec<u32>, sampling: Sampling) -> Box<dyn Sequence>;
}

/// One answer in the making.
pub(crate) trait Sequence: Send {
    /// Works on: through a part of the prompt, or up to the next token.
    fn step(&mut self, now: Moment) -> Result<Step, Failed>;
}

/// What one step of a sequence came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A part of the prompt is done; more is to come.
    Prefilled,
    /// The next token. Its text is empty while a character is still incomplete.
    Token(String),
    /// The model ended its answer.
    End,
    /// Nothing to do before this moment.
    Until(Moment),
}

/// What the model is asked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// A conversation, put into the model's chat template.
    Chat(Vec<Message>),
    /// Text to go on from, as it is.
    Text(String),
}

impl Prompt {
    /// Bytes of text in it.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Chat(messages) => messages.iter().map(|message| message.content.len()).sum(),
            Self::Text(text) => text.len(),
        }
    }
}

/// What is captured of it, where content is.
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
    /// Who speaks: `system`, `user` or `assistant`.
    pub(crate) role: &'static str,
    /// What is said.
    pub(crate) content: String,
}

/// How the next token is chosen among the likely ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampling {
    /// 0 takes the likeliest token always.
    pub(crate) temperature: f64,
    /// Only the likeliest tokens that have this probability together.
    pub(crate) top_p: f64,
    /// The same seed gives the same answer.
    pub(crate) seed: u64,
}

/// An engine that could not go on. Its text is for the operator's log: it speaks of tensors, never of prompts.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;
