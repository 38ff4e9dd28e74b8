//! The settings of an observer, and their validation in one place.

mod checks;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(not(feature = "content"))]
use std::sync::Once;
use std::sync::Weak;
use std::time::Duration;

use prometheus_client::registry::Registry;

use super::Observer;
use super::flight_recorder::FlightRecorder;
use super::inner::Inner;
use super::inner::ObserverSettings;
#[cfg(feature = "content")]
use crate::capture::Gate;
use crate::catalog::Buckets;
use crate::catalog::Level;
use crate::catalog::Profile;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::View;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::duration_to_nanos;
use crate::error::BuildError;
use crate::measurement::Label;
use crate::objective::Objective;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::sink::ObservableSource;
use crate::sink::Sinks;
use crate::sink::otel;
use crate::sink::otel::MeterProviderRef;
use crate::sink::otel::TracerProviderRef;
use crate::sink::prometheus::EnabledView;
use crate::sink::prometheus::ObserverCollector;
use crate::sink::prometheus::RegistryMut;
use crate::timing::FirstToken;

/// The settings of an [`Observer`]. A setting in code overrides the environment, and the environment overrides the
/// default.
#[derive(Debug)]
#[must_use = "a builder observes nothing until `build` is called"]
pub struct ObserverBuilder<'a> {
    role: Role,
    provider: Provider,
    models: Vec<String>,
    max_undeclared_models: Option<usize>,
    operations: Vec<OperationName>,
    labels: Vec<(String, Vec<String>)>,
    phases: Vec<String>,
    evaluations: Vec<(String, Vec<String>)>,
    objectives: Vec<Objective>,
    first_token: FirstToken,
    buckets: Buckets,
    level: Option<Level>,
    profile: Option<Profile>,
    series_limit: usize,
    retired_model_ttl: Duration,
    clock: Clock,
    registry: Option<RegistryMut<'a>>,
    views: Vec<EnabledView>,
    meter_provider: Option<MeterProviderRef<'a>>,
    tracer_provider: Option<TracerProviderRef<'a>>,
    log_sample_ratio: f64,
    should_emit_details: bool,
    flight_recorder_capacity: usize,
    flight_recorder_folder: Option<PathBuf>,
    #[cfg(feature = "content")]
    gate: Option<Gate>,
    #[cfg(feature = "pseudonym")]
    pseudonyms: Option<Pseudonymizer>,
}

impl<'a> ObserverBuilder<'a> {
    pub(super) fn new() -> Self {
        Self {
            role: Role::default(),
            provider: Provider::Other(Cow::Borrowed("unknown")),
            models: Vec::new(),
            max_undeclared_models: None,
            operations: vec![OperationName::Chat],
            labels: Vec::new(),
            phases: Vec::new(),
            evaluations: Vec::new(),
            objectives: Vec::new(),
            first_token: FirstToken::default(),
            buckets: Buckets::default(),
            level: None,
            profile: None,
            series_limit: 2_000,
            retired_model_ttl: Duration::from_secs(300),
            clock: Clock::system(),
            registry: None,
            views: Vec::new(),
            meter_provider: None,
            tracer_provider: None,
            log_sample_ratio: 1.0,
            should_emit_details: false,
            flight_recorder_capacity: 4_096,
            flight_recorder_folder: None,
            #[cfg(feature = "content")]
            gate: None,
            #[cfg(feature = "pseudonym")]
            pseudonyms: None,
        }
    }

