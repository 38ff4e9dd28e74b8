//! What every request shares.

use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;

use crate::cli::Cli;
use crate::engine::Engine;
use crate::engine::Prompt;
use crate::engine::Sampling;
use crate::error::ApiError;
use crate::event::Events;
use crate::queue::Queue;
use crate::scheduler;
use crate::scheduler::Job;
use crate::words::ErrorType;
use crate::words::Moment;

/// The engine, the way to it, and the limits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) queue: Arc<Queue<Job>>,
    pub(crate) limits: Limits,
}

/// What a request may ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the arrival of a request to the end of its answer.
    pub(crate) deadline: Duration,
    /// Tokens of an answer when the request does not say.
    pub(crate) max_tokens: usize,
}

/// What a request asks for besides its prompt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) max_tokens: Option<usize>,
    pub(crate) sampling: Sampling,
}

impl App {
    /// Starts the engine's thread over this engine.
    pub(crate) fn start(engine: Arc<dyn Engine>, cli: &Cli) -> std::io::Result<(Self, JoinHandle<()>)> {
        let queue = Arc::new(Queue::new(cli.queue.get()));
        let thread = scheduler::start(Arc::clone(&engine), Arc::clone(&queue), cli.max_running.get())?;
        let limits = Limits { deadline: cli.deadline, max_tokens: cli.max_tokens.get() };
        Ok((Self { engine, queue, limits }, thread))
    }

    /// Puts a request in line for the engine.
    pub(crate) fn admit(&self, prompt: &Prompt, settings: Settings, arrived: Moment) -> Result<Events, ApiError> {
        // The tokenizer's own error may quote the prompt: it goes nowhere.
        let prompt = self.engine.tokenize(prompt).map_err(|_error| ApiError::failed(ErrorType::Internal))?;
        let context = self.engine.context();
        let room = context.saturating_sub(prompt.len());
        if room == 0 {
            return Err(ApiError::prompt_too_long(context));
        }
        let (events, receiver) = unbounded_channel();
        self.queue.push(Job {
            prompt,
            sampling: settings.sampling,
            max_tokens: settings.max_tokens.unwrap_or(self.limits.max_tokens).min(room),
            deadline: arrived.after(self.limits.deadline),
            events,
        })?;
        Ok(Events(receiver))
    }
}

/// A number that differs at every call.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}
