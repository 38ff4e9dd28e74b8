//! Allocations of the hot paths. Series and instruments are created at first use and kept, so each test runs one
//! operation before it counts.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::Stream;
use llmobs::Chunk;
use llmobs::FinishReason;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::admission::Queued;
use llmobs::admission::ShedReason;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::companion::SequenceWork;
use llmobs::companion::StepRef;
use llmobs::engine::EngineStep;
use llmobs::engine::WaitReason;
use llmobs::semconv::value::Outcome;
use llmobs::stream::Producer;
use llmobs_tests::allocator::CountingAllocator;
use llmobs_tests::allocator::allocation_count;
use llmobs_tests::allocator::live_bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MODEL: &str = "smollm2-135m-instruct";

/// Allocations of an operation without a stream: its state.
const OPERATION_ALLOCATIONS: u64 = 1;

/// Allocations of a string that grows while it is written.
const NAME_ALLOCATIONS: u64 = 3;

/// Allocations of an operation with a stream: its state and the stream's state.
const STREAM_ALLOCATIONS: u64 = 2;

#[test]
fn no_chunk_after_the_first_allocates() {
    for_each_observer(|name, observer, clock| {
        for producer in [Producer::Push, Producer::Pull] {
            for knows in [false, true] {
                let read = || {
                    let manual_clock = clock.clone();
                    // 20 ms per chunk: the batched values are flushed to the backends after every fiftieth chunk.
                    let mut stream = start(observer).observe_with(TokenStream::default(), move |_: &u32| {
                        manual_clock.advance(Duration::from_millis(20));
                        let chunk = Chunk::tokens(1);
                        if knows { chunk.produced_at(manual_clock.now()) } else { chunk }
                    });
                    stream = stream.producer(producer);
                    take_chunks(&mut stream, 1);
                    let before = allocation_count();
                    take_chunks(&mut stream, 10_000);
                    allocation_count() - before
                };
                read();
                assert_eq!(read(), 0, "{name}, {producer:?}, produced_at known: {knows}");
            }
        }
    });
}

#[test]
fn an_operation_allocates_its_state_only() {
    for_each_observer(|name, observer, clock| {
        let run = || {
            let before = allocation_count();
            let operation = start(observer);
            let marker = operation.marker().clone();
            marker.enqueued();
            clock.advance(Duration::from_millis(1));
            marker.scheduled();
            clock.advance(Duration::from_millis(40));
            marker.first_token();
            clock.advance(Duration::from_millis(200));
            marker.usage(Usage::new().input(37).output(12));
            marker.finish_reason(FinishReason::Stop);
            operation.complete();
            allocation_count() - before
        };
        run();
        assert_eq!(run(), OPERATION_ALLOCATIONS, "{name}");
        let fail = || {
            let before = allocation_count();
            start(observer).fail(llmobs::ErrorType::Inference);
            allocation_count() - before
        };
        fail();
        assert_eq!(fail(), OPERATION_ALLOCATIONS, "{name}, failed");
    });
}

#[test]
fn a_stream_allocates_its_state_once() {
    for_each_observer(|name, observer, clock| {
        let run = || {
            let before = allocation_count();
            let manual_clock = clock.clone();
            let mut stream = start(observer).observe_with(TokenStream::default(), move |_: &u32| {
                manual_clock.advance(Duration::from_millis(20));
                Chunk::tokens(1)
            });
            take_chunks(&mut stream, 500);
            drop(stream);
            allocation_count() - before
        };
        run();
        assert_eq!(run(), STREAM_ALLOCATIONS, "{name}");
    });
}

#[test]
fn a_poll_in_an_operation_and_a_look_at_the_current_one_allocate_nothing() {
    for_each_observer(|name, observer, _| {
        let operation = start(observer);
        let mut future = std::pin::pin!(operation.run(std::future::poll_fn(|_| {
            Operation::current().first_token();
            Poll::<()>::Pending
        })));
        let mut poll = |polls: u64| {
            let before = allocation_count();
            for _ in 0..polls {
                assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                operation.in_scope(|| Operation::current().scheduled());
            }
            allocation_count() - before
        };
        // The second time that an operation is scheduled is a preemption, and the first preemption allocates its state.
        poll(2);
        assert_eq!(poll(1_000), 0, "{name}");
    });
}

