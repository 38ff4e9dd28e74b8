//! Random operations of every kind: each role, streamed or not, every outcome, usage, and marks in any order.

use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Operation;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::admission::Admission;
use llmobs::admission::Queued;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::cost::Overlay;
use llmobs::cost::PriceBook;
use llmobs::engine::Engine;
use llmobs::operation::Evaluation;
use llmobs::operation::Start;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::CacheKind;
use llmobs::semconv::value::CacheResult;
use llmobs::semconv::value::OperationName;
use llmobs::semconv::value::State;
use llmobs::stream::Producer;
use llmobs::testing::ScriptedStream;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::Tracer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::admission_traffic::run_admission;
use super::engine_traffic::run_engine;
use super::random::Random;
use super::requests::PendingResponse;

/// The tenants of operations, one after the other: two declared ones, none, two admitted ones and a folded one.
const TENANTS: [&str; 6] = ["free", "größer", "", "a \"quoted\" \\ team", "search", "over the limit"];

/// The price of one model, the price of the GPUs of another one, and a budget. The third model is unpriced.
const PRICES: &str = r#"
    checked_on = 2026-11-20
    [[price]]
    model = "smollm2-135m"
    input = 0.1
    cache_read = 0.01
    cache_write = 0.125
    output = 0.4
    [[gpu]]
    model = "größer"
    usd_per_hour = 3.6
    [[budget]]
    name = "everything"
    limit_usd = 1000
    period = "month"
"#;

/// Returns the builder of an observer that, with [`Profile::Dual`], can record every row of the catalog.
pub fn full_observer<'a>() -> ObserverBuilder<'a> {
    Observer::builder()
        .level(Level::Full)
        .provider("candle")
        .models(["smollm2-135m", "a \"quoted\" \\ model", "größer"])
        .max_undeclared_models(3)
        .tenants(TENANTS[..2].iter().copied())
        .max_undeclared_tenants(2)
        .log_tenants(true)
        .prices(PriceBook::empty().overlay(Overlay::from_toml(PRICES).expect("the prices are valid")))
        .label("tier", ["free", "paid"])
        .phases(["tokenize", "tool"])
        .evaluation("relevance", ["pass", "fail"])
        .objective(
            Objective::new("interactive")
                .time_to_first_token(Duration::from_millis(300))
                .time_per_output_token(Duration::from_micros(35_500))
                .longest_gap(Duration::from_millis(900))
                .duration(Duration::from_secs(9)),
        )
        .objective(Objective::new("available").target(0.999))
}

/// Returns an observer with values in all rows that random traffic records, with exemplars and with labels that need
/// escaping.
pub fn busy_observer() -> Observer {
    let (clock, manual_clock) = Clock::manual();
    let observer = full_observer().clock(clock).profile(Profile::Dual).build().unwrap();
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let _sampled = Context::current_with_span(tracer.start("request")).attach();
    let mut traffic = Traffic::new(&observer, &manual_clock, 23);
    traffic.run_operations(200);
    observer
}

/// Operations, streams and HTTP responses in flight; dropping this value ends them.
#[derive(Default)]
pub struct InFlightTraffic {
    operations: Vec<Operation>,
    streams: Vec<Pin<Box<dyn Stream<Item = Chunk>>>>,
    responses: Vec<PendingResponse>,
}

/// A generator of random traffic on one observer.
pub struct Traffic<'a> {
    pub observer: &'a Observer,
    pub manual_clock: &'a ManualClock,
    pub random: Random,
    pub running: InFlightTraffic,
    /// The number of operations that were started with a tenant.
    started: usize,
    /// The engine, which exists as long as the traffic.
    engine: Option<Engine>,
    /// The admission and a request in its queue, which exist as long as the traffic.
    admission: Option<(Admission, Queued)>,
}

impl<'a> Traffic<'a> {
    pub fn new(observer: &'a Observer, manual_clock: &'a ManualClock, seed: u64) -> Self {
        Self {
            observer,
            manual_clock,
            random: Random::new(seed),
            running: InFlightTraffic::default(),
            started: 0,
            engine: None,
            admission: None,
        }
    }

