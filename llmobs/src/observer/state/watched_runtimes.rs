//! The async runtimes whose busy time is read at each collection.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use crate::sync::Mutex;

/// An async runtime that counts the time for which its threads work.
pub(crate) trait BusyRuntime: Send + Sync {
    /// Returns the time for which the runtime's worker threads were busy since its start, added up.
    fn busy_time(&self) -> Duration;

    /// Returns the moment at which the runtime was to wake its probe, if it has not yet; in nanoseconds. The moment may be
    /// in the future.
    fn probe_due_at(&self) -> u64;
}

/// The watched runtimes with their names, as weak references: dropping the runtime's watch removes it.
#[derive(Default)]
pub(crate) struct WatchedRuntimes(Mutex<Vec<NamedRuntime>>);

type NamedRuntime = (Arc<str>, Weak<dyn BusyRuntime>);

impl WatchedRuntimes {
    /// Adds a runtime, and removes those that are no longer watched.
    pub(crate) fn add(&self, name: Arc<str>, runtime: Weak<dyn BusyRuntime>) {
        let mut runtimes = self.0.lock();
        runtimes.retain(|(_, known)| known.strong_count() > 0);
        runtimes.push((name, runtime));
    }

    /// Returns the busy time of each name; runtimes with the same name are added up.
    pub(crate) fn busy_times(&self) -> BTreeMap<Arc<str>, Duration> {
        let mut times = BTreeMap::<_, Duration>::new();
        for (name, runtime) in self.0.lock().iter() {
            if let Some(runtime) = runtime.upgrade() {
                *times.entry(Arc::clone(name)).or_default() += runtime.busy_time();
            }
        }
        times
    }

    /// Returns the first moment, in nanoseconds, at which a runtime was or is to wake its probe; `None` without a runtime.
    pub(crate) fn overdue_since(&self) -> Option<u64> {
        self.0.lock().iter().filter_map(|(_, runtime)| Some(runtime.upgrade()?.probe_due_at())).min()
    }
}

impl fmt::Debug for WatchedRuntimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedRuntimes").field("runtimes", &self.0.lock().len()).finish()
    }
}
