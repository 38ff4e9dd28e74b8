//! An engine without a model: generates tokens at configured times, so that a load test measures the server and not the
//! arithmetic.
//!
//! Sequences run concurrently, as in a batch: the next token of each sequence is due after that sequence's own delay.

use std::str::FromStr;
use std::time::Duration;

use super::Engine;
use super::EngineError;
use super::Prompt;
use super::Sampling;
use super::Sequence;
use super::SequenceStep;
use llmobs::clock::Moment;

/// The text from which all tokens are cut.
const TOKEN_TEXT: &str = "token ";

/// A failure of each sequence, written `panic@N`: a panic in place of token N, or with 0 when the sequence starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SimulatedFailure {
    panic_at: usize,
}

impl FromStr for SimulatedFailure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let token = text.strip_prefix("panic@").and_then(|token| token.parse().ok());
        let panic_at = token.ok_or_else(|| format!("{text:?} is not `panic@N` with the number of a token"))?;
        Ok(Self { panic_at })
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
    /// Creates an engine whose first token is due `prefill_duration` after the start of a sequence, and each later
    /// token `token_interval` after the previous one. Each token has `bytes` bytes.
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

    /// Counts each word as one token.
    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let words = |text: &str| text.split_whitespace().count();
        let count = match prompt {
            Prompt::Chat(messages) => messages.iter().map(|message| 1 + words(&message.content)).sum(),
            Prompt::Text(text) => words(text),
        };
        Ok(vec![0; count])
    }

    fn start_sequence(&self, _prompt: Vec<u32>, _sampling: Sampling) -> Box<dyn Sequence> {
        let sequence = SyntheticSequence {
            prefill_duration: self.prefill_duration,
            token_interval: self.token_interval,
            token_text: self.token_text.clone(),
            failure: self.failure,
            token_count: 0,
            next_token_at: None,
        };
        sequence.panic_if_due();
        Box::new(sequence)
    }
}

/// A sequence that only waits.
struct SyntheticSequence {
    prefill_duration: Duration,
    token_interval: Duration,
    token_text: String,
    failure: Option<SimulatedFailure>,
    token_count: usize,
    next_token_at: Option<Moment>,
}

impl SyntheticSequence {
    fn panic_if_due(&self) {
        let is_due = self.failure.is_some_and(|failure| failure.panic_at == self.token_count);
        assert!(!is_due, "a simulated failure at token {}", self.token_count);
    }
}

impl Sequence for SyntheticSequence {
    fn step(&mut self, now: Moment) -> Result<SequenceStep, EngineError> {
        let due = *self.next_token_at.get_or_insert_with(|| now.saturating_add(self.prefill_duration));
        if now < due {
            return Ok(SequenceStep::WaitUntil(due));
        }
        self.token_count += 1;
        self.panic_if_due();
        // Measured from the due time, so that the mean interval is as configured even if this thread wakes late.
        self.next_token_at = Some(due.saturating_add(self.token_interval));
        Ok(SequenceStep::Token(self.token_text.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_generated_when_they_are_due() -> Result<(), EngineError> {
        let ms = Duration::from_millis;
        let engine = SyntheticEngine::new(ms(40), ms(20), 6);
        let mut sequence = engine.start_sequence(vec![0; 3], Sampling { temperature: 0.0, top_p: 1.0, seed: 0 });
        let start = Moment::from_nanos(1_000);
        assert_eq!(sequence.step(start)?, SequenceStep::WaitUntil(start.saturating_add(ms(40))));
        assert_eq!(sequence.step(start.saturating_add(ms(41)))?, SequenceStep::Token("token ".to_owned()));
        assert_eq!(
            sequence.step(start.saturating_add(ms(42)))?,
            SequenceStep::WaitUntil(start.saturating_add(ms(60))),
            "due at 60 ms and not at 61 ms: no drift"
        );
        Ok(())
    }

    #[test]
    fn a_simulated_failure_names_its_token() {
        assert_eq!("panic@3".parse(), Ok(SimulatedFailure { panic_at: 3 }));
        for text in ["", "panic", "panic@", "panic@-1", "error@3"] {
            assert!(text.parse::<SimulatedFailure>().is_err_and(|error| error.contains("panic@N")), "{text}");
        }
    }

    #[test]
    fn a_token_has_the_configured_number_of_bytes() {
        assert_eq!(SyntheticEngine::new(Duration::ZERO, Duration::ZERO, 65_536).token_text.len(), 65_536);
    }
}
