//! One call of a model, from start to end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;

use super::Observer;
use super::chunk::Carries;
use super::chunk::Chunk;
use super::current;
use super::end;
use super::end::Ending;
use super::live::Beginning;
use super::live::Live;
use super::marker::Marker;
use super::stream::Observed;
use super::stream::Own;
use super::stream::With;
use crate::catalog::Id;
use crate::clock::Moment;
use crate::clock::nanos;
use crate::error::Failure;
use crate::instruments::EXTRA_LABELS;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::sink::otel::current_link;

/// What is known of an operation before it starts.
#[derive(Debug, Clone)]
#[must_use = "nothing is observed before `start`"]
pub struct Start<'a> {
    observer: &'a Observer,
    name: OperationName,
    model: &'a str,
    provider: Option<Provider>,
    started_at: Option<Moment>,
    deadline: Option<Duration>,
    max_tokens: Option<u64>,
    choices: Option<u64>,
    prepares: bool,
    reports_usage: Option<bool>,
    extra: [u8; EXTRA_LABELS],
}

impl<'a> Start<'a> {
    pub(super) const fn new(observer: &'a Observer, name: OperationName, model: &'a str) -> Self {
        Self {
            observer,
            name,
            model,
            provider: None,
            started_at: None,
            deadline: None,
            max_tokens: None,
            choices: None,
            prepares: false,
            reports_usage: None,
            extra: [0; EXTRA_LABELS],
        }
    }

    /// Whose model it is. Defaults to the observer's provider.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// When it began. Defaults to the arrival of the request where the tower layer saw it, else to the call of `start`.
    pub fn started_at(mut self, moment: impl Into<Moment>) -> Self {
        self.started_at = Some(moment.into());
        self
    }

    /// How long after its beginning it is dropped as `failed` with `timeout`. llmobs ends nothing: whoever drops it
    /// does. Defaults to no deadline.
    pub const fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// The token limit that the caller set. Defaults to none.
    pub const fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// The number of answers that the caller asked for. Defaults to none said.
    pub const fn choices(mut self, choices: u64) -> Self {
        self.choices = Some(choices);
        self
    }

    /// Work precedes the queue: its state is `preparing`, not `prefill`, until it is enqueued or scheduled.
    pub const fn preparing(mut self) -> Self {
        self.prepares = true;
        self
    }

    /// Whether a report of the token usage will come. If so, nothing is counted from the stream before it. Defaults
    /// to yes in the gateway and client roles, where the upstream's report is what is billed, and to no in the server
    /// role.
    pub const fn reports_usage(mut self, reports: bool) -> Self {
        self.reports_usage = Some(reports);
        self
    }

    /// The value of a label that was declared with [`ObserverBuilder::label`](crate::ObserverBuilder::label). A name
    /// or value that was not declared is counted as folded and left out. Defaults to no value.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        let Some(core) = &self.observer.core else { return self };
        let labels = &core.vocabulary().labels;
        let place = labels.iter().position(|label| label.name.as_ref() == name);
        let value = place.and_then(|place| labels[place].values.iter().position(|known| known.as_ref() == value));
        match (place, value.and_then(|value| u8::try_from(value + 1).ok())) {
            (Some(place), Some(value)) => self.extra[place] = value,
            _ => core.folded("label"),
        }
        self
    }

    /// Starts the operation.
    pub fn start(self) -> Operation {
        let Some(core) = &self.observer.core else { return Operation::nothing() };
        let role = self.observer.role;
        let provider = self.provider.as_ref().unwrap_or(&self.observer.provider);
        let series = core.series(role, &self.name, provider, self.model, self.extra);
        let arrived = self.started_at.or_else(current::arrived);
        let t0 = arrived.unwrap_or_else(|| core.clock.now()).as_nanos();
        let beginning = Beginning {
            t0,
            deadline: self.deadline.map(|after| t0.saturating_add(nanos(after))),
            prepares: self.prepares,
            reports_usage: self.reports_usage.unwrap_or_else(|| role.is_remote()),
            link: current_link(),
        };
        series.add(Id::Started, 0, 1);
        series.add(Id::Attempts, AttemptKind::First.index(), 1);
        if let Some(tokens) = self.max_tokens {
            series.size(Id::MaxTokens, 0, tokens);
        }
        if let Some(choices) = self.choices {
            series.size(Id::Choices, 0, choices);
        }
        let live = Arc::new(Live::new(Arc::clone(core), series, &beginning));
        let place = core.table().insert(Arc::clone(&live));
        Operation { marker: Marker::new(Some(live)), place: Some(place) }
    }
}