#[test]
fn a_step_of_an_engine_allocates_nothing() {
    for_each_observer(|name, observer, clock| {
        let engine = observer.engine(MODEL).build();
        engine.set_kv_cache_limit(1_000);
        let run = |steps: usize| {
            let before = allocation_count();
            for step in 0..steps {
                engine.set_running(step % 8);
                engine.set_waiting(WaitReason::Capacity, step % 3);
                engine.set_kv_cache_usage(step % 1_000);
                let running = engine.step().sequences(8);
                clock.advance(Duration::from_millis(20));
                running.prefill_tokens(step as u64 % 2).decode_tokens(7).finish();
            }
            allocation_count() - before
        };
        // OpenTelemetry without bound instruments creates its series at the first step of each kind.
        run(2);
        assert_eq!(run(1_000), 0, "{name}");
    });
}

#[test]
fn a_decision_of_an_admission_control_allocates_nothing() {
    for_each_observer(|name, observer, _| {
        let admission = observer.admission(MODEL).priorities(["interactive", "batch"]).build().unwrap();
        let mut queue = Vec::with_capacity(4);
        let mut run = |rounds: usize| {
            let before = allocation_count();
            for round in 0..rounds {
                for priority in ["interactive", "batch", "undeclared"] {
                    admission.admitted(priority);
                    admission.shed(priority, ShedReason::QueueFull);
                    admission.set_limit(priority, round);
                    queue.extend([(); 4].map(|()| admission.queued(priority)));
                    queue.pop().into_iter().for_each(Queued::admit);
                    queue.pop().into_iter().for_each(|queued| queued.shed(ShedReason::Deadline));
                    queue.clear();
                }
            }
            allocation_count() - before
        };
        // The series of undeclared priorities are created at their first decision.
        run(2);
        assert_eq!(run(1_000), 0, "{name}");
    });
}

#[test]
fn the_sequences_of_a_step_allocate_nothing_with_and_without_a_companion() {
    for_each_observer(|name, observer, clock| {
        let engine = observer.engine(MODEL).build();
        let operations: Vec<_> = (0..64).map(|_| start(observer)).collect();
        let run = |steps: u64| {
            let before = allocation_count();
            for index in 0..steps {
                // Two steps overlap: the next one is prepared while one runs.
                let mut both = [engine.step(), engine.step()];
                for operation in &operations {
                    let work = SequenceWork::new().prefill_tokens(index % 2).decode_tokens(1).context_tokens(index);
                    both.iter_mut().for_each(|step| step.add_sequence(operation.marker(), work));
                }
                clock.advance(Duration::from_millis(20));
                both.into_iter().for_each(EngineStep::finish);
            }
            allocation_count() - before
        };
        run(2);
        assert_eq!(run(1_000), 0, "{name}");
        let companion = Arc::new(StepCounter::default());
        observer.attach_companion(&companion);
        run(2);
        assert_eq!(run(1_000), 0, "{name}, with a companion");
        assert_eq!(companion.0.load(Ordering::Relaxed), 2 * 64 * 1_002, "{name}: the companion sees every sequence");
    });
}

/// A companion that counts the sequences of all steps.
#[derive(Debug, Default)]
struct StepCounter(AtomicUsize);

impl Companion for StepCounter {
    fn on_start(&self, _: OperationRef, _: Moment) {}

    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}

    fn on_end(&self, _: u64, _: Outcome, _: Moment) {}

    fn on_step(&self, step: &StepRef<'_>) {
        self.0.fetch_add(step.sequences.len(), Ordering::Relaxed);
    }
}

#[test]
fn a_result_of_a_backend_and_a_question_for_it_allocate_nothing() {
    for_each_observer(|name, observer, clock| {
        let backend = observer.backend("openai", MODEL).build().unwrap();
        let before = allocation_count();
        for turn in 0..1_000 {
            clock.advance(Duration::from_millis(50));
            assert!(backend.is_available());
            // One in fifty fails, so the state does not change.
            backend.record(if turn % 50 == 49 { Err(llmobs::ErrorType::Upstream) } else { Ok(()) });
        }
        assert_eq!(allocation_count() - before, 0, "{name}");
    });
}

#[test]
fn a_disabled_observer_allocates_nothing() {
    let observer = Observer::disabled();
    let before = allocation_count();
    start(&observer).complete();
    let mut stream = start(&observer).observe_with(TokenStream::default(), |_: &u32| Chunk::tokens(1));
    take_chunks(&mut stream, 100);
    drop(stream);
    assert_eq!(allocation_count() - before, 0);
}

