//! The observer that is current: of the scope, else of the process.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::Context;
use std::task::Poll;

use pin_project_lite::pin_project;

use super::Observer;

static GLOBAL: OnceLock<Observer> = OnceLock::new();

thread_local! {
    static SCOPED: RefCell<Option<Observer>> = const { RefCell::new(None) };
}

impl Observer {
    /// Makes this the observer of the process. It can be set once.
    ///
    /// # Errors
    ///
    /// Gives the observer back if another one was set before.
    pub fn set_global(self) -> Result<(), Self> {
        GLOBAL.set(self)
    }

    /// The observer of the scope that this code runs in, else that of the process, else a disabled one. A spawned task
    /// does not inherit a scope.
    #[must_use]
    pub fn current() -> Self {
        let scoped = SCOPED.try_with(|scoped| scoped.borrow().clone()).ok().flatten();
        scoped.or_else(|| GLOBAL.get().cloned()).unwrap_or(Self::disabled())
    }

    /// Runs a future with this observer as the current one.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// use llmobs::Observer;
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// observer.scope(async { Observer::current().chat("m").start().complete() }).await;
    /// assert!(!Observer::current().is_enabled(), "the scope is over");
    /// # Ok::<(), llmobs::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { future, observer: self.clone() }
    }
}

pin_project! {
    /// A future that runs with an observer as the current one.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        #[pin]
        future: F,
        observer: Observer,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _restore = Restore(SCOPED.with(|scoped| scoped.replace(Some(this.observer.clone()))));
        this.future.poll(context)
    }
}

/// Puts back what was current before, also when the poll panics.
struct Restore(Option<Observer>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        let _ = SCOPED.try_with(|scoped| scoped.replace(before));
    }
}