/// One call of a model. Its owner ends it: [`complete`](Self::complete), [`fail`](Self::fail),
/// [`cancel`](Self::cancel), [`reject`](Self::reject), or a drop, which decides by what is known: a marked failure or a
/// panic is `failed`, a finish reason is `completed`, a passed deadline `failed`/`timeout`, a shutdown
/// `failed`/`shutdown`, and everything else `cancelled`.
#[must_use = "an operation that is dropped at once counts as cancelled"]
pub struct Operation {
    marker: Marker,
    /// Its place in the table, until it ends or a stream takes it.
    place: Option<usize>,
}

/// An operation that somebody watches, and its place in the table.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) live: Arc<Live>,
    pub(super) place: usize,
}

impl Operation {
    const fn nothing() -> Self {
        Self { marker: Marker::new(None), place: None }
    }

    /// Marks what happens to it, for whoever owns it: `operation.mark().enqueued()`.
    #[must_use]
    pub const fn mark(&self) -> &Marker {
        &self.marker
    }

    /// Whether anything is observed: no for an operation of [`Observer::disabled`].
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.place.is_some()
    }

    /// A handle for other threads, also after a stream took the operation.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.marker.clone()
    }

    /// It gave what was asked. If something was marked as failing before, it is `failed` all the same.
    pub fn complete(mut self) {
        self.end(|live| live.failing().map_or(Ending::Completed, Ending::Failed));
    }

    /// It broke. If something was marked as failing before, that is why.
    pub fn fail(mut self, failure: impl Into<Failure>) {
        let error = failure.into().error_type();
        self.end(|live| Ending::Failed(live.failing().unwrap_or(error)));
    }

    /// The caller left. If something was marked as failing before, it is `failed` all the same.
    pub fn cancel(mut self) {
        self.end(|live| live.failing().map_or(Ending::Cancelled, Ending::Failed));
    }

    /// It was never admitted: shed, rate-limited, invalid.
    pub fn reject(mut self, failure: impl Into<Failure>) {
        let error = failure.into().error_type();
        self.end(|_| Ending::Rejected(error));
    }

    /// Wraps the stream that carries the answer. The operation ends when the stream ends or is dropped; items and
    /// `size_hint` pass untouched.
    pub fn observe<S>(self, stream: S) -> Observed<S, Own>
    where
        S: Stream,
        S::Item: Carries,
    {
        Observed::new(stream, self.into_running(), Own)
    }

    /// Wraps the stream that carries the answer; the closure says what an item carries. It may mark usage or a finish
    /// reason through a [`Marker`].
    pub fn observe_with<S, F, T>(self, stream: S, carries: F) -> Observed<S, With<F>>
    where
        S: Stream,
        F: FnMut(&S::Item) -> T,
        T: Into<Chunk>,
    {
        Observed::new(stream, self.into_running(), With(carries))
    }

    fn into_running(mut self) -> Option<Running> {
        self.take()
    }

    fn take(&mut self) -> Option<Running> {
        let place = self.place.take()?;
        Some(Running { live: self.marker.take()?, place })
    }

    fn end(&mut self, ending: impl FnOnce(&Live) -> Ending) {
        if let Some(running) = self.take() {
            let now = running.live.now();
            end::finish(&running, ending(&running.live), now, now, None);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.end(|live| end::decide(live, std::thread::panicking(), false, live.now()));
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("enabled", &self.place.is_some()).finish()
    }
}
