//! A thousand random requests, after which the metrics are compared with counts that the engine and the test kept.
//!
//! The test calls the scheduler step by step on a manual clock, so it sees the batch before each step, and a seed
//! reproduces each run.

mod counting_engine;

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::assert_books;
use llmobs::clock::Clock;
use llmobs_tests::metrics_page::Page;
use llmobs_tests::random::Random;
use tokio::sync::mpsc::unbounded_channel;

use self::counting_engine::Account;
use self::counting_engine::CountingEngine;
use self::counting_engine::lock;
use super::BatchLimits;
use super::EngineThread;
use super::Job;
use super::Scheduler;
use super::to_u64;
use crate::backlog::Backlog;
use crate::engine::Sampling;
use crate::engine::SyntheticEngine;
use crate::event::SequenceEvent;
use crate::event::SequenceEvents;
use crate::kv_cache::KvCache;
use crate::prefix::PrefixHasher;
use crate::priority::Priority;
use crate::queue::Entry;
use crate::queue::Queue;
use crate::queue::QueueItem;

const REQUESTS: u64 = 1_000;
const BLOCK_SIZE: usize = 4;
const BLOCKS: usize = 40;
const LIMITS: BatchLimits = BatchLimits { sequences: 6, prefill_chunk: 16 };

/// A client that reads its stream, and may disconnect.
struct Client<S> {
    events: S,
    received: u64,
    max_tokens: u64,
    prompt_tokens: u64,
    disconnects_after: Option<u64>,
}

impl<S: Stream<Item = SequenceEvent> + Unpin> Client<S> {
    /// Reads all events that have arrived. Returns whether the client continues.
    fn read(&mut self) -> bool {
        while let Some(event) = self.events.next().now_or_never() {
            match event {
                Some(SequenceEvent::Token { text, .. }) => {
                    self.received += 1;
                    assert_eq!(text, self.received.to_string(), "each token is sent once, in order");
                }
                Some(SequenceEvent::Finished { reason, counts }) => {
                    assert_eq!((to_u64(counts.completion), reason), (self.received, FinishReason::Length));
                    let capacity = to_u64(BLOCKS * BLOCK_SIZE) - self.prompt_tokens;
                    assert_eq!(self.received, self.max_tokens.min(capacity));
                }
                Some(SequenceEvent::Scheduled { .. } | SequenceEvent::Failed { .. }) => {}
                None => return false,
            }
        }
        self.disconnects_after.is_none_or(|tokens| self.received < tokens)
    }
}

/// The counts that the test keeps.
#[derive(Debug, Default)]
struct Counts {
    /// The length of each prompt, by the seed of its request.
    prompt_tokens: HashMap<u64, u64>,
    admitted: HashSet<u64>,
    hits: u64,
    misses: u64,
    /// Preemptions of operations that had not ended.
    preempted: u64,
    out_of_batch: HashSet<u64>,
    max_used: usize,
    max_waiting: usize,
}

impl Counts {
    /// Counts the sequences of the next step.
    fn observe(&mut self, thread: &EngineThread) {
        for sequence in &thread.running {
            let seed = sequence.job.sampling.seed;
            if self.admitted.insert(seed) {
                let misses = to_u64(sequence.pending());
                self.hits += self.prompt_tokens[&seed] - misses;
                self.misses += misses;
            }
        }
        let out = || thread.preempted.iter().map(|sequence| &sequence.job);
        let new = out().filter(|job| !self.out_of_batch.contains(&job.sampling.seed) && !job.is_abandoned());
        self.preempted += to_u64(new.count());
        self.out_of_batch = out().map(|job| job.sampling.seed).collect();
        self.max_used = self.max_used.max(thread.scheduler.cache.used());
        assert!(self.max_used <= BLOCKS);
    }
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().clock(clock).model("synthetic").build().unwrap();
    let account = Arc::new(Mutex::new(Account::default()));
    let inner = SyntheticEngine::new(Duration::ZERO, Duration::ZERO, 6);
    let engine = CountingEngine { inner, account: Arc::clone(&account), manual_clock };
    let handle = observer.engine("synthetic").block_size(BLOCK_SIZE).build();
    handle.set_kv_cache_limit(BLOCKS);
    let backlog = Backlog::new(handle.clone());
    let admission = observer.admission("synthetic").priorities(Priority::ALL.map(Priority::as_str)).build().unwrap();
    let hasher = PrefixHasher::new(BLOCK_SIZE);
    let queue = Queue::new(20, LIMITS.sequences);
    let mut thread = EngineThread::new(Scheduler {
        engine: Arc::new(engine),
        observer: observer.clone(),
        handle,
        backlog: backlog.clone(),
        limits: LIMITS,
        cache: KvCache::new(BLOCKS, BLOCK_SIZE),
        prefixes: Some(hasher.clone()),
    });

