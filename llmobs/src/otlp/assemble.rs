//! Assembly and shutdown of the parts of a pipeline.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::Aggregation;
use opentelemetry_sdk::metrics::Instrument;
use opentelemetry_sdk::metrics::InstrumentKind;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::Stream;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::SpanData;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::InitError;
use super::Signal;
use super::batcher::BatchExporter;
use super::batcher::Batcher;
use super::endpoint::OtlpEndpoint;
use super::export_thread::ExportThread;
use super::export_thread::Flusher;
use super::export_thread::after;
use super::export_thread::block_on;
use super::log_exporter::LogExporter;
use super::log_processor::QueueLogProcessor;
use super::metric_exporter::MetricExporter;
use super::queue::Queue;
use super::queue_item::ScopedLogRecord;
use super::retry_sender::RetrySender;
use super::settings::BatchSettings;
use super::settings::MetricsSettings;
use super::settings::PipelineSettings;
use super::span_exporter::SpanExporter;
use super::span_processor::QueueSpanProcessor;
use super::tail::TailSampler;
use super::tail::TailSampling;
use crate::clock::Clock;
use crate::sink::export_counts::ExportCounts;
use crate::sync::Mutex;

/// The SDK providers that create tracers, meters and loggers.
#[derive(Debug)]
pub(super) struct SdkProviders {
    pub(super) tracer_provider: SdkTracerProvider,
    pub(super) meter_provider: SdkMeterProvider,
    pub(super) logger_provider: SdkLoggerProvider,
    pub(super) exported_signals: ExportedSignals,
}

/// The signals that are exported.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ExportedSignals {
    pub(super) traces: bool,
    pub(super) metrics: bool,
    pub(super) logs: bool,
}

/// The export thread, and the queue and exporter of each signal.
#[derive(Debug)]
pub(super) struct PipelineParts {
    /// `None` if no signal is exported.
    export_thread: Option<ExportThread>,
    spans: Option<SignalExporter<SpanData>>,
    tail_sampler: Option<Arc<TailSampler>>,
    logs: Option<SignalExporter<ScopedLogRecord>>,
    metrics: Option<MetricExporterHandle>,
    export_counts: Vec<Arc<ExportCounts>>,
}

