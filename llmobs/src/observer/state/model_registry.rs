//! The models of an observer and their series, the sets of label values that metrics are recorded in: declared models,
//! undeclared ones up to a limit, and recently retired ones. `engine::start` looks up the series of each operation
//! here.

use crate::sync::Mutex;
use crate::sync::MutexGuard;
use crate::sync::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

use crate::cardinality::CardinalityLimiter;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::number::count_to_f64;
use crate::semconv::value::OTHER;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;
use crate::series::DeclaredNames;
use crate::series::MAX_EXTRA_LABELS;
use crate::series::OperationSeries;
use crate::series::SeriesKey;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;

/// The maximum number of operation names that the conventions do not list and that get separate series, and the same
/// for providers and for runtimes. Further names are recorded as `_OTHER`.
pub(crate) const MAX_NAMES: usize = 16;

/// The models that have series, with limits on the names that callers choose.
pub(crate) struct ModelRegistry {
    sinks: Arc<Sinks>,
    declared_names: Arc<DeclaredNames>,
    /// The operations for which a declared model has series that start at zero.
    declared_operations: Vec<OperationName>,
    /// The declared models, and undeclared ones up to the limit.
    models: CardinalityLimiter<ModelSeries>,
    /// A separate limiter for operation names that the conventions do not list.
    operation_names: CardinalityLimiter<Arc<str>>,
    /// A separate limiter for providers that the conventions do not list.
    providers: CardinalityLimiter<Arc<str>>,
    /// The gauge of each limit that the application set, by model and state.
    limits: Mutex<HashMap<(Arc<str>, State), SeriesHandle>>,
    /// Retired models, with the moment in nanoseconds from which their series may be removed.
    retired: Mutex<Vec<(Arc<ModelSeries>, u64)>>,
    /// Nanoseconds from the retirement of a model until its series may be removed.
    retired_model_ttl: u64,
}

/// The series of a model, one for each combination of role, operation, provider and labels that has occurred.
#[derive(Debug)]
struct ModelSeries {
    name: Arc<str>,
    series: RwLock<Vec<Arc<OperationSeries>>>,
}

impl ModelRegistry {
    /// Returns a registry without models. `declared_operations` are the operations for which a declared model has
    /// series that start at zero; `retired_model_ttl` is the time in nanoseconds from the retirement of a model until
    /// its series may be removed.
    pub(crate) fn new(
        sinks: Arc<Sinks>,
        declared_names: Arc<DeclaredNames>,
        declared_operations: Vec<OperationName>,
        max_undeclared_models: usize,
        retired_model_ttl: u64,
    ) -> Self {
        let folded = || Arc::<str>::from(OTHER);
        Self {
            sinks,
            declared_names,
            declared_operations,
            models: CardinalityLimiter::new(max_undeclared_models, ModelSeries::new(folded())),
            operation_names: CardinalityLimiter::new(MAX_NAMES, folded()),
            providers: CardinalityLimiter::new(MAX_NAMES, folded()),
            limits: Mutex::default(),
            retired: Mutex::default(),
            retired_model_ttl,
        }
    }

    /// Returns the series that the metrics of an operation are recorded in, and creates them at the first use. A model
    /// over the limit is counted as folded and gets the series of `_OTHER`. `extra` holds the index, from one, of each
    /// application label's value; zero if the label has no value.
    #[inline]
    pub(crate) fn series(
        &self,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        model: &str,
        extra: [u8; MAX_EXTRA_LABELS],
    ) -> Arc<OperationSeries> {
        self.series_of_model(&self.admit_model(model), role, operation, provider, extra)
    }

    /// Returns the label values of a provider and a model; `_OTHER` over the limit, which is counted.
    pub(crate) fn label_values(&self, provider: &Provider, model: &str) -> [Arc<str>; 2] {
        let provider = self.admit_provider(provider);
        [provider.as_str().into(), Arc::clone(&self.admit_model(model).name)]
    }

