//! The current numbers of an engine, which its scheduler sets and each collection reads.

use std::sync::OnceLock;

use crate::clock::Moment;
use crate::number::to_f64;
use crate::semconv::value::SequenceState;
use crate::semconv::value::WaitReason;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The current numbers of an engine. Each is a separate atomic: a collection between two setters sees the first only.
#[derive(Debug)]
pub(super) struct Gauges {
    running: AtomicU64,
    waiting: [AtomicU64; WaitReason::ALL.len()],
    swapped: AtomicU64,
    cache_usage: AtomicU64,
    /// Zero while the limit is not known.
    cache_limit: AtomicU64,
    /// The adapters of running and of waiting sequences; empty until they are set.
    adapters: OnceLock<[AtomicU64; 2]>,
    /// The moment in nanoseconds of the last progress: the end of a step, or the arrival of work at an idle engine.
    progress: AtomicU64,
}

impl Gauges {
    /// Returns the numbers of an engine without sequences that is created now.
    pub(super) fn new(now: Moment) -> Self {
        Self {
            running: AtomicU64::new(0),
            waiting: Default::default(),
            swapped: AtomicU64::new(0),
            cache_usage: AtomicU64::new(0),
            cache_limit: AtomicU64::new(0),
            adapters: OnceLock::new(),
            progress: AtomicU64::new(now.as_nanos()),
        }
    }

    /// Sets the number of sequences in a state; `reason` is that of waiting ones. Returns whether the engine was idle
    /// and now has work, so that the time without progress starts now.
    pub(super) fn set_sequences(&self, state: SequenceState, reason: WaitReason, sequences: u64) -> bool {
        let was_running = self.running.load(Ordering::Relaxed) > 0;
        let before = self.of(state, reason).swap(sequences, Ordering::Relaxed);
        !was_running && before == 0 && sequences > 0
    }

    fn of(&self, state: SequenceState, reason: WaitReason) -> &AtomicU64 {
        match state {
            SequenceState::Running => &self.running,
            SequenceState::Waiting => &self.waiting[reason.index()],
            SequenceState::Swapped => &self.swapped,
        }
    }

    /// Returns the number of sequences by state, and by the reason of waiting ones.
    pub(super) fn sequences(&self) -> impl Iterator<Item = (SequenceState, Option<WaitReason>, f64)> {
        let read = |number: &AtomicU64| to_f64(number.load(Ordering::Relaxed));
        let waiting = WaitReason::ALL
            .iter()
            .map(move |reason| (SequenceState::Waiting, Some(*reason), read(&self.waiting[reason.index()])));
        waiting.chain([
            (SequenceState::Running, None, read(&self.running)),
            (SequenceState::Swapped, None, read(&self.swapped)),
        ])
    }

    /// Sets the number of blocks of the KV cache in use. Returns whether the cache has that many blocks.
    pub(super) fn set_cache_usage(&self, blocks: u64) -> bool {
        self.cache_usage.store(blocks, Ordering::Relaxed);
        self.cache_limit().is_none_or(|limit| blocks <= limit)
    }

    /// Sets the number of blocks of the KV cache.
    pub(super) fn set_cache_limit(&self, blocks: u64) {
        self.cache_limit.store(blocks, Ordering::Relaxed);
    }

    /// Returns the number of blocks in use, at most the limit.
    pub(super) fn cache_usage(&self) -> u64 {
        let usage = self.cache_usage.load(Ordering::Relaxed);
        self.cache_limit().map_or(usage, |limit| usage.min(limit))
    }

    /// Returns the ratio of blocks in use, from 0 to 1; `None` if the limit is not known.
    pub(super) fn cache_utilization(&self) -> Option<f64> {
        self.cache_limit().map(|limit| to_f64(self.cache_usage()) / to_f64(limit))
    }

    /// Returns the number of blocks of the KV cache; `None` if it is not known.
    pub(super) fn cache_limit(&self) -> Option<u64> {
        Some(self.cache_limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Sets the number of adapters of running and of waiting sequences.
    pub(super) fn set_adapters(&self, adapters: [u64; 2]) {
        let stored = self.adapters.get_or_init(Default::default);
        stored.iter().zip(adapters).for_each(|(stored, number)| stored.store(number, Ordering::Relaxed));
    }

    /// Returns the number of adapters by the state of their sequences; none until they are set.
    pub(super) fn adapters(&self) -> impl Iterator<Item = (SequenceState, f64)> {
        let states = [SequenceState::Running, SequenceState::Waiting];
        let read = |number: &AtomicU64| to_f64(number.load(Ordering::Relaxed));
        let stored = self.adapters.get().into_iter().flatten();
        states.into_iter().zip(stored.map(read))
    }

    /// Marks progress at this moment, unless later progress is known.
    pub(super) fn mark_progress(&self, now: Moment) {
        self.progress.fetch_max(now.as_nanos(), Ordering::Relaxed);
    }

    /// Returns the nanoseconds from the last progress to `now`.
    pub(super) fn age(&self, now: Moment) -> u64 {
        now.as_nanos().saturating_sub(self.progress.load(Ordering::Relaxed))
    }
}
