//! The settings of a pipeline.

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
use super::subscriber::StandardOutput;
use crate::catalog::Buckets;
use crate::span::prevent_layer_warning;

/// A builder for a [`Pipeline`]. A value set in code overrides the environment; the environment overrides the defaults.
/// Of a variable `OTEL_EXPORTER_OTLP_*`, that of one signal, such as `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, overrides
/// the common one.
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
#[must_use = "a builder sends nothing until `init` or `build` is called"]
pub struct PipelineBuilder {
    options: BuilderOptions,
    environment: Option<Environment>,
    tail_sampling: Option<TailSampling>,
    should_install_subscriber: bool,
    standard_output: StandardOutput,
    filter: Option<String>,
    shutdown_timeout: Duration,
}

impl PipelineBuilder {
    pub(super) fn new() -> Self {
        Self {
            options: BuilderOptions::default(),
            environment: None,
            tail_sampling: None,
            should_install_subscriber: true,
            standard_output: StandardOutput::default(),
            filter: None,
            shutdown_timeout: Duration::from_secs(5),
        }
    }

    /// Sets the environment variables to read instead of those of the process, for tests or for a separate
    /// configuration source. Only `RUST_LOG` and names that begin with `OTEL_` are used; an empty value counts as not
    /// set.
    pub fn environment<N: Into<String>, V: Into<String>>(mut self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment = Some(Environment::from_pairs(pairs));
        self
    }

    /// Sets the name of the service. Defaults to `OTEL_SERVICE_NAME`, else to `service.name` in
    /// `OTEL_RESOURCE_ATTRIBUTES`, else to `unknown_service:` and the file name of the executable.
    pub fn service_name(self, name: impl Into<String>) -> Self {
        self.resource_attribute("service.name", name.into())
    }