/// The queue of a signal and the task that drains it.
#[derive(Debug)]
struct SignalExporter<T> {
    queue: Arc<Queue<T>>,
    deadline: watch::Sender<Option<Instant>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct MetricExporterHandle {
    deadline: watch::Sender<Option<Instant>>,
    /// Held by the flush that is running.
    flush_permit: Arc<Semaphore>,
    final_export_done: Arc<Semaphore>,
}

impl PipelineParts {
    pub(super) fn start(
        settings: &PipelineSettings,
        tail: Option<TailSampling>,
    ) -> Result<(Self, SdkProviders), InitError> {
        let mut parts = Self {
            export_thread: None,
            spans: None,
            tail_sampler: None,
            logs: None,
            metrics: None,
            export_counts: Vec::new(),
        };
        let mut exported = ExportedSignals::default();
        let resource = &settings.resource;
        let mut tracers = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(settings.sampler.build())
            .with_span_limits(settings.span_limits);
        let mut meters = SdkMeterProvider::builder().with_resource(resource.clone()).with_view(metric_view(settings));
        let mut loggers = SdkLoggerProvider::builder().with_resource(resource.clone());
        if !settings.endpoints.is_empty() {
            let export_thread = ExportThread::start()?;
            let runtime = export_thread.runtime().clone();
            let flusher = Flusher(runtime.clone());
            parts.export_thread = Some(export_thread);
            // Metrics last: a reader's thread does not end if a later exporter cannot be built.
            let (metrics, others): (Vec<_>, Vec<_>) =
                settings.endpoints.iter().partition(|endpoint| endpoint.signal == Signal::Metrics);
            for endpoint in others.into_iter().chain(metrics) {
                match endpoint.signal {
                    Signal::Traces => {
                        exported.traces = true;
                        let build = |sender| SpanExporter::new(endpoint, resource, sender, runtime.clone());
                        let (signal_exporter, counts) =
                            parts.start_signal_exporter(&runtime, endpoint, settings.spans, build)?;
                        let max_bytes = settings.spans.queue_limit.bytes;
                        parts.tail_sampler =
                            tail.map(|tail| Arc::new(TailSampler::new(tail, max_bytes, Clock::system(), counts)));
                        if let Some(tail) = &parts.tail_sampler {
                            runtime.spawn(run_tail_decisions(Arc::clone(tail), Arc::clone(&signal_exporter.queue)));
                        }
                        let queue = Arc::clone(&signal_exporter.queue);
                        let spans = QueueSpanProcessor {
                            queue,
                            tail_sampler: parts.tail_sampler.clone(),
                            flusher: flusher.clone(),
                        };
                        tracers = tracers.with_span_processor(spans);
                        parts.spans = Some(signal_exporter);
                    }
                    Signal::Metrics => {
                        exported.metrics = true;
                        let (metric_exporter, handle) = parts.build_metric_exporter(&runtime, endpoint, settings)?;
                        let reader =
                            PeriodicReader::builder(metric_exporter).with_interval(settings.metrics.interval).build();
                        meters = meters.with_reader(reader);
                        parts.metrics = Some(handle);
                    }
                    Signal::Logs => {
                        exported.logs = true;
                        let build = |sender| LogExporter::new(endpoint, resource, sender, runtime.clone());
                        let (signal_exporter, _) =
                            parts.start_signal_exporter(&runtime, endpoint, settings.logs, build)?;
                        let queue = Arc::clone(&signal_exporter.queue);
                        loggers = loggers.with_log_processor(QueueLogProcessor { queue, flusher: flusher.clone() });
                        parts.logs = Some(signal_exporter);
                    }
                }
            }
        }
        let providers = SdkProviders {
            tracer_provider: tracers.build(),
            meter_provider: meters.build(),
            logger_provider: loggers.build(),
            exported_signals: exported,
        };
        Ok((parts, providers))
    }

    pub(super) fn export_counts(&self) -> &[Arc<ExportCounts>] {
        &self.export_counts
    }

    /// Starts the task that drains the queue of a signal. `build` builds the exporter of the signal.
    fn start_signal_exporter<E: BatchExporter>(
        &mut self,
        runtime: &Handle,
        endpoint: &OtlpEndpoint,
        batches: BatchSettings,
        build: impl FnOnce(Arc<RetrySender>) -> Result<E, InitError>,
    ) -> Result<(SignalExporter<E::Item>, Arc<ExportCounts>), InitError> {
        let counts = Arc::new(ExportCounts::new(endpoint.signal, Some(batches.queue_limit)));
        let queue = Arc::new(Queue::new(batches.batch_size, Arc::clone(&counts)));
        let (deadline, receiver) = watch::channel(None);
        let sender =
            RetrySender::new(endpoint.clone(), Arc::clone(&counts), batches.retry_timeout, true, receiver.clone());
        let batcher = Batcher {
            queue: Arc::clone(&queue),
            batch_size: batches.batch_size,
            batch_delay: batches.batch_delay,
            exporter: build(Arc::new(sender))?,
            deadline: receiver,
        };
        let task = Mutex::new(Some(runtime.spawn(batcher.run())));
        self.export_counts.push(Arc::clone(&counts));
        Ok((SignalExporter { queue, deadline, task }, counts))
    }

