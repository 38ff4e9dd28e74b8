//! The construction of an observer, the object that starts operations, from its settings. `ObserverBuilder::build`
//! calls it; `checks` validates the settings.

use std::sync::Arc;
use std::sync::Weak;

use prometheus_client::registry::Registry;

use super::checks::bucket_bounds;
#[cfg(feature = "cost")]
use super::checks::check_budgets;
use super::checks::check_tenants;
use super::checks::declared_names;
use super::checks::resolve_max_undeclared_models;
use super::settings::Settings;
use crate::catalog::Buckets;
use crate::catalog::Level;
use crate::catalog::Profile;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::clock::duration_to_nanos;
use crate::error::BuildError;
use crate::measurement::Label;
use crate::observer::state::flight_recorder::FlightRecorder;
use crate::observer::state::observer_parts::ObserverParts;
use crate::observer::state::observer_state::ObserverSettings;
use crate::observer::state::observer_state::ObserverState;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::sink::ObservableSource;
use crate::sink::SinkSettings;
use crate::sink::Sinks;
use crate::sink::otel;
use crate::sink::prometheus::RegistryMut;

/// Builds the observer, and registers it with the OpenTelemetry meter and a Prometheus registry. If this process has an
/// OTLP pipeline whose export counts no other observer reports, this observer reports them. Returns an error if a setting
/// is invalid, if the registry already contains an observer, if the given meter provider records nothing, or if bound
/// instruments do not work.
pub(crate) fn build(settings: Settings<'_>) -> Result<ObserverParts, BuildError> {
    let Settings { registry, meter_provider, .. } = &settings;
    if registry.as_ref().is_some_and(RegistryMut::has_observer) {
        return Err(BuildError::AlreadyRegistered);
    }
    if !settings.records.has_valid_capacity() {
        return Err(BuildError::RecordChannelWithoutCapacity);
    }
    let profile = settings.profile.unwrap_or_else(profile_from_environment);
    let declared_names = declared_names(&settings, profile)?;
    let max_undeclared_models = resolve_max_undeclared_models(&settings, &declared_names)?;
    check_tenants(&settings)?;
    #[cfg(feature = "cost")]
    check_budgets(&settings)?;
    let level = settings.level.unwrap_or(if settings.role == Role::Gateway { Level::Core } else { Level::Standard });
    let has_meter_provider = meter_provider.is_some();
    let meter = meter_provider.map_or_else(|| otel::global_meter(profile), |provider| provider.meter(profile));
    let sink_settings =
        SinkSettings { bounds: bucket_bounds(&settings)?, buckets: settings.buckets, level, views: settings.views };
    let sinks = Sinks::new(sink_settings, meter);
    #[cfg(feature = "pseudonym")]
    let pseudonyms = match settings.pseudonyms {
        Some(pseudonyms) => pseudonyms,
        None => Pseudonymizer::from_environment()
            .map_err(|error| BuildError::InvalidPseudonymKey { reason: error.to_string() })?,
    };
    let observer_settings = ObserverSettings {
        clock: settings.clock.clone(),
        first_token: settings.first_token,
        declared_names,
        declared_operations: settings.operations,
        max_undeclared_models,
        series_limit: settings.series_limit,
        retired_model_ttl: duration_to_nanos(settings.retired_model_ttl),
        tenants: settings.tenants,
        tracer: settings.tracer_provider.map(|provider| provider.tracer(profile)),
        logger: match settings.logger_provider {
            Some(provider) => Some(provider.logger(profile)),
            None => otel::global_logger(profile),
        },
        log_sample_ratio: settings.log_sample_ratio,
        spans: settings.spans,
        should_emit_details: settings.should_emit_details,
        flight_recorder: FlightRecorder::new(
            settings.flight_recorder_capacity,
            settings.flight_recorder_folder,
            settings.clock,
            settings.objectives.iter().map(|objective| objective.target),
        ),
        records: settings.records,
        #[cfg(feature = "cost")]
        costs: settings.costs,
        content: settings.content,
        #[cfg(feature = "pseudonym")]
        pseudonyms,
    };
    let inner = Arc::new(ObserverState::new(observer_settings, sinks)?);
    let weak = Arc::downgrade(&inner);
    let source: Weak<dyn ObservableSource> = weak;
    match inner.sinks().register_source(&source) {
        otel::MeterHealth::Noop if has_meter_provider => return Err(BuildError::NoopMeter),
        otel::MeterHealth::BoundInstrumentsMismatch => return Err(BuildError::BoundInstrumentsMismatch),
        otel::MeterHealth::Noop => tracing::info!(
            target: "llmobs",
            "the global meter provider records nothing, so metrics are only on the Prometheus page; to export \
             them, set the meter provider before the observer is built"
        ),
        otel::MeterHealth::Recording => {}
    }
    if settings.buckets == Buckets::Exponential {
        tracing::info!(
            target: "llmobs",
            "`Buckets::Exponential` needs a View of the OpenTelemetry SDK; without a View and on the Prometheus \
             page, the buckets are `Buckets::Fine`"
        );
    }
    let page = inner.sinks().page(source);
    match settings.registry {
        Some(mut registry) => registry.register(page),
        None => {
            let mut registry = Registry::default();
            RegistryMut::from(&mut registry).register(page);
            inner.set_owned_registry(registry);
        }
    }
    record_build_info(inner.sinks(), level, profile);
    #[cfg(feature = "otlp")]
    if let Some(exports) = crate::sink::export_counts::PipelineCounts::global() {
        inner.report_exports(&exports);
    }
    inner.sinks().bind(RowId::FoldedLabels, &[Label::new(llmobs_attribute::LABEL, SERIES_ATTRIBUTES[2])]).add(0);
    for model in &settings.models {
        inner.models.declare(model, settings.role, &settings.provider);
        #[cfg(feature = "cost")]
        if let Some(books) = inner.costs.as_deref().filter(|_| !settings.role.is_remote()) {
            // The GPUs of a declared model are idle from now on.
            let _ = books.gpu(&books.prices.pin(), model, &model.as_str().into(), inner.clock.now().as_nanos());
        }
    }
    Ok(ObserverParts { inner: Some(inner), role: settings.role, provider: settings.provider })
}

