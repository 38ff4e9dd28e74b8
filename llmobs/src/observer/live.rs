//! One operation in flight, shared by its owner, its markers, its stream and the table. No lock, set once.

use std::num::NonZeroU8;
use std::num::NonZeroU32;
use std::num::NonZeroU64;
#[cfg(feature = "content")]
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use opentelemetry::trace::SpanContext;

use super::core::Core;
#[cfg(feature = "content")]
use super::kept::Kept;
use crate::cardinality::LONGEST;
use crate::cardinality::cut;
use crate::catalog::Id;
use crate::clock::Moment;
use crate::companion::Mark;
use crate::companion::id_of;
use crate::event::Asked;
use crate::instruments::Series;
use crate::record::Reasons;
use crate::record::TraceLink;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::semconv::value::QueueExit;
use crate::timing::FirstToken;
use crate::timing::Marks;
use crate::usage::Usage;

/// The most choices whose finish reasons are kept.
const MOST_CHOICES: usize = 128;

/// A number that is not there yet; what is kept is one more than the number.
#[derive(Debug, Default)]
pub(super) struct Later(AtomicU64);

impl Later {
    pub(super) fn get(&self) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Sets it unless it is set. Tells whether it was this call that did.
    pub(super) fn set(&self, value: u64) -> bool {
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
    deadline: Option<NonZeroU64>,
    pub(super) prepares: bool,
    /// A report of the token usage is expected, so nothing is counted before it.
    pub(super) reports_usage: bool,
    /// Its content goes somewhere.
    #[cfg(feature = "content")]
    pub(super) captures: bool,
    /// One more than the place of the objective of its function, where that has one of its own.
    own_objective: Option<NonZeroU8>,
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
    /// The choice that ended first.
    first_choice: AtomicU16,
    /// Nanoseconds from the start to the first chunk, in the gateway and client roles.
    pub(super) first_chunk: Later,
    max_tokens: Option<NonZeroU32>,
    stalls: AtomicU16,
    attempts: AtomicU16,
    notes: OnceLock<Box<Notes>>,
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
    #[cfg(feature = "content")]
    pub(super) captures: bool,
    /// Bytes of content that its span has already.
    #[cfg(feature = "content")]
    pub(super) spent: usize,
    pub(super) link: Option<TraceLink>,
    pub(super) max_tokens: Option<u64>,
    pub(super) own_objective: Option<usize>,
    pub(super) conversation: Option<Arc<str>>,
    pub(super) asked: Option<Asked>,
}

/// What only few operations have, kept only where they have it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) conversation: OnceLock<Arc<str>>,
    pub(super) response_id: OnceLock<Arc<str>>,
    pub(super) response_model: OnceLock<Arc<str>>,
    /// The type of what the application said broke.
    pub(super) exception: OnceLock<&'static str>,
    /// What the request asked, where its details are wanted.
    pub(super) asked: OnceLock<Asked>,
    /// Of the choices after the first that ended, by choice.
    reasons: Mutex<Vec<(u16, FinishReason)>>,
    /// The span of the try before.
    pub(super) last_attempt: Mutex<Option<SpanContext>>,
    /// What it was given and gave, where content is captured.
    #[cfg(feature = "content")]
    pub(super) kept: OnceLock<Box<Kept>>,
    /// Bytes of content that its span had before.
    #[cfg(feature = "content")]
    pub(super) spent: OnceLock<NonZeroUsize>,
}

impl Live {
    pub(super) fn new(core: Arc<Core>, series: Arc<Series>, beginning: Beginning) -> Self {
        let live = Self {
            core,
            series,
            t0: beginning.t0,
            deadline: beginning.deadline.and_then(NonZeroU64::new),
            prepares: beginning.prepares,
            reports_usage: beginning.reports_usage,
            #[cfg(feature = "content")]
            captures: beginning.captures,
            own_objective: beginning.own_objective.and_then(|place| NonZeroU8::new(u8::try_from(place + 1).ok()?)),
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
            first_chunk: Later::default(),
            first_choice: AtomicU16::new(0),
            max_tokens: beginning.max_tokens.and_then(|tokens| NonZeroU32::new(u32::try_from(tokens).ok()?)),
            stalls: AtomicU16::new(0),
            attempts: AtomicU16::new(1),
            notes: OnceLock::new(),
            failing: AtomicU8::new(0),
            tokens: AtomicU64::new(0),
            away: AtomicU64::new(0),
            away_since: Later::default(),
        };
        if let Some(conversation) = beginning.conversation {
            let _ = live.notes().conversation.set(conversation);
        }
        if let Some(asked) = beginning.asked {
            let _ = live.notes().asked.set(asked);
        }
        #[cfg(feature = "content")]
        if let Some(spent) = NonZeroUsize::new(beginning.spent) {
            let _ = live.notes().spent.set(spent);
        }
        live
    }

