//! The running pipeline: its providers, its counts of sent and dropped items, and its shutdown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::InitError;
use super::Signal;
use super::assemble::PipelineParts;
use super::assemble::SdkProviders;
use super::settings::PipelineSettings;
use super::subscriber;
use super::subscriber::StandardOutput;
use super::tail::TailSampling;
use crate::observer::Observer;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::PipelineCounts;
use crate::sink::otel::set_global_logger_provider;
use crate::sync::Mutex;

/// A running pipeline. Telemetry is sent until the pipeline is shut down or dropped, so keep it until the process ends.
/// A drop is a [`shutdown`](Self::shutdown) within [`PipelineBuilder::shutdown_timeout`], and blocks the thread.
///
/// [`PipelineBuilder::shutdown_timeout`]: super::PipelineBuilder::shutdown_timeout
#[must_use = "a dropped pipeline sends nothing more"]
pub struct Pipeline {
    providers: SdkProviders,
    parts: PipelineParts,
    exports: Arc<PipelineCounts>,
    propagator: Mutex<Option<TextMapCompositePropagator>>,
    warnings: Vec<String>,
    /// The filter of spans and events, in the syntax of `RUST_LOG`; `None` for the default.
    filter: Option<String>,
    shutdown_timeout: Duration,
    is_shut_down: AtomicBool,
    install_guard: Mutex<Option<InstallGuard>>,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("exports", &self.exports).finish_non_exhaustive()
    }
}

impl Pipeline {
    pub(super) fn start(
        settings: PipelineSettings,
        tail: Option<TailSampling>,
        shutdown_timeout: Duration,
        filter: Option<String>,
    ) -> Result<Self, InitError> {
        let mut warnings = settings.warnings.as_slice().to_vec();
        warnings.extend(subscriber::env_filter(filter.as_deref()).1);
        let (parts, providers) = PipelineParts::start(&settings, tail)?;
        Ok(Self {
            exports: Arc::new(PipelineCounts::new(parts.export_counts().to_vec())),
            providers,
            parts,
            propagator: Mutex::new(Some(settings.propagator)),
            warnings,
            filter,
            shutdown_timeout,
            is_shut_down: AtomicBool::new(false),
            install_guard: Mutex::new(None),
        })
    }

