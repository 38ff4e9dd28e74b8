//! The state that all requests share.

use std::error::Error;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use llmobs::BuildError;
use llmobs::ErrorType;
use llmobs::Marker;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Provider;
use llmobs::Role;
use llmobs::admission::Admission;
use llmobs::clock::Moment;
use llmobs::engine::Engine as EngineHandle;
use llmobs::semconv::value::OperationName;
use llmobs::semconv::value::State;
use tokio::sync::mpsc::unbounded_channel;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::api::RequestedValues;
use crate::backlog::Backlog;
use crate::cli::Cli;
use crate::engine::Engine;
use crate::engine::Prompt;
use crate::engine::Sampling;
use crate::error::ApiError;
use crate::event::SequenceEvents;
use crate::kv_cache::KvCache;
use crate::prefix::PrefixHasher;
use crate::priority::Priority;
use crate::queue::Entry;
use crate::queue::Queue;
use crate::scheduler::BatchLimits;
use crate::scheduler::Job;
use crate::scheduler::Scheduler;

/// The observer, the engine, its queue and the limits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) observer: Observer,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) queue: Arc<Queue<Job>>,
    pub(crate) admission: Admission,
    pub(crate) backlog: Backlog,
    /// `None` without a prefix cache.
    pub(crate) prefixes: Option<PrefixHasher>,
    pub(crate) limits: Limits,
}

/// Limits of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Time limit from the arrival of a request to the end of its answer.
    pub(crate) deadline: Duration,
    /// Time limit from the arrival of a request's head to the end of its body.
    pub(crate) body_timeout: Duration,
    /// Maximum number of tokens of an answer if the request sets none.
    pub(crate) max_tokens: usize,
    /// Maximum number of tokens of a prompt and its answer together: the context length of the model, or the tokens of all
    /// blocks of the KV cache if these are fewer.
    pub(crate) sequence_tokens: usize,
}

/// The parameters of a request besides its prompt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GenerationOptions {
    pub(crate) max_tokens: Option<usize>,
    pub(crate) sampling: Sampling,
    pub(crate) priority: Priority,
}

/// The phase before the queue, recorded as a separate metric.
const TOKENIZE_PHASE: &str = "tokenize";

/// A prompt with more bytes than this for each token of the context length is rejected without tokenization: no language
/// has tokens of this length, and tokenizing a megabyte is slow.
const MAX_BYTES_PER_TOKEN: usize = 16;

