//! Settings of a pipeline.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::Value;

use super::CheckReport;
use super::Compression;
use super::InitError;
use super::Pipeline;
use super::Protocol;
use super::Sampler;
use super::Signal;
use super::TailSampling;
use super::check;
use super::environment::Environment;
use super::pipeline::InstallGuard;
use super::settings::BuilderOptions;
use super::settings::PipelineSettings;
use super::subscriber;
use super::subscriber::StandardOutput;
use crate::catalog::Buckets;

/// Settings of a [`Pipeline`]. Code decides over the environment, the environment over the defaults.
///
/// ```
/// use std::time::Duration;
///
/// let pipeline = llmobs::otlp::builder()
///     .service_name("assistant")
///     .endpoint("http://127.0.0.1:4318")
///     .metrics_interval(Duration::from_secs(15))
///     .build()?;
/// pipeline.shutdown(Duration::from_millis(1)).ok();
/// # Ok::<(), llmobs::otlp::InitError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `init` or `build`"]
pub struct PipelineBuilder {
    choices: BuilderOptions,
    environment: Option<Environment>,
    tail: Option<TailSampling>,
    subscriber: bool,
    output: StandardOutput,
    filter: Option<String>,
    shutdown_limit: Duration,
}

impl PipelineBuilder {
    pub(super) fn new() -> Self {
        Self {
            choices: BuilderOptions::default(),
            environment: None,
            tail: None,
            subscriber: true,
            output: StandardOutput::default(),
            filter: None,
            shutdown_limit: Duration::from_secs(5),
        }
    }

    /// The variables, in place of those of the process. For tests, and for a configuration of your own.
    pub fn environment<N: Into<String>, V: Into<String>>(mut self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment = Some(Environment::from_pairs(pairs));
        self
    }

    /// What the service is called. Defaults to `OTEL_SERVICE_NAME`, else to the name of the executable.
    pub fn service_name(self, name: impl Into<String>) -> Self {
        self.resource("service.name", name.into())
    }

    /// An attribute of the resource, such as `deployment.environment.name`. May be called often. Defaults to
    /// `OTEL_RESOURCE_ATTRIBUTES`, and to a random `service.instance.id`.
    pub fn resource(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.choices.resource.push(KeyValue::new(name.into(), value));
        self
    }

