//! Shows: hours of metrics from an observer on a manual clock, as samples with timestamps that Prometheus can import.
//!
//! Run: `cargo run -p llmobs-examples --example ops_history -- FILE MINUTES END`, where `END` is the last moment in seconds
//! since 1970; then `promtool tsdb create-blocks-from openmetrics FILE FOLDER`. Without arguments, the history has ten minutes
//! and a file in the temporary folder.
//!
//! You will see: the number of scrapes and of samples. `cargo xtask ops-live` runs the queries of all boards on this
//! history. A series that was zero throughout is left out.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::capture::ContentCapture;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::cost::Budget;
use llmobs::cost::Budgets;
use llmobs::cost::Overlay;
use llmobs::cost::PriceBook;
use llmobs::cost::Usd;
use llmobs::engine::CacheTier;
use llmobs::engine::Engine;
use llmobs::engine::WaitReason;
use llmobs::operation::Evaluation;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::CacheKind;
use llmobs::semconv::value::CacheResult;
use llmobs::semconv::value::OperationName;
use llmobs::semconv::value::State;
use llmobs::testing::ScriptedStream;

/// The last moment of a history without arguments: 2026-11-30, 00:53:20 UTC.
const DEFAULT_END: u64 = 1_796_000_000;

/// The time between two scrapes.
const INTERVAL: Duration = Duration::from_secs(15);

const MODELS: [&str; 2] = ["small", "large"];

/// The prices of both models, in US dollars per million tokens. Other models are unpriced.
const PRICES: &str = r#"
checked_on = 2026-11-20

[[price]]
provider = "candle"
model = { equals = "small" }
input = 0.15
cache_read = 0.03
output = 0.6

[[price]]
provider = "candle"
model = { equals = "large" }
input = 3
cache_read = 0.3
output = 15
"#;

/// Questions of which some contain what redaction replaces. The content goes nowhere: there is no subscriber.
const QUESTIONS: [&str; 3] =
    ["Why is the sky blue?", "Write to jane@example.org.", "Is card 4242 4242 4242 4242 of jane@example.org valid?"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, minutes, end): (PathBuf, u64, u64) = match &arguments[..] {
        [] => (std::env::temp_dir().join("llmobs-ops-history.txt"), 10, DEFAULT_END),
        [file, minutes, end] => (file.into(), minutes.parse()?, end.parse()?),
        _ => return Err("FILE MINUTES END".into()),
    };
    let scrapes = usize::try_from(minutes * 60 / INTERVAL.as_secs())?;
    let mut samples = Samples::new(BufWriter::new(File::create(&file)?));
    for (role, job) in [(Role::Server, "chat"), (Role::Gateway, "gateway")] {
        let mut service = Service::new(role, end - minutes * 60)?;
        for scrape in 0..scrapes {
            service.run_until_scrape(scrape, scrapes);
            let page = llmobs::prometheus::page(&service.observer, Some("application/openmetrics-text")).body;
            samples.add(&page, job, end - INTERVAL.as_secs() * (scrapes - scrape) as u64)?;
            service.finish_operations();
        }
    }
    let count = samples.count;
    samples.finish()?;
    println!("{scrapes} scrapes of two services, {count} samples, in {}", file.display());
    Ok(())
}

/// A service on a manual clock, with operations that are in flight at a scrape.
struct Service {
    observer: Observer,
    clock: ManualClock,
    engine: Option<Engine>,
    in_flight: Vec<Operation>,
    /// The number of operations so far, from which their kinds follow.
    count: usize,
}

impl Service {
    /// Creates a service that starts at a date, in seconds since 1970.
    fn new(role: Role, start: u64) -> Result<Self, Box<dyn Error>> {
        let (clock, manual) = Clock::manual();
        manual.set_date(UNIX_EPOCH + Duration::from_secs(start));
        let budget = Budget::new("team", Usd::from_nanos(2_000_000_000)).thresholds([50, 80, 100]);
        let observer = Observer::builder()
            .clock(clock)
            .role(role)
            .provider(Provider::other("candle"))
            .models(MODELS)
            .operations([OperationName::Chat, OperationName::Embeddings])
            .level(Level::Full)
            .prices(PriceBook::empty().overlay(Overlay::from_toml(PRICES)?))
            .budgets(Budgets::new().add(budget))
            .tenants(["free", "paid"])
            .phases(["retrieval", "safety", "tool"])
            .evaluation("relevance", ["pass", "fail"])
            .capture(ContentCapture::Events)
            .objective(
                Objective::new("interactive")
                    .time_to_first_token(Duration::from_millis(500))
                    .time_per_output_token(Duration::from_millis(60)),
            )
            .objective(Objective::new("available").target(0.999))
            .build()?;
        for model in MODELS {
            observer.set_limit(model, State::Queued, 32);
            observer.set_limit(model, State::Decode, 8);
        }
        let engine = (role == Role::Server).then(|| start_engine(&observer));
        Ok(Self { observer, clock: manual, engine, in_flight: Vec::new(), count: 0 })
    }