    /// Sets the role of the process: server, gateway or client. Defaults to [`Role::Server`].
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Sets the provider of the models: a [`Provider`], or the name of a self-hosted engine, such as `"candle"`. An
    /// operation can override it. Defaults to `unknown`.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.provider = provider.into();
        self
    }

    /// Declares a model: its series start at zero, and it is never folded into `_OTHER`. May be called repeatedly.
    /// Defaults to none.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.models.push(model.into());
        self
    }

    /// Declares several models, as [`model`](Self::model) does.
    pub fn models<M: Into<String>>(mut self, models: impl IntoIterator<Item = M>) -> Self {
        self.models.extend(models.into_iter().map(Into::into));
        self
    }

    /// Sets the maximum number of undeclared models with separate series; further models are recorded as `_OTHER`.
    /// Defaults to 0 in the server role, so that requests for models that do not exist create no series. In the other
    /// roles, defaults to 32, or to the largest smaller number that fits the [`series_limit`](Self::series_limit).
    pub const fn max_undeclared_models(mut self, models: usize) -> Self {
        self.max_undeclared_models = Some(models);
        self
    }

    /// Sets the operations for which a declared model has series that start at zero. Defaults to chat.
    pub fn operations(mut self, operations: impl IntoIterator<Item = OperationName>) -> Self {
        self.operations = operations.into_iter().collect();
        self
    }

    /// Declares a label of the application and all its values. At most four labels can be declared. Defaults to none.
    pub fn label<V: Into<String>>(mut self, name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.labels.push((name.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Declares the names of phases for [`Marker::phase`](crate::Marker::phase). Defaults to none.
    pub fn phases<P: Into<String>>(mut self, phases: impl IntoIterator<Item = P>) -> Self {
        self.phases.extend(phases.into_iter().map(Into::into));
        self
    }

    /// Declares an evaluation and all labels that it may result in, for [`Marker::feedback`](crate::Marker::feedback).
    /// Defaults to none.
    pub fn evaluation<L: Into<String>>(mut self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.evaluations.push((name.into(), labels.into_iter().map(Into::into).collect()));
        self
    }

    /// Adds an objective that every operation is judged by. Its limits become exact bucket bounds. Defaults to none.
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// Sets the rule that determines which token counts as the first. Defaults to [`FirstToken::Generated`].
    pub const fn first_token(mut self, rule: FirstToken) -> Self {
        self.first_token = rule;
        self
    }

    /// Sets the resolution of the histograms. Defaults to [`Buckets::Default`].
    pub const fn buckets(mut self, buckets: Buckets) -> Self {
        self.buckets = buckets;
        self
    }

    /// Sets the level, which determines how much is recorded. Defaults to [`Level::Core`] in the gateway role, else to
    /// [`Level::Standard`].
    pub const fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Sets the version of the conventions whose metric set is recorded. Defaults to [`Profile::Latest`] if the
    /// environment variable `OTEL_SEMCONV_STABILITY_OPT_IN` lists `gen_ai_latest_experimental`, else to
    /// [`Profile::V1_41`].
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sets the maximum number of label sets of one metric that the backend keeps. Defaults to 2,000, the limit of the
    /// OpenTelemetry SDK.
    pub const fn series_limit(mut self, sets: usize) -> Self {
        self.series_limit = sets;
        self
    }

    /// Sets the time for which the series of a retired model remain on the Prometheus page. Defaults to five minutes.
    pub const fn retired_model_ttl(mut self, ttl: Duration) -> Self {
        self.retired_model_ttl = ttl;
        self
    }

    /// Sets the clock. Defaults to the system's monotonic clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the registry that the Prometheus metrics are registered in, `&mut registry`; its prefix and labels apply to
    /// them. Defaults to a separate registry of the observer, which `llmobs::prometheus::page` renders.
    pub fn registry<'b>(self, registry: impl Into<RegistryMut<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { registry: Some(registry.into()), ..self.shorten_lifetime() }
    }

    /// Adds a view: the data of the Prometheus page also appears under another system's names, at any level. May be
    /// called repeatedly. Defaults to no view.
    pub fn view(self, view: View) -> Self {
        self.add_view(EnabledView { view, replaces_rows: false })
    }

    /// Adds a view and removes the rows that it shows from the Prometheus page under their llmobs names. OpenTelemetry
    /// still receives them. Defaults to no view.
    pub fn replace_with_view(self, view: View) -> Self {
        self.add_view(EnabledView { view, replaces_rows: true })
    }

    /// Sets the provider of the OpenTelemetry meter, `&provider`. Defaults to the provider that is global when `build`
    /// is called.
    pub fn meter_provider<'b>(self, provider: impl Into<MeterProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { meter_provider: Some(provider.into()), ..self.shorten_lifetime() }
    }

    /// Sets the tracer provider for the spans of an operation's stages at level [`Full`](Level::Full), `&provider`. All
    /// other spans are created through `tracing`. Defaults to the global provider.
    pub fn tracer_provider<'b>(self, provider: impl Into<TracerProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { tracer_provider: Some(provider.into()), ..self.shorten_lifetime() }
    }

    /// Sets the ratio, from 0 to 1, of completed and cancelled operations for which a log event `llm_request_complete`
    /// is emitted. Operations that failed, were rejected or missed an objective always have an event. Each event
    /// contains the ratio at which it was sampled. Defaults to 1.
    pub const fn log_sample_ratio(mut self, ratio: f64) -> Self {
        self.log_sample_ratio = ratio;
        self
    }

    /// Sets whether each operation has an event `gen_ai.client.inference.operation.details` of level DEBUG with the
    /// attributes of its span, for applications that keep logs but no traces. Defaults to `false`, as the conventions
    /// require.
    pub const fn operation_details(mut self, enabled: bool) -> Self {
        self.should_emit_details = enabled;
        self
    }

    /// Sets the number of ended operations that the flight recorder holds, at about 400 bytes each. Defaults to 4,096;
    /// 0 disables the flight recorder.
    pub const fn flight_recorder(mut self, operations: usize) -> Self {
        self.flight_recorder_capacity = operations;
        self
    }

    /// Sets the folder of the flight recorder's files, `llmobs-*.jsonl`. A file is written when a thread panics, or
    /// when the burn rate of an objective is too high: of the last 128 judged operations (at least 32), the misses
    /// would spend the error budget of a month in two days, or are half of all. At most one file is written for each of
    /// the two reasons in five minutes, on a separate thread; for a panic of the main thread, or a panic that aborts
    /// the process, the file is written before the process ends. The folder holds at most 16 of these files: the oldest
    /// are removed, including those of earlier processes. Sets a panic hook that calls the previous one. Defaults to
    /// none: the flight recorder is then available only through [`Observer::recent_operations`].
    pub fn flight_recorder_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.flight_recorder_folder = Some(folder.into());
        self
    }

    /// Sets the destination of content: a mode, or a [`Gate`] with further settings. Defaults to the value of
    /// [the environment variable](crate::capture::ContentCapture::VARIABLE), else content is not captured.
    /// Details events are emitted if the mode exports content on events.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::capture::ContentCapture;
    /// use llmobs::capture::Gate;
    /// use llmobs::capture::ContentLimits;
    ///
    /// let observer = Observer::builder().capture(ContentCapture::Spans).build()?;
    /// let gate = Gate::builder().capture(ContentCapture::Events).limits(ContentLimits::default().part(2_048));
    /// let observer = Observer::builder().capture(gate).build()?;
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[cfg(feature = "content")]
    pub fn capture(mut self, gate: impl Into<Gate>) -> Self {
        self.gate = Some(gate.into());
        self
    }

    /// Sets the source of [pseudonyms](Observer::pseudonym). Defaults to pseudonyms under the key in
    /// [the environment](Pseudonymizer::from_environment), else none.
    #[cfg(feature = "pseudonym")]
    pub fn pseudonyms(mut self, pseudonyms: Pseudonymizer) -> Self {
        self.pseudonyms = Some(pseudonyms);
        self
    }

    /// Builds the observer.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings are invalid; its message names the setter to change. A global meter provider
    /// that records nothing is not an error, since Prometheus may be the only backend; it is reported in a log event.
    pub fn build(self) -> Result<Observer, BuildError> {
        let Self { registry, meter_provider, .. } = &self;
        if registry.as_ref().is_some_and(RegistryMut::has_observer) {
            return Err(BuildError::AlreadyRegistered);
        }
        let profile = self.profile.unwrap_or_else(profile_from_environment);
        let declared_names = self.declared_names(profile)?;
        let max_undeclared_models = self.resolve_max_undeclared_models(&declared_names)?;
        let level = self.level.unwrap_or(if self.role == Role::Gateway { Level::Core } else { Level::Standard });
        let has_meter_provider = meter_provider.is_some();
        let meter = meter_provider.map_or_else(|| otel::global_meter(profile), |provider| provider.meter(profile));
        let sinks = Sinks::new(self.bucket_bounds()?, level, meter);
        #[cfg(feature = "pseudonym")]
        let pseudonyms = match self.pseudonyms {
            Some(pseudonyms) => pseudonyms,
            None => Pseudonymizer::from_environment()
                .map_err(|error| BuildError::InvalidPseudonymKey { reason: error.to_string() })?,
        };
        let settings = ObserverSettings {
            clock: self.clock.clone(),
            first_token: self.first_token,
            declared_names,
            declared_operations: self.operations,
            max_undeclared_models,
            series_limit: self.series_limit,
            retired_model_ttl: duration_to_nanos(self.retired_model_ttl),
            tracer: self.tracer_provider.map(|provider| provider.tracer(profile)),
            log_sample_ratio: self.log_sample_ratio,
            should_emit_details: self.should_emit_details,
            flight_recorder: FlightRecorder::new(
                self.flight_recorder_capacity,
                self.flight_recorder_folder,
                self.clock,
                self.objectives.iter().map(|objective| objective.target),
            ),
            #[cfg(feature = "content")]
            gate: self.gate.unwrap_or_else(|| Gate::builder().build()),
            #[cfg(feature = "pseudonym")]
            pseudonyms,
        };
        let inner = Arc::new(Inner::new(settings, sinks));
        #[cfg(not(feature = "content"))]
        warn_content_disabled();
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
        if self.buckets == Buckets::Exponential {
            tracing::info!(
                target: "llmobs",
                "`Buckets::Exponential` needs a View of the OpenTelemetry SDK; without a View and on the Prometheus \
                 page, the buckets are `Buckets::Fine`"
            );
        }
        let page = ObserverCollector { store: Arc::clone(&inner.sinks().prometheus), source, views: self.views };
        match self.registry {
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
        for model in &self.models {
            inner.declare_model(model, self.role, &self.provider);
        }
        Ok(Observer::new(inner, self.role, self.provider))
    }

    /// Adds a view. A view that was added before is replaced, so that no view is on a page twice.
    fn add_view(mut self, added: EnabledView) -> Self {
        self.views.retain(|other| other.view != added.view);
        self.views.push(added);
        self
    }

    fn shorten_lifetime<'b>(self) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        self
    }
}

fn profile_from_environment() -> Profile {
    let opted_in = std::env::var("OTEL_SEMCONV_STABILITY_OPT_IN").unwrap_or_default();
    match opted_in.split(',').any(|entry| entry.trim() == "gen_ai_latest_experimental") {
        true => Profile::Latest,
        false => Profile::V1_41,
    }
}

/// Warns once if the environment asks for content capture, which this build does not contain.
#[cfg(not(feature = "content"))]
fn warn_content_disabled() {
    static ONCE: Once = Once::new();
    let setting = std::env::var("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT").unwrap_or_default();
    if !["", "no_content", "false"].contains(&setting.trim().to_ascii_lowercase().as_str()) {
        ONCE.call_once(|| {
            tracing::warn!(
                target: "llmobs",
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is set, but llmobs was built without its feature \
                 `content`, so no content is captured"
            );
        });
    }
}

fn record_build_info(sinks: &Sinks, level: Level, profile: Profile) {
    let features = [
        ("content", cfg!(feature = "content")),
        ("otel-bound", cfg!(feature = "otel-bound")),
        ("otlp", cfg!(feature = "otlp")),
        ("prometheus", cfg!(feature = "prometheus")),
        ("pseudonym", cfg!(feature = "pseudonym")),
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
