//! An engine that keeps an account of its work and verifies the calls of the scheduler.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use llmobs::clock::ManualClock;

use crate::engine::Engine;
use crate::engine::EngineError;
use crate::engine::Prompt;
use crate::engine::SampledToken;
use crate::engine::Sampling;
use crate::engine::Sequence;
use crate::engine::StepWork;
use crate::engine::SyntheticEngine;
use crate::scheduler::to_u64;

/// The work that the engine did, by its own account.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) steps: u64,
    pub(super) sequences: u64,
    pub(super) tokens: u64,
    pub(super) recomputed: u64,
    pub(super) cleared: u64,
    pub(super) sampled: u64,
    pub(super) panics: u64,
}

/// The synthetic engine with an account. Each step takes some milliseconds of the manual clock.
pub(super) struct CountingEngine {
    pub(super) inner: SyntheticEngine,
    pub(super) account: Arc<Mutex<Account>>,
    pub(super) manual_clock: ManualClock,
}

impl Engine for CountingEngine {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn provider(&self) -> &'static str {
        self.inner.provider()
    }

    fn description(&self) -> &'static str {
        self.inner.description()
    }

    fn context_length(&self) -> usize {
        self.inner.context_length()
    }

    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        self.inner.tokenize(prompt)
    }

    fn start_sequence(&self, sampling: Sampling) -> Box<dyn Sequence> {
        Box::new(CountingSequence {
            inner: self.inner.start_sequence(sampling),
            account: Arc::clone(&self.account),
            seed: sampling.seed,
            tokens: HashMap::new(),
            cached: None,
            max_cached: 0,
            sampled: 0,
        })
    }

    fn step_duration(&self, work: StepWork) -> Duration {
        let mut account = lock(&self.account);
        account.steps += u64::from(work.sequences > 0);
        self.manual_clock.advance(Duration::from_millis(3));
        self.inner.step_duration(work)
    }
}

/// A sequence that verifies the calls of the scheduler.
struct CountingSequence {
    inner: Box<dyn Sequence>,
    account: Arc<Mutex<Account>>,
    seed: u64,
    /// All tokens that were computed, by position.
    tokens: HashMap<usize, u32>,
    /// The end of the tokens in the KV cache; `None` if it is empty.
    cached: Option<usize>,
    /// The largest end of those before a preemption.
    max_cached: usize,
    sampled: u64,
}

impl Sequence for CountingSequence {
    fn compute(&mut self, position: usize, tokens: &[u32]) -> Result<(), EngineError> {
        let mut account = lock(&self.account);
        assert_eq!(position, *self.cached.get_or_insert(position), "no token is left out");
        assert!(!tokens.is_empty());
        if self.seed.is_multiple_of(97) && self.sampled == 3 {
            account.panics += 1;
            drop(account);
            panic!("a simulated failure");
        }
        account.sequences += 1;
        account.tokens += to_u64(tokens.len());
        for (position, token) in (position..).zip(tokens) {
            account.recomputed += u64::from(position < self.max_cached);
            let before = self.tokens.insert(position, *token);
            assert!(before.is_none_or(|before| before == *token), "a preempted sequence has the same tokens");
        }
        self.cached = Some(position + tokens.len());
        self.max_cached = self.max_cached.max(position + tokens.len());
        self.inner.compute(position, tokens)
    }

    /// Generates a token whose text is its number.
    fn sample(&mut self) -> Result<SampledToken, EngineError> {
        self.inner.sample()?;
        lock(&self.account).sampled += 1;
        self.sampled += 1;
        Ok(SampledToken::Token { id: u32::try_from(self.sampled)?, text: self.sampled.to_string() })
    }

    fn clear_cache(&mut self) {
        lock(&self.account).cleared += 1;
        self.cached = None;
        self.inner.clear_cache();
    }
}

pub(super) fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}