    /// Runs operations until the next scrape. The load rises and falls, and the third quarter of the time is an incident:
    /// the first token is late, and operations fail.
    fn run_until_scrape(&mut self, scrape: usize, scrapes: usize) {
        let start = self.clock.now();
        let is_incident = scrape * 4 / scrapes == 2;
        let load = 1 + scrape % 5;
        for _ in 0..load {
            self.run_operation(is_incident, scrape);
            self.run_engine_step(scrape);
        }
        self.observer.record_runtime_lag("tokio", millis(1 + scrape % 7));
        for index in 0..load {
            let operation = self.start(MODELS[0]);
            operation.marker().enqueued();
            if index.is_multiple_of(2) {
                operation.marker().scheduled();
            }
            self.in_flight.push(operation);
        }
        let elapsed = self.clock.now().since(start);
        self.clock.advance(INTERVAL.saturating_sub(elapsed));
    }

    fn start(&mut self, model: &str) -> Operation {
        self.count += 1;
        let tenant = ["free", "paid", "paid"][self.count % 3];
        self.observer.chat(model).max_tokens(64_u64 << (self.count % 4)).tenant(tenant).start()
    }

    /// Runs an operation to its end. One of seven is an embedding; of the others, some fail, some are cancelled, and some
    /// are rejected.
    fn run_operation(&mut self, is_incident: bool, scrape: usize) {
        let model = MODELS[usize::from(self.count % 4 == 3)];
        if self.count % 7 == 6 {
            self.count += 1;
            let operation = self.observer.embeddings(model).start();
            operation.marker().usage(Usage::new().input(100 + 10 * (scrape % 9) as u64));
            self.clock.advance(millis(40 + 5 * (scrape % 11)));
            return operation.complete();
        }
        let operation = self.start(if self.count % 50 == 49 { "undeclared" } else { model });
        operation.marker().input(|| Input::new().message(Message::user(QUESTIONS[self.count % 3])));
        // A gateway sends its requests to a backend, which is degraded during the incident.
        if let (None, Ok(backend)) = (&self.engine, self.observer.backend("candle", model).build()) {
            operation.marker().backend(&backend);
        }
        self.prepare(&operation, scrape);
        let first = if is_incident { 900 } else { 120 + 30 * (scrape % 6) };
        operation.marker().enqueued();
        self.clock.advance(millis(first / 3));
        if self.count % 13 == 5 {
            return operation.reject(ErrorType::Overloaded);
        }
        operation.marker().scheduled();
        if self.count % 37 == 3 {
            // An order of marks that cannot be true, which is counted as an anomaly.
            operation.marker().enqueued();
        }
        operation
            .marker()
            .usage(Usage::new().input(200 + 37 * (scrape % 13) as u64).cache_read(64 * (scrape % 3) as u64));
        let tokens = 12 + self.count % 9;
        let gap = millis(20 + 4 * (scrape % 5));
        let reason = [FinishReason::Stop, FinishReason::Length, FinishReason::ToolCall, FinishReason::ContentFilter];
        let reason = reason[self.count % 4].clone();
        let mut script = ScriptedStream::new(&self.clock).wait(millis(first)).item(Chunk::tokens(1));
        script = script.repeat(tokens, gap, Chunk::tokens(1));
        if self.count % 11 == 4 {
            script = script.wait(millis(1_200)).item(Chunk::tokens(1));
        }
        script = script.item(if is_incident && self.count.is_multiple_of(3) {
            Chunk::failed(ErrorType::OutOfMemory)
        } else {
            Chunk::reasoning(2).finish_reason(reason)
        });
        let marker = operation.marker().clone();
        let mut stream = operation.observe(script);
        let read = match self.count % 17 {
            2 => 0,
            8 => 5,
            _ => usize::MAX,
        };
        read_items(&mut stream, read);
        drop(stream);
        let label = if self.count.is_multiple_of(5) || is_incident { "fail" } else { "pass" };
        marker.feedback(Evaluation::new("relevance").label(label));
    }

