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
use llmobs::stream::Producer;
use llmobs_benches::Contest;
use llmobs_benches::Table;
use llmobs_benches::budget;
use llmobs_benches::is_quick;
use llmobs_benches::timed;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::mirror::Labels;
use self::mirror::Mirror;

#[path = "support/mirror.rs"]
mod mirror;

const FAMILY: &str = "prometheus-client alone, Family";
const OPEN_METRICS: &str = "llmobs, OpenMetrics";
const CLASSIC: &str = "llmobs, classic text";
const ACCEPTS: Option<&str> = Some("application/openmetrics-text;version=1.0.0");

/// Number of series of the one histogram at the start, and number of series added during the scrapes.
const SERIES: usize = 1_000;
const NEW: usize = 200;

fn main() {
    scrapes("one histogram", &one_histogram());
    scrapes("a service of 24 models", &service());
    stalls();
}

fn scrapes(what: &str, observer: &Observer) {
    let page = page(observer);
    let mirror = Mirror::of(&page);
    let series = mirror.series;
    println!("{what}: {series} series, {} bytes; by Family {} bytes", page.len(), encode(&mirror.registry).len());
    let results = Contest::new(&format!("a scrape of {what}, {series} series"))
        .rival(FAMILY, |turns| timed(|| (0..turns).for_each(|_| drop(encode(&mirror.registry)))))
        .rival(OPEN_METRICS, |turns| {
            timed(|| (0..turns).for_each(|_| drop(llmobs::prometheus::page(observer, ACCEPTS))))
        })
        .rival(CLASSIC, |turns| timed(|| (0..turns).for_each(|_| drop(llmobs::prometheus::page(observer, None)))))
        .run();
    results.print(FAMILY, FAMILY);
    budget("a scrape in OpenMetrics, of Family", results.nanos(OPEN_METRICS) / results.nanos(FAMILY), 1.2, "");
    budget("a scrape in classic text, of Family", results.nanos(CLASSIC) / results.nanos(FAMILY), 1.2, "");
}

fn page(observer: &Observer) -> String {
    llmobs::prometheus::page(observer, ACCEPTS).body
}

fn encode(registry: &Registry) -> String {
    let mut page = String::new();
    prometheus_client::encoding::text::encode(&mut page, registry).expect("a string takes it");
    page
}

/// Returns an observer whose series are almost all of `llmobs.phase.duration`.
fn one_histogram() -> Observer {
    let observer = phases();
    let marker = observer.chat("m").start().marker().clone();
    (0..SERIES).for_each(|place| record(&marker, &phase_name(place)));
    observer
}

fn phases() -> Observer {
    let names = (0..SERIES + NEW).map(phase_name);
    Observer::builder().model("m").phases(names).series_limit(10_000).build().expect("builds")
}

fn phase_name(place: usize) -> String {
    format!("phase-{place}")
}

fn record(marker: &Marker, phase: &str) {
    drop(marker.phase(phase));
}

/// Returns the observer of a service that has answered one request for each model.
fn service() -> Observer {
    let models: Vec<String> = (0..24).map(|model| format!("a-model-with-a-name-{model}")).collect();
    let observer = Observer::builder().models(models.clone()).build().expect("builds");
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

/// Measures records while another thread scrapes continuously. Now and then a record creates a new series.
fn stalls() {
    let mut table = Table::new(&["a record while somebody scrapes, us", "worst", "p99.99", "p50"]);
    for (name, scraped) in [("nobody scrapes", false), ("scraped without pause", true)] {
        let family = || {
            let family = Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(mirror::histogram);
            let mut registry = Registry::default();
            registry.register("phase_duration", "as llmobs has it", family.clone());
            let labels: Vec<Labels> = (0..SERIES + NEW).map(|place| mirror::labels(&phase_name(place))).collect();
            let first = |place: usize| family.get_or_create(&labels[place]).observe(0.02);
            Waits::of(scraped, first, || drop(encode(&registry)))
        };
        row(&mut table, &format!("prometheus-client, Family, {name}"), family);
        let llmobs = || {
            let observer = phases();
            let marker = observer.chat("m").start().marker().clone();
            let names: Vec<String> = (0..SERIES + NEW).map(phase_name).collect();
            Waits::of(scraped, |place| record(&marker, &names[place]), || drop(page(&observer)))
        };
        row(&mut table, &format!("llmobs, {name}"), llmobs);
    }
    table.print();
}

/// Prints the medians of several runs, because other load on the machine affects the worst time of each run.
fn row(table: &mut Table, name: &str, run: impl Fn() -> Waits) {
    let runs = if is_quick() { 1 } else { 7 };
    let mut waits: Vec<Waits> = (0..runs).map(|_| run()).collect();
    let mut median = |of: fn(&Waits) -> Duration| {
        waits.sort_by_key(of);
        format!("{:.1}", of(&waits[runs / 2]).as_secs_f64() * 1e6)
    };
    let cells = [median(|waits| waits.worst), median(|waits| waits.nearly_all), median(|waits| waits.half)];
    table.row(&[name, &cells[0], &cells[1], &cells[2]]);
}

/// The worst, the 99.99th percentile and the median of the recording times.
struct Waits {
    worst: Duration,
    nearly_all: Duration,
    half: Duration,
}

impl Waits {
    fn of(scraped: bool, record: impl Fn(usize), scrape: impl Fn() + Sync + Send) -> Self {
        let records = if is_quick() { 100_000 } else { 1_000_000 };
        (0..SERIES).for_each(&record);
        let over = AtomicBool::new(false);
        let mut times = Vec::with_capacity(records);
        thread::scope(|threads| {
            threads.spawn(|| {
                while scraped && !over.load(Ordering::Relaxed) {
                    scrape();
                }
            });
            for turn in 0..records {
                let is_new = turn % (records / NEW) == 0;
                let place = if is_new { SERIES + turn / (records / NEW) } else { 0 };
                times.push(timed(|| record(place)));
            }
            over.store(true, Ordering::Relaxed);
        });
        times.sort();
        Self { worst: times[records - 1], nearly_all: times[records / 10_000 * 9_999], half: times[records / 2] }
    }
}
