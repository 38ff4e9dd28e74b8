//! Assembly and shutdown of the parts of a pipeline.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
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
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::InitError;
use super::Signal;
use super::batcher::Batcher;
use super::batcher::Encoder;
use super::endpoint::OtlpEndpoint;
use super::export_thread::ExportThread;
use super::export_thread::Flusher;
use super::export_thread::after;
use super::export_thread::wait_for;
use super::exporter::RetryingExporter;
use super::log_processor;
use super::log_processor::QueueLogProcessor;
use super::log_processor::ScopedLogRecord;
use super::metric_exporter::MetricExporter;
use super::queue::Queue;
use super::settings::BatchSettings;
use super::settings::PipelineSettings;
use super::span_processor;
use super::span_processor::QueueSpanProcessor;
use super::tail::TailSampler;
use super::tail::TailSampling;
use super::transport::Transport;
use crate::clock::Clock;
use crate::sink::export_counts::ExportCounts;

/// The SDK providers that create tracers, meters and loggers.
#[derive(Debug)]
pub(super) struct SdkProviders {
    pub(super) tracers: SdkTracerProvider,
    pub(super) meters: SdkMeterProvider,
    pub(super) loggers: SdkLoggerProvider,
    pub(super) exported: ExportedSignals,
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
    worker: Option<ExportThread>,
    spans: Option<SignalExporter<SpanData>>,
    tail: Option<Arc<TailSampler>>,
    logs: Option<SignalExporter<ScopedLogRecord>>,
    metrics: Option<MetricExporterHandle>,
    tallies: Vec<Arc<ExportCounts>>,
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
    finished: Arc<Semaphore>,
}

impl PipelineParts {
    pub(super) fn start(
        settings: &PipelineSettings,
        tail: Option<TailSampling>,
    ) -> Result<(Self, SdkProviders), InitError> {
        let mut parts = Self { worker: None, spans: None, tail: None, logs: None, metrics: None, tallies: Vec::new() };
        let mut exported = ExportedSignals::default();
        let resource = &settings.resource;
        let mut tracers = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(settings.sampler.build())
            .with_span_limits(settings.span_limits);
        let mut meters = SdkMeterProvider::builder().with_resource(resource.clone()).with_view(view(settings));
        let mut loggers = SdkLoggerProvider::builder().with_resource(resource.clone());
        if !settings.targets.is_empty() {
            let worker = ExportThread::start()?;
            let runtime = worker.handle().clone();
            let flusher = Flusher(runtime.clone());
            parts.worker = Some(worker);
            for target in &settings.targets {
                match target.signal {
                    Signal::Traces => {
                        exported.traces = true;
                        let encode = span_processor::encoder(resource);
                        let (lane, tally) = parts.lane(&runtime, target, settings.spans, encode)?;
                        parts.tail = tail.map(|tail| Arc::new(TailSampler::new(tail, Clock::system(), tally)));
                        if let Some(tail) = &parts.tail {
                            runtime.spawn(sweep(Arc::clone(tail), Arc::clone(&lane.queue)));
                        }
                        let queue = Arc::clone(&lane.queue);
                        let spans = QueueSpanProcessor { queue, tail: parts.tail.clone(), flusher: flusher.clone() };
                        tracers = tracers.with_span_processor(spans);
                        parts.spans = Some(lane);
                    }
                    Signal::Metrics => {
                        exported.metrics = true;
                        let (metrics, lane) = parts.metrics(&runtime, target, settings)?;
                        let reader = PeriodicReader::builder(metrics).with_interval(settings.metrics.interval).build();
                        meters = meters.with_reader(reader);
                        parts.metrics = Some(lane);
                    }
                    Signal::Logs => {
                        exported.logs = true;
                        let (lane, _) =
                            parts.lane(&runtime, target, settings.logs, log_processor::encoder(resource))?;
                        let queue = Arc::clone(&lane.queue);
                        loggers = loggers.with_log_processor(QueueLogProcessor { queue, flusher: flusher.clone() });
                        parts.logs = Some(lane);
                    }
                }
            }
        }
        let providers =
            SdkProviders { tracers: tracers.build(), meters: meters.build(), loggers: loggers.build(), exported };
        Ok((parts, providers))
    }

    pub(super) fn tallies(&self) -> &[Arc<ExportCounts>] {
        &self.tallies
    }