    /// Runs what is before the model: phases, a cache of responses, and in a gateway the attempts.
    fn prepare(&self, operation: &Operation, scrape: usize) {
        let marker = operation.marker();
        for (phase, milliseconds) in
            [("retrieval", 30 + 8 * (scrape % 8)), ("safety", 2 + 9 * (scrape % 7)), ("tool", 20 + 60 * (scrape % 9))]
        {
            if phase != "tool" || self.count.is_multiple_of(3) {
                let phase = marker.phase(phase);
                self.clock.advance(millis(milliseconds));
                drop(phase);
            }
        }
        let result = if self.count.is_multiple_of(3) { CacheResult::Hit } else { CacheResult::Miss };
        marker.cache_lookup(if self.count.is_multiple_of(2) { CacheKind::Exact } else { CacheKind::Semantic }, result);
        marker.record_attempt(AttemptKind::First);
        if self.count % 6 == 1 {
            marker.record_attempt(AttemptKind::Retry);
            marker.add_superseded_tokens(7);
        }
    }

    fn run_engine_step(&self, scrape: usize) {
        let Some(engine) = &self.engine else { return };
        let level = scrape % 20;
        engine.set_running(1 + level / 4);
        engine.set_waiting(WaitReason::Capacity, level / 5);
        engine.set_waiting_tokens(40 * level as u64);
        engine.set_kv_cache_usage(100 + 40 * level);
        engine.set_lora_active(level / 6, level / 10);
        let (prefill, decode) = [(512, 0), (0, 1 + level / 4), (64 + level, 2)][level % 3];
        let step = engine.step();
        self.clock.advance(millis(20 + 3 * scrape % 17));
        step.sequences(1 + level as u64 / 4).prefill_tokens(prefill as u64).decode_tokens(decode as u64).finish();
        engine.prefix_cache_hit(
            if level.is_multiple_of(2) { CacheTier::Device } else { CacheTier::Host },
            90 + level as u64,
        );
        engine.prefix_cache_miss(60);
        engine.draft(4, (scrape % 5) as u64);
        // Three, two or one of 20 steps, in turn.
        if level > 16 + scrape / 20 % 3 {
            engine.preempted();
            engine.recomputed_tokens(128);
        }
    }

    /// Ends the operations that were in flight at the scrape.
    fn finish_operations(&mut self) {
        for (index, operation) in self.in_flight.drain(..).enumerate() {
            operation.marker().scheduled();
            operation.marker().usage(Usage::new().input(80).output(20));
            if index % 3 == 2 { operation.cancel() } else { operation.complete() }
        }
    }
}

fn start_engine(observer: &Observer) -> Engine {
    let engine = observer.engine(MODELS[0]).id("0").revision("main").quantization("q4").block_size(16).build();
    engine.set_sequence_limit(8);
    engine.set_step_token_limit(2_048);
    engine.set_kv_cache_limit(1_000);
    engine.set_load_duration(Duration::from_secs(42));
    engine
}

fn millis(milliseconds: usize) -> Duration {
    Duration::from_millis(milliseconds as u64)
}

/// Reads up to this number of items, through each `Pending` of the script.
fn read_items<S: Stream + Unpin>(stream: &mut S, limit: usize) {
    let mut items = 0;
    while items < limit {
        match stream.next().now_or_never() {
            Some(Some(_)) => items += 1,
            Some(None) => return,
            None => {}
        }
    }
}

/// The samples of pages, with timestamps. A series begins with its first value that is not zero, and a zero before it.
struct Samples {
    file: BufWriter<File>,
    is_written: HashMap<String, bool>,
    count: u64,
}

impl Samples {
    fn new(file: BufWriter<File>) -> Self {
        Self { file, is_written: HashMap::new(), count: 0 }
    }

    /// Adds all samples of a page. `second` is the moment of the scrape in seconds since 1970.
    fn add(&mut self, page: &str, job: &str, second: u64) -> std::io::Result<()> {
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            // An exemplar follows ` # `.
            let line = line.split(" # ").next().unwrap_or(line);
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let series = with_target(series, job);
            let is_written = self.is_written.entry(series.clone()).or_default();
            if !*is_written && value.trim_end_matches(".0") == "0" {
                continue;
            }
            if !*is_written {
                *is_written = true;
                writeln!(self.file, "{series} 0 {}", second - INTERVAL.as_secs())?;
            }
            writeln!(self.file, "{series} {value} {second}")?;
            self.count += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        writeln!(self.file, "# EOF")?;
        self.file.flush()
    }
}

/// Adds the labels that a scrape adds.
fn with_target(series: &str, job: &str) -> String {
    let target = format!("job=\"{job}\",instance=\"{job}:1\"");
    match series.strip_suffix('}') {
        Some(open) => format!("{open},{target}}}"),
        None => format!("{series}{{{target}}}"),
    }
}
