//! The current observer, the one that code without a reference to an observer uses: that of the scope, a future or
//! request that runs with an observer, or else the global one of the process.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::task::Context;
use std::task::Poll;

use pin_project_lite::pin_project;

use super::state::observer_parts::ObserverParts;
use crate::clock::Moment;
use crate::span::ServedRequest;

static GLOBAL: OnceLock<ObserverParts> = OnceLock::new();

thread_local! {
    static CURRENT_SCOPE: RefCell<Scope> = const { RefCell::new(Scope::empty()) };
}

/// The observer and the request that are current on this thread while the scope is entered. In the meantime, the scope
/// holds the previous ones.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The current observer; `None` means the global one.
    observer: Option<ObserverParts>,
    /// The arrival of the request that is being served: the start of the request's first operation (model call).
    request_arrival: Option<Moment>,
    /// Set until an operation has started at the arrival.
    is_arrival_unused: bool,
    /// The request that is being served, if its first operation is to be connected to it.
    served_request: Option<Arc<ServedRequest>>,
    /// The tenant of the request that is being served: that of its operations that set none.
    tenant: Option<Arc<str>>,
}

impl Scope {
    /// Returns the scope outside of any request, with the global observer.
    const fn empty() -> Self {
        Self { observer: None, request_arrival: None, is_arrival_unused: false, served_request: None, tenant: None }
    }

    /// Returns the scope of a request that a server serves with this observer, and that arrived at this moment.
    /// `served_request`, if set, is connected to the first operation; `tenant` is the tenant of its operations.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only a server knows when a request arrived"))]
    pub(crate) const fn for_request(
        observer: ObserverParts,
        arrived: Moment,
        served_request: Option<Arc<ServedRequest>>,
        tenant: Option<Arc<str>>,
    ) -> Self {
        Self {
            observer: Some(observer),
            request_arrival: Some(arrived),
            is_arrival_unused: true,
            served_request,
            tenant,
        }
    }

    /// Returns a scope of the same request, with the global observer.
    fn for_same_request(&self) -> Self {
        let (request_arrival, is_arrival_unused) = (self.request_arrival, self.is_arrival_unused);
        let (served_request, tenant) = (self.served_request.clone(), self.tenant.clone());
        Self { observer: None, request_arrival, is_arrival_unused, served_request, tenant }
    }

    /// Makes this scope current on the thread until the returned guard is dropped. The two scopes are swapped, so
    /// nothing is cloned.
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        let entered = CURRENT_SCOPE.try_with(|scoped| scoped.borrow_mut().exchange(self)).is_ok();
        Entered(entered.then_some(self))
    }

    /// Swaps two scopes. If both serve one request, an arrival that one of them has used is used in both.
    fn exchange(&mut self, other: &mut Self) {
        if self.request_arrival == other.request_arrival {
            let is_unused = self.is_arrival_unused && other.is_arrival_unused;
            (self.is_arrival_unused, other.is_arrival_unused) = (is_unused, is_unused);
        }
        std::mem::swap(self, other);
    }
}

/// Returns the arrival of the request that this code serves; `None` if no layer recorded it.
#[cfg(any(feature = "axum", feature = "gateway"))]
pub(crate) fn request_arrival() -> Option<Moment> {
    CURRENT_SCOPE.try_with(|scoped| scoped.borrow().request_arrival).ok().flatten()
}

/// Returns the arrival of the request for the first call in a scope, else `None`: only the first operation starts
/// there, not the second model call of an agent.
pub(super) fn take_request_arrival() -> Option<Moment> {
    let take =
        |scope: &mut Scope| if std::mem::take(&mut scope.is_arrival_unused) { scope.request_arrival } else { None };
    CURRENT_SCOPE.try_with(|scoped| take(&mut scoped.borrow_mut())).ok().flatten()
}

/// Returns the request that this code serves, for the first call in it, else `None`: a request is connected to its
/// first operation only.
pub(super) fn claim_served_request() -> Option<Arc<ServedRequest>> {
    CURRENT_SCOPE.try_with(|scoped| scoped.borrow().served_request.clone().filter(|request| request.claim())).ok()?
}

/// Returns the tenant of the request that this code serves; `None` if no layer determined it.
pub(super) fn request_tenant() -> Option<Arc<str>> {
    CURRENT_SCOPE.try_with(|scoped| scoped.borrow().tenant.clone()).ok().flatten()
}

/// Makes an observer the global one of the process. Returns the given observer as the error if there is a global one.
pub(super) fn set_global(parts: ObserverParts) -> Result<(), ObserverParts> {
    GLOBAL.set(parts)
}

/// Returns the observer of the current scope, or else the global one, or else a disabled one.
pub(super) fn current() -> ObserverParts {
    let scoped = CURRENT_SCOPE.try_with(|scoped| scoped.borrow().observer.clone()).ok().flatten();
    scoped.or_else(|| GLOBAL.get().cloned()).unwrap_or(ObserverParts::disabled())
}

pin_project! {
    /// A future that runs with an observer as the current one, as [`Observer::scope`](crate::Observer::scope) returns
    /// it.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        #[pin]
        future: F,
        scope: Scope,
    }
}

impl<F> Scoped<F> {
    /// Returns a future that runs with this observer, and with the request that is current now.
    pub(super) fn new(observer: ObserverParts, future: F) -> Self {
        let outer = CURRENT_SCOPE.try_with(|scoped| scoped.borrow().for_same_request()).unwrap_or(Scope::empty());
        Self { future, scope: Scope { observer: Some(observer), ..outer } }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.scope.enter();
        this.future.poll(context)
    }
}

/// A guard that restores the previous scope when it is dropped, also when a poll panics.
#[derive(Debug)]
pub(crate) struct Entered<'a>(Option<&'a mut Scope>);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(scope) = self.0.take() {
            let _ = CURRENT_SCOPE.try_with(|scoped| scoped.borrow_mut().exchange(scope));
        }
    }
}
