//! Callsites of `tracing` that ask every subscriber.
//!
//! `tracing` caches for each callsite whether any subscriber wants it. A callsite that one thread registers while
//! another thread installs a subscriber can miss that subscriber, so a test that subscribes for its own thread only
//! would sometimes lose its spans and events. A global subscriber that decides at each call keeps the cache out of the
//! way.

use std::sync::Once;

use tracing::Event;
use tracing::Metadata;
use tracing::Subscriber;
use tracing::span;
use tracing::subscriber::Interest;

/// Installs a global subscriber that wants nothing and makes every callsite ask the subscribers at each call. Does
/// nothing if the process has a global subscriber.
pub fn ask_every_subscriber() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        // A process with another global subscriber does not depend on those of its threads.
        let _ = tracing::subscriber::set_global_default(UndecidedSubscriber);
    });
}

struct UndecidedSubscriber;

impl Subscriber for UndecidedSubscriber {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
