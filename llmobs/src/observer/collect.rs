//! The observable rows, read from the in-flight registry at collection, so that they are correct while an operation
//! hangs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::inner::Inner;
use super::inner::count;
use crate::catalog::RowId;
use crate::catalog::SERIES;
use crate::catalog::llmobs_attribute;
use crate::clock::seconds;
use crate::measurement::DeviceRecord;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::semconv::value::State;
use crate::series::OperationSeries;
use crate::sink::ObservableSource;
use crate::timing::StateTimes;

impl ObservableSource for Inner {
    fn prepare(&self) {
        self.forget_retired();
        #[cfg(feature = "otlp")]
        if let Some(teller) = self.exports() {
            teller.settle();
        }
    }

    fn read(&self, id: RowId) -> Vec<Observation> {
        if !self.sinks().is_enabled(id.row().level) {
            return Vec::new();
        }
        match id {
            RowId::Active => self.by_state(|_, state, live| f64::from(live.active[state.index()])),
            RowId::StateTime => {
                self.by_state(|series, state, live| seconds(series.time_in(state, live.times[state.index()])))
            }
            RowId::OldestAge => self.oldest(),
            RowId::SeriesUsage => self.series_usage(),
            #[cfg(feature = "otlp")]
            RowId::ExportAge | RowId::ExportQueueUsage => {
                self.exports().map_or_else(Vec::new, |teller| teller.read(id))
            }
            _ => self.read_always(id),
        }
    }

    fn read_always(&self, id: RowId) -> Vec<Observation> {
        if id.row().is_external() { self.attached().read(id.row()) } else { Vec::new() }
    }

    fn devices(&self) -> Vec<DeviceRecord> {
        self.attached().devices()
    }
}

/// The operations in flight of one series.
#[derive(Default)]
struct InFlightTotals {
    active: [u32; State::ALL.len()],
    times: StateTimes,
}

impl Inner {
    /// Returns a value for each series and state. The clock is read for each operation separately: an operation that
    /// changed its state after a common reading would be counted in a state that it has left.
    fn by_state(&self, value: impl Fn(&OperationSeries, State, &InFlightTotals) -> f64) -> Vec<Observation> {
        // Keyed by address, since two series may have the same labels, for example those of two roles.
        let known =
            self.all_series().into_iter().map(|series| (Arc::as_ptr(&series), (series, InFlightTotals::default())));
        let mut all: BTreeMap<*const OperationSeries, (Arc<OperationSeries>, InFlightTotals)> = known.collect();
        // An operation that ends adds its times and leaves the registry under the same lock, so each time is counted
        // exactly once.
        let table = self.table();
        for operation in table.iter() {
            let series = &operation.series;
            let entry = all.entry(Arc::as_ptr(series));
            let (_, live) = entry.or_insert_with(|| (Arc::clone(series), InFlightTotals::default()));
            let (marks, remote) = (operation.marks_now(), series.key.role.is_remote());
            live.active[marks.state(remote).index()] += 1;
            for (sum, time) in live.times.iter_mut().zip(marks.state_times(remote)) {
                *sum += time;
            }
        }
        let mut values: BTreeMap<Vec<Label>, f64> = BTreeMap::new();
        for (series, live) in all.values() {
            for state in series.states() {
                let labels =
                    series.labels().iter().cloned().chain([Label::new(llmobs_attribute::STATE, state.as_str())]);
                *values.entry(labels.collect()).or_default() += value(series, *state, live);
            }
        }
        drop(table);
        readings(values)
    }

    fn oldest(&self) -> Vec<Observation> {
        let mut oldest: BTreeMap<(Arc<str>, &str), u64> = BTreeMap::new();
        for series in self.all_series() {
            for state in series.states() {
                oldest.entry((Arc::clone(&series.model), state.as_str())).or_default();
            }
        }
        let table = self.table();
        for operation in table.iter() {
            let (marks, remote) = (operation.marks_now(), operation.series.key.role.is_remote());
            let age = oldest.entry((Arc::clone(&operation.series.model), marks.state(remote).as_str())).or_default();
            *age = marks.age().max(*age);
        }
        drop(table);
        let labels = |(model, state)| vec![Label::new(SERIES[2], model), Label::new(llmobs_attribute::STATE, state)];
        readings(oldest.into_iter().map(|(key, age)| (labels(key), seconds(age))))
    }

    fn series_usage(&self) -> Vec<Observation> {
        let store = &self.sinks().prometheus;
        readings(
            store
                .count()
                .into_iter()
                .map(|(group, series)| (vec![Label::new(llmobs_attribute::METRIC_GROUP, group)], count(series))),
        )
    }
}

fn readings(values: impl IntoIterator<Item = (Vec<Label>, f64)>) -> Vec<Observation> {
    values.into_iter().map(|(labels, value)| Observation { labels, value }).collect()
}
