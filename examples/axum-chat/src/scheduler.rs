//! The engine's own thread: takes requests from the queue and decodes the running ones in turn. It alone knows when
//! things happen to a sequence, so it is what tells the observer, through each request's [`Marker`].

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Moment;
use llmobs::Observer;
use llmobs::Usage;
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

/// A request as the scheduler sees it.
pub(crate) struct Job {
    pub(crate) prompt: Vec<u32>,
    pub(crate) sampling: Sampling,
    pub(crate) max_tokens: usize,
    pub(crate) enqueued: Moment,
    pub(crate) deadline: Moment,
    pub(crate) marker: Marker,
    pub(crate) events: UnboundedSender<Event>,
}

/// Sequences are looked after at least that often, so that a deadline or a client that left is seen in time.
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// Up to so many sequences, and what they run on.
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

    /// Starts the thread. It ends when the queue is closed and its last job is done.
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

    /// One step for each sequence; says how long there is nothing to do.
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
    /// Whether somebody still waits for it, and may.
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

    /// Whoever has left hears nothing: the next turn of the sequence sees it.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// A sequence and the request that it answers.
struct Running {
    job: Job,
    sequence: Box<dyn Sequence>,
    counts: Counts,
}

/// What a turn of a sequence came to.
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
        // A panic of the engine is the end of one sequence, not of the server.
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
        // A growing total: if the client leaves now, this is what was made for nobody.
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
