//! Measures the cost of a scrape, compared with `prometheus-client` alone, and how long a scrape blocks a recording
//! thread.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::engine::CacheTier;
use llmobs::engine::Engine;
use llmobs::engine::WaitReason;
use llmobs::stream::Producer;
use llmobs_benches::Comparison;
use llmobs_benches::Table;
use llmobs_benches::is_quick;
use llmobs_benches::measure_time;
use llmobs_benches::report_budget;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::support::mirror_registry::Labels;
use self::support::mirror_registry::MirrorRegistry;

mod support {
    pub(crate) mod mirror_registry;
}

const FAMILY: &str = "prometheus-client alone, Family";
const OPEN_METRICS: &str = "llmobs, OpenMetrics";
const CLASSIC: &str = "llmobs, classic text";
const ACCEPT: Option<&str> = Some("application/openmetrics-text;version=1.0.0");

/// Number of series of the one histogram at the start, and number of series added during the scrapes.
const SERIES: usize = 1_000;
const NEW_SERIES: usize = 200;

fn main() {
    compare_scrapes("one histogram", &one_histogram());
    compare_scrapes("a service of 24 models", &busy_service_observer());
    let (observer, engines) = engines_observer();
    compare_scrapes("eight engines of one model", &observer);
    drop(engines);
    measure_stalls();
}

fn compare_scrapes(name: &str, observer: &Observer) {
    let page = page(observer);
    let mirror = MirrorRegistry::from_page(&page);
    let series = mirror.series_count;
    println!("{name}: {series} series, {} bytes; by Family {} bytes", page.len(), encode(&mirror.registry).len());
    let results = Comparison::new(&format!("a scrape of {name}, {series} series"))
        .candidate(FAMILY, |iterations| measure_time(|| (0..iterations).for_each(|_| drop(encode(&mirror.registry)))))
        .candidate(OPEN_METRICS, |iterations| {
            measure_time(|| (0..iterations).for_each(|_| drop(llmobs::prometheus::page(observer, ACCEPT))))
        })
        .candidate(CLASSIC, |iterations| {
            measure_time(|| (0..iterations).for_each(|_| drop(llmobs::prometheus::page(observer, None))))
        })
        .run();
    results.print(FAMILY, FAMILY);
    report_budget(
        "a scrape in OpenMetrics, of Family",
        results.median_nanos(OPEN_METRICS) / results.median_nanos(FAMILY),
        1.2,
        "",
    );
    report_budget(
        "a scrape in classic text, of Family",
        results.median_nanos(CLASSIC) / results.median_nanos(FAMILY),
        1.2,
        "",
    );
}

fn page(observer: &Observer) -> String {
    llmobs::prometheus::page(observer, ACCEPT).body
}

fn encode(registry: &Registry) -> String {
    let mut page = String::new();
    prometheus_client::encoding::text::encode(&mut page, registry).expect("a string accepts every write");
    page
}

/// Returns an observer whose series are almost all of `llmobs.phase.duration`.
fn one_histogram() -> Observer {
    let observer = phase_observer();
    let marker = observer.chat("m").start().marker().clone();
    (0..SERIES).for_each(|index| record(&marker, &phase_name(index)));
    observer
}

fn phase_observer() -> Observer {
    let names = (0..SERIES + NEW_SERIES).map(phase_name);
    Observer::builder().model("m").phases(names).series_limit(10_000).build().expect("the observer is valid")
}

fn phase_name(index: usize) -> String {
    format!("phase-{index}")
}

fn record(marker: &Marker, phase: &str) {
    drop(marker.phase(phase));
}

/// Returns the observer of a service that has answered one request for each model.
fn busy_service_observer() -> Observer {
    let models: Vec<String> = (0..24).map(|model| format!("a-model-with-a-name-{model}")).collect();
    let observer = Observer::builder().models(models.clone()).build().expect("the observer is valid");
    for model in &models {
        let operation = observer.chat(model).start();
        let marker = operation.marker().clone();
        marker.enqueued();
        marker.scheduled();
        marker.usage(Usage::new().input(37).output(3));
        let stream =
            operation.observe_with(stream::iter([1_u32; 3]), |_: &u32| Chunk::tokens(1)).producer(Producer::Pull);
        assert_eq!(futures_util::FutureExt::now_or_never(stream.count()), Some(3));
    }
    observer
}

