//! The settings of an observer, as its builder collects them.

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
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::sink::otel::MeterProviderRef;
use crate::sink::otel::TracerProviderRef;
use crate::sink::prometheus::EnabledView;
use crate::sink::prometheus::RegistryMut;
use crate::timing::FirstToken;

/// The settings of an observer.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) role: Role,
    pub(crate) provider: Provider,
    pub(crate) models: Vec<String>,
    pub(crate) max_undeclared_models: Option<usize>,
    pub(crate) operations: Vec<OperationName>,
    pub(crate) labels: Vec<(String, Vec<String>)>,
    pub(crate) phases: Vec<String>,
    pub(crate) evaluations: Vec<(String, Vec<String>)>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) first_token: FirstToken,
    pub(crate) buckets: Buckets,
    pub(crate) level: Option<Level>,
    pub(crate) profile: Option<Profile>,
    pub(crate) series_limit: usize,
    pub(crate) retired_model_ttl: Duration,
    pub(crate) clock: Clock,
    pub(crate) registry: Option<RegistryMut<'a>>,
    pub(crate) views: Vec<EnabledView>,
    pub(crate) meter_provider: Option<MeterProviderRef<'a>>,
    pub(crate) tracer_provider: Option<TracerProviderRef<'a>>,
    pub(crate) log_sample_ratio: f64,
    pub(crate) should_emit_details: bool,
    pub(crate) flight_recorder_capacity: usize,
    pub(crate) flight_recorder_folder: Option<PathBuf>,
    pub(crate) content: ContentSettings,
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Option<Pseudonymizer>,
}

impl Settings<'_> {
    pub(crate) fn new() -> Self {
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
            content: ContentSettings::new(),
            #[cfg(feature = "pseudonym")]
            pseudonyms: None,
        }
    }
}