    /// Returns the series of a model, new ones at its first use. A model over the limit is counted as folded.
    #[inline]
    fn admit_model(&self, model: &str) -> Arc<ModelSeries> {
        let admitted = self.models.admit(model, |name| self.revive_or_create_model(name));
        if admitted.is_folded {
            count_folded(&self.sinks, SERIES_ATTRIBUTES[2]);
        }
        admitted.entry
    }

    /// Returns a provider as a label value. A name over the limit of those that the conventions do not list is counted as
    /// folded.
    fn admit_provider(&self, provider: &Provider) -> Provider {
        match provider {
            Provider::Other(name) => {
                Provider::other(admit_name(&self.sinks, &self.providers, SERIES_ATTRIBUTES[1], name))
            }
            listed => listed.clone(),
        }
    }

    #[inline]
    fn series_of_model(
        &self,
        model: &ModelSeries,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; MAX_EXTRA_LABELS],
    ) -> Arc<OperationSeries> {
        if let Some(found) = model.find(role, operation, provider, extra) {
            return found;
        }
        let key = SeriesKey {
            role,
            operation: match operation {
                OperationName::Other(name) => {
                    OperationName::other(admit_name(&self.sinks, &self.operation_names, SERIES_ATTRIBUTES[0], name))
                }
                listed => listed.clone(),
            },
            provider: self.admit_provider(provider),
            extra_label_values: extra,
        };
        model.find_or_add(key, |key| {
            OperationSeries::new(
                key,
                Arc::clone(&model.name),
                Arc::clone(&self.sinks),
                Arc::clone(&self.declared_names),
            )
        })
    }

    /// Declares a model: its series for the declared operations, in this role and with this provider, start at zero,
    /// and it is never folded into `_OTHER`.
    pub(crate) fn declare(&self, model: &str, role: Role, provider: &Provider) {
        let model = self.models.declare(model, |name| self.revive_or_create_model(name));
        for operation in &self.declared_operations {
            self.series_of_model(&model, role, operation, provider, [0; MAX_EXTRA_LABELS]).init_to_zero();
        }
    }

    /// Retires a declared model: it counts as undeclared from now on. `now` is the current moment in nanoseconds, from
    /// which its time to live is measured. Has no effect on a model that is not declared.
    pub(crate) fn retire(&self, model: &str, now: u64) {
        if let Some(model) = self.models.retire(model) {
            self.retired().push((model, now.saturating_add(self.retired_model_ttl)));
        }
    }

    /// Removes from the Prometheus page the series of retired models whose time to live has passed at `now`, in
    /// nanoseconds, and that neither an operation nor a marker nor an engine uses; `has_engine` returns whether a model
    /// has an engine. Returns the names of the models whose series were removed. Called before each collection.
    pub(crate) fn remove_retired_series(&self, now: u64, has_engine: impl Fn(&str) -> bool) -> Vec<Arc<str>> {
        let mut removed = Vec::new();
        self.retired().retain(|(model, removable_at)| {
            let is_removable = *removable_at <= now && !model.is_in_use() && !has_engine(&model.name);
            if is_removable {
                self.remove_model_series(&model.name);
                removed.push(Arc::clone(&model.name));
            }
            !is_removable
        });
        removed
    }

    fn remove_model_series(&self, model: &str) {
        self.limits().retain(|(name, _), limit| {
            let is_of_model = name.as_ref() == model;
            if is_of_model {
                // OpenTelemetry keeps the series, so the gauge is set to zero.
                limit.set(0.0);
            }
            !is_of_model
        });
        self.sinks.remove_series_by_label(SERIES_ATTRIBUTES[2], model);
    }

    /// Returns the series of an admitted model: those of a recently retired model with this name, or new ones.
    fn revive_or_create_model(&self, name: Arc<str>) -> Arc<ModelSeries> {
        let mut retired = self.retired();
        match retired.iter().position(|(model, _)| model.name == name) {
            Some(index) => retired.swap_remove(index).0,
            None => Arc::new(ModelSeries::new(name)),
        }
    }

    /// Sets the gauge of a limit: the maximum number of operations of a model in a state. A model over the limit of
    /// undeclared models sets the gauge of `_OTHER`.
    pub(crate) fn set_limit(&self, model: &str, state: State, operations: usize) {
        let model = Arc::clone(&self.admit_model(model).name);
        let labels = [
            Label::new(SERIES_ATTRIBUTES[2], Arc::clone(&model)),
            Label::new(llmobs_attribute::OPERATION_STATE, state.as_str()),
        ];
        self.limits()
            .entry((model, state))
            .or_insert_with(|| self.sinks.bind(RowId::OperationLimit, &labels))
            .set(count_to_f64(operations));
    }

    fn retired(&self) -> MutexGuard<'_, Vec<(Arc<ModelSeries>, u64)>> {
        self.retired.lock()
    }

    fn limits(&self) -> MutexGuard<'_, HashMap<(Arc<str>, State), SeriesHandle>> {
        self.limits.lock()
    }

    /// Returns the series in which operations can be in flight, of all models, including `_OTHER` and recently retired
    /// models.
    pub(crate) fn all_series(&self) -> Vec<Arc<OperationSeries>> {
        self.every_series().filter(|series| series.has_starts()).collect()
    }

    /// Returns the series of all models, with those of providers and models to which operations were only routed.
    pub(crate) fn every_series(&self) -> impl Iterator<Item = Arc<OperationSeries>> {
        let mut models = self.models.all();
        models.extend(self.retired().iter().map(|(model, _)| Arc::clone(model)));
        models.into_iter().flat_map(|model| model.series())
    }
}

