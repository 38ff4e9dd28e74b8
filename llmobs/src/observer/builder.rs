//! Settings of an observer, checked once.

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
use crate::catalog::SERIES;
use crate::catalog::View;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::nanos;
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

/// Settings of an [`Observer`]. Code decides over the environment, the environment over the defaults.
#[derive(Debug)]
#[must_use = "nothing is observed before `build`"]
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
    grace: Duration,
    clock: Clock,
    registry: Option<RegistryMut<'a>>,
    views: Vec<EnabledView>,
    meters: Option<MeterProviderRef<'a>>,
    tracers: Option<TracerProviderRef<'a>>,
    log_sample_ratio: f64,
    logs_details: bool,
    recorded: usize,
    recorder_folder: Option<PathBuf>,
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
            grace: Duration::from_secs(300),
            clock: Clock::system(),
            registry: None,
            views: Vec::new(),
            meters: None,
            tracers: None,
            log_sample_ratio: 1.0,
            logs_details: false,
            recorded: 4_096,
            recorder_folder: None,
            #[cfg(feature = "content")]
            gate: None,
            #[cfg(feature = "pseudonym")]
            pseudonyms: None,
        }
    }

    /// What the process is towards the model. Defaults to [`Role::Server`].
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Whose models they are, unless an operation says otherwise. Defaults to `unknown`.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = provider;
        self
    }

    /// Declares a model: its series start at zero, and nothing can push them out. May be called often. Defaults to
    /// none.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.models.push(model.into());
        self
    }

    /// Declares models, as [`model`](Self::model) does.
    pub fn models<M: Into<String>>(mut self, models: impl IntoIterator<Item = M>) -> Self {
        self.models.extend(models.into_iter().map(Into::into));
        self
    }

    /// How many undeclared models get series of their own; the rest are `_OTHER`. Defaults to 0 in the server role, so
    /// that a request for a model that is not there takes no place, and to 32, or as many as fit the
    /// [`series_limit`](Self::series_limit), in the others.
    pub const fn max_undeclared_models(mut self, models: usize) -> Self {
        self.max_undeclared_models = Some(models);
        self
    }

    /// Which operations a declared model has series of at zero. Defaults to chat.
    pub fn operations(mut self, operations: impl IntoIterator<Item = OperationName>) -> Self {
        self.operations = operations.into_iter().collect();
        self
    }

    /// Declares a label of your own and every value that it may have; at most four. Defaults to none.
    pub fn label<V: Into<String>>(mut self, name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.labels.push((name.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Declares phases for [`Marker::phase`](crate::Marker::phase). Defaults to none.
    pub fn phases<P: Into<String>>(mut self, phases: impl IntoIterator<Item = P>) -> Self {
        self.phases.extend(phases.into_iter().map(Into::into));
        self
    }

    /// Declares an evaluation and every label that it may give, for [`Marker::feedback`](crate::Marker::feedback).
    /// Defaults to none.
    pub fn evaluation<L: Into<String>>(mut self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.evaluations.push((name.into(), labels.into_iter().map(Into::into).collect()));
        self
    }

    /// Judges every operation against an objective. Its limits become exact bucket edges. Defaults to none.
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// What counts as the first token. Defaults to [`FirstToken::Generated`].
    pub const fn first_token(mut self, rule: FirstToken) -> Self {
        self.first_token = rule;
        self
    }

    /// How fine the histograms are. Defaults to [`Buckets::Default`].
    pub const fn buckets(mut self, buckets: Buckets) -> Self {
        self.buckets = buckets;
        self
    }

    /// How much is recorded. Defaults to [`Level::Core`] in the gateway role, else to [`Level::Standard`].
    pub const fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Which of the conventions' metric sets is recorded. Defaults to [`Profile::Latest`] where the environment
    /// variable `OTEL_SEMCONV_STABILITY_OPT_IN` lists `gen_ai_latest_experimental`, else to [`Profile::V1_41`].
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// How many label sets of one metric your backend keeps. Defaults to 2,000, the limit of the OpenTelemetry SDK.
    pub const fn series_limit(mut self, sets: usize) -> Self {
        self.series_limit = sets;
        self
    }

    /// How long the series of a retired model stay on the Prometheus page. Defaults to five minutes.
    pub const fn retired_model_ttl(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Where the time comes from. Defaults to the system's monotonic clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The registry that the Prometheus metrics go into, `&mut registry`; its prefix and labels then apply. Defaults
    /// to a registry of the observer's own, which `llmobs::prometheus::page` prints.
    pub fn registry<'b>(self, registry: impl Into<RegistryMut<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { registry: Some(registry.into()), ..self.shorten() }
    }

    /// Shows the Prometheus page's data under another system's names too, beside ours and at any level. May be called
    /// often. Defaults to no view.
    pub fn view(self, view: View) -> Self {
        self.with_view(EnabledView { view, replaces_rows: false })
    }

    /// Shows the Prometheus page's data under another system's names, and the rows that are shown so no longer under
    /// ours. OpenTelemetry has them all the same. Defaults to no view.
    pub fn replace_with_view(self, view: View) -> Self {
        self.with_view(EnabledView { view, replaces_rows: true })
    }

    /// The meter provider that the OpenTelemetry metrics go to, `&provider`. Defaults to the global one, as it is when
    /// `build` is called.
    pub fn meter_provider<'b>(self, provider: impl Into<MeterProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { meters: Some(provider.into()), ..self.shorten() }
    }

    /// The tracer provider that makes the spans of an operation's parts at level [`Full`](Level::Full), `&provider`. All
    /// other spans go through `tracing`. Defaults to the global one.
    pub fn tracer_provider<'b>(self, provider: impl Into<TracerProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { tracers: Some(provider.into()), ..self.shorten() }
    }

    /// Which share of the operations that went well has a log event `llm_request_complete`, from 0 to 1. Failures and
    /// missed objectives always have one. Each event says the share that it stands for. Defaults to 1.
    pub const fn log_sample_ratio(mut self, share: f64) -> Self {
        self.log_sample_ratio = share;
        self
    }

    /// Gives each operation an event `gen_ai.client.inference.operation.details` of level DEBUG, which says what its
    /// span says, for those who keep logs and no traces. Defaults to none, as the conventions want it.
    pub const fn operation_details(mut self, wanted: bool) -> Self {
        self.logs_details = wanted;
        self
    }

    /// How many operations that ended the flight recorder remembers, about 400 bytes each. Defaults to 4,096; 0 turns
    /// it off.
    pub const fn flight_recorder(mut self, operations: usize) -> Self {
        self.recorded = operations;
        self
    }

    /// The folder that the flight recorder is written to, as a file `llmobs-*.jsonl`, when something panics or when an
    /// objective burns: its misses among the last 128 judged would spend a month's budget in two days, or are half of
    /// all. At most one file is written for each of the two reasons in five minutes, by a thread of its own; a panic of
    /// the main thread, or one that aborts the process, is written before the process ends. At most 16 such files
    /// stand in the folder: the oldest are removed, also those of earlier processes. It adds to the process's panic
    /// hook. Defaults to none: then only [`Observer::recent_operations`] writes it out.
    pub fn flight_recorder_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.recorder_folder = Some(folder.into());
        self
    }

    /// Where content goes: a mode, or a [`Gate`] with settings of its own. Defaults to what
    /// [the environment](crate::capture::ContentCapture::VARIABLE) says, else nowhere. Details events are written where
    /// events have content.
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

    /// What makes [pseudonyms](Observer::pseudonym). Defaults to those under the key of
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
    /// When the settings cannot work; the message names the setter to change. A global meter provider that records
    /// nothing is no error, since Prometheus may be all that is wanted; it is said once, in a log event.
    pub fn build(self) -> Result<Observer, BuildError> {
        let Self { registry, meters, .. } = &self;
        if registry.as_ref().is_some_and(RegistryMut::has_observer) {
            return Err(BuildError::AlreadyRegistered);
        }
        let profile = self.profile.unwrap_or_else(profile_of_environment);
        let vocabulary = self.vocabulary(profile)?;
        let undeclared = self.resolve_max_undeclared_models(&vocabulary)?;
        let level = self.level.unwrap_or(if self.role == Role::Gateway { Level::Core } else { Level::Standard });
        let given = meters.is_some();
        let meter = meters.map_or_else(|| otel::global_meter(profile), |meters| meters.meter(profile));
        let sinks = Sinks::new(self.bounds()?, level, meter);
        #[cfg(feature = "pseudonym")]
        let pseudonyms = match self.pseudonyms {
            Some(given) => given,
            None => Pseudonymizer::from_environment()
                .map_err(|error| BuildError::InvalidPseudonymKey { reason: error.to_string() })?,
        };
        let settings = ObserverSettings {
            clock: self.clock.clone(),
            first_token: self.first_token,
            vocabulary,
            operations: self.operations,
            max_undeclared_models: undeclared,
            series_limit: self.series_limit,
            grace: nanos(self.grace),
            tracer: self.tracers.map(|tracers| tracers.tracer(profile)),
            log_sample_ratio: self.log_sample_ratio,
            logs_details: self.logs_details,
            flight: FlightRecorder::new(
                self.recorded,
                self.recorder_folder,
                self.clock,
                self.objectives.iter().map(|objective| objective.target),
            ),
            #[cfg(feature = "content")]
            gate: self.gate.unwrap_or_else(|| Gate::builder().build()),
            #[cfg(feature = "pseudonym")]
            pseudonyms,
        };
        let core = Arc::new(Inner::new(settings, sinks));
        #[cfg(not(feature = "content"))]
        warn_content_disabled();
        let weak = Arc::downgrade(&core);
        let source: Weak<dyn ObservableSource> = weak;
        match core.sinks().attach(&source) {
            otel::MeterHealth::Noop if given => return Err(BuildError::NoopMeter),
            otel::MeterHealth::BoundInstrumentsMismatch => return Err(BuildError::BoundInstrumentsMismatch),
            otel::MeterHealth::Noop => tracing::info!(
                target: "llmobs",
                "the global meter provider records nothing, so metrics go to Prometheus only; set the provider up \
                 before building the observer if that is not meant"
            ),
            otel::MeterHealth::Recording => {}
        }
        if self.buckets == Buckets::Exponential {
            tracing::info!(
                target: "llmobs",
                "exponential buckets need a View of the OpenTelemetry SDK; everywhere else they are `Fine`"
            );
        }
        let page = ObserverCollector { store: Arc::clone(&core.sinks().prometheus), source, views: self.views };
        match self.registry {
            Some(mut registry) => registry.register(page),
            None => {
                let mut registry = Registry::default();
                RegistryMut::from(&mut registry).register(page);
                core.set_owned_registry(registry);
            }
        }
        describe_build(core.sinks(), level, profile);
        #[cfg(feature = "otlp")]
        if let Some(exports) = crate::sink::export_counts::PipelineCounts::of_process() {
            core.report_exports(&exports);
        }
        core.sinks().bind(RowId::FoldedLabels, &[Label::new(llmobs_attribute::LABEL, SERIES[2])]).add(0);
        for model in &self.models {
            core.declare(model, self.role, &self.provider);
        }
        Ok(Observer::new(core, self.role, self.provider))
    }

    /// Said again, the last word holds: no view is on a page twice.
    fn with_view(mut self, chosen: EnabledView) -> Self {
        self.views.retain(|known| known.view != chosen.view);
        self.views.push(chosen);
        self
    }

    fn shorten<'b>(self) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        self
    }
}

