//! The sampler with its threads, over the real NVML wrapper and a fake library that each test controls.

#![cfg(all(target_os = "linux", feature = "nvml"))]
#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::metric::RegisterError;
use llmobs::testing::Readings;
use llmobs_gpu::BackendChoice;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::ROWS;
use llmobs_gpu::Sampler;
use llmobs_gpu::SamplerState;
use llmobs_gpu::StartError;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;

use llmobs_tests::fake_library::Fake;

fn observer() -> Observer {
    Observer::builder().model("m").build().unwrap()
}

/// Waits until a condition is true, at most thirty seconds.
fn wait_until(observer: &Observer, condition: &str, is_met: impl Fn() -> bool) {
    let start = observer.now();
    while !is_met() {
        assert!(observer.now().since(start) < Duration::from_secs(30), "timed out: {condition}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Checks that one of three stops takes at most half a second, or little more: a busy machine pauses now and then. A thread that
/// hangs does so until the test ends that, so a stop that waits for it never returns.
fn assert_quick(stop: impl Fn() -> Duration) {
    let mut times = Vec::new();
    while !times.iter().any(|took| *took < Duration::from_millis(750)) {
        assert!(times.len() < 3, "three stops took {times:?}");
        times.push(stop());
    }
}

#[test]
fn a_hanging_call_is_a_state_and_does_not_delay_a_stop() {
    assert_quick(stop_with_a_hanging_call);
}

/// Returns the time of the stop.
fn stop_with_a_hanging_call() -> Duration {
    let fake = Fake::new();
    fake.hang("nvmlDeviceGetPowerUsage", true);
    let observer = observer();
    let backend = NvmlBackend::at(fake.path());
    let sampler = Sampler::builder().backend(backend).hang_timeout(Duration::from_millis(20)).start(&observer).unwrap();
    wait_until(&observer, "hung", || sampler.state() == SamplerState::Hung);
    let status = Readings::new(&observer).value("llmobs.gpu.collector.status", &[("llmobs.collector.state", "hung")]);
    assert_eq!(status.to_bits(), 1.0_f64.to_bits(), "a collection must not hang");
    let operation = observer.chat("m").start();
    operation.complete();
    let before = observer.now();
    assert!(!sampler.stop(), "its thread must be abandoned");
    let took = observer.now().since(before);
    assert!(Sampler::abandoned_threads() >= 1);
    let anomalies = [("llmobs.anomaly", "gpu_thread_abandoned")];
    assert_eq!(Readings::new(&observer).count("llmobs.self.anomalies", &anomalies), 1);
    // The hung call returns: its thread must end without another call.
    let calls = fake.calls("nvmlDeviceGetTemperatureV");
    fake.hang("nvmlDeviceGetPowerUsage", false);
    wait_until(&observer, "the thread ends and frees its objects", || fake.alive() == 0);
    assert_eq!(fake.calls("nvmlDeviceGetTemperatureV"), calls, "no further call must be made");
    took
}

#[test]
fn a_library_that_hangs_while_it_opens_is_a_state_and_does_not_delay_a_stop() {
    assert_quick(stop_with_a_hanging_start);
}

/// Returns the time of the stop.
fn stop_with_a_hanging_start() -> Duration {
    let fake = Fake::new();
    fake.hang("nvmlInit_v2", true);
    let observer = observer();
    let backend = NvmlBackend::at(fake.path());
    let sampler = Sampler::builder().backend(backend).hang_timeout(Duration::from_millis(20)).start(&observer).unwrap();
    wait_until(&observer, "hung", || sampler.state() == SamplerState::Hung);
    let before = observer.now();
    assert!(!sampler.stop(), "its thread must be abandoned");
    let took = observer.now().since(before);
    fake.hang("nvmlInit_v2", false);
    took
}

#[test]
fn both_threads_may_hang_and_a_stop_waits_for_neither() {
    assert_quick(stop_with_two_hanging_threads);
}

/// Returns the time of the stop.
fn stop_with_two_hanging_threads() -> Duration {
    let fake = Fake::new();
    let observer = observer();
    let before = Sampler::abandoned_threads();
    let backend = NvmlBackend::at(fake.path());
    let sampler = Sampler::builder().backend(backend).start(&observer).unwrap();
    wait_until(&observer, "the error watcher waits", || fake.calls("nvmlEventSetWait_v2") > 0);
    for function in ["nvmlEventSetWait_v2", "nvmlDeviceGetUtilizationRates"] {
        let calls = fake.calls(function);
        fake.hang(function, true);
        wait_until(&observer, function, || fake.calls(function) > calls);
    }
    let start = observer.now();
    assert!(!sampler.stop());
    let took = observer.now().since(start);
    let anomalies = [("llmobs.anomaly", "gpu_thread_abandoned")];
    assert_eq!(Readings::new(&observer).count("llmobs.self.anomalies", &anomalies), 2);
    assert!(Sampler::abandoned_threads() >= before + 2);
    fake.hang("nvmlEventSetWait_v2", false);
    fake.hang("nvmlDeviceGetUtilizationRates", false);
    wait_until(&observer, "both threads free their objects", || fake.alive() == 0);
    took
}

#[test]
fn the_error_watcher_continues_after_an_error() {
    let fake = Fake::new();
    let observer = observer();
    fake.fail("nvmlEventSetWait_v2", llmobs_tests::fake_library::EVERY, 999);
    let sampler = Sampler::builder().backend(NvmlBackend::at(fake.path())).start(&observer).unwrap();
    wait_until(&observer, "an error", || fake.calls("nvmlEventSetWait_v2") > 0);
    fake.fail("nvmlEventSetWait_v2", llmobs_tests::fake_library::EVERY, 0);
    fake.xid(1, 63);
    let count = || Readings::new(&observer).count("llmobs.gpu.xid.errors", &[("llmobs.gpu.xid.code", "63")]);
    wait_until(&observer, "the XID", || count() == 1);
    assert!(sampler.stop());
}

#[test]
fn a_stop_is_quick_and_a_sampler_can_start_again() {
    let fake = Fake::new();
    let observer = observer();
    for _ in 0..3 {
        let sampler = Sampler::builder().backend(NvmlBackend::at(fake.path())).start(&observer).unwrap();
        wait_until(&observer, "ok", || sampler.state() == SamplerState::Ok && sampler.devices().len() == 2);
        assert!(sampler.stop());
    }
    assert_eq!(fake.inits(), 1, "the library is opened once in a process");
    wait_until(&observer, "the event sets are freed", || fake.alive() == 0);
    let page = llmobs::prometheus::page(&observer, None).body;
    assert!(!page.contains("hw_status{"), "a stopped sampler must have no series");
}

#[test]
fn an_observer_has_one_sampler_at_a_time() {
    let fake = Fake::new();
    let observer = observer();
    let start = || Sampler::builder().backend(NvmlBackend::at(fake.path())).start(&observer);
    let sampler = start().unwrap();
    let error = start().unwrap_err();
    assert!(matches!(error, StartError::Register(RegisterError::NameInUse { name: "hw.status", .. })), "{error:?}");
    assert!(sampler.stop());
    assert!(start().unwrap().stop());
}

#[test]
fn a_sampler_of_a_disabled_observer_has_no_thread() {
    let fake = Fake::new();
    let sampler = Sampler::builder().backend(NvmlBackend::at(fake.path())).start(&Observer::disabled()).unwrap();
    assert!(sampler.devices().is_empty() && sampler.stop());
    assert_eq!(fake.inits(), 0);
}

#[test]
fn opentelemetry_and_the_page_have_the_same_rows_of_gpus() {
    let fake = Fake::new();
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let observer = Observer::builder().model("m").meter_provider(&provider).build().unwrap();
    let sampler = Sampler::builder().backend(NvmlBackend::at(fake.path())).start(&observer).unwrap();
    wait_until(&observer, "every reading", || {
        let devices = sampler.devices();
        devices.len() == 2 && devices.iter().all(|gpu| gpu.reading.throttled_power_seconds.is_some())
    });
    observer.chat("m").start().complete();
    provider.force_flush().unwrap();
    let batches = exporter.get_finished_metrics().unwrap();
    let metrics = batches.iter().flat_map(|batch| batch.scope_metrics()).flat_map(|scope| scope.metrics());
    let exported: BTreeSet<String> = metrics.map(|metric| metric.name().to_owned()).collect();
    let page = llmobs::prometheus::page(&observer, None).body;
    let mut compared = 0;
    for row in ROWS {
        let on_page = page.lines().any(|line| line.starts_with(&format!("# TYPE {}", row.prometheus_name())));
        assert_eq!(exported.contains(row.name), on_page, "{}", row.name);
        compared += usize::from(on_page);
    }
    assert!(compared >= 25, "{compared} rows were compared");
    drop(sampler);
}

#[test]
fn a_slow_call_is_made_less_often() {
    let fake = Fake::new();
    fake.devices(1);
    fake.delay("nvmlDeviceGetPowerUsage", 3_000);
    let observer = observer();
    let sampler = Sampler::builder()
        .backend(NvmlBackend::at(fake.path()))
        .call_budget(Duration::from_millis(1))
        .normal_interval(Duration::from_millis(10))
        .start(&observer)
        .unwrap();
    wait_until(&observer, "fifty calls", || fake.calls("nvmlDeviceGetUtilizationRates") >= 50);
    let (slow, fast) = (fake.calls("nvmlDeviceGetPowerUsage"), fake.calls("nvmlDeviceGetUtilizationRates"));
    assert!(slow * 4 < fast, "{slow} slow calls, {fast} fast ones");
    drop(sampler);
}

#[test]
fn gpu_errors_and_energy_are_emitted_with_the_trace_of_the_operation() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let traced = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // The subscriber is global, because the sampler emits events on its own threads. No other test of this binary reads
    // events.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(traced).with(EventRecorder)).unwrap();

    let fake = Fake::new();
    fake.devices(1);
    let observer = observer();
    let sampler = Sampler::builder()
        .backend(NvmlBackend::at(fake.path()))
        .fast_interval(Duration::from_millis(5))
        .start(&observer)
        .unwrap();
    wait_until(&observer, "ok", || sampler.devices().first().is_some_and(|gpu| gpu.energy_source.is_some()));
    let operation = observer.chat("m").start();
    let mut energy = 1_000_000;
    let mut use_energy = |observer: &Observer| {
        let before = sampler.devices()[0].measured_joules;
        // A small step: the sampler rejects more energy than the device can use between two readings.
        energy += 10;
        fake.set(0, "energy_mj", energy);
        wait_until(observer, "the counter was read", || sampler.devices()[0].measured_joules > before);
    };
    use_energy(&observer);
    use_energy(&observer);
    fake.xid(0, 31);
    let xids = || Readings::new(&observer).count("llmobs.gpu.xid.errors", &[("llmobs.gpu.xid.code", "31")]);
    wait_until(&observer, "the XID is counted", || xids() == 1);
    operation.complete();
    use_energy(&observer);
    wait_until(&observer, "the energy is emitted", || !recorded_events("llm_request_energy").is_empty());

    provider.force_flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    let span = spans.iter().find(|span| span.events.events.iter().any(|event| event.name == "gpu.xid")).unwrap();
    let events = recorded_events("llm_request_energy");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["trace_id"], format!("{:?}", span.span_context.trace_id().to_string()));
    let record_ids = [&events[0]["record.trace_id"], &events[0]["record.span_id"]];
    let span_ids = [span.span_context.trace_id().to_string(), span.span_context.span_id().to_string()];
    assert_eq!(record_ids, [&span_ids[0], &span_ids[1]], "a bridge must link the event to the span of the operation");
    assert_eq!(events[0]["llmobs.operation.energy.method"], "\"time\"");
    assert_eq!(events[0]["llmobs.operation.energy.complete"], "true");
    let joules: f64 = events[0]["llmobs.operation.energy.attributed"].parse().unwrap();
    assert!(joules > 0.01, "{joules}");
    let complete = recorded_events("llm_request_complete");
    let provisional = complete.iter().find_map(|event| event.get("llmobs.operation.energy.provisional"));
    assert!(provisional.is_some_and(|joules| joules.parse::<f64>().unwrap() > 0.0), "{complete:?}");
    observer.chat("m").start().reject(ErrorType::InvalidRequest);
    // Its caller left before the engine received it.
    observer.chat("m").start().cancel();
    let queued = observer.chat("m").start();
    queued.marker().enqueued();
    queued.fail(ErrorType::Timeout);
    let complete = recorded_events("llm_request_complete");
    for outcome in ["rejected", "cancelled", "failed"] {
        let event = complete.iter().find(|event| event["llmobs.operation.outcome"] == format!("{outcome:?}")).unwrap();
        assert!(!event.contains_key("llmobs.operation.energy.provisional"), "{event:?}");
    }

    // A library that the application named and that does not open is a warning with its path.
    let other = Observer::builder().model("m").build().unwrap();
    let missing = NvmlBackend::at("/missing/libnvidia-ml.so.1");
    let sampler = Sampler::builder().backend(missing).start(&other).unwrap();
    let warned =
        || EVENTS.lock().unwrap().iter().any(|(_, fields)| is_warning_about(fields, "/missing/libnvidia-ml.so.1"));
    wait_until(&other, "the warning is emitted", warned);
    drop(sampler);
}

fn is_warning_about(fields: &BTreeMap<&'static str, String>, path: &str) -> bool {
    fields.get("record.level").is_some_and(|level| level == "WARN")
        && fields.get("path").is_some_and(|found| found == path)
}

/// The name and the fields of every event.
type Events = Vec<(&'static str, BTreeMap<&'static str, String>)>;

static EVENTS: Mutex<Events> = Mutex::new(Vec::new());

fn recorded_events(name: &str) -> Vec<BTreeMap<&'static str, String>> {
    let events = EVENTS.lock().unwrap_or_else(PoisonError::into_inner);
    events.iter().filter(|(event, _)| *event == name).map(|(_, fields)| fields.clone()).collect()
}

