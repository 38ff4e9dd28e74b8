//! Formats a conversation as the tokens that a chat model was trained on.

use shimmytok::EncodeOptions;
use shimmytok::Tokenizer;

use super::EngineError;
use super::Message;

/// The system message that the template of `SmolLM2` inserts when the conversation has none.
const SMOLLM_SYSTEM_MESSAGE: &str = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

/// The format that separates messages.
#[derive(Debug)]
pub(crate) enum ChatTemplate {
    /// `<|im_start|>role\ncontent<|im_end|>\n`, with the token ids of the two delimiters.
    ChatMl { start: u32, end: u32, system: Option<&'static str> },
    /// `role: content\n`, for a vocabulary without these delimiters.
    Plain,
}

impl ChatTemplate {
    pub(crate) fn detect(tokenizer: &Tokenizer) -> Self {
        let (Some(start), Some(end)) = (tokenizer.get_token("<|im_start|>"), tokenizer.get_token("<|im_end|>")) else {
            return Self::Plain;
        };
        let system = tokenizer
            .chat_template()
            .is_some_and(|template| template.contains(SMOLLM_SYSTEM_MESSAGE))
            .then_some(SMOLLM_SYSTEM_MESSAGE);
        Self::ChatMl { start, end, system }
    }

    /// Returns the tokens of the conversation and of the opening of the answer.
    ///
    /// Delimiters are inserted by id and content is encoded as plain text, so that content cannot imitate a delimiter.
    pub(crate) fn encode(&self, tokenizer: &Tokenizer, messages: &[Message]) -> Result<Vec<u32>, EngineError> {
        let plain = |text: &str| tokenizer.encode_with_options(text, &EncodeOptions::with_parse_special(false, false));
        let mut tokens = Vec::new();
        match self {
            Self::ChatMl { start, end, system } => {
                let mut push_message = |role: &str, content: &str| -> Result<(), EngineError> {
                    tokens.push(*start);
                    tokens.extend(plain(&format!("{role}\n{content}"))?);
                    tokens.push(*end);
                    tokens.extend(plain("\n")?);
                    Ok(())
                };
                if let (Some(system), true) = (system, messages.first().is_none_or(|first| first.role != "system")) {
                    push_message("system", system)?;
                }
                for message in messages {
                    push_message(message.role, &message.content)?;
                }
                tokens.push(*start);
                tokens.extend(plain("assistant\n")?);
            }
            Self::Plain => {
                tokens.extend(tokenizer.encode("", true)?);
                for message in messages {
                    tokens.extend(plain(&format!("{}: {}\n", message.role, message.content))?);
                }
                tokens.extend(plain("assistant:")?);
            }
        }
        Ok(tokens)
    }

    /// Returns the delimiter that ends an answer, if the template has one.
    pub(crate) fn end_token(&self) -> Option<u32> {
        match self {
            Self::ChatMl { end, .. } => Some(*end),
            Self::Plain => None,
        }
    }
}
