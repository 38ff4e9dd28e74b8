//! The pipeline: the three providers, what sends for them, and the orderly end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
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
use super::tail::TailSampling;
use crate::observer::Observer;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::PipelineCounts;

/// A running pipeline. It sends until it is shut down or dropped, so keep it for as long as the process runs.
#[must_use = "dropped, it sends nothing more"]
pub struct Pipeline {
    providers: SdkProviders,
    parts: PipelineParts,
    exports: Arc<PipelineCounts>,
    propagator: Mutex<Option<TextMapCompositePropagator>>,
    notes: Vec<String>,
    limit: Duration,
    is_shut_down: AtomicBool,
    lease: Mutex<Option<InstallGuard>>,
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
        limit: Duration,
    ) -> Result<Self, InitError> {
        let notes = settings.notes.as_slice().to_vec();
        let (parts, providers) = PipelineParts::start(&settings, tail)?;
        Ok(Self {
            exports: Arc::new(PipelineCounts::new(parts.tallies().to_vec())),
            providers,
            parts,
            propagator: Mutex::new(Some(settings.propagator)),
            notes,
            limit,
            is_shut_down: AtomicBool::new(false),
            lease: Mutex::new(None),
        })
    }

    /// The part of a `tracing` subscriber that carries spans and events to this pipeline, for a registry of yours. Give
    /// the registry a filter too: this layer takes all that the registry lets through, but what exports themselves say.
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
        subscriber::layer(&self.providers)
    }

    /// The provider of this pipeline's tracers.
    #[must_use]
    pub const fn tracer_provider(&self) -> &SdkTracerProvider {
        &self.providers.tracers
    }

    /// The provider of this pipeline's meters, for [`ObserverBuilder::meter_provider`](crate::ObserverBuilder::meter_provider).
    #[must_use]
    pub const fn meter_provider(&self) -> &SdkMeterProvider {
        &self.providers.meters
    }

    /// The provider of this pipeline's loggers.
    #[must_use]
    pub const fn logger_provider(&self) -> &SdkLoggerProvider {
        &self.providers.loggers
    }

    /// Has this observer's backends told what the pipeline sends and loses (`llmobs.self.dropped`,
    /// `llmobs.self.export.*`). The first observer that is built after [`init`](super::init) is told without this.
    pub fn report_to(&self, observer: &Observer) {
        observer.report_exports(&self.exports);
    }

    /// What the environment asks for and the pipeline cannot do, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many items were lost so far, and why. What was sampled out is not lost.
    #[must_use]
    pub fn losses(&self) -> BTreeMap<(Signal, DropReason), u64> {
        let all = self.exports.tallies().iter().flat_map(|tally| DropReason::ALL.map(|why| (tally, why)));
        let all = all.map(|(tally, why)| ((tally.signal(), why), tally.lost(why)));
        all.filter(|(_, lost)| *lost > 0).collect()
    }

    /// How many items of a signal collectors took so far: spans, log records, data points.
    #[must_use]
    pub fn sent(&self, signal: Signal) -> u64 {
        self.exports.tallies().iter().filter(|tally| tally.signal() == signal).map(|tally| tally.sent()).sum()
    }

    /// Sends what waits now, and collects and sends the metrics, within this time. The calling thread waits.
    ///
    /// # Errors
    ///
    /// When something was lost meanwhile or the time was over before all was sent; what waits goes on waiting.
    pub fn flush(&self, limit: Duration) -> Result<(), IncompleteShutdown> {
        if self.is_shut_down.load(Ordering::Acquire) {
            return Ok(());
        }
        self.judge(limit, |parts| parts.flush(&self.providers.meters, limit))
    }

    /// Sends what is left within this time, and then nothing more. Stop the traffic and drop its streams first: their
    /// ends are recorded when they are dropped. The calling thread waits; a second call does nothing.
    ///
    /// # Errors
    ///
    /// When something was lost meanwhile or the time was over before all was sent. What was lost is counted.
    pub fn shutdown(&self, limit: Duration) -> Result<(), IncompleteShutdown> {
        if self.is_shut_down.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let result = self.judge(limit, |parts| parts.close(&self.providers.meters, limit));
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = None;
        result
    }

    /// Which signals did not come through.
    fn judge(
        &self,
        limit: Duration,
        act: impl FnOnce(&PipelineParts) -> Vec<Signal>,
    ) -> Result<(), IncompleteShutdown> {
        let lost = || self.exports.tallies().iter().map(|tally| (tally.signal(), tally.all_lost())).collect::<Vec<_>>();
        let before = lost();
        let mut signals = act(&self.parts);
        signals
            .extend(lost().iter().zip(before).filter(|(after, before)| after.1 > before.1).map(|(after, _)| after.0));
        signals.sort();
        signals.dedup();
        if signals.is_empty() { Ok(()) } else { Err(IncompleteShutdown { signals, limit }) }
    }

    pub(super) const fn providers(&self) -> &SdkProviders {
        &self.providers
    }

    pub(super) fn note(&mut self, note: Option<String>) {
        self.notes.extend(note);
    }

    /// Serves whoever asks for the process's providers from now on.
    pub(super) fn serve_process(&self, lease: InstallGuard) {
        let exported = self.providers.exported;
        if exported.traces {
            global::set_tracer_provider(self.providers.tracers.clone());
        }
        if exported.metrics {
            global::set_meter_provider(self.providers.meters.clone());
        }
        if let Some(propagator) = self.propagator.lock().unwrap_or_else(PoisonError::into_inner).take() {
            global::set_text_map_propagator(propagator);
        }
        self.exports.serve_process();
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
    }

    /// Names all that could not be honoured, once.
    pub(super) fn warn(&self) {
        if !self.notes.is_empty() {
            let notes = self.notes.join("; ");
            tracing::warn!(target: "llmobs", "the pipeline cannot do all that the environment asks for: {notes}");
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // Nobody is left to be told; what was lost is counted.
        let _ = self.shutdown(self.limit);
    }
}

/// That not everything reached its collector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompleteShutdown {
    /// The signals that lost something or were not done.
    pub signals: Vec<Signal>,
    /// The time that there was.
    pub limit: Duration,
}

impl fmt::Display for IncompleteShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signals: Vec<_> = self.signals.iter().map(|signal| signal.as_str()).collect();
        write!(f, "not everything was sent within {:?}: {}", self.limit, signals.join(", "))
    }
}

impl std::error::Error for IncompleteShutdown {}

/// The right to serve the process, which one pipeline has.
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