struct EventRecorder;

impl<S: tracing::Subscriber> Layer<S> for EventRecorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        // A bridge to OpenTelemetry logs takes the trace from the current context.
        let current = opentelemetry::Context::current();
        let ids = current.span().span_context().clone();
        fields.0.insert("record.level", event.metadata().level().to_string());
        fields.0.insert("record.trace_id", ids.trace_id().to_string());
        fields.0.insert("record.span_id", ids.span_id().to_string());
        EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push((event.metadata().name(), fields.0));
    }
}

struct Fields(BTreeMap<&'static str, String>);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

#[test]
fn the_last_choice_of_a_backend_applies() {
    let nvml = || NvmlBackend::at("/nowhere/libnvidia-ml.so.1");
    let nvml_choice = || BackendChoice::Nvml("/nowhere/libnvidia-ml.so.1".into());
    let builder = Sampler::builder;
    for (builder, expected) in [
        (builder().backend_choice(BackendChoice::Off).backend(nvml()), "nvml"),
        (builder().backend_choice(BackendChoice::Off).backend_choice(nvml_choice()), "nvml"),
        (builder().backend(nvml()).backend_choice(BackendChoice::Auto), "auto"),
        (builder().backend(nvml()).backend_choice(BackendChoice::Off), "off"),
        (builder().backend_choice(nvml_choice()).backend_choice(BackendChoice::Auto), "auto"),
    ] {
        let shown = format!("{builder:?}");
        assert!(shown.contains(&format!("{expected:?}")), "{shown} instead of {expected}");
    }
    let observer = observer();
    let sampler = Sampler::builder().backend_choice(BackendChoice::Off).backend(nvml()).start(&observer).unwrap();
    let exported =
        || Readings::new(&observer).value("llmobs.gpu.collector.status", &[("llmobs.collector.state", "no_driver")]);
    wait_until(&observer, "the sampler runs", || exported() > 0.0);
    assert!(sampler.stop());
}
