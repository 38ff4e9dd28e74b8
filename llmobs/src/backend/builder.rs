//! The builder of a backend's handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::change::BackendChange;
use super::change::OnChange;
use super::error::BackendError;
use super::handle::Backend;
use super::monitor::Monitor;
use super::registry::BackendRegistry;
use super::rules::Rules;
use crate::clock::Clock;
use crate::semconv::value::Provider;

/// The settings of a [`Backend`]: the rules by which its state changes, with defaults for the traffic of a service.
///
/// ```
/// use std::time::Duration;
///
/// use llmobs::Observer;
///
/// let observer = Observer::builder().build()?;
/// let backend = observer
///     .backend("openai", "gpt-5")
///     .window(Duration::from_secs(30))
///     .open_ratio(0.3)
///     .on_change(|change| eprintln!("{} is {}", change.provider, change.to))
///     .build()?;
/// assert!(backend.is_available());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder observes nothing until `build` is called"]
pub struct BackendBuilder<'a> {
    /// The registry and the label values of provider and model; `None` for a disabled observer.
    registry: Option<(&'a BackendRegistry, [Arc<str>; 2])>,
    provider: Provider,
    model: &'a str,
    rules: Rules,
    on_change: Option<OnChange>,
}

impl<'a> BackendBuilder<'a> {
    pub(crate) const fn new(
        registry: Option<(&'a BackendRegistry, [Arc<str>; 2])>,
        provider: Provider,
        model: &'a str,
    ) -> Self {
        Self { registry, provider, model, rules: Rules::new(), on_change: None }
    }

    /// Sets the window: the time for which a result counts, from ten seconds to one hour. Defaults to one minute.
    pub const fn window(mut self, window: Duration) -> Self {
        self.rules.window = window;
        self
    }

    /// Sets the minimum number of results in the window; with fewer, the state is healthy. Defaults to 5.
    pub const fn min_results(mut self, results: u32) -> Self {
        self.rules.min_results = results;
        self
    }

    /// Sets the ratio of failures in the window from which on the state is degraded, above 0 and at most 1. Defaults to 0.1.
    pub const fn degraded_ratio(mut self, ratio: f64) -> Self {
        self.rules.degraded_ratio = ratio;
        self
    }

    /// Sets the ratio of failures in the window from which on the state is open, above 0 and at most 1. Defaults to 0.5.
    pub const fn open_ratio(mut self, ratio: f64) -> Self {
        self.rules.open_ratio = ratio;
        self
    }

    /// Sets the cool-down: the time from the opening, or from a failed probe, to the next probe. Defaults to 15 seconds.
    pub const fn cool_down(mut self, cool_down: Duration) -> Self {
        self.rules.cool_down = cool_down;
        self
    }

    /// Sets the number of successful probes, one after the other, after which an open backend is healthy. Defaults to 2.
    pub const fn probes(mut self, successes: u32) -> Self {
        self.rules.probes = successes;
        self
    }

    /// Sets a callback that receives each change of the state, in their order. It runs on the thread that caused the change,
    /// such as one that ends an operation or collects metrics, outside of every lock, so it should not block. A panic in it
    /// is caught and counted in `llmobs.self.dropped` (signal `backend`). A callback that owns a clone of the observer keeps
    /// the observer alive. Defaults to none.
    pub fn on_change(mut self, callback: impl Fn(&BackendChange) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(callback));
        self
    }

    /// Builds the handle. A handle with the provider and the model of a backend that exists is a handle of that backend,
    /// whose rules and callback remain; so is one whose names are both recorded as `_OTHER`, after the limit of
    /// [undeclared models](crate::ObserverBuilder::max_undeclared_models). A backend of a disabled observer works too, is
    /// shared by its clones only, and has no metric.
    ///
    /// # Errors
    ///
    /// Returns an error if a rule is not valid. Its message names the setter.
    pub fn build(self) -> Result<Backend, BackendError> {
        let Self { registry, provider, model, rules, on_change } = self;
        rules.check()?;
        let monitor = match registry {
            Some((registry, labels)) => registry.open(labels, rules, on_change),
            None => {
                let labels = [provider.as_str(), model].map(Arc::from);
                Arc::new(Monitor::new(labels, rules, on_change, Clock::system(), None))
            }
        };
        let model = if *monitor.model == *model { Arc::clone(&monitor.model) } else { model.into() };
        Ok(Backend::new(monitor, provider, model))
    }
}

impl fmt::Debug for BackendBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendBuilder")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("rules", &self.rules)
            .field("on_change", &self.on_change.is_some())
            .finish_non_exhaustive()
    }
}
