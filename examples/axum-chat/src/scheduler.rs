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
use crate::engine::Step;
use crate::event::Counts;
use crate::event::Event;
use crate::queue::Gate;
use crate::queue::Patience;
use crate::queue::Queue;
use crate::queue::Waiting;

/// A request in the scheduler.
pub(crate) struct Job {
    pub(crate) prompt: Vec<u32>,
    pub(crate) sampling: Sampling,
    pub(crate) max_tokens: usize,
    pub(crate) enqueued: Moment,
    pub(crate) deadline: Moment,
    pub(crate) marker: Marker,
    pub(crate) events: UnboundedSender<Event>,
}

/// Longest sleep between two checks of the sequences, so that a deadline or a disconnected client is noticed in time.
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// The scheduler: the engine and up to a maximum number of sequences.
pub(crate) struct Scheduler {
    engine: Arc<dyn Engine>,
    observer: Observer,
    max_running: usize,
    running: Vec<Running>,
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
        let mut patience = Patience::Endless;
        loop {
            let gate = queue.gate();
            let room = self.max_running - self.running.len();
            match queue.take(room, patience, |job| job.is_wanted(self.observer.now(), gate)) {
                Some(jobs) => {
                    for job in jobs {
                        self.running.push(Running::new(job, &*self.engine, self.observer.now()));
                    }
                }
                None if self.running.is_empty() => return,
                None => {}
            }
            patience = self.round(gate);
        }
    }

    /// Runs one step of each sequence and returns how long there is no work.
    fn round(&mut self, gate: Gate) -> Patience {
        let observer = &self.observer;
        let mut idle_until: Option<Moment> = None;
        let mut worked = false;
        self.running.retain_mut(|running| match running.turn(observer, gate) {
            Turn::Worked => {
                worked = true;
                true
            }
            Turn::Waits(until) => {
                idle_until = Some(idle_until.map_or(until, |earlier| earlier.min(until)));
                true
            }
            Turn::Over => false,
        });
        match idle_until {
            _ if self.running.is_empty() => Patience::Endless,
            Some(until) if !worked => Patience::For(until.since(observer.now()).min(LONGEST_NAP)),
            _ => Patience::None,
        }
    }
}

impl Waiting for Job {
    fn has_left(&self) -> bool {
        self.events.is_closed()
    }
}

impl Job {
    /// Returns whether the job should continue. At a hard shutdown or after its deadline, the job is failed; if its
    /// client has disconnected, the job is dropped.
    fn is_wanted(&self, now: Moment, gate: Gate) -> bool {
        if gate == Gate::Shut {
            self.fail(ErrorType::Shutdown);
        } else if now >= self.deadline {
            self.fail(ErrorType::Timeout);
        } else {
            return !self.has_left();
        }
        false
    }

    fn fail(&self, error: ErrorType) {
        self.marker.set_error(error);
        self.tell(Event::Failed { error });
    }

    /// Sends an event. An error is ignored: the client has disconnected, and the sequence's next turn notices that.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// A running sequence and its request.
struct Running {
    job: Job,
    sequence: Box<dyn Sequence>,
    counts: Counts,
}

/// The result of one turn of a sequence.
enum Turn {
    Worked,
    Waits(Moment),
    Over,
}

impl Running {
    fn new(mut job: Job, engine: &dyn Engine, now: Moment) -> Self {
        let counts = Counts { prompt: job.prompt.len(), completion: 0 };
        job.marker.scheduled_at(now);
        job.tell(Event::Scheduled { waited: now.since(job.enqueued), prompt: counts.prompt });
        let sequence = engine.begin(std::mem::take(&mut job.prompt), job.sampling);
        Self { job, sequence, counts }
    }

    fn turn(&mut self, observer: &Observer, gate: Gate) -> Turn {
        let now = observer.now();
        if !self.job.is_wanted(now, gate) {
            return Turn::Over;
        }
        // A panic of the engine ends one sequence, not the server.
        match catch_unwind(AssertUnwindSafe(|| self.sequence.step(now))) {
            Ok(Ok(Step::Prefilled)) => Turn::Worked,
            Ok(Ok(Step::Until(moment))) => Turn::Waits(moment),
            Ok(Ok(Step::Token(text))) => self.token(text, observer.now()),
            Ok(Ok(Step::End)) => self.finish(FinishReason::Stop),
            Ok(Err(error)) => {
                tracing::error!(%error, "the engine failed");
                self.fail(ErrorType::Inference)
            }
            Err(_panic) => self.fail(ErrorType::Internal),
        }
    }

    fn token(&mut self, text: String, at: Moment) -> Turn {
        self.counts.completion += 1;
        self.job.marker.first_token_at(at);
        // Reported as a growing total: if the client disconnects now, these tokens count as wasted.
        self.job.marker.usage(self.counts.into());
        self.job.tell(Event::Token { text, at });
        if self.counts.completion < self.job.max_tokens {
            return Turn::Worked;
        }
        self.finish(FinishReason::Length)
    }

    fn finish(&self, reason: FinishReason) -> Turn {
        self.job.marker.usage(self.counts.into());
        self.job.tell(Event::Finished { reason, counts: self.counts });
        Turn::Over
    }

    fn fail(&self, error: ErrorType) -> Turn {
        self.job.fail(error);
        Turn::Over
    }
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        Self::new().input(counts.prompt as u64).output(counts.completion as u64)
    }
}
