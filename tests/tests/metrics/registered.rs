//! Metrics that another crate defines and registers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use llmobs::Observer;
use llmobs::catalog::BucketShape;
use llmobs::catalog::DeviceValue;
use llmobs::catalog::Group;
use llmobs::catalog::Level;
use llmobs::catalog::ValueOrigin;
use llmobs::catalog::View;
use llmobs::catalog::ViewMetric;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::metric::AttributeValue;
use llmobs::metric::Counter;
use llmobs::metric::Gauge;
use llmobs::metric::Handle;
use llmobs::metric::Histogram;
use llmobs::metric::Metric;
use llmobs::metric::ObservableCounter;
use llmobs::metric::ObservableGauge;
use llmobs::metric::ObservableUpDownCounter;
use llmobs::metric::PerOperation;
use llmobs::metric::RegisterError;
use llmobs::metric::Sample;
use llmobs::metric::UpDownCounter;
use llmobs::testing::Readings;

use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::prometheus_page;

const SHOP: Group = Group::new("shop");
const OPERATION: &[&str] = &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"];

static LOOKUPS: Metric<Counter, 2> =
    Metric::new("shop.lookups", "{lookup}", &["shop.index", "shop.result"], "Number of lookups, by index and result")
        .group(SHOP);
static WAIT: Metric<Counter, 0> = Metric::new("shop.wait", "s", &[], "Time in seconds").group(SHOP).level(Level::Core);
static SIZE: Metric<Histogram, 1> = Metric::new("shop.size", "By", &["shop.index"], "Size of a document in bytes")
    .group(SHOP)
    .buckets(BucketShape::Custom(&[10.0, 1_000.0]));
static LOAD: Metric<Gauge, 0> = Metric::new("shop.load", "1", &[], "Load of the index").group(SHOP);
static SHARDS: Metric<UpDownCounter, 0> = Metric::new("shop.shards", "{shard}", &[], "Number of shards").group(SHOP);
static TEMPERATURE: Metric<ObservableGauge, 2> =
    Metric::new("shop.temperature", "Cel", &["shop.rack", "shop.slot"], "Temperature of a rack").level(Level::Full);
static READS: Metric<ObservableCounter, 0> = Metric::new("shop.reads", "{read}", &[], "Number of reads");
static OPEN: Metric<ObservableUpDownCounter, 0> = Metric::new("shop.open", "{file}", &[], "Number of open files");
static COST: Metric<PerOperation<Histogram>, 1> = Metric::per_operation(
    "shop.operation.cost",
    "{USD}",
    &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "shop.plan"],
    "Cost of one operation in US dollars, by plan",
);

fn observer() -> Observer {
    Observer::builder().model("m").build().unwrap()
}

fn anomalies(observer: &Observer) -> u64 {
    Readings::new(observer).count("llmobs.self.anomalies", &[("llmobs.anomaly", "invalid_value")])
}

/// A rack whose temperature is read at collection.
#[derive(Debug)]
struct Rack(AtomicU64);

impl Rack {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(20.0_f64.to_bits())))
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

#[test]
fn a_name_that_is_in_use_is_an_error_that_names_it() {
    static OF_THE_CATALOG: Metric<Counter, 0> = Metric::new("llmobs.operation.started", "{operation}", &[], "Starts");
    static ON_THE_PAGE: Metric<Gauge, 0> = Metric::new("llmobs.operation.started_total", "", &[], "Starts");
    static OF_A_VIEW: Metric<Gauge, 0> = Metric::new("rack.fan", "", &[], "Fan");
    static PART_OF_A_HISTOGRAM: Metric<Gauge, 0> = Metric::new("shop.size_bytes.count", "", &[], "Size");
    static VIEW: View =
        View::new("rack", &[], &[ViewMetric::gauge("rack_fan", "Fan.", ValueOrigin::Device(DeviceValue::new("fan")))]);
    let observer = Observer::builder().view(&VIEW).build().unwrap();
    let in_use = |name, in_use_by| RegisterError::NameInUse { name, in_use_by };
    let error = observer.register(&OF_THE_CATALOG).unwrap_err();
    assert_eq!(error, in_use("llmobs.operation.started", "llmobs.operation.started"));
    assert!(error.to_string().contains("llmobs.operation.started"), "{error}");
    let error = observer.register(&ON_THE_PAGE).unwrap_err();
    assert_eq!(error, in_use("llmobs.operation.started_total", "llmobs.operation.started"));
    assert_eq!(observer.register(&OF_A_VIEW).unwrap_err(), in_use("rack.fan", "rack_fan"));
    let _size = observer.register(&SIZE).unwrap();
    assert_eq!(observer.register(&SIZE).unwrap_err(), in_use("shop.size", "shop.size"));
    assert_eq!(observer.register(&PART_OF_A_HISTOGRAM).unwrap_err(), in_use("shop.size_bytes.count", "shop.size"));
    let rack = Rack::new();
    let register = || observer.register_observable(&READS, &rack, |_| Vec::new());
    register().unwrap();
    assert_eq!(register().unwrap_err(), in_use("shop.reads", "shop.reads"));
}

