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
use llmobs_benches::Contest;
use llmobs_benches::Results;
use llmobs_benches::budget;
use llmobs_benches::timed;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use self::otel::MODEL;

#[path = "support/otel.rs"]
mod otel;

const BARE: &str = "the bare stream";
const CLOCK: &str = "two clock readings, nothing else";
const DISABLED: &str = "llmobs, disabled";
const PROMETHEUS: &str = "llmobs, Prometheus alone";
const PRODUCED: &str = "llmobs, Prometheus alone, produced_at, random buckets";
const GATEWAY: &str = "llmobs, Prometheus alone, client role (tokens and chunks)";
const BOTH: &str =
    if cfg!(feature = "otel-bound") { "llmobs, + OpenTelemetry, bound" } else { "llmobs, + OpenTelemetry" };
const BY_HAND: &str = "by hand: OpenTelemetry, 4 attributes";
const BY_HAND_3: &str = "by hand: OpenTelemetry, the 3 attributes of llmobs";
const ONE_CLOCK: &str = "by hand: one clock reading, nothing recorded";
const NUMBERS: &str = "two clock readings as nanoseconds";

/// The bucket bounds of `llmobs.inter_token.duration`.
const BOUNDS: [f64; 15] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];

fn main() {
    let ready = Contest::new("a chunk that is ready (lazy: each gives a sample)");
    judge(&run(ready, || Source { waits: false, waited: false }, Producer::Pull));
    let waiting = Contest::new("a chunk that is waited for (eager: Pending, then ready)");
    judge(&run(waiting, || Source { waits: true, waited: false }, Producer::Push));
}

fn judge(results: &Results) {
    results.print(BY_HAND, BARE);
    let nanos = |name| results.nanos(name);
    budget("disabled, above the bare stream", nanos(DISABLED) - nanos(BARE), 2.0, " ns");
    budget("Prometheus alone, above two clock readings", nanos(PROMETHEUS) - nanos(CLOCK), 10.0, " ns");
    budget("the same, where a reading is nanoseconds", nanos(PROMETHEUS) - nanos(NUMBERS), 10.0, " ns");
    let record = nanos(BY_HAND_3) - nanos(ONE_CLOCK);
    budget("OpenTelemetry on top, in records", (nanos(BOTH) - nanos(PROMETHEUS)) / record, 1.0, "");
}