    fn lane<T: Send + 'static>(
        &mut self,
        runtime: &Handle,
        target: &OtlpEndpoint,
        batches: BatchSettings,
        encode: Encoder<T>,
    ) -> Result<(SignalExporter<T>, Arc<ExportCounts>), InitError> {
        let tally = Arc::new(ExportCounts::new(target.signal, Some(batches.limit)));
        let queue = Arc::new(Queue::new(batches.size, Arc::clone(&tally)));
        let transport = Transport::new(target.clone())?;
        let exporter = RetryingExporter::new(transport, Arc::clone(&tally), batches.tries_for, true);
        let (deadline, watched) = watch::channel(None);
        let batcher = Batcher {
            queue: Arc::clone(&queue),
            batch: batches.size,
            delay: batches.delay,
            encode,
            exporter,
            deadline: watched,
        };
        let task = Mutex::new(Some(runtime.spawn(batcher.run())));
        self.tallies.push(Arc::clone(&tally));
        Ok((SignalExporter { queue, deadline, task }, tally))
    }

    fn metrics(
        &mut self,
        runtime: &Handle,
        target: &OtlpEndpoint,
        settings: &PipelineSettings,
    ) -> Result<(MetricExporter, MetricExporterHandle), InitError> {
        let tally = Arc::new(ExportCounts::new(Signal::Metrics, None));
        let transport = Transport::new(target.clone())?;
        let temporality = settings.metrics.temporality;
        // A failed export of cumulative metrics drops nothing: the next export contains the same data.
        let losses_count = temporality != Temporality::Cumulative;
        let exporter = RetryingExporter::new(transport, Arc::clone(&tally), settings.metrics.tries_for, losses_count);
        let (deadline, watched) = watch::channel(None);
        let finished = Arc::new(Semaphore::new(0));
        self.tallies.push(tally);
        let metrics = MetricExporter {
            exporter: Arc::new(exporter),
            runtime: runtime.clone(),
            temporality,
            deadline: watched,
            finished: Arc::clone(&finished),
        };
        Ok((metrics, MetricExporterHandle { deadline, finished }))
    }

    /// Sends all queued items and the current metrics. Returns the signals that were not finished within `limit`.
    pub(super) fn flush(&self, meters: &SdkMeterProvider, limit: Duration) -> Vec<Signal> {
        let Some(worker) = &self.worker else { return Vec::new() };
        let (spans, logs) =
            (self.spans.as_ref().map(|lane| lane.queue.flush()), self.logs.as_ref().map(|lane| lane.queue.flush()));
        let meters = self.metrics.is_some().then(|| meters.clone());
        let all = async move {
            let end = after(limit);
            // `force_flush` blocks without a limit, so it runs on a separate thread.
            let collected = meters.map(|meters| tokio::task::spawn_blocking(move || meters.force_flush().is_ok()));
            let mut late = Vec::new();
            if let Some(spans) = spans
                && tokio::time::timeout_at(end, spans).await.is_err()
            {
                late.push(Signal::Traces);
            }
            if let Some(logs) = logs
                && tokio::time::timeout_at(end, logs).await.is_err()
            {
                late.push(Signal::Logs);
            }
            if let Some(collected) = collected
                && !matches!(tokio::time::timeout_at(end, collected).await, Ok(Ok(true)))
            {
                late.push(Signal::Metrics);
            }
            late
        };
        wait_for(worker.handle(), limit.saturating_add(GRACE), all).unwrap_or_else(|| Signal::ALL.to_vec())
    }

    /// Sends all queued items and the last metrics, then closes the queues. Returns the signals that were not finished
    /// within `limit`.
    ///
    /// Spans and logs are sent first, concurrently, so that the last metrics include the counts of dropped spans and
    /// logs. Metrics are sent when both are finished, or when a third of the time is left.
    pub(super) fn close(&self, meters: &SdkMeterProvider, limit: Duration) -> Vec<Signal> {
        let Some(worker) = &self.worker else { return Vec::new() };
        if let (Some(tail), Some(lane)) = (&self.tail, &self.spans) {
            tail.flush().into_iter().for_each(|span| lane.queue.push(span));
        }
        let end = after(limit);
        let lanes: Vec<_> = [
            self.spans.as_ref().map(|lane| (Signal::Traces, worker.handle().spawn(lane.close(end)))),
            self.logs.as_ref().map(|lane| (Signal::Logs, worker.handle().spawn(lane.close(end)))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let meters =
            self.metrics.as_ref().map(|lane| (meters.clone(), lane.deadline.clone(), Arc::clone(&lane.finished)));
        let all = async move {
            let mut late = Vec::new();
            let (mut running, mut second) = (Vec::new(), end - end.saturating_duration_since(Instant::now()) / 3);
            for (signal, mut task) in lanes {
                match tokio::time::timeout_at(second, &mut task).await {
                    Ok(done) => late.extend((!done.unwrap_or(false)).then_some(signal)),
                    Err(_) => {
                        second = second.min(Instant::now());
                        running.push((signal, task));
                    }
                }
            }
            if let Some((meters, deadline, finished)) = meters {
                let _ = deadline.send(Some(end));
                // The SDK's `shutdown` returns after five seconds at most; `finished` reports the actual end of the
                // last export.
                drop(tokio::task::spawn_blocking(move || meters.shutdown()));
                if tokio::time::timeout_at(end, finished.acquire()).await.is_err() {
                    late.push(Signal::Metrics);
                }
            }
            for (signal, task) in running {
                late.extend((!task.await.unwrap_or(false)).then_some(signal));
            }
            late
        };
        wait_for(worker.handle(), limit.saturating_add(GRACE), all).unwrap_or_else(|| Signal::ALL.to_vec())
    }
}

/// The time allowed for the export thread to notice that the limit has passed.
const GRACE: Duration = Duration::from_millis(500);

impl<T: Send + 'static> SignalExporter<T> {
    /// Sends the queued items until `end` and drops those that remain. Returns whether all were sent in time.
    fn close(&self, end: Instant) -> impl Future<Output = bool> + Send + 'static {
        let _ = self.deadline.send(Some(end));
        self.queue.notify().notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let queue = Arc::clone(&self.queue);
        async move {
            let Some(mut task) = task else { return true };
            let in_time = matches!(tokio::time::timeout_at(end, &mut task).await, Ok(Ok(())));
            if !in_time {
                task.abort();
                let _ = task.await;
            }
            queue.abandon();
            in_time
        }
    }
}

/// Decides the buffered traces that are due, once per second, until the queue is closed.
async fn sweep(tail: Arc<TailSampler>, queue: Arc<Queue<SpanData>>) {
    while queue.is_open() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tail.sweep().into_iter().for_each(|span| queue.push(span));
    }
}

/// Returns a view that exports exponential histograms if they are configured, and drops the SDK's metrics about itself
/// (scope `otel.sdk`).
fn view(settings: &PipelineSettings) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static {
    let exponential = settings.metrics.exponential;
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