#[test]
fn a_metric_without_handles_can_be_registered_again_and_continues() {
    let otel = OtelBackend::new();
    let observer = Observer::builder().model("m").meter_provider(&otel.provider).build().unwrap();
    for round in 1..=3 {
        let lookups = observer.register(&LOOKUPS).unwrap();
        let series = lookups.clone().bind(["a".into(), "hit".into()]);
        drop(lookups);
        assert!(observer.register(&LOOKUPS).is_err(), "a series keeps the registration");
        series.add(2);
        assert_eq!(Readings::new(&observer).count("shop.lookups", &[("shop.index", "a")]), 2 * round);
    }
    assert_eq!(otel.families()["shop_lookups_total"], prometheus_page::families(&observer)["shop_lookups_total"]);
    static OTHER_UNIT: Metric<Counter, 2> =
        Metric::new("shop.lookups", "By", &["shop.index", "shop.result"], "Number of lookups");
    assert!(observer.register(&OTHER_UNIT).is_err(), "the series of the other definition are still on the page");
}

#[test]
fn an_observable_metric_follows_its_source_and_can_get_a_new_one() {
    let otel = OtelBackend::new();
    let observer = Observer::builder().level(Level::Full).meter_provider(&otel.provider).build().unwrap();
    for degrees in [30.0, 40.0] {
        let rack = Rack::new();
        rack.set(degrees);
        let read = |rack: &Rack| vec![Sample::new(rack.value(), ["left".into(), AttributeValue::from(None::<String>)])];
        observer.register_observable(&TEMPERATURE, &rack, read).unwrap();
        let (here, there) = (otel.families(), prometheus_page::families(&observer));
        assert_eq!(here["shop_temperature_celsius"], there["shop_temperature_celsius"]);
        let page = llmobs::prometheus::page(&observer, None).body;
        assert!(page.contains(&format!("\nshop_temperature_celsius{{shop_rack=\"left\"}} {degrees:.1}\n")), "{page}");
    }
    assert!(Readings::new(&observer).series("shop.temperature").is_empty(), "the source was dropped");
}

#[test]
fn a_level_at_run_time_applies_to_registered_metrics() {
    let observer = observer();
    let (lookups, wait) = (observer.register(&LOOKUPS).unwrap(), observer.register(&WAIT).unwrap());
    let (lookups, wait) = (lookups.bind(["a".into(), "hit".into()]), wait.bind([]));
    let rack = Rack::new();
    let read = |rack: &Rack| vec![Sample::new(rack.value(), ["left".into(), "1".into()])];
    observer.register_observable(&TEMPERATURE, &rack, read).unwrap();
    let values = |level| {
        observer.set_level(level);
        lookups.add(1);
        wait.add(0.5);
        let readings = Readings::new(&observer);
        [readings.value("shop.lookups", &[]), readings.value("shop.wait", &[]), readings.value("shop.temperature", &[])]
    };
    assert_eq!(values(Level::Core), [0.0, 0.5, 0.0]);
    assert_eq!(values(Level::Full), [1.0, 1.0, 20.0]);
    assert_eq!(values(Level::Standard), [2.0, 1.5, 0.0]);
}

#[test]
fn a_value_that_a_metric_cannot_have_is_counted_as_an_anomaly() {
    let observer = observer();
    let lookups = observer.register(&LOOKUPS).unwrap().bind(["a".into(), "hit".into()]);
    for amount in [-1.0, f64::NAN, f64::INFINITY, 0.5] {
        lookups.add(amount);
    }
    assert_eq!(anomalies(&observer), 4);
    let size = observer.register(&SIZE).unwrap().bind(["a".into()]);
    size.record(-1);
    size.record(f64::NAN);
    observer.register(&LOAD).unwrap().bind([]).set(f64::NAN);
    observer.register(&SHARDS).unwrap().bind([]).set(f64::NAN);
    assert_eq!(anomalies(&observer), 8);
    let rack = Rack::new();
    rack.set(f64::NAN);
    observer.register_observable(&READS, &rack, |rack: &Rack| vec![Sample::new(rack.value(), [])]).unwrap();
    let before = anomalies(&observer);
    rack.set(-1.0);
    assert!(anomalies(&observer) > before, "a counter has no negative value");
    let readings = Readings::new(&observer);
    assert!(readings.series("shop.lookups").is_empty());
    assert_eq!(readings.histogram("shop.size", &[]).count, 0);
    assert!(readings.series("shop.reads").is_empty());
}