    /// Its notes, begun when there is something to note.
    pub(super) fn notes(&self) -> &Notes {
        self.notes.get_or_init(Box::default)
    }

    /// Its notes, if there are any.
    pub(super) fn noted(&self) -> Option<&Notes> {
        self.notes.get().map(Box::as_ref)
    }

    /// A try began.
    pub(super) fn attempt(&self, kind: AttemptKind) {
        one_more(&self.attempts);
        self.series.add(Id::Attempts, kind.index(), 1);
    }

    pub(super) fn attempts(&self) -> u16 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// The stream stood still.
    pub(super) fn stalled(&self) {
        one_more(&self.stalls);
    }

    pub(super) fn stalls(&self) -> u16 {
        self.stalls.load(Ordering::Relaxed)
    }

    pub(super) fn max_tokens(&self) -> Option<u64> {
        self.max_tokens.map(|tokens| tokens.get().into())
    }

    pub(super) fn own_objective(&self) -> Option<usize> {
        self.own_objective.map(|place| usize::from(place.get()) - 1)
    }

    pub(super) fn is_past_deadline(&self, now: u64) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline.get())
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
        } else {
            self.tell(Mark::Enqueued, at);
        }
    }

    /// The engine took it. A second time is a preemption.
    pub(super) fn scheduled_at(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let at = self.not_before(at, self.enqueued.get().unwrap_or(self.t0));
        self.tell(Mark::Scheduled, at);
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
            self.tell(Mark::FirstToken, at);
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

    /// The first reason stands for the operation: several choices end one after the other.
    pub(super) fn finish(&self, choice: u32, reason: FinishReason) {
        if self.has_ended() {
            return;
        }
        let of = u16::try_from(choice).unwrap_or(u16::MAX);
        let reason = match reason {
            FinishReason::Other(word) if word.len() > LONGEST => FinishReason::Other(cut(&word).to_owned().into()),
            other => other,
        };
        self.finish_reason.get_or_init(|| {
            self.first_choice.store(of, Ordering::Relaxed);
            reason.clone()
        });
        if self.first_choice.load(Ordering::Relaxed) == of {
            return;
        }
        let mut others = self.notes().reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() < MOST_CHOICES && others.iter().all(|(known, _)| *known != of) {
            others.push((of, reason));
        }
    }

    /// Why its choices ended.
    pub(super) fn finish_reasons(&self) -> Reasons {
        let Some(reason) = self.finish_reason.get().cloned() else { return Reasons::default() };
        let Some(notes) = self.noted() else { return Reasons { first: Some(reason), others: Vec::new() } };
        let mut all = notes.reasons.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.push((self.first_choice.load(Ordering::Relaxed), reason));
        all.sort_by_key(|(choice, _)| *choice);
        let mut all = all.into_iter().map(|(_, reason)| reason);
        Reasons { first: all.next(), others: all.collect() }
    }

    /// Why each of its choices ended that did.
    #[cfg(feature = "content")]
    pub(super) fn reasons_by_choice(&self) -> Vec<(u16, FinishReason)> {
        let others = self.noted().map(|notes| notes.reasons.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let first = self.finish_reason.get().map(|reason| (self.first_choice.load(Ordering::Relaxed), reason.clone()));
        first.into_iter().chain(others.into_iter().flatten()).collect()
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

    /// Tells who follows it.
    fn tell(&self, mark: Mark, at: u64) {
        self.core.attached().tell(|companion| companion.marked(id_of(self), mark, Moment::from_nanos(at)));
    }

    pub(super) fn tell_end(&self, outcome: Outcome, at: u64) {
        self.core.attached().tell(|companion| companion.ended(id_of(self), outcome, Moment::from_nanos(at)));
    }

    fn not_before(&self, at: u64, earliest: u64) -> u64 {
        if at < earliest {
            self.core.anomaly("mark_out_of_order");
        }
        at.max(earliest)
    }
}

/// Adds one to a small number, which stays at the most that it can be.
fn one_more(number: &AtomicU16) {
    let _ = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| number.checked_add(1));
}
