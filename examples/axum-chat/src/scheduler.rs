//! The engine thread: takes requests from the queue and decodes the running sequences in turn. Only this thread knows
//! the times of a sequence, so it records them for the observer through each request's [`Marker`].

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::clock::Moment;
use tokio::sync::mpsc::UnboundedSender;

use crate::engine::Engine;
use crate::engine::Sampling;
use crate::engine::Sequence;
use crate::engine::SequenceStep;
use crate::event::SequenceEvent;
use crate::event::TokenCounts;
use crate::queue::AdmissionMode;
use crate::queue::Queue;
use crate::queue::QueueItem;
use crate::queue::TakeTimeout;

/// A request in the scheduler.
pub(crate) struct Job {
    pub(crate) prompt: Vec<u32>,
    pub(crate) sampling: Sampling,
    pub(crate) max_tokens: usize,
    pub(crate) enqueued_at: Moment,
    pub(crate) deadline: Moment,
    pub(crate) marker: Marker,
    pub(crate) events: UnboundedSender<SequenceEvent>,
}

/// Longest sleep between two checks of the sequences, so that a deadline or a disconnected client is noticed in time.
const MAX_IDLE_WAIT: Duration = Duration::from_millis(20);

/// The scheduler: the engine and up to a maximum number of sequences.
pub(crate) struct Scheduler {
    engine: Arc<dyn Engine>,
    observer: Observer,
    max_running: usize,
    running: Vec<RunningSequence>,
}

impl Scheduler {
    pub(crate) fn new(engine: Arc<dyn Engine>, observer: Observer, max_running: usize) -> Self {
        Self { engine, observer, max_running, running: Vec::new() }
    }

    /// Starts the thread, which ends when the queue is closed and its last job is done.
    pub(crate) fn start(self, queue: Arc<Queue<Job>>) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("engine".to_owned()).spawn(move || self.run(&queue))
    }

    fn run(mut self, queue: &Queue<Job>) {
        let mut timeout = TakeTimeout::Forever;
        loop {
            let admission = queue.admission();
            let capacity = self.max_running - self.running.len();
            match queue.take(capacity, timeout, |job| job.should_continue(self.observer.now(), admission)) {
                Some(jobs) => {
                    let now = self.observer.now();
                    let started = jobs.into_iter().filter_map(|job| RunningSequence::start(job, &*self.engine, now));
                    self.running.extend(started);
                }
                None if self.running.is_empty() => return,
                None => {}
            }
            timeout = self.run_turns(admission);
        }
    }

    /// Runs one step of each sequence and returns how long there is no work.
    fn run_turns(&mut self, admission: AdmissionMode) -> TakeTimeout {
        let observer = &self.observer;
        let mut idle_until: Option<Moment> = None;
        let mut has_progressed = false;
        self.running.retain_mut(|running| match running.run_turn(observer, admission) {
            TurnResult::Progressed => {
                has_progressed = true;
                true
            }
            TurnResult::WaitUntil(until) => {
                idle_until = Some(idle_until.map_or(until, |earlier| earlier.min(until)));
                true
            }
            TurnResult::Finished => false,
        });
        match idle_until {
            _ if self.running.is_empty() => TakeTimeout::Forever,
            Some(until) if !has_progressed => TakeTimeout::For(until.since(observer.now()).min(MAX_IDLE_WAIT)),
            _ => TakeTimeout::None,
        }
    }
}

impl QueueItem for Job {
    fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }
}

impl Job {
    /// Returns whether the job should continue. At a hard shutdown or after its deadline, the job is failed; if its
    /// client has disconnected, the job is dropped.
    fn should_continue(&self, now: Moment, admission: AdmissionMode) -> bool {
        if admission == AdmissionMode::Stopped {
            self.fail(ErrorType::Shutdown);
        } else if now >= self.deadline {
            self.fail(ErrorType::Timeout);
        } else {
            return !self.is_abandoned();
        }
        false
    }

    fn fail(&self, error: ErrorType) {
        self.marker.set_error(error);
        self.send(SequenceEvent::Failed { error });
    }

    /// Sends an event. An error is ignored: the client has disconnected, and the sequence's next turn notices that.
    fn send(&self, event: SequenceEvent) {
        let _ = self.events.send(event);
    }
}

/// A running sequence and its request.
struct RunningSequence {
    job: Job,
    sequence: Box<dyn Sequence>,
    counts: TokenCounts,
}

/// The result of one turn of a sequence.
enum TurnResult {
    Progressed,
    WaitUntil(Moment),
    Finished,
}

impl RunningSequence {
    /// Starts the sequence of a job. If the engine panics, the job is failed and `None` is returned.
    fn start(mut job: Job, engine: &dyn Engine, now: Moment) -> Option<Self> {
        let counts = TokenCounts { prompt: job.prompt.len(), completion: 0 };
        job.marker.scheduled_at(now);
        job.send(SequenceEvent::Scheduled { queue_duration: now.since(job.enqueued_at), prompt_tokens: counts.prompt });
        let prompt = std::mem::take(&mut job.prompt);
        match catch_unwind(AssertUnwindSafe(|| engine.start_sequence(prompt, job.sampling))) {
            Ok(sequence) => Some(Self { job, sequence, counts }),
            Err(_panic) => {
                job.fail(ErrorType::Internal);
                None
            }
        }
    }

    fn run_turn(&mut self, observer: &Observer, admission: AdmissionMode) -> TurnResult {
        let now = observer.now();
        if !self.job.should_continue(now, admission) {
            return TurnResult::Finished;
        }
        // A panic of the engine ends one sequence, not the server.
        match catch_unwind(AssertUnwindSafe(|| self.sequence.step(now))) {
            Ok(Ok(SequenceStep::PrefillProgress)) => TurnResult::Progressed,
            Ok(Ok(SequenceStep::WaitUntil(moment))) => TurnResult::WaitUntil(moment),
            Ok(Ok(SequenceStep::Token(text))) => self.emit_token(text, observer.now()),
            Ok(Ok(SequenceStep::End)) => self.finish(FinishReason::Stop),
            Ok(Err(error)) => {
                tracing::error!(%error, "the engine failed");
                self.fail(ErrorType::Inference)
            }
            Err(_panic) => self.fail(ErrorType::Internal),
        }
    }

    fn emit_token(&mut self, text: String, produced_at: Moment) -> TurnResult {
        self.counts.completion += 1;
        self.job.marker.first_token_at(produced_at);
        // Reported as a growing total: if the client disconnects now, these tokens count as wasted.
        self.job.marker.usage(self.counts.into());
        self.job.send(SequenceEvent::Token { text, produced_at });
        if self.counts.completion < self.job.max_tokens {
            return TurnResult::Progressed;
        }
        self.finish(FinishReason::Length)
    }

    fn finish(&self, reason: FinishReason) -> TurnResult {
        self.job.marker.usage(self.counts.into());
        self.job.send(SequenceEvent::Finished { reason, counts: self.counts });
        TurnResult::Finished
    }

    fn fail(&self, error: ErrorType) -> TurnResult {
        self.job.fail(error);
        TurnResult::Finished
    }
}

impl From<TokenCounts> for Usage {
    fn from(counts: TokenCounts) -> Self {
        Self::new().input(counts.prompt).output(counts.completion)
    }
}