#[test]
fn an_operation_in_flight_uses_less_than_a_kibibyte() {
    // A power of two, so that the registry's tables have no unused capacity.
    const OPERATIONS: usize = 1_024;
    for_each_observer(|name, observer, _| {
        let open = || {
            let mut stream = start(observer).observe_with(TokenStream::default(), |_: &u32| Chunk::tokens(1));
            take_chunks(&mut stream, 3);
            stream
        };
        let inline = size_of_val(&open()) - size_of::<TokenStream>();
        let mut streams = Vec::with_capacity(OPERATIONS);
        let before = live_bytes();
        streams.extend((0..OPERATIONS).map(|_| open()));
        let bytes = usize::try_from(live_bytes() - before).unwrap().div_ceil(OPERATIONS) + inline;
        assert_eq!(observer.in_flight().len(), OPERATIONS);
        assert!(bytes < 1_024, "{name}: {bytes} bytes");
        drop(streams);
    });
}

#[test]
fn a_disabled_span_is_not_built() {
    let quiet = || Targets::new().with_default(tracing::Level::TRACE).with_target("llmobs", LevelFilter::OFF);
    for_each_observer(|name, observer, _| {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(quiet()), || {
            let run = || {
                let before = allocation_count();
                start(observer).complete();
                allocation_count() - before
            };
            run();
            assert_eq!(run(), OPERATION_ALLOCATIONS, "{name}");
        });
    });
}

#[test]
fn in_a_trace_that_is_not_sampled_no_attribute_is_built() {
    let off = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
    let provider = SdkTracerProvider::builder().with_sampler(off).build();
    let layer = || tracing_opentelemetry::layer().with_tracer(provider.tracer("test")).with_tracked_inactivity(false);
    for_each_observer(|name, observer, _| {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer()), || {
            let parent = tracing::info_span!("parent");
            let _entered = parent.enter();
            let count = |run: &dyn Fn()| {
                run();
                let before = allocation_count();
                run();
                allocation_count() - before
            };
            // A plain span with a name and a kind, because children must know that they are not sampled.
            let bare = count(&|| {
                let span = tracing::info_span!("inference", otel.name = "chat", otel.kind = "internal");
                span.in_scope(opentelemetry::Context::current);
            });
            let observed = count(&|| {
                let start = observer.chat(MODEL).temperature(0.5).seed(7).server("127.0.0.1", 80);
                let operation = start.stop_sequences(&["END"]).max_tokens(64).start();
                operation.marker().usage(Usage::new().input(37).output(12));
                operation.marker().finish_reason(FinishReason::Stop);
                operation.complete();
            });
            // The operation's state, the box with its span, and the model's name within the span's name.
            assert!(
                observed <= bare + OPERATION_ALLOCATIONS + 1 + NAME_ALLOCATIONS,
                "{name}: {observed} where a bare span makes {bare}"
            );
        });
    });
}

/// Calls `action` for every role with each choice of backends, on a manual clock.
fn for_each_observer(action: impl Fn(&str, &Observer, &ManualClock)) {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).with_interval(Duration::from_secs(86_400));
    let provider = SdkMeterProvider::builder().with_reader(reader.build()).build();
    for role in [Role::Server, Role::Gateway, Role::Client] {
        for with_otel in [false, true] {
            let (clock, manual_clock) = Clock::manual();
            let builder = Observer::builder().role(role).level(llmobs::catalog::Level::Full).model(MODEL).clock(clock);
            let builder = builder.objective(Objective::new("fast").duration(Duration::from_secs(5)));
            let builder = if with_otel { builder.meter_provider(&provider) } else { builder };
            action(&format!("{role:?}, OpenTelemetry: {with_otel}"), &builder.build().unwrap(), &manual_clock);
        }
    }
}

fn start(observer: &Observer) -> Operation {
    observer.chat(MODEL).max_tokens(64).start()
}

fn take_chunks(stream: &mut (impl Stream<Item = u32> + Unpin), chunks: usize) {
    let mut context = Context::from_waker(Waker::noop());
    let mut left = chunks;
    while left > 0 {
        match Pin::new(&mut *stream).poll_next(&mut context) {
            Poll::Ready(item) => left -= usize::try_from(item.unwrap()).unwrap(),
            Poll::Pending => {}
        }
    }
}

/// Endless tokens; the stream pends once before each.
#[derive(Default)]
struct TokenStream {
    is_pending: bool,
}

impl Stream for TokenStream {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        self.is_pending = !self.is_pending;
        if self.is_pending { Poll::Pending } else { Poll::Ready(Some(1)) }
    }
}
