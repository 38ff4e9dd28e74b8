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
use super::environment::infix;
use super::propagation::propagator;
use super::resource::resource;
use super::sampler::Sampler;

/// The values set in code through the builder.
#[derive(Debug, Clone, Default)]
pub(super) struct BuilderOptions {
    pub(super) target: endpoint::EndpointOptions,
    pub(super) resource: Vec<KeyValue>,
    pub(super) without: Vec<Signal>,
    pub(super) sampler: Option<Sampler>,
    pub(super) queue_limit: Option<usize>,
    pub(super) batch_size: Option<usize>,
    pub(super) batch_delay: Option<Duration>,
    pub(super) retry_for: Option<Duration>,
    pub(super) metrics_interval: Option<Duration>,
    pub(super) delta: Option<bool>,
    pub(super) exponential: Option<bool>,
}

/// The settings that are in effect.
#[derive(Debug)]
pub(super) struct PipelineSettings {
    pub(super) is_disabled: bool,
    /// The endpoints of the exported signals.
    pub(super) targets: Vec<OtlpEndpoint>,
    pub(super) resource: Resource,
    pub(super) propagator: TextMapCompositePropagator,
    pub(super) sampler: Sampler,
    pub(super) span_limits: SpanLimits,
    pub(super) spans: BatchSettings,
    pub(super) logs: BatchSettings,
    pub(super) metrics: MetricsSettings,
    pub(super) notes: Warnings,
}

/// The settings of a queue and its batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchSettings {
    pub(super) limit: usize,
    pub(super) size: usize,
    pub(super) delay: Duration,
    /// The time for which one request is retried.
    pub(super) tries_for: Duration,
}

/// The settings of the collection and export of metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MetricsSettings {
    pub(super) interval: Duration,
    pub(super) tries_for: Duration,
    pub(super) temporality: Temporality,
    /// True if histograms are exported with base-2 exponential buckets instead of explicit buckets.
    pub(super) exponential: bool,
}

/// The default retry time, the same as the OpenTelemetry Collector's.
const TRIES_FOR: Duration = Duration::from_secs(300);

impl PipelineSettings {
    pub(super) fn resolve(choices: &BuilderOptions, environment: &Environment) -> Result<Self, InitError> {
        let mut notes = Warnings::default();
        notes.add_unknown(environment);
        let is_disabled = environment.is_true("OTEL_SDK_DISABLED");
        let mut targets = Vec::new();
        for signal in Signal::ALL {
            let goes =
                !is_disabled && !choices.without.contains(&signal) && is_exported(signal, environment, &mut notes);
            if goes {
                targets.push(OtlpEndpoint::resolve(signal, &choices.target, environment, &mut notes)?);
            }
        }
        Ok(Self {
            is_disabled,
            targets,
            resource: resource(&choices.resource, environment, &mut notes),
            propagator: propagator(environment, &mut notes),
            sampler: choices.sampler.unwrap_or_else(|| Sampler::of_environment(environment, &mut notes)),
            span_limits: span_limits(environment, &mut notes),
            spans: batches("OTEL_BSP", Duration::from_secs(5), choices, environment, &mut notes),
            logs: batches("OTEL_BLRP", Duration::from_secs(1), choices, environment, &mut notes),
            metrics: collection(choices, environment, &mut notes),
            notes,
        })
    }
}

fn is_exported(signal: Signal, environment: &Environment, notes: &mut Warnings) -> bool {
    let name = format!("OTEL_{}_EXPORTER", infix(signal));
    let mut found = false;
    for word in environment.get(&name).unwrap_or("otlp").split(',').map(str::trim) {
        match word {
            "otlp" => found = true,
            "none" => {}
            "prometheus" => notes.add(&name, "the pipeline does not serve the Prometheus page; the application does"),
            other => notes.add(&name, format!("the exporter `{other}` is not supported; use `otlp` or `none`")),
        }
    }
    found
}

fn batches(
    prefix: &str,
    delay: Duration,
    choices: &BuilderOptions,
    environment: &Environment,
    notes: &mut Warnings,
) -> BatchSettings {
    let mut number = |what, default| {
        let name = format!("{prefix}_{what}");
        match environment.number(&name, notes) {
            Some(0) => {
                notes.add(&name, format!("0 would send nothing, so {default} is used"));
                default
            }
            given => given.unwrap_or(default),
        }
    };
    let limit = choices.queue_limit.unwrap_or_else(|| number("MAX_QUEUE_SIZE", 2_048)).max(1);
    let size = choices.batch_size.unwrap_or_else(|| number("MAX_EXPORT_BATCH_SIZE", 512)).max(1);
    let delay =
        choices.batch_delay.or_else(|| environment.millis(&format!("{prefix}_SCHEDULE_DELAY"), notes)).unwrap_or(delay);
    let tries_for = choices.retry_for.or_else(|| environment.millis(&format!("{prefix}_EXPORT_TIMEOUT"), notes));
    BatchSettings {
        limit,
        // A batch larger than the queue limit would never fill.
        size: size.min(limit),
        delay: delay.max(Duration::from_millis(1)),
        tries_for: tries_for.unwrap_or(TRIES_FOR),
    }
}

fn collection(choices: &BuilderOptions, environment: &Environment, notes: &mut Warnings) -> MetricsSettings {
    const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    const HISTOGRAMS: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    let mut temporality = || match environment.get(TEMPORALITY).map(str::to_ascii_lowercase).as_deref() {
        None | Some("cumulative") => Temporality::Cumulative,
        Some("delta") => Temporality::Delta,
        Some("lowmemory") => Temporality::LowMemory,
        Some(other) => {
            notes.add(TEMPORALITY, format!("`{other}` is not supported, so `cumulative` is used"));
            Temporality::Cumulative
        }
    };
    let temporality = match choices.delta {
        Some(true) => Temporality::Delta,
        Some(false) => Temporality::Cumulative,
        None => temporality(),
    };
    let exponential = choices.exponential.unwrap_or_else(|| match environment.get(HISTOGRAMS) {
        None | Some("explicit_bucket_histogram") => false,
        Some("base2_exponential_bucket_histogram") => true,
        Some(other) => {
            notes.add(HISTOGRAMS, format!("`{other}` is not supported, so `explicit_bucket_histogram` is used"));
            false
        }
    });
    let interval = choices.metrics_interval.or_else(|| environment.millis("OTEL_METRIC_EXPORT_INTERVAL", notes));
    let tries_for = environment.millis("OTEL_METRIC_EXPORT_TIMEOUT", notes);
    MetricsSettings {
        interval: interval.filter(|interval| !interval.is_zero()).unwrap_or(Duration::from_secs(60)),
        // The next cumulative export contains the same data, so a longer retry has no benefit.
        tries_for: tries_for.unwrap_or(Duration::from_secs(30)),
        temporality,
        exponential,
    }
}

fn span_limits(environment: &Environment, notes: &mut Warnings) -> SpanLimits {
    let mut limits = SpanLimits::default();
    let mut set = |names: &[&str], limit: &mut u32| {
        let found = names.iter().find_map(|name| environment.number(name, notes));
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
