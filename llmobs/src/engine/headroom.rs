//! The headroom of an engine: the work that waits, and the time until the KV cache is full. Both need rates, so the engine
//! takes a sample of its totals once a second, at the end of a step.

use crate::clock::Moment;
use crate::clock::nanos_to_seconds;
use crate::number::to_f64;
use crate::sync::AtomicU64;
use crate::sync::Mutex;
use crate::sync::Ordering;

/// Nanoseconds between two samples.
const INTERVAL: u64 = 1_000_000_000;

/// The number of samples, and with [`INTERVAL`] the time of which a rate is the mean.
const SAMPLES: usize = 30;

/// The minimum number of samples for the rate of the KV cache: that of fewer is noise.
const MIN_SAMPLES: usize = 10;

/// The totals and samples of an engine.
#[derive(Debug)]
pub(super) struct Headroom {
    waiting_tokens: AtomicU64,
    /// The prompt tokens of all steps, and the nanoseconds of the steps that had some.
    prefill_tokens: AtomicU64,
    prefill_nanos: AtomicU64,
    /// The moment in nanoseconds of the next sample.
    next_sample: AtomicU64,
    samples: Mutex<Samples>,
}

/// The last samples, in a ring.
#[derive(Debug, Default)]
struct Samples {
    ring: [Sample; SAMPLES],
    taken: usize,
}

/// The totals of an engine at a moment.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    at: u64,
    blocks: u64,
    prefill_tokens: u64,
    prefill_nanos: u64,
}

impl Headroom {
    /// Returns the headroom of an engine without steps.
    pub(super) fn new() -> Self {
        Self {
            waiting_tokens: AtomicU64::new(0),
            prefill_tokens: AtomicU64::new(0),
            prefill_nanos: AtomicU64::new(0),
            next_sample: AtomicU64::new(0),
            samples: Mutex::default(),
        }
    }

    /// Sets the number of prompt tokens that waiting sequences have to compute.
    pub(super) fn set_waiting_tokens(&self, tokens: u64) {
        self.waiting_tokens.store(tokens, Ordering::Relaxed);
    }

    /// Adds a step with prompt tokens that took these nanoseconds.
    pub(super) fn add_prefill(&self, tokens: u64, nanos: u64) {
        self.prefill_tokens.fetch_add(tokens, Ordering::Relaxed);
        self.prefill_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Takes a sample if the last one is at least a second old. `blocks` is the number of used blocks of the KV cache.
    pub(super) fn sample(&self, now: Moment, blocks: u64) {
        if now.as_nanos() < self.next_sample.load(Ordering::Relaxed) {
            return;
        }
        // Another step that ends now takes the sample.
        let Some(mut samples) = self.samples.try_lock() else { return };
        self.next_sample.store(now.as_nanos().saturating_add(INTERVAL), Ordering::Relaxed);
        samples.push(self.totals(now, blocks));
    }

    /// Returns the seconds that the waiting prompt tokens need, at the mean rate of the steps with prompt tokens since
    /// the oldest recent sample, or of all steps if there was none. Returns `None` while no rate is known.
    pub(super) fn queue_work(&self, now: Moment) -> Option<f64> {
        let totals = self.totals(now, 0);
        let oldest = self.samples.lock().recent(now).next();
        let recent = oldest.map(|oldest| {
            (
                totals.prefill_tokens.saturating_sub(oldest.prefill_tokens),
                totals.prefill_nanos.saturating_sub(oldest.prefill_nanos),
            )
        });
        let (tokens, nanos) =
            recent.filter(|(tokens, _)| *tokens > 0).unwrap_or((totals.prefill_tokens, totals.prefill_nanos));
        let waiting = self.waiting_tokens.load(Ordering::Relaxed);
        match (waiting, tokens) {
            (0, _) => Some(0.0),
            (_, 0) => None,
            _ => Some(to_f64(waiting) * nanos_to_seconds(nanos) / to_f64(tokens)),
        }
    }

    /// Returns the seconds until `free` blocks are used, at the rate of the recent samples. Returns `None` if there are
    /// too few samples, or if the usage does not grow.
    pub(super) fn time_to_full(&self, now: Moment, free: u64) -> Option<f64> {
        if free == 0 {
            return Some(0.0);
        }
        let samples = self.samples.lock();
        let points =
            samples.recent(now).map(|sample| (nanos_to_seconds(now.as_nanos() - sample.at), to_f64(sample.blocks)));
        let points: Vec<_> = points.collect();
        drop(samples);
        // The times count backwards.
        let rate = -slope(&points).filter(|_| points.len() >= MIN_SAMPLES)?;
        (rate > 0.0).then(|| to_f64(free) / rate)
    }

    fn totals(&self, now: Moment, blocks: u64) -> Sample {
        Sample {
            at: now.as_nanos(),
            blocks,
            prefill_tokens: self.prefill_tokens.load(Ordering::Relaxed),
            prefill_nanos: self.prefill_nanos.load(Ordering::Relaxed),
        }
    }
}

impl Samples {
    fn push(&mut self, sample: Sample) {
        self.ring[self.taken % SAMPLES] = sample;
        self.taken += 1;
    }

    /// Returns the samples of the last 30 seconds, oldest first.
    fn recent(&self, now: Moment) -> impl Iterator<Item = Sample> {
        let oldest = now.as_nanos().saturating_sub(SAMPLES as u64 * INTERVAL);
        let all = self.taken.saturating_sub(SAMPLES)..self.taken;
        let samples = all.map(|index| self.ring[index % SAMPLES]);
        samples.filter(move |sample| (oldest..=now.as_nanos()).contains(&sample.at))
    }
}

/// Returns the slope of the line with the least squared distance to the points; `None` if they have one x.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let number: f64 = points.iter().map(|_| 1.0).sum();
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / number;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (x, y) in points {
        covariance += (x - mean_x) * (y - mean_y);
        variance += (x - mean_x) * (x - mean_x);
    }
    (variance > 0.0).then(|| covariance / variance)
}