    let (mut clients, mut counts, mut sent, mut rejected, mut turns) = (Vec::new(), Counts::default(), 0, 0, 0_u64);
    while sent < REQUESTS || !clients.is_empty() {
        // Bursts, which fill the queue, with pauses in which it becomes empty.
        let burst = if random.chance(3) { random.below(12) } else { 0 };
        for _ in 0..burst.min(REQUESTS - sent) {
            sent += 1;
            // A beginning of one of three texts, and often a different end.
            let text = 1_000 * u32::try_from(random.below(3)).unwrap();
            let mut prompt: Vec<u32> = (text..).take(random.index(60)).collect();
            prompt.extend((0..=random.below(20)).map(|_| u32::try_from(random.next_u64() >> 40).unwrap()));
            let mut keys = Vec::new();
            hasher.extend(&mut keys, &prompt);
            let operation = observer.chat("synthetic").start();
            let (events, receiver) = unbounded_channel();
            let max_tokens = if random.chance(3) { 1_000 } else { 1 + random.index(40) };
            let lifetime = if random.chance(5) { Duration::from_millis(60) } else { Duration::from_secs(3_600) };
            let prompt_tokens = to_u64(prompt.len());
            counts.prompt_tokens.insert(sent, prompt_tokens);
            let priority = if random.chance(30) { Priority::Flex } else { Priority::Default };
            let job = Job {
                keys,
                prompt,
                sampling: Sampling { temperature: 0.0, top_p: 1.0, seed: sent },
                max_tokens,
                enqueued_at: observer.now(),
                deadline: observer.now().saturating_add(lifetime),
                marker: operation.marker().clone(),
                events,
                priority,
                queued: None,
                waiting: None,
            };
            let pushed = queue.push(job, |job, entry| {
                match entry {
                    Entry::WithPlace => admission.admitted(priority.as_str()),
                    Entry::Waiting => job.queued = Some(admission.queued(priority.as_str())),
                }
                job.waiting = Some(backlog.enter(job.prompt.len()));
                job.marker.enqueued_at(job.enqueued_at);
            });
            if let Err(error) = pushed {
                admission.shed(priority.as_str(), error.shed_reason());
                operation.reject(ErrorType::Overloaded);
                rejected += 1;
                continue;
            }
            let events = operation.observe(SequenceEvents::new(receiver));
            let disconnects_after = random.chance(20).then(|| random.below(30));
            clients.push(Client {
                events,
                received: 0,
                max_tokens: to_u64(max_tokens),
                prompt_tokens,
                disconnects_after,
            });
        }
        thread.prepare_step(&queue);
        counts.observe(&thread);
        turns += 1;
        assert!(turns < 50_000, "a sequence does not end");
        if turns.is_multiple_of(50) {
            let page = page(&observer);
            let active = |state| page.count("llmobs_engine_sequence_active", &[("llmobs_sequence_state", state)]);
            assert_eq!(active("running"), to_u64(thread.running.len()));
            assert_eq!(page.count("llmobs_engine_kv_cache_usage", &[]), to_u64(thread.scheduler.cache.used()));
            assert_eq!(page.count("llmobs_operation_active", &[]), to_u64(clients.len()));
            let decided = page.count("llmobs_admission_decisions_total", &[]);
            assert_eq!(decided + page.count("llmobs_admission_queue_length", &[]), sent);
            counts.max_waiting = counts.max_waiting.max(usize::try_from(active("waiting")).unwrap());
        }
        if !thread.running.is_empty() {
            thread.run_step(&queue);
        }
        clients.retain_mut(Client::read);
    }
    // Notices the last clients that disconnected.
    thread.prepare_step(&queue);
    assert!(thread.running.is_empty() && thread.preempted.is_empty());

    let page = page(&observer);
    let account = lock(&account);
    counts.prompt_tokens.clear();
    println!("{turns} turns, {rejected} rejected, {} scheduled, {account:?}", counts.admitted.len());
    for (name, labels, expected) in [
        ("llmobs_engine_step_tokens_sum", &[][..], account.tokens),
        ("llmobs_engine_step_sequences_sum", &[], account.sequences),
        ("llmobs_engine_step_duration_seconds_count", &[], account.steps),
        ("llmobs_engine_preemptions_total", &[], account.cleared),
        ("llmobs_engine_recomputed_tokens_total", &[], account.recomputed),
        ("llmobs_engine_prefix_cache_tokens_total", &[("llmobs_cache_result", "hit")], counts.hits),
        ("llmobs_engine_prefix_cache_tokens_total", &[("llmobs_cache_result", "miss")], counts.misses),
        ("llmobs_operation_preemptions_sum", &[], counts.preempted),
        ("llmobs_operation_preemptions_count", &[], to_u64(counts.admitted.len())),
        ("llmobs_token_processed_total", &[("llmobs_token_direction", "output")], account.sampled),
        ("llmobs_engine_sequence_active", &[], 0),
        ("llmobs_engine_kv_cache_usage", &[], 0),
        ("llmobs_operation_started_total", &[], REQUESTS),
        ("llmobs_admission_decisions_total", &[], REQUESTS),
        ("llmobs_admission_decisions_total", &[("llmobs_admission_reason", "queue_full")], rejected),
        ("llmobs_admission_queue_length", &[], 0),
        ("llmobs_operation_ended_total", &[], REQUESTS),
        ("llmobs_self_anomalies_total", &[], 0),
    ] {
        assert_eq!(page.count(name, labels), expected, "{name}, seed {seed}");
    }
    let decisions =
        |decision| page.count("llmobs_admission_decisions_total", &[("llmobs_admission_decision", decision)]);
    let (at_once, queued) = (decisions("admitted"), decisions("admitted_queued"));
    assert!(at_once > 10 && queued > 10 && rejected > 10, "{at_once} at once, {queued} queued, {rejected} rejected");
    assert_eq!(page.ended_count("failed/internal"), account.panics);
    assert_eq!(page.ended_count("rejected/overloaded"), rejected);
    assert_books!(observer);
    assert!(account.cleared > 50 && counts.hits > 1_000 && counts.max_used == BLOCKS, "the limits were reached");
    assert!(counts.max_waiting > 5 && account.panics > 0);
}

fn page(observer: &Observer) -> Page {
    Page::parse(&llmobs::prometheus::page(observer, None).body)
}

#[test]
fn the_metrics_of_a_thousand_random_requests_are_the_counts_of_the_engine() {
    for seed in 1..=3 {
        run(seed);
    }
}
