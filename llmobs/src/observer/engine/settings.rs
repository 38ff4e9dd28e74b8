//! The settings of an observer, as its builder collects them. `engine::build` validates them and replaces `None` by
//! defaults.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use crate::catalog::Buckets;
use crate::catalog::Level;
use crate::catalog::Profile;
use crate::catalog::Role;
use crate::clock::Clock;
use crate::objective::Objective;
use crate::observer::content::ContentSettings;
#[cfg(feature = "cost")]
use crate::observer::state::cost_books::CostSettings;
use crate::observer::state::tenant_registry::TenantSettings;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::record::RecordSettings;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::sink::otel::LoggerProviderRef;
use crate::sink::otel::MeterProviderRef;
use crate::sink::otel::TracerProviderRef;
use crate::sink::prometheus::EnabledView;
use crate::sink::prometheus::RegistryMut;
use crate::span::SpanSettings;
use crate::timing::FirstToken;

/// The provider of an observer and an operation that set none.
pub(crate) const UNKNOWN_PROVIDER: Provider = Provider::Other(Cow::Borrowed("unknown"));

/// The settings of an observer, not validated. The setters of `ObserverBuilder` describe each in full.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// The role of the process: server, gateway or client.
    pub(crate) role: Role,
    /// The provider of operations that do not set one.
    pub(crate) provider: Provider,
    /// The declared models.
    pub(crate) models: Vec<String>,
    /// The maximum number of undeclared models with separate series; `None` is the default of the role.
    pub(crate) max_undeclared_models: Option<usize>,
    /// The operations for which a declared model has series that start at zero.
    pub(crate) operations: Vec<OperationName>,
    /// The name and the values of each label of the application.
    pub(crate) labels: Vec<(String, Vec<String>)>,
    /// The names of the phases.
    pub(crate) phases: Vec<String>,
    /// The name of each evaluation, with all labels that it may result in.
    pub(crate) evaluations: Vec<(String, Vec<String>)>,
    /// The objectives that every operation is judged by.
    pub(crate) objectives: Vec<Objective>,
    /// The rule that determines which token ends the time to first token.
    pub(crate) first_token: FirstToken,
    /// The resolution of the histograms.
    pub(crate) buckets: Buckets,
    /// The level, which determines how much is recorded; `None` is the default of the role.
    pub(crate) level: Option<Level>,
    /// The version of the conventions to record; `None` is that of the environment, else v1.41.
    pub(crate) profile: Option<Profile>,
    /// The maximum number of label sets of one metric that the backend keeps.
    pub(crate) series_limit: usize,
    /// The time for which the series of a retired model remain on the Prometheus page.
    pub(crate) retired_model_ttl: Duration,
    /// The settings of tenants; `None` records no tenants.
    pub(crate) tenants: Option<TenantSettings>,
    /// The clock of all moments.
    pub(crate) clock: Clock,
    /// The Prometheus registry of the application; `None` creates one for the observer.
    pub(crate) registry: Option<RegistryMut<'a>>,
    /// The views of the Prometheus page: tables that show metrics under another system's names.
    pub(crate) views: Vec<EnabledView>,
    /// The OpenTelemetry meter provider; `None` is the global one.
    pub(crate) meter_provider: Option<MeterProviderRef<'a>>,
    /// The tracer provider for the spans of stages; `None` is the global one.
    pub(crate) tracer_provider: Option<TracerProviderRef<'a>>,
    /// The logger provider for events that may contain content; `None` is that of the installed pipeline, if there is
    /// one.
    pub(crate) logger_provider: Option<LoggerProviderRef<'a>>,
    /// Ratio, from 0 to 1, of completed and cancelled operations that have a log event; those that missed an objective
    /// always have one.
    pub(crate) log_sample_ratio: f64,
    /// The settings of spans: if none are started, and the source of their ids in another version of OpenTelemetry.
    pub(crate) spans: SpanSettings,
    /// True if each operation has an event `gen_ai.client.inference.operation.details`.
    pub(crate) should_emit_details: bool,
    /// The number of ended operations that the flight recorder holds; 0 disables it.
    pub(crate) flight_recorder_capacity: usize,
    /// The folder of the flight recorder's files; `None` writes no file.
    pub(crate) flight_recorder_folder: Option<PathBuf>,
    /// The callbacks and the channel for the records of operations.
    pub(crate) records: RecordSettings,
    /// The settings of costs.
    #[cfg(feature = "cost")]
    pub(crate) costs: CostSettings,
    /// The gate that all content passes.
    pub(crate) content: ContentSettings,
    /// The source of pseudonyms; `None` uses the key in the environment.
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Option<Pseudonymizer>,
}

impl Settings<'_> {
    /// Returns the default settings.
    pub(crate) fn new() -> Self {
        Self {
            role: Role::default(),
            provider: UNKNOWN_PROVIDER,
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
            tenants: None,
            clock: Clock::system(),
            registry: None,
            views: Vec::new(),
            meter_provider: None,
            tracer_provider: None,
            logger_provider: None,
            log_sample_ratio: 1.0,
            spans: SpanSettings::default(),
            should_emit_details: false,
            flight_recorder_capacity: 4_096,
            flight_recorder_folder: None,
            records: RecordSettings::default(),
            #[cfg(feature = "cost")]
            costs: CostSettings::default(),
            content: ContentSettings::new(),
            #[cfg(feature = "pseudonym")]
            pseudonyms: None,
        }
    }
}
