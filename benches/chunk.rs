//! Measures the cost of one chunk of a stream, compared with the bare stream, clock readings alone, and common
//! alternatives.

use std::hint::black_box;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;
use std::time::Instant;

use futures_util::Stream;
use llmobs::Chunk;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::clock::Clock;
use llmobs::stream::Producer;
use llmobs_benches::Comparison;
use llmobs_benches::Results;
use llmobs_benches::measure_time;
use llmobs_benches::report_budget;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use self::support::meter_provider::MODEL;

mod support {
    pub(crate) mod meter_provider;
}

const BARE: &str = "the bare stream";
const CLOCK: &str = "two clock readings, nothing else";
const DISABLED: &str = "llmobs, disabled";
const PROMETHEUS: &str = "llmobs, Prometheus alone";
const PRODUCED_AT: &str = "llmobs, Prometheus alone, produced_at, random buckets";
const GATEWAY: &str = "llmobs, Prometheus alone, client role (tokens and chunks)";
const BOTH: &str =
    if cfg!(feature = "otel-bound") { "llmobs, + OpenTelemetry, bound" } else { "llmobs, + OpenTelemetry" };
const BY_HAND: &str = "by hand: OpenTelemetry, 4 attributes";
const BY_HAND_3: &str = "by hand: OpenTelemetry, the 3 attributes of llmobs";
const ONE_CLOCK: &str = "by hand: one clock reading, nothing recorded";
const CLOCK_AS_NANOS: &str = "two clock readings as nanoseconds";

/// The bucket bounds of `llmobs.inter_token.duration`.
const BOUNDS: [f64; 15] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];

fn main() {
    let ready = Comparison::new("a chunk that is ready (lazy: each gives a sample)");
    report_budgets(&run(ready, || TokenStream { yields_pending: false, has_yielded: false }, Producer::Pull));
    let waiting = Comparison::new("a chunk that is waited for (eager: Pending, then ready)");
    report_budgets(&run(waiting, || TokenStream { yields_pending: true, has_yielded: false }, Producer::Push));
}

fn report_budgets(results: &Results) {
    results.print(BY_HAND, BARE);
    let nanos = |name| results.median_nanos(name);
    report_budget("disabled, above the bare stream", nanos(DISABLED) - nanos(BARE), 2.0, " ns");
    report_budget("Prometheus alone, above two clock readings", nanos(PROMETHEUS) - nanos(CLOCK), 10.0, " ns");
    report_budget("the same, where a reading is nanoseconds", nanos(PROMETHEUS) - nanos(CLOCK_AS_NANOS), 10.0, " ns");
    let record = nanos(BY_HAND_3) - nanos(ONE_CLOCK);
    report_budget("OpenTelemetry on top, in records", (nanos(BOTH) - nanos(PROMETHEUS)) / record, 1.0, "");
}

fn run<S: Stream<Item = u32> + Unpin>(
    comparison: Comparison<'_>,
    source: impl Fn() -> S,
    producer: Producer,
) -> Results {
    let provider = support::meter_provider::meter_provider();
    let meter = provider.meter("by hand");
    let gaps = meter.f64_histogram("inter_token").with_boundaries(BOUNDS.to_vec()).build();
    let gaps_3 = meter.f64_histogram("inter_token_3").with_boundaries(BOUNDS.to_vec()).build();
    let attributes = [
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", "candle"),
        KeyValue::new("gen_ai.request.model", MODEL),
        KeyValue::new("llmobs.token.kind", "text"),
    ];
    let family = Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
    let labels = Labels { operation: "chat", provider: "candle", model: MODEL.to_owned(), kind: "text" };
    let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("the bucket bounds are valid").build_recorder();
    let exporter = recorder.handle();

    let bare = source();
    #[expect(clippy::disallowed_methods, reason = "the clock is what is measured")]
    let clock = timed_stream(source(), Instant::now);
    let system = Clock::system();
    let clock_as_nanos = timed_stream(source(), move || system.now().as_nanos());
    let disabled = observed(&Observer::disabled(), source(), producer);
    let prometheus = observed(&observer().build().expect("the observer is valid"), source(), producer);
    let client = observed(&observer().role(Role::Client).build().expect("the observer is valid"), source(), producer);
    let both =
        observed(&observer().meter_provider(&provider).build().expect("the observer is valid"), source(), producer);
    let produced = {
        // Gaps of 1 to 64 ns on both sides of a bucket bound, so that predicting the bucket does not help.
        let edge = Objective::new("edge").time_per_output_token(Duration::from_nanos(32));
        let observer = observer().objective(edge).build().expect("the observer is valid");
        let (mut moment, mut random) = (observer.now(), 0_u64);
        let operation = observer.chat(MODEL).start();
        operation.observe_with(source(), move |_: &u32| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            moment = moment.saturating_add(Duration::from_nanos(1 + (random >> 58)));
            Chunk::tokens(1).produced_at(moment)
        })
    };
    let unrecorded = manual_stream(source(), |gap| {
        black_box(gap);
    });
    let otel_4_attributes = manual_stream(source(), |gap| gaps.record(gap, &attributes));
    let otel_3_attributes = manual_stream(source(), |gap| gaps_3.record(gap, &attributes[..3]));
    let handle = family.get_or_create_owned(&labels);
    let prometheus_handle = manual_stream(source(), move |gap| handle.observe(gap));
    let prometheus_family = manual_stream(source(), |gap| family.get_or_create(&labels).observe(gap));
    let metrics_handle = metrics::with_local_recorder(
        &recorder,
        || metrics::histogram!("handle", "operation" => "chat", "provider" => "candle", "model" => MODEL, "kind" => "text"),
    );
    let metrics_handle = manual_stream(source(), move |gap| metrics_handle.record(gap));
    let metrics_macro = manual_stream(source(), |gap| {
        let model = labels.model.clone();
        metrics::histogram!("macro", "operation" => "chat", "provider" => "candle", "model" => model, "kind" => "text")
            .record(gap);
    });

    // The exporter retains every sample until this call.
    let upkeep = || exporter.run_upkeep();
    let mut metrics_handle = take_items(metrics_handle);
    let mut metrics_macro = take_items(metrics_macro);
    let results = comparison
        .candidate(BARE, take_items(bare))
        .candidate(CLOCK, take_items(clock))
        .candidate(CLOCK_AS_NANOS, take_items(clock_as_nanos))
        .candidate(DISABLED, take_items(disabled))
        .candidate(PROMETHEUS, take_items(prometheus))
        .candidate(PRODUCED_AT, take_items(produced))
        .candidate(GATEWAY, take_items(client))
        .candidate(BOTH, take_items(both))
        .candidate(ONE_CLOCK, take_items(unrecorded))
        .candidate(BY_HAND_3, take_items(otel_3_attributes))
        .candidate(BY_HAND, take_items(otel_4_attributes))
        .candidate("by hand: prometheus-client, a handle", take_items(prometheus_handle))
        .candidate("by hand: prometheus-client, a Family lookup", take_items(prometheus_family))
        .candidate("metrics + exporter, a handle", |iterations| {
            let time = metrics_handle(iterations);
            upkeep();
            time
        })
        .candidate("metrics + exporter, histogram! with 4 labels", |iterations| {
            let time = metrics::with_local_recorder(&recorder, || metrics_macro(iterations));
            upkeep();
            time
        });
    results.run()
}

