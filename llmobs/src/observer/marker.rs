//! The handle of an operation for other threads.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;

use super::operation_state::OperationState;
use super::operation_state::ResponseNotes;
use crate::cardinality::clean;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::CacheKind;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::series::TokenDirection;
use crate::series::TokenWaste;
use crate::series::cache_lookup;
use crate::series::wasted;
use crate::usage::Usage;

/// Marks what happens to an operation, from any thread, also after `observe` took the operation. Cheap to clone; no
/// call waits for a lock of another.
///
/// Each moment can be marked once. A moment that lies before the one it must follow is moved up to it, and one that is
/// still to come is moved back to now; both are counted in `llmobs.self.anomalies`. Marks after the end do nothing.
///
/// ```
/// use llmobs::{Observer, Usage};
///
/// let observer = Observer::builder().model("m").build()?;
/// let operation = observer.chat("m").start();
/// let marker = operation.marker().clone();
/// let engine = std::thread::spawn(move || {
///     marker.scheduled();
///     marker.first_token();
///     marker.usage(Usage::new().input(5).output(7));
/// });
/// engine.join().unwrap();
/// operation.complete();
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Marker {
    live: Option<Arc<OperationState>>,
}

impl Marker {
    pub(super) const fn new(live: Option<Arc<OperationState>>) -> Self {
        Self { live }
    }

    pub(super) const fn live(&self) -> Option<&Arc<OperationState>> {
        self.live.as_ref()
    }

    pub(super) const fn take(&mut self) -> Option<Arc<OperationState>> {
        self.live.take()
    }

    /// It waits in the engine's queue from now on.
    pub fn enqueued(&self) {
        self.with(|live| live.enqueued_at(live.now()));
    }

    /// It waits in the engine's queue from this moment on.
    pub fn enqueued_at(&self, moment: impl Into<Moment>) {
        self.with(|live| live.enqueued_at(live.clamp_to_now(moment.into())));
    }

    /// The engine took it now. A second time is a preemption.
    pub fn scheduled(&self) {
        self.with(|live| live.scheduled_at(live.now()));
    }

    /// The engine took it at this moment.
    pub fn scheduled_at(&self, moment: impl Into<Moment>) {
        self.with(|live| live.scheduled_at(live.clamp_to_now(moment.into())));
    }

    /// The engine made its first token now.
    pub fn first_token(&self) {
        self.with(|live| live.first_token_at(live.now()));
    }

    /// The engine made its first token at this moment.
    pub fn first_token_at(&self, moment: impl Into<Moment>) {
        self.with(|live| live.first_token_at(live.clamp_to_now(moment.into())));
    }

    /// Reports token usage. Several reports add up by the larger number of each kind, since streams report growing
    /// totals.
    pub fn usage(&self, usage: Usage) {
        self.with(|live| live.report(&usage));
    }

    /// Why the generation ended. The first reason stands.
    pub fn finish_reason(&self, reason: FinishReason) {
        self.with(|live| live.finish(0, reason));
    }

    /// Why the generation of one of several choices ended. The first reason of a choice stands; that of the choice
    /// which ended first is the one on metrics.
    pub fn finish_reason_of(&self, choice: u32, reason: FinishReason) {
        self.with(|live| live.finish(choice, reason));
    }

    /// The identifier that the provider gave the response. It goes on spans and logs, never on metrics. The first
    /// stands; 128 bytes are kept.
    pub fn response_id(&self, id: &str) {
        self.note(id, |notes| &notes.response_id);
    }

    /// The name of the model that answered. It goes on spans and logs, never on metrics. The first stands; 128 bytes
    /// are kept.
    pub fn response_model(&self, model: &str) {
        self.note(model, |notes| &notes.response_model);
    }

    /// Something broke: whatever ends the operation, save a rejection, it is `failed` with this type. The first one
    /// stands.
    pub fn set_error(&self, error: ErrorType) {
        self.with(|live| live.fail(error));
    }

    /// A try began: a retry, a fallback, a hedge. The first one is counted by `start` in the gateway and client roles.
    pub fn record_attempt(&self, kind: AttemptKind) {
        self.with(|live| live.record_attempt(kind));
    }

    /// Output tokens of a try whose answer nobody gets, because another try superseded it.
    pub fn add_superseded_tokens(&self, tokens: u64) {
        self.with(|live| {
            live.series.add(RowId::TokensWasted, wasted(TokenDirection::Output, TokenWaste::Superseded), tokens)
        });
    }

    /// Whether anything of the answer was there.
    #[cfg(feature = "macros")]
    pub(crate) fn has_generated(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.first_token().is_some())
    }

    /// Whether a model generates the answer, choice by choice, each with a finish reason.
    #[cfg(feature = "sse")]
    pub(crate) fn generates(&self) -> bool {
        use crate::semconv::value::OperationName as Name;
        let name = self.live.as_ref().map(|live| &live.series.key.operation);
        matches!(name, Some(Name::Chat | Name::GenerateContent | Name::TextCompletion))
    }

    /// A phase begins; it is recorded when the guard is dropped. The name must be one of those given to
    /// [`ObserverBuilder::phases`](crate::ObserverBuilder::phases), else the phase is counted as folded and not
    /// recorded.
    #[must_use = "the phase ends when the guard is dropped"]
    pub fn phase(&self, name: &str) -> Phase {
        let found = self.live.as_ref().and_then(|live| {
            let place = live.core.vocabulary().phases.iter().position(|phase| phase.as_ref() == name);
            if place.is_none() {
                live.core.folded(crate::catalog::llmobs_attribute::PHASE_NAME);
            }
            Some((Arc::clone(live), place?, live.now()))
        });
        Phase(found)
    }

    /// A cache of whole responses was asked. May be called after the end.
    pub fn cache_lookup(&self, kind: CacheKind, result: CacheResult) {
        self.with(|live| live.series.add(RowId::CacheLookups, cache_lookup(kind, result), 1));
    }

    /// The moment that it is now on the observer's clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.live.as_ref().map_or_else(|| crate::clock::Clock::system().now(), |live| live.core.clock.now())
    }

    fn note(&self, text: &str, place: impl FnOnce(&ResponseNotes) -> &OnceLock<Arc<str>>) {
        self.with(|live| {
            if !live.has_ended() && !text.is_empty() {
                let _ = place(live.notes()).set(clean(text).as_ref().into());
            }
        });
    }

    fn with(&self, then: impl FnOnce(&OperationState)) {
        if let Some(live) = &self.live {
            then(live);
        }
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marker").field("enabled", &self.live.is_some()).finish()
    }
}

/// A phase of an operation, recorded as `llmobs.phase.duration` in seconds when it is dropped.
#[must_use = "the phase ends when the guard is dropped"]
pub struct Phase(Option<(Arc<OperationState>, usize, u64)>);

impl Drop for Phase {
    fn drop(&mut self) {
        if let Some((live, place, began)) = self.0.take() {
            live.series.time(RowId::Phase, place, live.now().saturating_sub(began), None);
        }
    }
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phase").field("recorded", &self.0.is_some()).finish()
    }
}