    /// Returns a `tracing` layer that passes spans and events to this pipeline, for use in your own registry. The layer has
    /// a filter of its own, [`PipelineBuilder::filter`](super::PipelineBuilder::filter), else `RUST_LOG`, else `info`; it
    /// passes no spans and events of the crates that perform the export. A filter of the registry applies too.
    ///
    /// ```
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let pipeline = llmobs::otlp::builder().environment([("OTEL_SDK_DISABLED", "true")]).build()?;
    /// let registry = tracing_subscriber::registry().with(pipeline.layer());
    /// tracing::subscriber::with_default(registry, || tracing::info!("this would be sent"));
    /// # Ok::<(), llmobs::otlp::InitError>(())
    /// ```
    pub fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        Box::new(subscriber::layer(&self.providers).with_filter(subscriber::env_filter(self.filter.as_deref()).0))
    }

    /// Installs the subscriber of the process.
    pub(super) fn install_subscriber(&self, output: StandardOutput) -> Result<(), InitError> {
        subscriber::install(&self.providers, output, subscriber::env_filter(self.filter.as_deref()).0)
    }

    /// Returns the tracer provider of this pipeline.
    #[must_use]
    pub const fn tracer_provider(&self) -> &SdkTracerProvider {
        &self.providers.tracer_provider
    }

    /// Returns the meter provider of this pipeline, for
    /// [`ObserverBuilder::meter_provider`](crate::ObserverBuilder::meter_provider).
    #[must_use]
    pub const fn meter_provider(&self) -> &SdkMeterProvider {
        &self.providers.meter_provider
    }

    /// Returns the logger provider of this pipeline, for
    /// [`ObserverBuilder::logger_provider`](crate::ObserverBuilder::logger_provider).
    #[must_use]
    pub const fn logger_provider(&self) -> &SdkLoggerProvider {
        &self.providers.logger_provider
    }

    /// Connects this pipeline to an observer, which then records the pipeline's sent and dropped items
    /// (`llmobs.self.dropped`, `llmobs.self.export.*`) on its Prometheus page. Observers that are built after
    /// [`init`](super::init) are connected automatically. Of several connected observers, one at a time also records
    /// them in OpenTelemetry: the first whose meter records, and after its drop another one. Does nothing if the observer
    /// is connected to a pipeline already.
    pub fn report_to(&self, observer: &Observer) {
        observer.report_exports(&self.exports);
    }

    /// Returns the settings that the pipeline cannot apply, one sentence each: of the environment, and
    /// [`PipelineBuilder::filter`](super::PipelineBuilder::filter).
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the number of items dropped so far, by signal and reason. Counts of zero are left out. Spans that were
    /// sampled out are not counted as dropped.
    #[must_use]
    pub fn dropped(&self) -> BTreeMap<(Signal, DropReason), u64> {
        let all = self.exports.counts().iter().flat_map(|counts| DropReason::ALL.map(|reason| (counts, reason)));
        let all = all.map(|(counts, reason)| ((counts.signal(), reason), counts.dropped(reason)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// Returns the number of items of a signal that collectors have accepted so far: spans, log records or data points.
    #[must_use]
    pub fn sent(&self, signal: Signal) -> u64 {
        self.exports.counts().iter().filter(|counts| counts.signal() == signal).map(|counts| counts.sent()).sum()
    }

    /// Sends all queued items, and collects and sends the metrics, within `limit`. Spans that the tail sampler still
    /// buffers are not sent. Blocks the calling thread. Does nothing after a shutdown, and returns `Ok`.
    ///
    /// # Errors
    ///
    /// Returns an error if items were dropped during the call, or if the limit passed before everything was sent. Items
    /// that were not sent remain queued.
    pub fn flush(&self, limit: Duration) -> Result<(), IncompleteShutdown> {
        if self.is_shut_down.load(Ordering::Acquire) {
            return Ok(());
        }
        self.ensure_complete(limit, |parts| parts.flush(&self.providers.meter_provider, limit))
    }

    /// Sends all queued items and the last metrics within `limit`, and stops the pipeline. Before the call, stop the
    /// traffic and drop its streams: an operation is recorded when its stream is dropped. Blocks the calling thread; a
    /// second call does nothing and returns `Ok`.
    ///
    /// # Errors
    ///
    /// Returns an error if items were dropped during the call, or if the limit passed before everything was sent. Items
    /// that were not sent are dropped and counted.
    pub fn shutdown(&self, limit: Duration) -> Result<(), IncompleteShutdown> {
        if self.is_shut_down.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let result = self.ensure_complete(limit, |parts| parts.shutdown(&self.providers.meter_provider, limit));
        let mut install_guard = self.install_guard.lock();
        if install_guard.is_some() {
            set_global_logger_provider(None::<SdkLoggerProvider>);
        }
        *install_guard = None;
        drop(install_guard);
        result
    }

    /// Runs `act` and returns an error with the signals that were not finished or that dropped items meanwhile.
    fn ensure_complete(
        &self,
        limit: Duration,
        act: impl FnOnce(&PipelineParts) -> Vec<Signal>,
    ) -> Result<(), IncompleteShutdown> {
        let dropped_totals =
            || self.exports.counts().iter().map(|counts| (counts.signal(), counts.total_dropped())).collect::<Vec<_>>();
        let before = dropped_totals();
        let mut signals = act(&self.parts);
        signals.extend(
            dropped_totals().iter().zip(before).filter(|(after, before)| after.1 > before.1).map(|(after, _)| after.0),
        );
        signals.sort();
        signals.dedup();
        if signals.is_empty() { Ok(()) } else { Err(IncompleteShutdown { signals, timeout: limit }) }
    }

    /// Installs the providers of the exported signals and the propagator globally for the process.
    pub(super) fn install_global(&self, install_guard: InstallGuard) {
        let exported = self.providers.exported_signals;
        if exported.traces {
            global::set_tracer_provider(self.providers.tracer_provider.clone());
        }
        if exported.metrics {
            global::set_meter_provider(self.providers.meter_provider.clone());
        }
        if let Some(propagator) = self.propagator.lock().take() {
            global::set_text_map_propagator(propagator);
        }
        if exported.logs {
            set_global_logger_provider(Some(self.providers.logger_provider.clone()));
        }
        self.exports.install_global();
        *self.install_guard.lock() = Some(install_guard);
    }

    /// Logs one warning with all settings that cannot be applied, if there are any.
    pub(super) fn log_warnings(&self) {
        if !self.warnings.is_empty() {
            let warnings = self.warnings.join("; ");
            tracing::warn!(target: "llmobs", "the pipeline cannot apply all settings of the environment: {warnings}");
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // `drop` cannot return the error; the dropped items are counted.
        let _ = self.shutdown(self.shutdown_timeout);
    }
}

/// The error of a flush or shutdown that did not send everything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompleteShutdown {
    /// The signals that dropped items or were not finished.
    pub signals: Vec<Signal>,
    /// The time limit of the call.
    pub timeout: Duration,
}

impl fmt::Display for IncompleteShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signals: Vec<_> = self.signals.iter().map(|signal| signal.as_str()).collect();
        write!(f, "not all items of these signals were sent within {:?}: {}", self.timeout, signals.join(", "))
    }
}

impl std::error::Error for IncompleteShutdown {}

/// The right of one pipeline to be installed in the process. Dropping the guard releases it.
#[derive(Debug)]
pub(super) struct InstallGuard(());

static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

impl InstallGuard {
    pub(super) fn acquire() -> Result<Self, InitError> {
        match IS_INSTALLED.swap(true, Ordering::AcqRel) {
            true => Err(InitError::AlreadyRunning),
            false => Ok(Self(())),
        }
    }
}

impl Drop for InstallGuard {
    fn drop(&mut self) {
        IS_INSTALLED.store(false, Ordering::Release);
    }
}