fn observer() -> ObserverBuilder<'static> {
    Observer::builder().provider("candle").model(MODEL)
}

fn observed<S: Stream<Item = u32> + Unpin>(
    observer: &Observer,
    source: S,
    producer: Producer,
) -> impl Stream<Item = u32> + Unpin + use<S> {
    observer.chat(MODEL).start().observe_with(source, |_: &u32| Chunk::tokens(1)).producer(producer)
}

/// Returns a function that takes one item for each iteration from an endless stream.
fn take_items<S: Stream<Item = u32> + Unpin>(mut stream: S) -> impl FnMut(u64) -> Duration {
    move |iterations| {
        let mut context = Context::from_waker(Waker::noop());
        measure_time(|| {
            let mut remaining = iterations;
            while remaining > 0 {
                if let Poll::Ready(item) = Pin::new(&mut stream).poll_next(&mut context) {
                    black_box(item);
                    remaining -= 1;
                }
            }
        })
    }
}

/// An endless stream of tokens, which are ready immediately or after one pending poll.
struct TokenStream {
    yields_pending: bool,
    has_yielded: bool,
}

impl Stream for TokenStream {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.yields_pending && !self.has_yielded {
            self.has_yielded = true;
            return Poll::Pending;
        }
        self.has_yielded = false;
        Poll::Ready(Some(black_box(1)))
    }
}

/// Reads the clock at each poll after an item and at each item: the minimum for a wrapper that separates the waits of
/// producer and consumer.
struct TimedStream<S, R, T> {
    inner: S,
    read_clock: R,
    is_consumer_away: bool,
    polled_at: Option<T>,
    ready_at: Option<T>,
}

fn timed_stream<S: Stream + Unpin, T: Unpin>(
    inner: S,
    read_clock: impl Fn() -> T + Unpin,
) -> impl Stream<Item = S::Item> + Unpin {
    TimedStream { inner, read_clock, is_consumer_away: true, polled_at: None, ready_at: None }
}

impl<S: Stream + Unpin, T: Unpin, R: Fn() -> T + Unpin> Stream for TimedStream<S, R, T> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.is_consumer_away {
            self.polled_at = Some((self.read_clock)());
            self.is_consumer_away = false;
        }
        let polled = Pin::new(&mut self.inner).poll_next(context);
        if polled.is_ready() {
            self.ready_at = Some((self.read_clock)());
            self.is_consumer_away = true;
        }
        polled
    }
}

/// Records the time between items with one clock reading per item, the usual way.
fn manual_stream<S: Stream + Unpin>(inner: S, record: impl FnMut(f64) + Unpin) -> impl Stream<Item = S::Item> + Unpin {
    ManualStream { inner, last_item_at: None, record }
}

struct ManualStream<S, F> {
    inner: S,
    last_item_at: Option<Instant>,
    record: F,
}

impl<S: Stream + Unpin, F: FnMut(f64) + Unpin> Stream for ManualStream<S, F> {
    type Item = S::Item;

    #[expect(clippy::disallowed_methods, reason = "the usual way reads the system clock")]
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(context);
        if polled.is_ready() {
            let now = Instant::now();
            if let Some(last) = self.last_item_at.replace(now) {
                (self.record)(now.saturating_duration_since(last).as_secs_f64());
            }
        }
        polled
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    operation: &'static str,
    provider: &'static str,
    model: String,
    kind: &'static str,
}