/// Returns the latest profile if `OTEL_SEMCONV_STABILITY_OPT_IN` lists `gen_ai_latest_experimental`, else v1.41.
fn profile_from_environment() -> Profile {
    let opted_in = std::env::var("OTEL_SEMCONV_STABILITY_OPT_IN").unwrap_or_default();
    match opted_in.split(',').any(|entry| entry.trim() == "gen_ai_latest_experimental") {
        true => Profile::Latest,
        false => Profile::V1_41,
    }
}

/// Sets the gauge of the build to 1, with this crate's version and features, the level and the profile as labels.
fn record_build_info(sinks: &Sinks, level: Level, profile: Profile) {
    let features = [
        ("axum", cfg!(feature = "axum")),
        ("content", cfg!(feature = "content")),
        ("cost", cfg!(feature = "cost")),
        ("gateway", cfg!(feature = "gateway")),
        ("gzip", cfg!(feature = "gzip")),
        ("macros", cfg!(feature = "macros")),
        ("otel-bound", cfg!(feature = "otel-bound")),
        ("otlp", cfg!(feature = "otlp")),
        ("otlp-json", cfg!(feature = "otlp-json")),
        ("otlp-tls", cfg!(feature = "otlp-tls")),
        ("otlp-zstd", cfg!(feature = "otlp-zstd")),
        ("process", cfg!(feature = "process")),
        ("prometheus", cfg!(feature = "prometheus")),
        ("pseudonym", cfg!(feature = "pseudonym")),
        ("serde", cfg!(feature = "serde")),
        ("sse", cfg!(feature = "sse")),
        ("testing", cfg!(feature = "testing")),
        ("tokio", cfg!(feature = "tokio")),
        ("tower", cfg!(feature = "tower")),
    ];
    let enabled: Vec<_> = features.iter().filter(|(_, enabled)| *enabled).map(|(name, _)| *name).collect();
    let labels = [
        Label::new(llmobs_attribute::BUILD_VERSION, env!("CARGO_PKG_VERSION")),
        Label::new(llmobs_attribute::BUILD_FEATURES, Arc::<str>::from(enabled.join(","))),
        Label::new(llmobs_attribute::BUILD_LEVEL, level.as_str()),
        Label::new(llmobs_attribute::BUILD_PROFILE, profile.as_str()),
    ];
    sinks.bind(RowId::BuildInfo, &labels).set(1.0);
}