#[test]
fn both_backends_have_the_same_registered_series() {
    let otel = OtelBackend::new();
    let observer = Observer::builder().model("m").meter_provider(&otel.provider).build().unwrap();
    let lookups = observer.register(&LOOKUPS).unwrap();
    lookups.bind(["a".into(), "hit".into()]).add(3);
    lookups.bind([String::from("b").into(), AttributeValue::ABSENT]).add(0);
    observer.register(&WAIT).unwrap().bind([]).add(0.25);
    let size = observer.register(&SIZE).unwrap().bind(["a".into()]);
    [5.0, 10.0, 900.0, 5_000.0].into_iter().for_each(|bytes| size.record(bytes));
    observer.register(&LOAD).unwrap().bind([]).set(0.7);
    observer.register(&SHARDS).unwrap().bind([]).set(4);
    let rack = Rack::new();
    observer.register_observable(&READS, &rack, |rack: &Rack| vec![Sample::new(rack.value(), [])]).unwrap();
    observer.register_observable(&OPEN, &rack, |rack: &Rack| vec![Sample::new(rack.value(), [])]).unwrap();
    let (here, there) = (otel.families(), prometheus_page::families(&observer));
    for name in [
        "shop_lookups_total",
        "shop_wait_seconds_total",
        "shop_size_bytes",
        "shop_load_ratio",
        "shop_shards",
        "shop_reads_total",
        "shop_open",
    ] {
        assert_eq!(here[name], there[name], "{name}");
    }
    let readings = Readings::new(&observer);
    let sizes = readings.histogram("shop.size", &[("shop.index", "a")]);
    assert_eq!(sizes.buckets, [(10.0, 2), (1_000.0, 3), (f64::INFINITY, 4)]);
    let page = llmobs::prometheus::page(&observer, None).body;
    let of_another_group = |line: &str| ["shop_reads", "shop_open"].iter().any(|name| line.starts_with(name));
    let lines = page.lines().filter(|line| line.starts_with("shop_") && !of_another_group(line)).count();
    assert_eq!(readings.count("llmobs.self.series.usage", &[("llmobs.metric.group", "shop")]), lines as u64);
}

/// A companion that records the cost of each operation at its start.
struct Cost(Handle<PerOperation<Histogram>, 1>);

impl Companion for Cost {
    fn on_start(&self, operation: OperationRef, _at: llmobs::clock::Moment) {
        operation.bind(&self.0, ["free".into()]).record(0.5);
    }

    fn on_mark(&self, _id: u64, _mark: Mark, _at: llmobs::clock::Moment) {}

    fn on_end(&self, _id: u64, _outcome: llmobs::semconv::value::Outcome, _at: llmobs::clock::Moment) {}
}

#[test]
fn a_metric_per_operation_has_the_labels_of_the_operation() {
    let builder = Observer::builder().model("m").provider("p").label("tier", ["paid"]);
    let observer = builder.build().unwrap();
    let cost = Arc::new(Cost(observer.register(&COST).unwrap()));
    observer.attach_companion(&cost);
    observer.chat("m").label("tier", "paid").start().complete();
    let labels = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "p"),
        ("gen_ai.request.model", "m"),
        ("tier", "paid"),
        ("shop.plan", "free"),
    ];
    assert_eq!(Readings::new(&observer).histogram("shop.operation.cost", &labels).count, 1);
    assert_eq!(COST.row().attributes.strip_prefix(OPERATION), Some(["shop.plan"].as_slice()));
    let observer = Observer::builder().label("shop_plan", ["free"]).build().unwrap();
    let error = observer.register(&COST).unwrap_err();
    assert_eq!(error, RegisterError::LabelInUse { name: "shop.operation.cost", attribute: "shop.plan" });
}

#[test]
fn the_series_of_a_retired_model_leave_the_page() {
    let observer = Observer::builder().model("m").retired_model_ttl(std::time::Duration::ZERO).build().unwrap();
    let cost = Arc::new(Cost(observer.register(&COST).unwrap()));
    observer.attach_companion(&cost);
    observer.chat("m").start().complete();
    assert_eq!(Readings::new(&observer).series("shop.operation.cost").len(), 1);
    observer.retire_model("m");
    assert!(Readings::new(&observer).series("shop.operation.cost").is_empty());
}

#[test]
fn a_disabled_observer_registers_and_records_nothing() {
    let observer = Observer::disabled();
    let first = observer.register(&LOOKUPS).unwrap();
    let second = observer.register(&LOOKUPS).unwrap();
    first.bind(["a".into(), "hit".into()]).add(f64::NAN);
    second.bind(["a".into(), "hit".into()]).add(1);
    observer.register_observable(&READS, &Rack::new(), |_| Vec::new()).unwrap();
}