    fn build_metric_exporter(
        &mut self,
        runtime: &Handle,
        endpoint: &OtlpEndpoint,
        settings: &PipelineSettings,
    ) -> Result<(MetricExporter, MetricExporterHandle), InitError> {
        let counts = Arc::new(ExportCounts::new(Signal::Metrics, None));
        let MetricsSettings { temporality, retry_timeout, .. } = settings.metrics;
        // A failed export of cumulative metrics drops nothing: the next export contains the same data.
        let should_count_dropped = temporality != Temporality::Cumulative;
        let (deadline, receiver) = watch::channel(None);
        let sender =
            RetrySender::new(endpoint.clone(), Arc::clone(&counts), retry_timeout, should_count_dropped, receiver);
        let final_export_done = Arc::new(Semaphore::new(0));
        let exporter = MetricExporter::new(
            endpoint,
            temporality,
            Arc::new(sender),
            runtime.clone(),
            Arc::clone(&final_export_done),
        )?;
        self.export_counts.push(counts);
        let flush_permit = Arc::new(Semaphore::new(1));
        Ok((exporter, MetricExporterHandle { deadline, flush_permit, final_export_done }))
    }

    /// Sends all queued items and the current metrics. Returns the signals that were not finished within `limit`.
    pub(super) fn flush(&self, meters: &SdkMeterProvider, limit: Duration) -> Vec<Signal> {
        let Some(export_thread) = &self.export_thread else { return Vec::new() };
        let (spans, logs) = (
            self.spans.as_ref().map(|exporter| exporter.queue.flush()),
            self.logs.as_ref().map(|exporter| exporter.queue.flush()),
        );
        let meters = self.metrics.as_ref().map(|handle| (meters.clone(), Arc::clone(&handle.flush_permit)));
        let all = async move {
            let end = after(limit);
            let collected = meters.map(|(meters, permit)| tokio::spawn(flush_metrics(meters, permit, end)));
            let mut unfinished = Vec::new();
            if let Some(spans) = spans
                && tokio::time::timeout_at(end, spans).await.is_err()
            {
                unfinished.push(Signal::Traces);
            }
            if let Some(logs) = logs
                && tokio::time::timeout_at(end, logs).await.is_err()
            {
                unfinished.push(Signal::Logs);
            }
            if let Some(collected) = collected
                && !collected.await.unwrap_or(false)
            {
                unfinished.push(Signal::Metrics);
            }
            unfinished
        };
        block_on(export_thread.runtime(), limit.saturating_add(GRACE), all).unwrap_or_else(|| Signal::ALL.to_vec())
    }

