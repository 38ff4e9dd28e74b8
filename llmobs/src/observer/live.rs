//! One operation in flight, shared by its owner, its markers, its stream and the table. No lock, set once.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::core::Core;
use crate::catalog::Id;
use crate::instruments::Series;
use crate::record::TraceLink;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::QueueExit;
use crate::timing::FirstToken;
use crate::timing::Marks;
use crate::usage::Usage;

/// A number that is not there yet; what is kept is one more than the number.
#[derive(Debug, Default)]
pub(super) struct Later(AtomicU64);

impl Later {
    pub(super) fn get(&self) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Sets it unless it is set. Tells whether it was this call that did.
    fn set(&self, value: u64) -> bool {
        self.0.compare_exchange(0, value.saturating_add(1), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Raises it: a later report of a growing number replaces an earlier one.
    fn raise(&self, value: Option<u64>) {
        if let Some(value) = value {
            self.0.fetch_max(value.saturating_add(1), Ordering::Relaxed);
        }
    }
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) core: Arc<Core>,
    pub(super) series: Arc<Series>,
    pub(super) t0: u64,
    pub(super) deadline: Option<u64>,
    pub(super) prepares: bool,
    /// A report of the token usage is expected, so nothing is counted before it.
    pub(super) reports_usage: bool,
    pub(super) link: Option<TraceLink>,
    ended: AtomicBool,
    enqueued: Later,
    scheduled: Later,
    first_token: Later,
    /// From the start to the token that the first-token rule names.
    ttft: Later,
    preemptions: AtomicU32,
    input: Later,
    cache_read: Later,
    cache_write: Later,
    output: Later,
    reasoning: Later,
    estimated: AtomicBool,
    finish_reason: OnceLock<FinishReason>,
    /// One more than the index of the error type; zero while nothing failed.
    failing: AtomicU8,
    /// Written by the stream alone, read by collections: plain stores, no read-modify-write.
    pub(super) tokens: AtomicU64,
    pub(super) away: AtomicU64,
    pub(super) away_since: Later,
}

/// What `start` knows.
pub(super) struct Beginning {
    pub(super) t0: u64,
    pub(super) deadline: Option<u64>,
    pub(super) prepares: bool,
    pub(super) reports_usage: bool,
    pub(super) link: Option<TraceLink>,
}

impl Live {
    pub(super) fn new(core: Arc<Core>, series: Arc<Series>, beginning: &Beginning) -> Self {
        Self {
            core,
            series,
            t0: beginning.t0,
            deadline: beginning.deadline,
            prepares: beginning.prepares,
            reports_usage: beginning.reports_usage,
            link: beginning.link,
            ended: AtomicBool::new(false),
            enqueued: Later::default(),
            scheduled: Later::default(),
            first_token: Later::default(),
            ttft: Later::default(),
            preemptions: AtomicU32::new(0),
            input: Later::default(),
            cache_read: Later::default(),
            cache_write: Later::default(),
            output: Later::default(),
            reasoning: Later::default(),
            estimated: AtomicBool::new(false),
            finish_reason: OnceLock::new(),
            failing: AtomicU8::new(0),
            tokens: AtomicU64::new(0),
            away: AtomicU64::new(0),
            away_since: Later::default(),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.core.clock.now().as_nanos()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Ends it. Tells whether it was this call that did.
    pub(super) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::Relaxed)
    }

    pub(super) fn enqueued_at(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let at = self.not_before(at, self.t0);
        if self.scheduled.get().is_some() || !self.enqueued.set(at) {
            self.core.anomaly("mark_out_of_order");
        }
    }

    /// The engine took it. A second time is a preemption.
    pub(super) fn scheduled_at(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let at = self.not_before(at, self.enqueued.get().unwrap_or(self.t0));
        if !self.scheduled.set(at) {
            self.preemptions.fetch_add(1, Ordering::Relaxed);
        } else if let Some(enqueued) = self.enqueued.get() {
            self.series.time(Id::Queue, QueueExit::Scheduled.index(), at - enqueued, None);
        }
    }

    /// The engine made the first token.
    pub(super) fn first_token_at(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let at = self.not_before(at, self.scheduled.get().unwrap_or(self.t0));
        if self.first_token.set(at) {
            let prefill = self.marks(at).prefill();
            self.series.time(Id::Prefill, 0, prefill.unwrap_or_default(), None);
            if self.core.first_token == FirstToken::Generated {
                self.ttft_was(at);
            }
        }
    }

    /// The token came that the first-token rule names.
    pub(super) fn ttft_was(&self, at: u64) {
        let ttft = at.saturating_sub(self.t0);
        if self.ttft.set(ttft) {
            self.series.time(Id::FirstToken, 0, ttft, self.link);
        }
    }

    pub(super) fn first_token(&self) -> Option<u64> {
        self.first_token.get()
    }

    pub(super) fn ttft(&self) -> Option<u64> {
        self.ttft.get()
    }

    pub(super) fn preemptions(&self) -> u32 {
        self.preemptions.load(Ordering::Relaxed)
    }

    pub(super) fn report(&self, usage: &Usage) {
        if self.has_ended() {
            return;
        }
        self.input.raise(usage.input);
        self.cache_read.raise(usage.cache_read);
        self.cache_write.raise(usage.cache_write);
        self.output.raise(usage.output);
        self.reasoning.raise(usage.reasoning);
        if usage.estimated {
            self.estimated.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            input: self.input.get(),
            cache_read: self.cache_read.get(),
            cache_write: self.cache_write.get(),
            output: self.output.get(),
            reasoning: self.reasoning.get(),
            estimated: self.estimated.load(Ordering::Relaxed),
        }
    }

    pub(super) fn finish(&self, reason: FinishReason) {
        // The first reason stands: several choices end one after the other.
        let _ = self.finish_reason.set(reason);
    }

    pub(super) fn finish_reason(&self) -> Option<&FinishReason> {
        self.finish_reason.get()
    }

    pub(super) fn fail(&self, error: ErrorType) {
        let code = u8::try_from(error.index() + 1).unwrap_or(u8::MAX);
        let _ = self.failing.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn failing(&self) -> Option<ErrorType> {
        let place = usize::from(self.failing.load(Ordering::Relaxed)).checked_sub(1)?;
        ErrorType::ALL.get(place).copied()
    }

    /// Every moment so far, as seen at `now`.
    pub(super) fn marks(&self, now: u64) -> Marks {
        let away_since = self.away_since.get();
        let away_now = away_since.map_or(0, |since| now.saturating_sub(since));
        Marks {
            t0: self.t0,
            prepares: self.prepares,
            enqueued: self.enqueued.get(),
            scheduled: self.scheduled.get(),
            first_token: self.first_token.get(),
            now,
            away: self.away.load(Ordering::Relaxed) + away_now,
            reader_is_away: away_since.is_some(),
        }
    }

    /// The reader has the item and is gone with it.
    #[inline]
    pub(super) fn reader_left(&self, at: u64, tokens: u64) {
        self.tokens.store(tokens, Ordering::Relaxed);
        self.away_since.0.store(at.saturating_add(1), Ordering::Relaxed);
    }

    /// The reader is back after having been away for so long in all.
    #[inline]
    pub(super) fn reader_came(&self, away: u64) {
        self.away_since.0.store(0, Ordering::Relaxed);
        self.away.store(away, Ordering::Relaxed);
    }

    fn not_before(&self, at: u64, earliest: u64) -> u64 {
        if at < earliest {
            self.core.anomaly("mark_out_of_order");
        }
        at.max(earliest)
    }
}