/// Returns the observer of a server with eight data-parallel engines, each with steps of every kind, and their handles:
/// without a handle, the gauges of an engine disappear.
fn engines_observer() -> (Observer, Vec<Engine>) {
    let observer = Observer::builder().model("m").build().expect("the observer is valid");
    let engine = |rank: u64| {
        let engine = observer.engine("m").id(&rank.to_string()).block_size(16).build();
        engine.set_sequence_limit(64);
        engine.set_step_token_limit(2_048);
        engine.set_kv_cache_limit(1_000);
        engine.set_kv_cache_usage(420);
        engine.set_running(8);
        engine.set_waiting(WaitReason::Capacity, 3);
        engine.set_waiting_tokens(900);
        engine.prefix_cache_hit(CacheTier::Device, 64);
        engine.prefix_cache_miss(448);
        for (prefill, decode) in [(512, 0), (0, 8), (512, 7)] {
            engine.step().sequences(8).prefill_tokens(prefill).decode_tokens(decode).finish();
        }
        engine
    };
    let engines = (0..8).map(engine).collect();
    (observer, engines)
}

/// Measures records while another thread scrapes continuously. Now and then a record creates a new series.
fn measure_stalls() {
    let mut table = Table::new(&["a record while somebody scrapes, us", "worst", "p99.99", "p50"]);
    for (name, is_scraped) in [("nobody scrapes", false), ("scraped without pause", true)] {
        let family = || {
            let family = Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(
                support::mirror_registry::histogram,
            );
            let mut registry = Registry::default();
            registry.register("phase_duration", "as llmobs has it", family.clone());
            let labels: Vec<Labels> = (0..SERIES + NEW_SERIES)
                .map(|index| support::mirror_registry::phase_labels(&phase_name(index)))
                .collect();
            let record_index = |index: usize| family.get_or_create(&labels[index]).observe(0.02);
            RecordDurations::measure(is_scraped, record_index, || drop(encode(&registry)))
        };
        add_row(&mut table, &format!("prometheus-client, Family, {name}"), family);
        let llmobs = || {
            let observer = phase_observer();
            let marker = observer.chat("m").start().marker().clone();
            let names: Vec<String> = (0..SERIES + NEW_SERIES).map(phase_name).collect();
            RecordDurations::measure(is_scraped, |index| record(&marker, &names[index]), || drop(page(&observer)))
        };
        add_row(&mut table, &format!("llmobs, {name}"), llmobs);
    }
    table.print();
}

/// Adds a row with the medians of several runs, because other load on the machine affects the worst time of each run.
fn add_row(table: &mut Table, name: &str, run: impl Fn() -> RecordDurations) {
    let runs = if is_quick() { 1 } else { 7 };
    let mut durations: Vec<RecordDurations> = (0..runs).map(|_| run()).collect();
    let mut median = |value: fn(&RecordDurations) -> Duration| {
        durations.sort_by_key(value);
        format!("{:.1}", value(&durations[runs / 2]).as_secs_f64() * 1e6)
    };
    let cells =
        [median(|durations| durations.max), median(|durations| durations.p9999), median(|durations| durations.median)];
    table.row(&[name, &cells[0], &cells[1], &cells[2]]);
}

/// The worst, the 99.99th percentile and the median of the recording times.
struct RecordDurations {
    max: Duration,
    p9999: Duration,
    median: Duration,
}

impl RecordDurations {
    fn measure(is_scraped: bool, record: impl Fn(usize), scrape: impl Fn() + Sync + Send) -> Self {
        let records = if is_quick() { 100_000 } else { 1_000_000 };
        (0..SERIES).for_each(&record);
        let is_done = AtomicBool::new(false);
        let mut times = Vec::with_capacity(records);
        thread::scope(|threads| {
            threads.spawn(|| {
                while is_scraped && !is_done.load(Ordering::Relaxed) {
                    scrape();
                }
            });
            for iteration in 0..records {
                let is_new = iteration % (records / NEW_SERIES) == 0;
                let index = if is_new { SERIES + iteration / (records / NEW_SERIES) } else { 0 };
                times.push(measure_time(|| record(index)));
            }
            is_done.store(true, Ordering::Relaxed);
        });
        times.sort();
        Self { max: times[records - 1], p9999: times[records / 10_000 * 9_999], median: times[records / 2] }
    }
}