fn profile_of_environment() -> Profile {
    let opted_in = std::env::var("OTEL_SEMCONV_STABILITY_OPT_IN").unwrap_or_default();
    match opted_in.split(',').any(|word| word.trim() == "gen_ai_latest_experimental") {
        true => Profile::Latest,
        false => Profile::V1_41,
    }
}

/// Somebody asked for what this build cannot do.
#[cfg(not(feature = "content"))]
fn warn_content_disabled() {
    static ONCE: Once = Once::new();
    let asked = std::env::var("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT").unwrap_or_default();
    if !["", "no_content", "false"].contains(&asked.trim().to_ascii_lowercase().as_str()) {
        ONCE.call_once(|| {
            tracing::warn!(
                target: "llmobs",
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is set, and llmobs was built without its feature \
                 `content`: no content is captured"
            );
        });
    }
}

fn describe_build(sinks: &Sinks, level: Level, profile: Profile) {
    let features = [
        ("content", cfg!(feature = "content")),
        ("otel-bound", cfg!(feature = "otel-bound")),
        ("otlp", cfg!(feature = "otlp")),
        ("prometheus", cfg!(feature = "prometheus")),
        ("pseudonym", cfg!(feature = "pseudonym")),
    ];
    let on: Vec<_> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    let labels = [
        Label::new(llmobs_attribute::VERSION, env!("CARGO_PKG_VERSION")),
        Label::new(llmobs_attribute::FEATURES, Arc::<str>::from(on.join(","))),
        Label::new(llmobs_attribute::LEVEL, level.as_str()),
        Label::new(llmobs_attribute::PROFILE, profile.as_str()),
    ];
    sinks.bind(RowId::BuildInfo, &labels).set(1.0);
}