impl App {
    /// Builds the observer and starts the engine's thread.
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        cli: &Cli,
    ) -> Result<(Self, JoinHandle<()>), Box<dyn Error + Send + Sync>> {
        let model = engine.model();
        let observer = Observer::builder()
            .role(Role::Server)
            .level(cli.level)
            .provider(Provider::other(engine.provider()))
            .model(model)
            .operations([OperationName::Chat, OperationName::TextCompletion])
            .phases([TOKENIZE_PHASE])
            .objective(Objective::conversational())
            .build()?;
        observer.set_limit(model, State::Queued, cli.queue.get());
        observer.set_limit(model, State::Decode, cli.max_running.get());

        let block_size = cli.block_size.get();
        let max_running = cli.max_running.get();
        let full_context = engine.context_length().div_ceil(block_size);
        let cache = KvCache::new(
            cli.kv_blocks.map_or_else(|| max_running.saturating_mul(full_context), NonZeroUsize::get),
            block_size,
        );
        let batch = BatchLimits { sequences: max_running, prefill_chunk: cli.prefill_chunk.get() };
        let handle = build_handle(&observer, &*engine, &cache, batch);
        let queue = Arc::new(Queue::new(cli.queue.get(), max_running));
        let admission = build_admission(&observer, model, cli.queue.get())?;
        let backlog = Backlog::new(handle.clone());
        let prefixes = cli.prefix_cache.then(|| PrefixHasher::new(block_size));
        let limits = Limits {
            deadline: cli.deadline,
            body_timeout: cli.body_timeout,
            max_tokens: cli.max_tokens.get(),
            sequence_tokens: engine.context_length().min(cache.token_capacity()),
        };
        let scheduler = Scheduler {
            engine: Arc::clone(&engine),
            observer: observer.clone(),
            handle,
            backlog: backlog.clone(),
            limits: batch,
            cache,
            prefixes: prefixes.clone(),
        };
        let thread = scheduler.start(Arc::clone(&queue))?;
        Ok((Self { observer, engine, queue, admission, backlog, prefixes, limits }, thread))
    }

    /// Starts the operation of a request. `options` is `None` if the request is invalid.
    pub(crate) fn start_operation(
        &self,
        name: OperationName,
        model: &str,
        arrived: Moment,
        request: Option<(GenerationOptions, RequestedValues)>,
    ) -> Operation {
        let start = self.observer.operation(name, model).started_at(arrived).deadline(self.limits.deadline);
        let start = match request {
            Some((options, requested)) => start
                .max_tokens(options.max_tokens)
                .stream(requested.stream)
                .temperature(requested.temperature)
                .top_p(requested.top_p)
                .seed(requested.seed),
            None => start,
        };
        // Tokenization runs before the queue.
        start.preparing().start()
    }

    /// Sets the user as a pseudonym on the span. Without a key (`LLMOBS_PSEUDONYM_KEY`) nothing is set.
    pub(crate) fn set_user_pseudonym(&self, span: &Span, user: Option<&str>) {
        if let Some(pseudonym) = user.and_then(|user| self.observer.pseudonym("user.id", user)) {
            span.set_attribute("user.id", pseudonym);
        }
    }

    /// Tokenizes a prompt and adds the request to the queue of the engine.
    pub(crate) async fn enqueue(
        &self,
        prompt: Prompt,
        options: GenerationOptions,
        arrived: Moment,
        marker: Marker,
    ) -> Result<SequenceEvents, ApiError> {
        let context_length = self.engine.context_length();
        let limit = self.limits.sequence_tokens;
        if prompt.byte_length() > context_length * MAX_BYTES_PER_TOKEN {
            return Err(ApiError::prompt_too_long(limit));
        }
        let prompt = self.tokenize(prompt, &marker).await?;
        // A prompt without a place for a token after it would wait forever.
        if prompt.len() >= limit {
            return Err(ApiError::prompt_too_long(limit));
        }
        let answer_limit = context_length - prompt.len();
        let mut keys = Vec::new();
        if let Some(prefixes) = &self.prefixes {
            prefixes.extend(&mut keys, &prompt);
        }
        let (events, receiver) = unbounded_channel();
        let job = Job {
            prompt,
            keys,
            sampling: options.sampling,
            max_tokens: options.max_tokens.unwrap_or(self.limits.max_tokens).min(answer_limit),
            enqueued_at: self.observer.now(),
            deadline: arrived.saturating_add(self.limits.deadline),
            marker,
            events,
            priority: options.priority,
            queued: None,
            waiting: None,
        };
        let priority = options.priority.as_str();
        let pushed = self.queue.push(job, |job, entry| {
            match entry {
                Entry::WithPlace => self.admission.admitted(priority),
                Entry::Waiting => job.queued = Some(self.admission.queued(priority)),
            }
            job.waiting = Some(self.backlog.enter(job.prompt.len()));
            job.marker.enqueued_at(job.enqueued_at);
        });
        if let Err(error) = pushed {
            self.admission.shed(priority, error.shed_reason());
            return Err(error.into());
        }
        Ok(SequenceEvents::new(receiver))
    }

    /// Tokenizes on a blocking thread, so that no other request's tokens are delayed.
    async fn tokenize(&self, prompt: Prompt, marker: &Marker) -> Result<Vec<u32>, ApiError> {
        let engine = Arc::clone(&self.engine);
        let phase = marker.phase(TOKENIZE_PHASE);
        let tokens = tokio::task::spawn_blocking(move || engine.tokenize(&prompt)).await;
        drop(phase);
        match tokens {
            Ok(Ok(tokens)) => Ok(tokens),
            // The error may quote the prompt, so it is dropped.
            Ok(Err(_)) | Err(_) => Err(ApiError::from_error_type(ErrorType::Internal)),
        }
    }
}

/// Returns the handle for the decisions of the queue, with the limit of each priority.
fn build_admission(observer: &Observer, model: &str, places: usize) -> Result<Admission, BuildError> {
    let builder = observer.admission(model).priorities(Priority::ALL.map(Priority::as_str));
    let limits = Priority::ALL.map(|priority| (priority.as_str(), priority.limit(places)));
    limits.into_iter().fold(builder, |builder, (priority, limit)| builder.limit(priority, limit)).build()
}

/// Returns the handle of the engine, with its limits.
fn build_handle(observer: &Observer, engine: &dyn Engine, cache: &KvCache, batch: BatchLimits) -> EngineHandle {
    let builder = observer.engine(engine.model()).block_size(cache.block_size());
    let handle = match engine.quantization() {
        Some(quantization) => builder.quantization(quantization).build(),
        None => builder.build(),
    };
    handle.set_sequence_limit(batch.sequences);
    // Beside a chunk of prompts, all other sequences generate a token.
    handle.set_step_token_limit(batch.prefill_chunk + batch.sequences - 1);
    handle.set_kv_cache_limit(cache.limit());
    if let Some(duration) = engine.load_duration() {
        handle.set_load_duration(duration);
    }
    handle
}

/// Returns a number that differs with every call.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().hash_one(0)
}