    /// The collector's address for all signals, with `http://` or `https://`; over HTTP, `/v1/traces` and its like are
    /// appended. Defaults to `OTEL_EXPORTER_OTLP_ENDPOINT`, else to `http://localhost:4318`, for gRPC 4317.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.choices.target.endpoint = Some(endpoint.into());
        self
    }

    /// How requests are sent. Defaults to `OTEL_EXPORTER_OTLP_PROTOCOL`, else to [`Protocol::HttpProtobuf`].
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.choices.target.protocol = Some(protocol);
        self
    }

    /// A header of every request, such as a key. May be called often. Defaults to `OTEL_EXPORTER_OTLP_HEADERS`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.choices.target.headers.push((name.into(), value.into()));
        self
    }

    /// How long one try may take. Defaults to `OTEL_EXPORTER_OTLP_TIMEOUT`, else to ten seconds.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.choices.target.timeout = Some(timeout);
        self
    }

    /// Whether requests are made smaller. Defaults to `OTEL_EXPORTER_OTLP_COMPRESSION`, else to
    /// [`Compression::None`].
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.choices.target.compression = Some(compression);
        self
    }

    /// Leaves a signal out, as `OTEL_TRACES_EXPORTER=none` and its like do. May be called often.
    pub fn without(mut self, signal: Signal) -> Self {
        self.choices.without.push(signal);
        self
    }

    /// Which traces are recorded at all. Defaults to `OTEL_TRACES_SAMPLER`, else to
    /// [`Sampler::ParentBasedAlwaysOn`].
    pub const fn sampler(mut self, sampler: Sampler) -> Self {
        self.choices.sampler = Some(sampler);
        self
    }

    /// Which of the recorded traces are kept once they are over. Defaults to all of them, and then no span waits.
    pub const fn tail_sampling(mut self, tail: TailSampling) -> Self {
        self.tail = Some(tail);
        self
    }

    /// The most spans that wait to be sent, and the most log records. Defaults to `OTEL_BSP_MAX_QUEUE_SIZE` and
    /// `OTEL_BLRP_MAX_QUEUE_SIZE`, else to 2,048 each.
    pub const fn queue_limit(mut self, items: usize) -> Self {
        self.choices.queue_limit = Some(items);
        self
    }

    /// The most items of one request. Defaults to `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` and its like for logs, else to 512.
    pub const fn batch_size(mut self, items: usize) -> Self {
        self.choices.batch_size = Some(items);
        self
    }

    /// The longest that an item waits for its batch to fill. Defaults to `OTEL_BSP_SCHEDULE_DELAY`, else five seconds,
    /// and for logs to `OTEL_BLRP_SCHEDULE_DELAY`, else one second.
    pub const fn batch_delay(mut self, delay: Duration) -> Self {
        self.choices.batch_delay = Some(delay);
        self
    }

    /// How long a request with spans or log records is tried while the collector cannot take it. Meanwhile the queue
    /// fills. Defaults to `OTEL_BSP_EXPORT_TIMEOUT` and its like for logs, else to five minutes.
    pub const fn retry_for(mut self, time: Duration) -> Self {
        self.choices.retry_for = Some(time);
        self
    }

    /// From one collection of the metrics to the next. Defaults to `OTEL_METRIC_EXPORT_INTERVAL`, else to 60 seconds.
    pub const fn metrics_interval(mut self, interval: Duration) -> Self {
        self.choices.metrics_interval = Some(interval);
        self
    }

    /// Sends what was added since the last time (`true`) or since the start (`false`). Defaults to
    /// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else to since the start.
    pub const fn delta_metrics(mut self, delta: bool) -> Self {
        self.choices.delta = Some(delta);
        self
    }

    /// The buckets that the observers of this process were given: [`Buckets::Exponential`] makes base-2 exponential
    /// histograms of all. Defaults to `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`, else to the explicit
    /// buckets of the observer.
    pub fn buckets(mut self, buckets: Buckets) -> Self {
        self.choices.exponential = Some(buckets == Buckets::Exponential);
        self
    }

    /// What goes to standard output besides. Defaults to [`StandardOutput::Json`].
    pub const fn standard_output(mut self, output: StandardOutput) -> Self {
        self.output = output;
        self
    }

    /// Which events and spans there are at all, in the language of `RUST_LOG`. Defaults to `RUST_LOG`, else to `info`.
    pub fn filter(mut self, directives: impl Into<String>) -> Self {
        self.filter = Some(directives.into());
        self
    }

    /// Leaves the `tracing` subscriber to you: give [`Pipeline::layer`] to your registry.
    pub const fn without_subscriber(mut self) -> Self {
        self.subscriber = false;
        self
    }

    /// How long the pipeline may take to send what is left when it is dropped. Defaults to five seconds.
    pub const fn shutdown_limit(mut self, limit: Duration) -> Self {
        self.shutdown_limit = limit;
        self
    }

    /// Sets up a pipeline for the whole process: the providers of traces and metrics, the propagators, the `tracing`
    /// subscriber. Build observers after it.
    ///
    /// # Errors
    ///
    /// When the process has a pipeline or a subscriber already, or an endpoint, a header or a certificate cannot be
    /// used. Everything else that cannot be honoured is named in one warning.
    pub fn init(self) -> Result<Pipeline, InitError> {
        let (subscriber, output, filter) = (self.subscriber, self.output, self.filter.clone());
        let lease = InstallGuard::acquire()?;
        if subscriber && tracing::dispatcher::has_been_set() {
            return Err(InitError::SubscriberAlreadySet);
        }
        let filter = filter.or_else(|| self.variables().get("RUST_LOG").map(str::to_owned));
        let mut pipeline = self.build()?;
        if subscriber {
            let (filter, note) = subscriber::filter(filter.as_deref());
            pipeline.note(note);
            subscriber::set(pipeline.providers(), output, filter)?;
        }
        pipeline.serve_process(lease);
        pipeline.warn();
        Ok(pipeline)
    }

    /// Sets up a pipeline that serves nobody by itself: give its providers to whom you like, its
    /// [`layer`](Pipeline::layer) to your registry, and tell it of an observer with
    /// [`report_to`](Pipeline::report_to).
    ///
    /// # Errors
    ///
    /// When an endpoint, a header or a certificate cannot be used.
    pub fn build(self) -> Result<Pipeline, InitError> {
        let settings = PipelineSettings::resolve(&self.choices, &self.variables())?;
        Pipeline::start(settings, self.tail, self.shutdown_limit)
    }

    /// Sends an empty request to each collector and tells what came of it, in words. Takes as long as this at the most.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn check(self, limit: Duration) -> Result<CheckReport, InitError> {
        let environment = self.variables();
        let settings = PipelineSettings::resolve(&self.choices, &environment)?;
        check::run(settings, &environment, limit)
    }

    fn variables(&self) -> Environment {
        self.environment.clone().unwrap_or_else(Environment::of_process)
    }
}