    /// Starts this number of operations, of which some stay in flight, then runs an engine and an admission control.
    pub fn run_operations(&mut self, count: usize) {
        (0..count).for_each(|_| self.run_operation());
        self.engine = Some(run_engine(self.observer, self.manual_clock, "smollm2-135m"));
        self.admission = Some(run_admission(self.observer, "smollm2-135m"));
    }

    fn run_operation(&mut self) {
        self.run_standalone();
        let role = *self.random.one_of(&[Role::Server, Role::Server, Role::Gateway, Role::Client]);
        let observer = self.observer.as_role(role);
        let model = self.random_model();
        let name = self.random_operation_name();
        let operation = self.configure_and_start(observer.operation(name, &model));
        let marker = operation.marker().clone();
        self.set_random_marks(&marker);
        match self.random.below(100) {
            0..=44 => self.run_stream(operation, &marker),
            45..=49 => self.running.operations.push(operation),
            _ => self.end_without_stream(operation),
        }
        self.set_late_marks(&marker);
    }

    fn random_model(&mut self) -> String {
        let models = ["smollm2-135m", "smollm2-135m", "a \"quoted\" \\ model", "größer", "wild", "wilder", "wildest"];
        match self.random.below(10) {
            0 => format!("nobody-{}\n\u{7}", self.random.below(1_000)),
            _ => self.random.word(&models).to_owned(),
        }
    }

    fn random_operation_name(&mut self) -> OperationName {
        let names = [
            OperationName::Chat,
            OperationName::Chat,
            OperationName::TextCompletion,
            OperationName::Embeddings,
            OperationName::other("rerank"),
        ];
        self.random.one_of(&names).clone()
    }

    fn configure_and_start(&mut self, mut start: Start<'_>) -> Operation {
        start = start.tenant(TENANTS[self.started % TENANTS.len()]);
        self.started += 1;
        let random = &mut self.random;
        if random.chance(15) {
            start = start.provider(Provider::OpenAi);
        }
        if random.chance(15) {
            start = start.label("tier", random.word(&["free", "paid", "undeclared"]));
        }
        if random.chance(50) {
            start = start.max_tokens(random.below(5_000));
        }
        if random.chance(20) {
            start = start.choices(random.below(5));
        }
        if random.chance(20) {
            start = start.deadline(random.time());
        }
        if random.chance(30) {
            start = start.preparing();
        }
        if random.chance(20) {
            start = start.reports_usage(random.chance(50));
        }
        if random.chance(10) {
            start = start.started_at(self.manual_clock.now());
            self.manual_clock.advance(random.time());
        }
        start.start()
    }

    /// Sets random marks of an engine, some in an impossible order.
    fn set_random_marks(&mut self, marker: &Marker) {
        marker.input(|| "I am jane@example.org");
        for _ in 0..self.random.below(5) {
            self.manual_clock.advance(self.random.time());
            match self.random.below(8) {
                0 | 1 => marker.enqueued(),
                2 | 3 => marker.scheduled(),
                4 => marker.first_token(),
                5 => marker.scheduled_at(llmobs::clock::Moment::from_nanos(5)),
                6 => {
                    let phase = marker.phase(self.random.word(&["tokenize", "tool", "undeclared"]));
                    self.manual_clock.advance(self.random.time());
                    drop(phase);
                }
                _ => marker.record_attempt(*self.random.one_of(AttemptKind::ALL)),
            }
        }
        if self.random.chance(60) {
            marker.usage(self.random_usage());
        }
        if self.random.chance(30) {
            marker.finish_reason(self.random_finish_reason());
        }
        if self.random.chance(5) {
            marker.set_error(*self.random.one_of(ErrorType::ALL));
        }
        if self.random.chance(5) {
            marker.add_superseded_tokens(self.random.below(50));
        }
    }

    /// Sets marks that are also allowed after the end of the operation.
    fn set_late_marks(&mut self, marker: &Marker) {
        if self.random.chance(20) {
            marker.cache_lookup(*self.random.one_of(CacheKind::ALL), *self.random.one_of(CacheResult::ALL));
        }
        if self.random.chance(20) {
            let label = self.random.word(&["pass", "fail", "undeclared"]);
            marker.feedback(Evaluation::new("relevance").label(label));
        }
        if self.random.chance(5) {
            marker.scheduled();
        }
    }

