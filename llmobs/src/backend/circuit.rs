//! The state machine of a backend, a circuit breaker on plain integers, which reads no clock and calls no other code.

use super::rules::PERIODS;
use super::rules::Rules;
use crate::number::to_f64;
use crate::semconv::value::BackendState;
use crate::timing::EventWindow;

/// The state of a backend, and what decides about the next one.
#[derive(Debug)]
pub(super) struct Circuit {
    rules: Rules,
    state: BackendState,
    /// The results in the window; empty while the state is open.
    results: EventWindow,
    /// The number of times that the state became open.
    openings: u64,
    /// While the state is open: the moment in nanoseconds from which a probe is sent.
    probe_at: u64,
    /// While the state is open: true if a probe was sent whose failure is not known.
    is_probing: bool,
    /// While the state is open: the number of successes since the last failure.
    successes: u32,
}

impl Circuit {
    /// Returns a healthy backend without results.
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: BackendState::Healthy,
            results: EventWindow::new(rules.window_nanos() / PERIODS as u64, PERIODS),
            openings: 0,
            probe_at: 0,
            is_probing: false,
            successes: 0,
        }
    }

    /// Returns the state after the last call of another method.
    pub(super) const fn state(&self) -> BackendState {
        self.state
    }

    /// Returns the number of times that the state became open, which distinguishes requests that were sent before from
    /// those that were sent since.
    pub(super) const fn openings(&self) -> u64 {
        self.openings
    }

    /// Records a result at `now`, in nanoseconds. `sent_after` is the number of openings when the request was sent, if it
    /// is known: a result of a request that was sent before the last opening is ignored.
    pub(super) fn record(&mut self, is_success: bool, sent_after: Option<u64>, now: u64) {
        if sent_after.is_some_and(|openings| openings != self.openings) {
            return;
        }
        match self.state {
            BackendState::Healthy | BackendState::Degraded => {
                self.results.add(is_success, now);
                self.judge(now);
            }
            BackendState::Open if is_success => self.record_probe(now),
            BackendState::Open => self.wait(now),
        }
    }

    /// Judges the results in the window at `now`, in nanoseconds, unless the state is open: old failures may have left it.
    pub(super) fn refresh(&mut self, now: u64) {
        if self.state != BackendState::Open {
            self.judge(now);
        }
    }

    /// Returns whether a request may be sent at `now`, in nanoseconds. While the state is open, this is the case once for
    /// each cool-down, and at once after a successful probe: the request is a probe.
    pub(super) fn admit(&mut self, now: u64) -> bool {
        self.refresh(now);
        if self.state != BackendState::Open {
            return true;
        }
        let is_probe = now >= self.probe_at;
        if is_probe {
            self.is_probing = true;
            self.probe_at = now.saturating_add(self.rules.cool_down_nanos());
        }
        is_probe
    }

    fn judge(&mut self, now: u64) {
        let counts = self.results.counts(now, self.rules.window_nanos());
        let failures = to_f64(counts.bad) / to_f64(counts.total().max(1));
        let is_judged = counts.total() >= u64::from(self.rules.min_results);
        if is_judged && failures >= self.rules.open_ratio {
            self.open(now);
        } else if is_judged && failures >= self.rules.degraded_ratio {
            self.state = BackendState::Degraded;
        } else {
            self.state = BackendState::Healthy;
        }
    }

    fn open(&mut self, now: u64) {
        self.state = BackendState::Open;
        self.openings += 1;
        self.results.clear();
        self.wait(now);
    }

    /// Starts the cool-down: the backend has failed.
    fn wait(&mut self, now: u64) {
        self.probe_at = now.saturating_add(self.rules.cool_down_nanos());
        self.is_probing = false;
        self.successes = 0;
    }

    /// Counts a success while the state is open: that of a probe, or after the cool-down that of an application that sends
    /// its requests in any case. A success before that is of a request that was sent before the opening.
    fn record_probe(&mut self, now: u64) {
        if !self.is_probing && now < self.probe_at {
            return;
        }
        self.successes += 1;
        self.probe_at = now;
        if self.successes >= self.rules.probes {
            self.state = BackendState::Healthy;
        }
    }
}
