//! The backends of an observer, and the values of their row.

use std::fmt;
use std::sync::Arc;

use super::change::OnChange;
use super::monitor::Monitor;
use super::rules::Rules;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::semconv::value::BackendState;
use crate::sink::Sinks;
use crate::sync::RwLock;

/// The backends of an observer, at most one for each provider and model that have label values.
pub(crate) struct BackendRegistry {
    sinks: Arc<Sinks>,
    clock: Clock,
    backends: RwLock<Vec<Arc<Monitor>>>,
}

impl BackendRegistry {
    /// Returns a registry without backends.
    pub(crate) const fn new(sinks: Arc<Sinks>, clock: Clock) -> Self {
        Self { sinks, clock, backends: RwLock::new(Vec::new()) }
    }

    /// Returns the backend with these label values of provider and model, new or shared with other handles.
    pub(super) fn open(&self, labels: [Arc<str>; 2], rules: Rules, on_change: Option<OnChange>) -> Arc<Monitor> {
        let find = |all: &[Arc<Monitor>]| {
            all.iter().find(|known| [&known.provider, &known.model] == [&labels[0], &labels[1]]).cloned()
        };
        if let Some(known) = find(&self.backends.read()) {
            return known;
        }
        let mut backends = self.backends.write();
        if let Some(known) = find(&backends) {
            return known;
        }
        let monitor = Monitor::new(labels, rules, on_change, self.clock.clone(), Some(Arc::clone(&self.sinks)));
        let monitor = Arc::new(monitor);
        backends.push(Arc::clone(&monitor));
        monitor
    }

    /// Forgets the backends of a model whose series were removed.
    pub(crate) fn forget_model(&self, model: &str) {
        self.backends.write().retain(|backend| *backend.model != *model);
    }

    /// Lets results that are older than their window leave the states. Called before each collection.
    pub(crate) fn refresh(&self) {
        self.all().iter().for_each(|backend| backend.refresh());
    }

    /// Returns the values of `llmobs.backend.status`: 1 for the state of each backend, and 0 for the other states.
    pub(crate) fn read(&self) -> Vec<Observation> {
        let observe = |backend: &Arc<Monitor>| {
            let current = backend.state();
            let labels = [
                Label::new(SERIES_ATTRIBUTES[1], Arc::clone(&backend.provider)),
                Label::new(SERIES_ATTRIBUTES[2], Arc::clone(&backend.model)),
            ];
            BackendState::ALL.iter().map(move |state| {
                let state_label = Label::new(llmobs_attribute::BACKEND_STATE, state.as_str());
                let labels = labels.iter().cloned().chain([state_label]).collect();
                Observation { labels, value: f64::from(u8::from(*state == current)) }
            })
        };
        self.all().iter().flat_map(observe).collect()
    }

    fn all(&self) -> Vec<Arc<Monitor>> {
        self.backends.read().clone()
    }
}

impl fmt::Debug for BackendRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendRegistry").field("backends", &self.backends.read().len()).finish_non_exhaustive()
    }
}