    /// Records values that belong to no operation.
    fn run_standalone(&mut self) {
        if self.random.chance(10) {
            self.observer.record_runtime_lag(self.random.word(&["tokio", "blocking"]), self.random.time());
        }
        if self.random.chance(3) {
            let state = *self.random.one_of(&[State::Queued, State::Decode]);
            self.observer.set_limit("smollm2-135m", state, self.random.below(64) as usize);
        }
        if self.random.chance(10) {
            let backend = self.observer.backend("openai", "gpt-5").build().unwrap();
            let result = if self.random.chance(50) { Ok(()) } else { Err(ErrorType::Upstream) };
            if backend.is_available() {
                backend.record(result);
            }
        }
        if self.random.chance(20) {
            let response = PendingResponse::send_random(self.observer, &mut self.random);
            self.manual_clock.advance(self.random.time());
            match self.random.below(8) {
                0 => self.running.responses.push(response),
                1 => drop(response),
                _ => response.read_to_end(),
            }
        }
    }

    fn random_usage(&mut self) -> Usage {
        let random = &mut self.random;
        let mut usage = Usage::new();
        if random.chance(80) {
            usage = usage.input(random.below(9_000));
        }
        if random.chance(40) {
            usage = usage.cache_read(random.below(5_000)).cache_write(random.below(5_000));
        }
        if random.chance(80) {
            usage = usage.output(random.below(300));
        }
        if random.chance(30) {
            usage = usage.reasoning(random.below(400));
        }
        if random.chance(20) { usage.estimated() } else { usage }
    }

    fn random_finish_reason(&mut self) -> FinishReason {
        match self.random.below(10) {
            0 => FinishReason::other("tired"),
            _ => self.random.one_of(FinishReason::KNOWN).clone(),
        }
    }

    fn end_without_stream(&mut self, operation: Operation) {
        self.manual_clock.advance(self.random.time());
        match self.random.below(6) {
            0 | 1 => operation.complete(),
            2 => operation.fail(*self.random.one_of(ErrorType::ALL)),
            3 => operation.cancel(),
            4 => operation.reject(*self.random.one_of(ErrorType::ALL)),
            _ => drop(operation),
        }
    }

    fn run_stream(&mut self, operation: Operation, marker: &Marker) {
        let producer = if self.random.chance(30) { Producer::Pull } else { Producer::Push };
        let mut stream = operation.observe(self.random_script()).producer(producer);
        let reads = self.random.below(50);
        for _ in 0..reads {
            if next_item(&mut stream).is_none() {
                break;
            }
            if self.random.chance(20) {
                self.manual_clock.advance(self.random.time());
            }
            if self.random.chance(2) {
                marker.usage(self.random_usage());
            }
        }
        // Only a stream of which one item was read stays in flight: later values are batched until the next flush, so
        // they are in neither backend yet.
        if reads == 1 {
            self.running.streams.push(Box::pin(stream));
        }
    }

    fn random_script(&mut self) -> ScriptedStream<Chunk> {
        let mut script = ScriptedStream::new(self.manual_clock);
        for _ in 0..self.random.below(40) {
            script = match self.random.below(10) {
                0..=4 => script.wait(self.random.time()),
                5 => script.wait(Duration::ZERO),
                6 => script.work(self.random.time()),
                _ => script,
            };
            script = script.item(self.random_chunk());
        }
        script
    }

    fn random_chunk(&mut self) -> Chunk {
        let tokens = self.random.below(5) as u32;
        let mut chunk = match self.random.below(12) {
            0 => Chunk::no_tokens(),
            1 => Chunk::reasoning(tokens),
            2 => Chunk::tool_call(tokens),
            _ => Chunk::tokens(tokens),
        };
        if self.random.chance(10) {
            chunk = chunk.choice(1);
        }
        if self.random.chance(10) {
            chunk = chunk.produced_at(self.manual_clock.now().saturating_add(self.random.time()));
        }
        match self.random.below(100) {
            0 => Chunk::failed(*self.random.one_of(ErrorType::ALL)),
            1..=3 => chunk.finish_reason(self.random_finish_reason()),
            _ => chunk,
        }
    }
}

/// Polls until the next item, through any `Pending` of the script. Panics after 1,000 polls.
pub fn next_item<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    (0..1_000).find_map(|_| stream.next().now_or_never()).expect("the script is never pending for 1,000 polls")
}
