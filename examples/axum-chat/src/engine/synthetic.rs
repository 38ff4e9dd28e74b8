//! An engine without a model: generates tokens at configured times, so that a load test measures the server and not the
//! arithmetic.
//!
//! Sequences run concurrently, as in a batch: the next token of each sequence is due after that sequence's own delay.

use std::time::Duration;

use super::Engine;
use super::Failed;
use super::Prompt;
use super::Sampling;
use super::Sequence;
use super::Step;
use llmobs::clock::Moment;

/// The text from which all tokens are cut.
const WORD: &str = "token ";

/// A generator of meaningless tokens.
#[derive(Debug)]
pub(crate) struct Synthetic {
    prefill: Duration,
    token: Duration,
    text: String,
}

impl Synthetic {
    /// Creates an engine whose first token is due `prefill` after the start of a sequence, and each later token `token`
    /// after the previous one. Each token has `bytes` bytes.
    pub(crate) fn new(prefill: Duration, token: Duration, bytes: usize) -> Self {
        Self { prefill, token, text: WORD.chars().cycle().take(bytes).collect() }
    }
}

impl Engine for Synthetic {
    fn model(&self) -> &'static str {
        "synthetic"
    }

    fn provider(&self) -> &'static str {
        "synthetic"
    }

    fn description(&self) -> &'static str {
        "no model: a generator of meaningless tokens at settable times, for load tests"
    }

    fn context(&self) -> usize {
        8_192
    }

    /// Counts each word as one token.
    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, Failed> {
        let words = |text: &str| text.split_whitespace().count();
        let count = match prompt {
            Prompt::Chat(messages) => messages.iter().map(|message| 1 + words(&message.content)).sum(),
            Prompt::Text(text) => words(text),
        };
        Ok(vec![0; count])
    }

    fn begin(&self, _prompt: Vec<u32>, _sampling: Sampling) -> Box<dyn Sequence> {
        Box::new(Tokens { prefill: self.prefill, token: self.token, text: self.text.clone(), next: None })
    }
}

/// A sequence that only waits.
struct Tokens {
    prefill: Duration,
    token: Duration,
    text: String,
    next: Option<Moment>,
}

impl Sequence for Tokens {
    fn step(&mut self, now: Moment) -> Result<Step, Failed> {
        let due = *self.next.get_or_insert_with(|| now.saturating_add(self.prefill));
        if now < due {
            return Ok(Step::Until(due));
        }
        // Measured from the due time, so that the mean interval is as configured even if this thread wakes late.
        self.next = Some(due.saturating_add(self.token));
        Ok(Step::Token(self.text.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_when_their_time_has_passed() -> Result<(), Failed> {
        let ms = Duration::from_millis;
        let engine = Synthetic::new(ms(40), ms(20), 6);
        let mut sequence = engine.begin(vec![0; 3], Sampling { temperature: 0.0, top_p: 1.0, seed: 0 });
        let start = Moment::from_nanos(1_000);
        assert_eq!(sequence.step(start)?, Step::Until(start.saturating_add(ms(40))));
        assert_eq!(sequence.step(start.saturating_add(ms(41)))?, Step::Token("token ".to_owned()));
        assert_eq!(
            sequence.step(start.saturating_add(ms(42)))?,
            Step::Until(start.saturating_add(ms(60))),
            "not 61: no drift"
        );
        Ok(())
    }

    #[test]
    fn a_token_has_as_many_bytes_as_were_asked_for() {
        assert_eq!(Synthetic::new(Duration::ZERO, Duration::ZERO, 65_536).text.len(), 65_536);
    }
}
