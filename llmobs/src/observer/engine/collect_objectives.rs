//! The attainment of objectives over the last minutes, for collections and for the application.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::objective::Attainment;
use crate::observer::state::observer_state::ObserverState;
use crate::semconv::value::OperationName;
use crate::semconv::value::Window;
use crate::timing::EventCounts;

/// Returns a value of each model, operation, objective and window that has judged operations and a value.
pub(super) fn read(observer: &ObserverState, value: impl Fn(&Attainment) -> Option<f64>) -> Vec<Observation> {
    let (names, now) = (observer.declared_names(), observer.clock.now().as_nanos());
    // One model has several series of an operation if providers, roles or labels differ.
    let mut sums: BTreeMap<(Arc<str>, String, usize, &str), EventCounts> = BTreeMap::new();
    for series in observer.models.all_series() {
        for index in 0..names.objective_slots() {
            for window in Window::ALL {
                let counts = series.rolling_counts(index, now, *window);
                if counts.total() > 0 {
                    let operation = series.key.operation.as_str().to_owned();
                    let sum = sums.entry((Arc::clone(&series.model), operation, index, window.as_str())).or_default();
                    *sum = sum.plus(counts);
                }
            }
        }
    }
    let observe =
        |((model, operation, index, window), counts): ((Arc<str>, String, usize, &'static str), EventCounts)| {
            let objective = names.objective(index)?;
            let value = value(&Attainment::new(counts, objective.target)?)?;
            let labels = vec![
                Label::new(SERIES_ATTRIBUTES[2], model),
                Label::new(SERIES_ATTRIBUTES[0], Arc::<str>::from(operation)),
                Label::new(llmobs_attribute::OBJECTIVE_NAME, Arc::<str>::from(objective.name.as_ref())),
                Label::new(llmobs_attribute::WINDOW, window),
            ];
            Some(Observation { labels, value })
        };
    sums.into_iter().filter_map(observe).collect()
}

/// Returns the attainment of an objective by the operations of one kind and model over a window; `None` if it judged none
/// of them.
pub(crate) fn attainment(
    observer: &ObserverState,
    model: &str,
    operation: &OperationName,
    objective: &str,
    window: Window,
) -> Option<Attainment> {
    let (names, now) = (observer.declared_names(), observer.clock.now().as_nanos());
    let has_name = |index: &usize| names.objective(*index).is_some_and(|known| known.name == objective);
    let index = (0..names.objective_slots()).find(has_name)?;
    let all = observer.models.all_series();
    let of_kind = all.iter().filter(|series| &*series.model == model && series.key.operation == *operation);
    let counts = of_kind.map(|series| series.rolling_counts(index, now, window));
    Attainment::new(counts.fold(EventCounts::default(), EventCounts::plus), names.objective(index)?.target)
}