    /// Adds an attribute of the resource, for example `deployment.environment.name`. May be called several times. The
    /// resource also has the attributes in `OTEL_RESOURCE_ATTRIBUTES` with other names, and a random
    /// `service.instance.id` unless one is set.
    pub fn resource_attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.resource_attributes.push(KeyValue::new(name.into(), value));
        self
    }

    /// Sets the address of the collector for all signals, with `http://`, or with `https://`, which needs the feature
    /// `otlp-tls`. Over HTTP, the path of each signal (`/v1/traces`, `/v1/metrics`, `/v1/logs`) is appended; over gRPC,
    /// a path is ignored. Defaults to `OTEL_EXPORTER_OTLP_ENDPOINT`, else to `http://localhost:4318` for HTTP and
    /// `http://localhost:4317` for gRPC.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.options.endpoint.url = Some(endpoint.into());
        self
    }

    /// Sets the protocol of the requests. Defaults to `OTEL_EXPORTER_OTLP_PROTOCOL`, else to
    /// [`Protocol::HttpProtobuf`].
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.options.endpoint.protocol = Some(protocol);
        self
    }

    /// Adds a header to every request, for example an API key. May be called several times. The headers in
    /// `OTEL_EXPORTER_OTLP_HEADERS` with other names are sent too.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.endpoint.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the time limit of one attempt: connecting, sending the request and reading the response. Zero is an error
    /// of [`build`](Self::build). Defaults to `OTEL_EXPORTER_OTLP_TIMEOUT`, else to ten seconds.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.options.endpoint.timeout = Some(timeout);
        self
    }

    /// Sets the compression of request bodies. Defaults to `OTEL_EXPORTER_OTLP_COMPRESSION`, else to
    /// [`Compression::None`].
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.options.endpoint.compression = Some(compression);
        self
    }

    /// Disables the export of a signal, as `OTEL_TRACES_EXPORTER=none`, `OTEL_METRICS_EXPORTER=none` and
    /// `OTEL_LOGS_EXPORTER=none` do. May be called several times.
    pub fn without_signal(mut self, signal: Signal) -> Self {
        self.options.disabled_signals.push(signal);
        self
    }

    /// Sets the head sampler, which decides at the start of a trace whether the trace is recorded. Defaults to
    /// `OTEL_TRACES_SAMPLER`, else to [`Sampler::ParentBasedAlwaysOn`].
    pub const fn sampler(mut self, sampler: Sampler) -> Self {
        self.options.sampler = Some(sampler);
        self
    }

    /// Sets the tail sampler, which decides at the end of a recorded trace whether the trace is exported. Defaults to
    /// no tail sampling: every recorded span is queued for export when it ends.
    pub const fn tail_sampling(mut self, tail: TailSampling) -> Self {
        self.tail_sampling = Some(tail);
        self
    }

    /// Sets the maximum number of spans, and the maximum number of log records, that wait to be sent; 0 counts as 1.
    /// Defaults to `OTEL_BSP_MAX_QUEUE_SIZE` and `OTEL_BLRP_MAX_QUEUE_SIZE`, else to 2,048 each.
    pub const fn queue_limit(mut self, items: usize) -> Self {
        self.options.queue_limit = Some(items);
        self
    }

    /// Sets the maximum of the estimated bytes of the spans, and of the log records, that wait to be sent. An item that
    /// would exceed the maximum is dropped and counted as `queue_full`; an item of any size fits into an empty queue.
    /// The tail sampler's buffer has the same limit. Defaults to 32 MiB each, of which a queue of 2,048 items without
    /// content uses about 4 MiB.
    pub const fn queue_bytes(mut self, bytes: usize) -> Self {
        self.options.queue_bytes = Some(bytes);
        self
    }

    /// Sets the maximum number of spans or log records in one request; 0 counts as 1. Has no effect on metrics.
    /// Defaults to `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` for spans and `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` for log records,
    /// else to 512. A value above the queue limit is reduced to the queue limit.
    pub const fn batch_size(mut self, items: usize) -> Self {
        self.options.batch_size = Some(items);
        self
    }

    /// Sets the longest time that a span or log record waits for its batch to fill; less than 1 ms counts as 1 ms.
    /// Defaults for spans to `OTEL_BSP_SCHEDULE_DELAY`, else five seconds, and for log records to
    /// `OTEL_BLRP_SCHEDULE_DELAY`, else one second.
    pub const fn batch_delay(mut self, delay: Duration) -> Self {
        self.options.batch_delay = Some(delay);
        self
    }

    /// Sets the time limit of all attempts to send a request with spans or log records, including the first: the
    /// request is retried while the collector cannot accept it. New items meanwhile fill the queue. Defaults to
    /// `OTEL_BSP_EXPORT_TIMEOUT` for spans and `OTEL_BLRP_EXPORT_TIMEOUT` for log records, else to five minutes.
    pub const fn retry_timeout(mut self, time: Duration) -> Self {
        self.options.retry_timeout = Some(time);
        self
    }

    /// Sets the time between two collections of the metrics. Zero counts as 60 seconds. Defaults to
    /// `OTEL_METRIC_EXPORT_INTERVAL`, else to 60 seconds.
    pub const fn metrics_interval(mut self, interval: Duration) -> Self {
        self.options.metrics_interval = Some(interval);
        self
    }

    /// Sets the temporality of exported metrics: delta (`true`), the change since the last export, or cumulative
    /// (`false`), the total since the start. Sums that can decrease are cumulative in both cases. Defaults to
    /// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else to cumulative.
    pub const fn delta_temporality(mut self, delta: bool) -> Self {
        self.options.delta_temporality = Some(delta);
        self
    }

    /// Sets the kind of buckets of exported histograms. Pass the value that is set in the observers of this process.
    /// [`Buckets::Exponential`] exports all histograms as base-2 exponential histograms; every other value exports
    /// explicit buckets. Defaults to `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`, else to explicit
    /// buckets.
    pub fn buckets(mut self, buckets: Buckets) -> Self {
        self.options.exponential_histograms = Some(buckets == Buckets::Exponential);
        self
    }

    /// Sets the format in which the subscriber that [`init`](Self::init) installs also writes events to standard
    /// output. Has no effect on [`build`](Self::build), and after [`without_subscriber`](Self::without_subscriber).
    /// Defaults to [`StandardOutput::Json`].
    pub const fn standard_output(mut self, output: StandardOutput) -> Self {
        self.standard_output = output;
        self
    }

    /// Sets the filter of the events and spans that are sent and written to standard output, in the syntax of
    /// `RUST_LOG`. If it is not valid, `info` is used and [`Pipeline::warnings`] states the error. Defaults to
    /// `RUST_LOG`, else to `info`.
    pub fn filter(mut self, directives: impl Into<String>) -> Self {
        self.filter = Some(directives.into());
        self
    }

    /// Makes [`init`](Self::init) install no `tracing` subscriber. Add [`Pipeline::layer`] to your own registry
    /// instead.
    pub const fn without_subscriber(mut self) -> Self {
        self.should_install_subscriber = false;
        self
    }

    /// Sets the time that the pipeline may take, when dropped, to send the items that are still queued. Defaults to
    /// five seconds.
    pub const fn shutdown_timeout(mut self, limit: Duration) -> Self {
        self.shutdown_timeout = limit;
        self
    }

    /// Builds the pipeline and installs it for the whole process: the tracer and meter providers and the logger
    /// provider for the events of observers, each if its signal is exported, the propagators and the `tracing`
    /// subscriber. Build observers after this call.
    ///
    /// An application that installs a subscriber after this call panics in `tracing_subscriber` with "Unable to install
    /// global subscriber" or "failed to set global default subscriber": use
    /// [`without_subscriber`](Self::without_subscriber) there.
    ///
    /// # Errors
    ///
    /// Returns an error if the process already has a pipeline or, unless
    /// [`without_subscriber`](Self::without_subscriber) was called, a `tracing` subscriber; if an endpoint, a header or
    /// a certificate cannot be used, if the timeout set in code is zero, if a protocol or compression set in code needs
    /// a disabled feature, or if the export thread cannot be started. All other settings that cannot be applied are
    /// listed in one warning.
    pub fn init(self) -> Result<Pipeline, InitError> {
        let (should_install, output) = (self.should_install_subscriber, self.standard_output);
        let install_guard = InstallGuard::acquire()?;
        if should_install && tracing::dispatcher::has_been_set() {
            return Err(InitError::SubscriberAlreadySet);
        }
        let pipeline = self.build()?;
        if should_install {
            pipeline.install_subscriber(output)?;
            prevent_layer_warning();
            // The last line before the panic of an application that installs its own subscriber later.
            tracing::info!(
                target: "llmobs",
                "`init` installed the `tracing` subscriber of the process; an application that installs its own calls \
                 `without_subscriber()` and adds `Pipeline::layer()` to its registry"
            );
        }
        pipeline.install_global(install_guard);
        pipeline.log_warnings();
        Ok(pipeline)
    }

    /// Builds the pipeline without installing it globally. Pass its providers to the code that uses them, add its
    /// [`layer`](Pipeline::layer) to your registry, and connect an observer with [`report_to`](Pipeline::report_to).
    ///
    /// # Errors
    ///
    /// Returns an error if an endpoint, a header or a certificate cannot be used, if the timeout set in code is zero,
    /// if a protocol or compression set in code needs a disabled feature, or if the export thread cannot be started.
    pub fn build(self) -> Result<Pipeline, InitError> {
        let environment = self.resolved_environment();
        let settings = PipelineSettings::resolve(&self.options, &environment)?;
        let filter = self.filter.or_else(|| environment.get("RUST_LOG").map(str::to_owned));
        Pipeline::start(settings, self.tail_sampling, self.shutdown_timeout, filter)
    }

    /// Sends an empty request for each exported signal to its collector and returns a readable report of the results.
    /// Blocks the calling thread. Requests are sent concurrently; each is given up after `limit`, or after the
    /// [timeout](Self::timeout) if that is shorter.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`build`](Self::build).
    pub fn check(self, limit: Duration) -> Result<CheckReport, InitError> {
        let environment = self.resolved_environment();
        let settings = PipelineSettings::resolve(&self.options, &environment)?;
        check::run(settings, &environment, limit)
    }

    fn resolved_environment(&self) -> Environment {
        self.environment.clone().unwrap_or_else(Environment::from_process)
    }
}
