//! The values of the observable rows: metrics that are not recorded at an event but read at each collection. Those of
//! operations are read from the in-flight registry, so that they are correct while an operation hangs. Both sinks read
//! the values through `ObservableSource`.

use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(feature = "cost")]
use super::collect_costs;
use super::collect_objectives;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::clock::nanos_to_seconds;
use crate::measurement::DeviceRecord;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::number::count_to_f64;
use crate::objective::Attainment;
use crate::observer::state::observer_state::ObserverState;
use crate::semconv::value::State;
use crate::series::OperationSeries;
use crate::sink::ObservableSource;
use crate::timing::Marks;
use crate::timing::StateTimes;

impl ObservableSource for ObserverState {
    fn prepare(&self) {
        self.remove_retired_series();
        self.retire_idle_tenants();
        self.backends.refresh();
        #[cfg(feature = "cost")]
        if let Some(books) = &self.costs {
            books.refresh(self.sinks(), &self.clock);
        }
        #[cfg(feature = "otlp")]
        if let Some(reporter) = self.export_reporter() {
            reporter.record_pending();
        }
    }

    fn read(&self, id: RowId) -> Vec<Observation> {
        if !self.sinks().is_enabled(id.row().level) {
            return Vec::new();
        }
        match id {
            RowId::Active => by_state(self, |_, state, totals| f64::from(totals.counts[state.index()])),
            RowId::StateTime => by_state(self, |series, state, totals| {
                nanos_to_seconds(series.state_time(state, totals.state_times[state.index()]))
            }),
            RowId::OldestAge => longest_by_state(self, Marks::age),
            RowId::OldestSilence => longest_by_state(self, Marks::silence),
            RowId::ObjectiveAttainment => collect_objectives::read(self, |attainment| Some(attainment.ratio())),
            RowId::ObjectiveBurnRate => collect_objectives::read(self, Attainment::burn_rate),
            RowId::BackendStatus => self.backends.read(),
            RowId::SeriesUsage => series_usage(self),
            #[cfg(feature = "tokio")]
            RowId::RuntimeBusyTime => busy_times(self),
            #[cfg(feature = "otlp")]
            RowId::ExportAge | RowId::ExportQueueUsage => {
                self.export_reporter().map_or_else(Vec::new, |reporter| reporter.read(id))
            }
            #[cfg(feature = "cost")]
            RowId::Cost
            | RowId::TenantCost
            | RowId::CostIdle
            | RowId::PricebookInfo
            | RowId::PricebookChecked
            | RowId::BudgetUsage
            | RowId::BudgetLimit
            | RowId::BudgetPeriodEnd => collect_costs::read(self, id),
            RowId::AdmissionQueueLength | RowId::AdmissionLimit => self.admissions.read(id),
            id => self.engines.read(id),
        }
    }

    #[cfg(feature = "otlp")]
    fn read_for_otel(&self, id: RowId) -> Vec<Observation> {
        let is_of_exports = matches!(id, RowId::ExportAge | RowId::ExportQueueUsage);
        if is_of_exports && !self.export_reporter().is_some_and(|reporter| reporter.is_exporting()) {
            return Vec::new();
        }
        self.read(id)
    }

    fn devices(&self) -> Vec<DeviceRecord> {
        self.attached().devices()
    }
}

/// The operations in flight of one series.
#[derive(Default)]
struct InFlightTotals {
    counts: [u32; State::ALL.len()],
    state_times: StateTimes,
}

/// Returns a value for each series and state. The clock is read for each operation separately: an operation that
/// changed its state after a common reading would be counted in a state that it has left.
fn by_state(
    observer: &ObserverState,
    value: impl Fn(&OperationSeries, State, &InFlightTotals) -> f64,
) -> Vec<Observation> {
    // Keyed by address, since two series may have the same labels, for example those of two roles.
    let entries = observer
        .models
        .all_series()
        .into_iter()
        .map(|series| (Arc::as_ptr(&series), (series, InFlightTotals::default())));
    let mut totals_by_series: BTreeMap<*const OperationSeries, (Arc<OperationSeries>, InFlightTotals)> =
        entries.collect();
    // An operation that ends adds its times and leaves the registry under the same lock, so each time is counted
    // exactly once.
    let registry = observer.in_flight_registry();
    for operation in registry.iter() {
        let series = operation.series();
        let entry = totals_by_series.entry(Arc::as_ptr(series));
        let (_, totals) = entry.or_insert_with(|| (Arc::clone(series), InFlightTotals::default()));
        let (marks, remote) = (operation.marks_now(), series.key.role.is_remote());
        totals.counts[marks.state(remote).index()] += 1;
        for (sum, time) in totals.state_times.iter_mut().zip(marks.state_times(remote)) {
            *sum += time;
        }
    }
    let mut values: BTreeMap<Vec<Label>, f64> = BTreeMap::new();
    for (series, totals) in totals_by_series.values() {
        for state in series.states() {
            let labels =
                series.labels().iter().cloned().chain([Label::new(llmobs_attribute::OPERATION_STATE, state.as_str())]);
            *values.entry(labels.collect()).or_default() += value(series, *state, totals);
        }
    }
    drop(registry);
    observations(values)
}

/// Returns the longest time in nanoseconds of the operations in flight of each model and state, in seconds; 0 without
/// an operation.
fn longest_by_state(observer: &ObserverState, time: impl Fn(&Marks) -> u64) -> Vec<Observation> {
    let mut longest: BTreeMap<(Arc<str>, &str), u64> = BTreeMap::new();
    for series in observer.models.all_series() {
        for state in series.states() {
            longest.entry((Arc::clone(&series.model), state.as_str())).or_default();
        }
    }
    let registry = observer.in_flight_registry();
    for operation in registry.iter() {
        let (marks, remote) = (operation.marks_now(), operation.series().key.role.is_remote());
        let max = longest.entry((Arc::clone(&operation.series().model), marks.state(remote).as_str())).or_default();
        *max = time(&marks).max(*max);
    }
    drop(registry);
    let labels = |(model, state)| {
        vec![Label::new(SERIES_ATTRIBUTES[2], model), Label::new(llmobs_attribute::OPERATION_STATE, state)]
    };
    observations(longest.into_iter().map(|(key, nanos)| (labels(key), nanos_to_seconds(nanos))))
}

#[cfg(feature = "tokio")]
fn busy_times(observer: &ObserverState) -> Vec<Observation> {
    let times = observer.watched_runtimes().busy_times();
    let labels = |name| vec![Label::new(llmobs_attribute::RUNTIME_NAME, name)];
    observations(times.into_iter().map(|(name, time)| (labels(name), time.as_secs_f64())))
}

fn series_usage(observer: &ObserverState) -> Vec<Observation> {
    let mut groups = observer.sinks().series_count_by_group();
    for id in RowId::ALL.iter().filter(|id| id.row().is_observable() && **id != RowId::SeriesUsage) {
        *groups.entry(id.row().group.as_str()).or_default() += observer.read(*id).len();
    }
    // The series of this row itself.
    *groups.entry(RowId::SeriesUsage.row().group.as_str()).or_default() += groups.len();
    let labels = |group| vec![Label::new(llmobs_attribute::METRIC_GROUP, group)];
    observations(groups.into_iter().map(|(group, series)| (labels(group), count_to_f64(series))))
}

fn observations(values: impl IntoIterator<Item = (Vec<Label>, f64)>) -> Vec<Observation> {
    values.into_iter().map(|(labels, value)| Observation { labels, value }).collect()
}
