//! The resolved settings of a pipeline: values set in code, else from the environment, else the defaults.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::trace::SpanLimits;

use super::InitError;
use super::Signal;
use super::endpoint;
use super::endpoint::OtlpEndpoint;
use super::environment::Environment;
use super::environment::Warnings;
use super::environment::signal_env_infix;
use super::propagation::propagator;
use super::resource::resource;
use super::sampler::Sampler;
use crate::sink::export_counts::QueueLimit;

/// The values set in code through the builder.
#[derive(Debug, Clone, Default)]
pub(super) struct BuilderOptions {
    pub(super) endpoint: endpoint::EndpointOptions,
    pub(super) resource_attributes: Vec<KeyValue>,
    pub(super) disabled_signals: Vec<Signal>,
    pub(super) sampler: Option<Sampler>,
    pub(super) queue_limit: Option<usize>,
    pub(super) queue_bytes: Option<usize>,
    pub(super) batch_size: Option<usize>,
    pub(super) batch_delay: Option<Duration>,
    pub(super) retry_timeout: Option<Duration>,
    pub(super) metrics_interval: Option<Duration>,
    pub(super) delta_temporality: Option<bool>,
    pub(super) exponential_histograms: Option<bool>,
}

/// The settings that are in effect.
#[derive(Debug)]
pub(super) struct PipelineSettings {
    pub(super) is_disabled: bool,
    /// The endpoints of the exported signals.
    pub(super) endpoints: Vec<OtlpEndpoint>,
    pub(super) resource: Resource,
    pub(super) propagator: TextMapCompositePropagator,
    pub(super) sampler: Sampler,
    pub(super) span_limits: SpanLimits,
    pub(super) spans: BatchSettings,
    pub(super) logs: BatchSettings,
    pub(super) metrics: MetricsSettings,
    pub(super) warnings: Warnings,
}

/// The settings of a queue and its batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchSettings {
    pub(super) queue_limit: QueueLimit,
    pub(super) batch_size: usize,
    pub(super) batch_delay: Duration,
    /// The time limit of all attempts of one request, including the first.
    pub(super) retry_timeout: Duration,
}

/// The settings of the collection and export of metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MetricsSettings {
    pub(super) interval: Duration,
    pub(super) retry_timeout: Duration,
    pub(super) temporality: Temporality,
    /// True if histograms are exported with base-2 exponential buckets instead of explicit buckets.
    pub(super) exponential_histograms: bool,
}

/// The default limit of the bytes in each queue. The two queues together hold no more than the default limit of
/// captured content, 64 MiB.
const DEFAULT_QUEUE_BYTES: usize = 32 * 1024 * 1024;

/// The default retry time, the same as the OpenTelemetry Collector's.
const DEFAULT_RETRY_TIMEOUT: Duration = Duration::from_secs(300);

impl PipelineSettings {
    pub(super) fn resolve(options: &BuilderOptions, environment: &Environment) -> Result<Self, InitError> {
        let mut warnings = Warnings::default();
        warnings.add_unsupported(environment);
        let is_disabled = environment.is_true("OTEL_SDK_DISABLED");
        let mut endpoints = Vec::new();
        for signal in Signal::ALL {
            let is_enabled = !is_disabled
                && !options.disabled_signals.contains(&signal)
                && is_exported(signal, environment, &mut warnings);
            if is_enabled {
                endpoints.push(OtlpEndpoint::resolve(signal, &options.endpoint, environment, &mut warnings)?);
            }
        }
        Ok(Self {
            is_disabled,
            endpoints,
            resource: resource(&options.resource_attributes, environment, &mut warnings),
            propagator: propagator(environment, &mut warnings),
            sampler: options.sampler.unwrap_or_else(|| Sampler::from_environment(environment, &mut warnings)),
            span_limits: span_limits(environment, &mut warnings),
            spans: batch_settings("OTEL_BSP", Duration::from_secs(5), options, environment, &mut warnings),
            logs: batch_settings("OTEL_BLRP", Duration::from_secs(1), options, environment, &mut warnings),
            metrics: metrics_settings(options, environment, &mut warnings),
            warnings,
        })
    }
}

fn is_exported(signal: Signal, environment: &Environment, warnings: &mut Warnings) -> bool {
    let name = format!("OTEL_{}_EXPORTER", signal_env_infix(signal));
    let mut found = false;
    let exporters = environment.lowercase(&name);
    for exporter in exporters.as_deref().unwrap_or("otlp").split(',').map(str::trim) {
        match exporter {
            "otlp" => found = true,
            "none" => {}
            "prometheus" => {
                warnings.add(&name, "the pipeline does not serve the Prometheus page; the application does")
            }
            other => warnings.add(&name, format!("the exporter `{other}` is not supported; use `otlp` or `none`")),
        }
    }
    found
}

