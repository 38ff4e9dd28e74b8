//! The engine's own thread: takes requests from the queue and decodes the running ones in turn.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::engine::Engine;
use crate::engine::Sampling;
use crate::engine::Sequence;
use crate::engine::Step;
use crate::event::Counts;
use crate::event::Event;
use crate::queue::Patience;
use crate::queue::Queue;
use crate::words::ErrorType;
use crate::words::FinishReason;
use crate::words::Moment;

/// A request as the scheduler sees it.
pub(crate) struct Job {
    pub(crate) prompt: Vec<u32>,
    pub(crate) sampling: Sampling,
    pub(crate) max_tokens: usize,
    pub(crate) deadline: Moment,
    pub(crate) events: UnboundedSender<Event>,
}

/// Sequences are looked after at least that often, so that a deadline or a client that left is seen in time.
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// Starts the thread. It ends when the queue is closed and its last job is done.
pub(crate) fn start(
    engine: Arc<dyn Engine>,
    queue: Arc<Queue<Job>>,
    max_running: usize,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || Scheduler { engine, max_running, running: Vec::new() }.run(&queue))
}

struct Scheduler {
    engine: Arc<dyn Engine>,
    max_running: usize,
    running: Vec<Running>,
}

impl Scheduler {
    fn run(mut self, queue: &Queue<Job>) {
        let mut patience = Patience::Endless;
        loop {
            let room = self.max_running - self.running.len();
            match queue.take(room, patience, |job| job.is_wanted(now())) {
                Some(jobs) => self.running.extend(jobs.into_iter().map(|job| Running::new(job, &*self.engine))),
                None if self.running.is_empty() => return,
                None => {}
            }
            patience = self.round();
        }
    }

    /// One step for each sequence; says how long there is nothing to do.
    fn round(&mut self) -> Patience {
        let mut idle_until: Option<Moment> = None;
        let mut worked = false;
        self.running.retain_mut(|running| match running.advance() {
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
            Some(until) if !worked => Patience::For(until.since(now()).min(LONGEST_NAP)),
            _ => Patience::None,
        }
    }
}

impl Job {
    /// Whether somebody still waits for it, and may.
    fn is_wanted(&self, now: Moment) -> bool {
        if now >= self.deadline {
            self.fail(ErrorType::Timeout);
            return false;
        }
        !self.events.is_closed()
    }

    fn fail(&self, error: ErrorType) {
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
    fn new(mut job: Job, engine: &dyn Engine) -> Self {
        job.tell(Event::Scheduled { at: now() });
        let counts = Counts { prompt: job.prompt.len(), completion: 0 };
        let sequence = engine.begin(std::mem::take(&mut job.prompt), job.sampling);
        Self { job, sequence, counts }
    }

    fn advance(&mut self) -> Turn {
        let now = now();
        if !self.job.is_wanted(now) {
            return Turn::Over;
        }
        // A panic of the engine is the end of one sequence, not of the server.
        match catch_unwind(AssertUnwindSafe(|| self.sequence.step(now))) {
            Ok(Ok(Step::Prefilled)) => Turn::Worked,
            Ok(Ok(Step::Until(moment))) => Turn::Waits(moment),
            Ok(Ok(Step::Token(text))) => self.token(text),
            Ok(Ok(Step::End)) => self.finish(FinishReason::Stop),
            Ok(Err(error)) => {
                tracing::error!(%error, "the engine failed");
                self.fail(ErrorType::Inference)
            }
            Err(_panic) => self.fail(ErrorType::Internal),
        }
    }

    fn token(&mut self, text: String) -> Turn {
        self.counts.completion += 1;
        self.job.tell(Event::Token { text, at: now() });
        if self.counts.completion < self.job.max_tokens {
            return Turn::Worked;
        }
        self.finish(FinishReason::Length)
    }

    fn finish(&self, reason: FinishReason) -> Turn {
        self.job.tell(Event::Finished { reason, counts: self.counts });
        Turn::Over
    }

    fn fail(&self, error: ErrorType) -> Turn {
        self.job.fail(error);
        Turn::Over
    }
}

fn now() -> Moment {
    Moment::now()
}