    /// Sends all queued items and the last metrics, then closes the queues. Returns the signals that were not finished
    /// within `limit`.
    ///
    /// Spans and logs are sent first, concurrently, so that the last metrics include the counts of dropped spans and
    /// logs. Metrics are sent when both are finished, or when a third of the time is left.
    pub(super) fn shutdown(&self, meters: &SdkMeterProvider, limit: Duration) -> Vec<Signal> {
        let Some(export_thread) = &self.export_thread else { return Vec::new() };
        if let (Some(tail), Some(exporter)) = (&self.tail_sampler, &self.spans) {
            tail.close().into_iter().for_each(|span| exporter.queue.push_unlimited(span));
        }
        let end = after(limit);
        let shutdown_tasks: Vec<_> = [
            self.spans.as_ref().map(|exporter| (Signal::Traces, export_thread.runtime().spawn(exporter.shutdown(end)))),
            self.logs.as_ref().map(|exporter| (Signal::Logs, export_thread.runtime().spawn(exporter.shutdown(end)))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let meters = self
            .metrics
            .as_ref()
            .map(|handle| (meters.clone(), handle.deadline.clone(), Arc::clone(&handle.final_export_done)));
        let all = async move {
            let mut unfinished = Vec::new();
            let (mut running, mut metrics_start) =
                (Vec::new(), end - end.saturating_duration_since(Instant::now()) / 3);
            for (signal, mut task) in shutdown_tasks {
                match tokio::time::timeout_at(metrics_start, &mut task).await {
                    Ok(done) => unfinished.extend((!done.unwrap_or(false)).then_some(signal)),
                    Err(_) => {
                        metrics_start = metrics_start.min(Instant::now());
                        running.push((signal, task));
                    }
                }
            }
            if let Some((meters, deadline, final_export_done)) = meters {
                let _ = deadline.send(Some(end));
                // The SDK's `shutdown` returns after five seconds at most; `final_export_done` reports the actual end
                // of the last export.
                drop(on_own_thread(move || meters.shutdown().is_ok()));
                if tokio::time::timeout_at(end, final_export_done.acquire()).await.is_err() {
                    unfinished.push(Signal::Metrics);
                }
            }
            for (signal, task) in running {
                unfinished.extend((!task.await.unwrap_or(false)).then_some(signal));
            }
            unfinished
        };
        block_on(export_thread.runtime(), limit.saturating_add(GRACE), all).unwrap_or_else(|| Signal::ALL.to_vec())
    }
}

/// Collects and sends the metrics. Returns whether that succeeded before `end`. One collection runs at a time: each
/// blocks a thread until its export ends, which may be long after `end`.
async fn flush_metrics(meters: SdkMeterProvider, permit: Arc<Semaphore>, end: Instant) -> bool {
    let Ok(Ok(permit)) = tokio::time::timeout_at(end, permit.acquire_owned()).await else { return false };
    let collected = on_own_thread(move || {
        let is_sent = meters.force_flush().is_ok();
        drop(permit);
        is_sent
    });
    matches!(tokio::time::timeout_at(end, collected).await, Ok(Ok(true)))
}

/// Runs a call of the meter provider, which blocks without a limit, on a thread of its own: the blocking threads of the
/// runtime may all wait for look-ups of host names. The receiver fails if the thread cannot be started.
fn on_own_thread(call: impl FnOnce() -> bool + Send + 'static) -> oneshot::Receiver<bool> {
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        let _ = sender.send(call());
    };
    // An error drops the sender.
    let _ = std::thread::Builder::new().name("llmobs-otlp-metrics".to_owned()).spawn(run);
    receiver
}

/// The time allowed for the export thread to notice that the limit has passed.
const GRACE: Duration = Duration::from_millis(500);

impl<T: Send + 'static> SignalExporter<T> {
    /// Sends the queued items until `end` and drops those that remain. Returns whether all were sent in time.
    fn shutdown(&self, end: Instant) -> impl Future<Output = bool> + Send + 'static {
        let _ = self.deadline.send(Some(end));
        self.queue.notify().notify_one();
        let task = self.task.lock().take();
        let queue = Arc::clone(&self.queue);
        async move {
            let Some(mut task) = task else { return true };
            let in_time = matches!(tokio::time::timeout_at(end, &mut task).await, Ok(Ok(())));
            if !in_time {
                task.abort();
                let _ = task.await;
            }
            queue.close_and_drop();
            in_time
        }
    }
}

/// Decides the buffered traces that are due, once per second, until the queue is closed. Many traces may be due at the
/// same time, so a span waits for up to a second for room in the queue.
async fn run_tail_decisions(tail: Arc<TailSampler>, queue: Arc<Queue<SpanData>>) {
    while queue.is_open() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let end = after(Duration::from_secs(1));
        for span in tail.decide_expired() {
            while !queue.has_room(&span) && Instant::now() < end {
                queue.notify().notify_one();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            queue.push(span);
        }
    }
}

/// Returns a view that exports exponential histograms if they are configured, and drops the SDK's metrics about itself
/// (scope `otel.sdk`).
fn metric_view(settings: &PipelineSettings) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static {
    let exponential = settings.metrics.exponential_histograms;
    move |instrument| {
        let aggregation = if instrument.scope().name() == "otel.sdk" {
            Aggregation::Drop
        } else if exponential && instrument.kind() == InstrumentKind::Histogram {
            Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true }
        } else {
            return None;
        };
        Stream::builder().with_aggregation(aggregation).build().ok()
    }
}
