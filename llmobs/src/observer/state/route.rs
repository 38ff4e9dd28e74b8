//! The provider and the model to which the request of an operation (model call) is sent now, if they are not those of
//! its start: known late, or changed by a fallback. Reading takes no lock, since streams read while they run.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::backend::SentRequest;
use crate::cardinality::truncate;
use crate::semconv::value::Provider;
use crate::series::OperationSeries;

/// The maximum number of changes of one operation; further ones are ignored.
const MAX_CHANGES: usize = 128;

/// The destinations of an operation's request after that of its start. It takes no memory until one is set.
#[derive(Debug, Default)]
pub(crate) struct Route(OnceLock<Box<Destination>>);

/// A provider and a model to which the request is sent.
#[derive(Debug)]
pub(crate) struct Destination {
    /// `None` if it is that of the start.
    pub(crate) provider: Option<Provider>,
    /// The name as the application passed it, up to 128 bytes; `None` if it is that of the start.
    pub(crate) model: Option<Box<str>>,
    /// The request to the backend that receives the result of the operation; `None` if no backend was set.
    pub(crate) backend: Option<SentRequest>,
    /// The series of both, once they have been looked up.
    series: OnceLock<Arc<OperationSeries>>,
    /// The destinations after this one.
    next: Route,
}

impl Route {
    /// Sets the provider, the model, the backend or several of them; the first 128 bytes of a name count. `None` keeps the
    /// one before.
    pub(crate) fn set(&self, provider: Option<Provider>, model: Option<&str>, backend: Option<&SentRequest>) {
        let provider = provider.map(|provider| match provider {
            Provider::Other(name) => Provider::other(truncate(&name).to_owned()),
            listed => listed,
        });
        let (mut slot, mut before) = (&self.0, None::<&Destination>);
        for _ in 0..MAX_CHANGES {
            if let Some(known) = slot.get().map(Box::as_ref) {
                (slot, before) = (&known.next.0, Some(known));
                continue;
            }
            let (provider, model) = (provider.clone(), model.map(|model| truncate(model).into()));
            let destination = Destination {
                provider: provider.or_else(|| before?.provider.clone()),
                model: model.or_else(|| before?.model.clone()),
                backend: backend.cloned().or_else(|| before?.backend.clone()),
                series: OnceLock::new(),
                next: Self::default(),
            };
            let is_known =
                |before: &Destination| (&before.provider, &before.model) == (&destination.provider, &destination.model);
            // If another thread was faster, its destination is the one before.
            if (backend.is_none() && before.is_some_and(is_known)) || slot.set(Box::new(destination)).is_ok() {
                return;
            }
        }
    }

    /// Returns the destination that was set last; `None` if the request is sent to that of the start.
    #[inline]
    pub(crate) fn last(&self) -> Option<&Destination> {
        let mut last = self.0.get()?;
        while let Some(next) = last.next.0.get() {
            last = next;
        }
        Some(last)
    }
}

impl Destination {
    /// Returns the series of the destination. `look_up` is called at the first call.
    pub(crate) fn series(
        &self,
        look_up: impl FnOnce(Option<&Provider>, Option<&str>) -> Arc<OperationSeries>,
    ) -> &Arc<OperationSeries> {
        self.series.get_or_init(|| look_up(self.provider.as_ref(), self.model.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(route: &Route) -> (Option<&str>, Option<&str>) {
        let destination = route.last().expect("a destination was set");
        (destination.provider.as_ref().map(Provider::as_str), destination.model.as_deref())
    }

    #[test]
    fn the_last_provider_and_the_last_model_count_up_to_the_limit() {
        let route = Route::default();
        assert!(route.last().is_none());
        route.set(Some(Provider::Anthropic), None, None);
        assert_eq!(last(&route), (Some("anthropic"), None));
        route.set(None, Some("claude"), None);
        assert_eq!(last(&route), (Some("anthropic"), Some("claude")));
        for _ in 0..MAX_CHANGES {
            route.set(None, Some("claude"), None);
        }
        route.set(Some(Provider::OpenAi), Some("gpt-4"), None);
        assert_eq!(last(&route), (Some("openai"), Some("gpt-4")), "the same destination is no change");
        for index in 0..MAX_CHANGES {
            route.set(None, Some(&format!("model-{index}")), None);
        }
        assert_eq!(last(&route).1, Some(format!("model-{}", MAX_CHANGES - 4).as_str()));
    }

    #[test]
    fn threads_that_change_at_once_lose_no_change() {
        let route = Route::default();
        std::thread::scope(|scope| {
            scope.spawn(|| route.set(Some(Provider::Anthropic), None, None));
            scope.spawn(|| route.set(None, Some("claude"), None));
        });
        assert_eq!(last(&route), (Some("anthropic"), Some("claude")));
    }
}