fn batch_settings(
    prefix: &str,
    delay: Duration,
    options: &BuilderOptions,
    environment: &Environment,
    warnings: &mut Warnings,
) -> BatchSettings {
    let mut number = |suffix, default| {
        let name = format!("{prefix}_{suffix}");
        match environment.integer(&name, warnings) {
            Some(0) => {
                warnings.add(&name, format!("0 would send nothing, so {default} is used"));
                default
            }
            value => value.unwrap_or(default),
        }
    };
    let limit = options.queue_limit.unwrap_or_else(|| number("MAX_QUEUE_SIZE", 2_048)).max(1);
    let size = options.batch_size.unwrap_or_else(|| number("MAX_EXPORT_BATCH_SIZE", 512)).max(1);
    let delay = options
        .batch_delay
        .or_else(|| environment.duration(&format!("{prefix}_SCHEDULE_DELAY"), warnings))
        .unwrap_or(delay);
    let retry_timeout =
        options.retry_timeout.or_else(|| environment.duration(&format!("{prefix}_EXPORT_TIMEOUT"), warnings));
    BatchSettings {
        queue_limit: QueueLimit { items: limit, bytes: options.queue_bytes.unwrap_or(DEFAULT_QUEUE_BYTES) },
        // A batch larger than the queue limit would never fill.
        batch_size: size.min(limit),
        batch_delay: delay.max(Duration::from_millis(1)),
        retry_timeout: retry_timeout.unwrap_or(DEFAULT_RETRY_TIMEOUT),
    }
}

fn metrics_settings(options: &BuilderOptions, environment: &Environment, warnings: &mut Warnings) -> MetricsSettings {
    const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    const HISTOGRAMS: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    let mut temporality = || match environment.lowercase(TEMPORALITY).as_deref() {
        None | Some("cumulative") => Temporality::Cumulative,
        Some("delta") => Temporality::Delta,
        Some("lowmemory") => Temporality::LowMemory,
        Some(other) => {
            warnings.add(TEMPORALITY, format!("`{other}` is not supported, so `cumulative` is used"));
            Temporality::Cumulative
        }
    };
    let temporality = match options.delta_temporality {
        Some(true) => Temporality::Delta,
        Some(false) => Temporality::Cumulative,
        None => temporality(),
    };
    let exponential_histograms =
        options.exponential_histograms.unwrap_or_else(|| match environment.lowercase(HISTOGRAMS).as_deref() {
            None | Some("explicit_bucket_histogram") => false,
            Some("base2_exponential_bucket_histogram") => true,
            Some(other) => {
                warnings.add(HISTOGRAMS, format!("`{other}` is not supported, so `explicit_bucket_histogram` is used"));
                false
            }
        });
    let interval = options.metrics_interval.or_else(|| environment.duration("OTEL_METRIC_EXPORT_INTERVAL", warnings));
    let retry_timeout = environment.duration("OTEL_METRIC_EXPORT_TIMEOUT", warnings);
    MetricsSettings {
        interval: interval.filter(|interval| !interval.is_zero()).unwrap_or(Duration::from_secs(60)),
        // The next cumulative export contains the same data, so a longer retry has no benefit.
        retry_timeout: retry_timeout.unwrap_or(Duration::from_secs(30)),
        temporality,
        exponential_histograms,
    }
}

fn span_limits(environment: &Environment, warnings: &mut Warnings) -> SpanLimits {
    let mut limits = SpanLimits::default();
    let mut set = |names: &[&str], limit: &mut u32| {
        let found = names.iter().find_map(|name| environment.integer(name, warnings));
        *limit = found.map_or(*limit, |found| u32::try_from(found).unwrap_or(u32::MAX));
    };
    const COMMON: &str = "OTEL_ATTRIBUTE_COUNT_LIMIT";
    set(&["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", COMMON], &mut limits.max_attributes_per_span);
    set(&["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", COMMON], &mut limits.max_attributes_per_event);
    set(&["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", COMMON], &mut limits.max_attributes_per_link);
    set(&["OTEL_SPAN_EVENT_COUNT_LIMIT"], &mut limits.max_events_per_span);
    set(&["OTEL_SPAN_LINK_COUNT_LIMIT"], &mut limits.max_links_per_span);
    limits
}
