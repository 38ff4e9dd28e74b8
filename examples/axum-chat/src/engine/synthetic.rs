//! An engine without a model: generates tokens at configured times, so that a load test measures the server and not the
//! arithmetic.
//!
//! A step lasts as long as its work: one interval if sequences generate a token, and the time of its prompt tokens. So a
//! long prompt delays the tokens of all other sequences in the batch, as in an engine with a model.

use std::hash::BuildHasher;
use std::hash::BuildHasherDefault;
use std::hash::DefaultHasher;
use std::str::FromStr;
use std::time::Duration;

use super::Engine;
use super::EngineError;
use super::Prompt;
use super::SampledToken;
use super::Sampling;
use super::Sequence;
use super::StepWork;

/// The text from which all tokens are cut.
const TOKEN_TEXT: &str = "token ";

/// The prompt tokens that a step computes in the prefill duration. Fewer take no less, more take in proportion longer.
const PREFILL_UNIT: u32 = 32;

/// A failure of each sequence in place of token N: `panic@N` panics, with 0 when the sequence starts, and `out_of_memory@N`
/// returns an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimulatedFailure {
    Panic { at: usize },
    OutOfMemory { at: usize },
}

impl FromStr for SimulatedFailure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('@').and_then(|(kind, token)| {
            let at = token.parse().ok()?;
            match kind {
                "panic" => Some(Self::Panic { at }),
                "out_of_memory" => Some(Self::OutOfMemory { at }),
                _ => None,
            }
        });
        parsed.ok_or_else(|| format!("{text:?} is not `panic@N` or `out_of_memory@N` with the number of a token"))
    }
}

/// A generator of meaningless tokens.
#[derive(Debug)]
pub(crate) struct SyntheticEngine {
    prefill_duration: Duration,
    token_interval: Duration,
    token_text: String,
    failure: Option<SimulatedFailure>,
}

impl SyntheticEngine {
    /// Creates an engine that takes `prefill_duration` for up to 32 prompt tokens of a step, and `token_interval` for the
    /// next token of all sequences. Each token has `bytes` bytes.
    pub(crate) fn new(prefill_duration: Duration, token_interval: Duration, bytes: usize) -> Self {
        let token_text = TOKEN_TEXT.chars().cycle().take(bytes).collect();
        Self { prefill_duration, token_interval, token_text, failure: None }
    }

    /// Sets the failure of each sequence.
    pub(crate) fn with_failure(self, failure: Option<SimulatedFailure>) -> Self {
        Self { failure, ..self }
    }
}

impl Engine for SyntheticEngine {
    fn model(&self) -> &'static str {
        "synthetic"
    }

    fn provider(&self) -> &'static str {
        "synthetic"
    }

    fn description(&self) -> &'static str {
        "no model: generates meaningless tokens at configured times, for load tests"
    }

    fn context_length(&self) -> usize {
        8_192
    }

    /// Counts each word as one token. Equal words are equal tokens, so that equal prompts have equal beginnings.
    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let words = |text: &str| text.split_whitespace().map(token_id).collect::<Vec<_>>();
        Ok(match prompt {
            Prompt::Chat(messages) => messages
                .iter()
                .flat_map(|message| std::iter::once(token_id(message.role)).chain(words(&message.content)))
                .collect(),
            Prompt::Text(text) => words(text),
        })
    }

    fn start_sequence(&self, _sampling: Sampling) -> Box<dyn Sequence> {
        let sequence = SyntheticSequence { token_text: self.token_text.clone(), failure: self.failure, token_count: 0 };
        // Only a panic is possible here.
        let _ = sequence.fail_if_due();
        Box::new(sequence)
    }

    fn step_duration(&self, work: StepWork) -> Duration {
        let prefill = match u32::try_from(work.prefill_tokens).unwrap_or(u32::MAX) {
            0 => Duration::ZERO,
            tokens => self.prefill_duration.saturating_mul(tokens.max(PREFILL_UNIT)) / PREFILL_UNIT,
        };
        let decode = if work.decode_tokens > 0 { self.token_interval } else { Duration::ZERO };
        prefill.saturating_add(decode)
    }
}

/// Returns the token of a word.
fn token_id(word: &str) -> u32 {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(word);
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// A sequence without a KV cache.
struct SyntheticSequence {
    token_text: String,
    failure: Option<SimulatedFailure>,
    token_count: usize,
}

impl SyntheticSequence {
    fn fail_if_due(&self) -> Result<(), EngineError> {
        let token = self.token_count;
        let is_due = self.failure == Some(SimulatedFailure::Panic { at: token });
        assert!(!is_due, "a simulated failure at token {token}");
        match self.failure {
            Some(SimulatedFailure::OutOfMemory { at }) if at == token => {
                Err(format!("out of memory: a simulated failure at token {token}").into())
            }
            _ => Ok(()),
        }
    }
}

impl Sequence for SyntheticSequence {
    fn compute(&mut self, _position: usize, _tokens: &[u32]) -> Result<(), EngineError> {
        Ok(())
    }

    fn sample(&mut self) -> Result<SampledToken, EngineError> {
        self.token_count += 1;
        self.fail_if_due()?;
        Ok(SampledToken::Token { id: token_id(TOKEN_TEXT.trim()), text: self.token_text.clone() })
    }

    fn clear_cache(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_lasts_as_long_as_its_work() {
        let ms = Duration::from_millis;
        let engine = SyntheticEngine::new(ms(40), ms(20), 6);
        let duration = |prefill_tokens, decode_tokens| {
            engine.step_duration(StepWork { sequences: 4, prefill_tokens, decode_tokens })
        };
        assert_eq!(duration(0, 0), Duration::ZERO);
        assert_eq!(duration(0, 4), ms(20), "one interval for all sequences");
        assert_eq!((duration(1, 0), duration(32, 0)), (ms(40), ms(40)));
        assert_eq!(duration(320, 0), ms(400));
        assert_eq!(duration(320, 3), ms(420), "the prompt delays the tokens of three sequences");
    }

    #[test]
    fn equal_words_are_equal_tokens() -> Result<(), EngineError> {
        let engine = SyntheticEngine::new(Duration::ZERO, Duration::ZERO, 6);
        let tokens = engine.tokenize(&Prompt::Text("a b a".to_owned()))?;
        assert!(tokens.len() == 3 && tokens[0] == tokens[2] && tokens[0] != tokens[1], "{tokens:?}");
        Ok(())
    }

    #[test]
    fn a_simulated_failure_names_its_token() {
        assert_eq!("panic@3".parse(), Ok(SimulatedFailure::Panic { at: 3 }));
        assert_eq!("out_of_memory@3".parse(), Ok(SimulatedFailure::OutOfMemory { at: 3 }));
        for text in ["", "panic", "panic@", "panic@-1", "error@3"] {
            assert!(text.parse::<SimulatedFailure>().is_err_and(|error| error.contains("panic@N")), "{text}");
        }
    }

    #[test]
    fn a_token_has_the_configured_number_of_bytes() {
        assert_eq!(SyntheticEngine::new(Duration::ZERO, Duration::ZERO, 65_536).token_text.len(), 65_536);
    }
}