impl ModelSeries {
    fn new(name: Arc<str>) -> Self {
        Self { name, series: RwLock::default() }
    }

    /// Returns whether an operation or a marker still uses a series of this model.
    fn is_in_use(&self) -> bool {
        let all = self.series.read();
        all.iter().any(|series| Arc::strong_count(series) > 1)
    }

    #[inline]
    fn series(&self) -> Vec<Arc<OperationSeries>> {
        self.series.read().clone()
    }

    #[inline]
    fn find(
        &self,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; MAX_EXTRA_LABELS],
    ) -> Option<Arc<OperationSeries>> {
        let all = self.series.read();
        let found = all.iter().find(|series| {
            let key = &series.key;
            key.role == role
                && key.operation == *operation
                && key.provider == *provider
                && key.extra_label_values == extra
        });
        found.map(Arc::clone)
    }

    fn find_or_add(&self, key: SeriesKey, make: impl FnOnce(SeriesKey) -> OperationSeries) -> Arc<OperationSeries> {
        let mut all = self.series.write();
        if let Some(found) = all.iter().find(|series| series.key == key) {
            return Arc::clone(found);
        }
        let series = Arc::new(make(key));
        all.push(Arc::clone(&series));
        series
    }
}

/// Returns the name under which a name is recorded. If the limit is reached, returns `_OTHER` and counts the value of
/// `label` as folded.
pub(crate) fn admit_name(
    sinks: &Sinks,
    limiter: &CardinalityLimiter<Arc<str>>,
    label: &'static str,
    name: &str,
) -> String {
    let admitted = limiter.admit(name, Arc::new);
    if admitted.is_folded {
        count_folded(sinks, label);
    }
    admitted.entry.to_string()
}

/// Counts a value of `label` that was replaced by `_OTHER` or omitted, in `llmobs.self.folded_labels`.
pub(crate) fn count_folded(sinks: &Sinks, label: &'static str) {
    sinks.bind(RowId::FoldedLabels, &[Label::new(llmobs_attribute::LABEL, label)]).add(1);
}