fn run<S: Stream<Item = u32> + Unpin>(contest: Contest<'_>, source: impl Fn() -> S, producer: Producer) -> Results {
    let provider = otel::provider();
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
    let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("bounds").build_recorder();
    let exporter = recorder.handle();

    let bare = source();
    #[expect(clippy::disallowed_methods, reason = "the clock is what is measured")]
    let clock = clocked(source(), Instant::now);
    let system = Clock::system();
    let numbers = clocked(source(), move || system.now().as_nanos());
    let disabled = observed(&Observer::disabled(), source(), producer);
    let prometheus = observed(&observer().build().expect("builds"), source(), producer);
    let client = observed(&observer().role(Role::Client).build().expect("builds"), source(), producer);
    let both = observed(&observer().meter_provider(&provider).build().expect("builds"), source(), producer);
    let produced = {
        // Gaps of 1 to 64 ns on both sides of a bucket bound, so that predicting the bucket does not help.
        let edge = Objective::new("edge").time_per_output_token(Duration::from_nanos(32));
        let observer = observer().objective(edge).build().expect("builds");
        let (mut at, mut random) = (observer.now(), 0_u64);
        let operation = observer.chat(MODEL).start();
        operation.observe_with(source(), move |_: &u32| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            at = at.saturating_add(Duration::from_nanos(1 + (random >> 58)));
            Chunk::tokens(1).produced_at(at)
        })
    };
    let nothing = by_hand(source(), |gap| {
        black_box(gap);
    });
    let usual = by_hand(source(), |gap| gaps.record(gap, &attributes));
    let usual_3 = by_hand(source(), |gap| gaps_3.record(gap, &attributes[..3]));
    let handle = family.get_or_create_owned(&labels);
    let prometheus_handle = by_hand(source(), move |gap| handle.observe(gap));
    let prometheus_family = by_hand(source(), |gap| family.get_or_create(&labels).observe(gap));
    let metrics_handle = metrics::with_local_recorder(
        &recorder,
        || metrics::histogram!("handle", "operation" => "chat", "provider" => "candle", "model" => MODEL, "kind" => "text"),
    );
    let metrics_handle = by_hand(source(), move |gap| metrics_handle.record(gap));
    let metrics_macro = by_hand(source(), |gap| {
        let model = labels.model.clone();
        metrics::histogram!("macro", "operation" => "chat", "provider" => "candle", "model" => model, "kind" => "text")
            .record(gap);
    });

    // The exporter retains every sample until this call.
    let upkeep = || exporter.run_upkeep();
    let mut metrics_handle = turns(metrics_handle);
    let mut metrics_macro = turns(metrics_macro);
    let results = contest
        .rival(BARE, turns(bare))
        .rival(CLOCK, turns(clock))
        .rival(NUMBERS, turns(numbers))
        .rival(DISABLED, turns(disabled))
        .rival(PROMETHEUS, turns(prometheus))
        .rival(PRODUCED, turns(produced))
        .rival(GATEWAY, turns(client))
        .rival(BOTH, turns(both))
        .rival(ONE_CLOCK, turns(nothing))
        .rival(BY_HAND_3, turns(usual_3))
        .rival(BY_HAND, turns(usual))
        .rival("by hand: prometheus-client, a handle", turns(prometheus_handle))
        .rival("by hand: prometheus-client, a Family lookup", turns(prometheus_family))
        .rival("metrics + exporter, a handle", |turns| {
            let time = metrics_handle(turns);
            upkeep();
            time
        })
        .rival("metrics + exporter, histogram! with 4 labels", |turns| {
            let time = metrics::with_local_recorder(&recorder, || metrics_macro(turns));
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

/// Returns a function that takes one item for each turn from an endless stream.
fn turns<S: Stream<Item = u32> + Unpin>(mut stream: S) -> impl FnMut(u64) -> Duration {
    move |turns| {
        let mut context = Context::from_waker(Waker::noop());
        timed(|| {
            let mut left = turns;
            while left > 0 {
                if let Poll::Ready(item) = Pin::new(&mut stream).poll_next(&mut context) {
                    black_box(item);
                    left -= 1;
                }
            }
        })
    }
}

/// An endless stream of tokens, which are ready immediately or after one pending poll.
struct Source {
    waits: bool,
    waited: bool,
}

impl Stream for Source {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.waits && !self.waited {
            self.waited = true;
            return Poll::Pending;
        }
        self.waited = false;
        Poll::Ready(Some(black_box(1)))
    }
}

/// Reads the clock at each poll after an item and at each item: the minimum for a wrapper that separates the waits of
/// producer and consumer.
struct Clocked<S, R, T> {
    inner: S,
    read: R,
    away: bool,
    came: Option<T>,
    got: Option<T>,
}

fn clocked<S: Stream + Unpin, T: Unpin>(inner: S, read: impl Fn() -> T + Unpin) -> impl Stream<Item = S::Item> + Unpin {
    Clocked { inner, read, away: true, came: None, got: None }
}

impl<S: Stream + Unpin, T: Unpin, R: Fn() -> T + Unpin> Stream for Clocked<S, R, T> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.away {
            self.came = Some((self.read)());
            self.away = false;
        }
        let polled = Pin::new(&mut self.inner).poll_next(context);
        if polled.is_ready() {
            self.got = Some((self.read)());
            self.away = true;
        }
        polled
    }
}

/// Records the time between items with one clock reading per item, the usual way.
fn by_hand<S: Stream + Unpin>(inner: S, record: impl FnMut(f64) + Unpin) -> impl Stream<Item = S::Item> + Unpin {
    ByHand { inner, last: None, record }
}

struct ByHand<S, F> {
    inner: S,
    last: Option<Instant>,
    record: F,
}

impl<S: Stream + Unpin, F: FnMut(f64) + Unpin> Stream for ByHand<S, F> {
    type Item = S::Item;

    #[expect(clippy::disallowed_methods, reason = "so the usual way has it")]
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(context);
        if polled.is_ready() {
            let now = Instant::now();
            if let Some(last) = self.last.replace(now) {
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
