//! Who is attached to an observer.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::Companion;
use super::Sample;
use super::Source;
use crate::catalog::Row;
use crate::measurement::DeviceRecord;
use crate::measurement::Observation;

/// Weak references only: who attaches something keeps it, and takes it away by dropping it.
#[derive(Default)]
pub(crate) struct CompanionRegistry {
    /// Whether there ever was a companion.
    has_companions: AtomicBool,
    companions: RwLock<Vec<Weak<dyn Companion>>>,
    /// Whether there ever was a source.
    has_sources: AtomicBool,
    sources: RwLock<Vec<Weak<dyn Source>>>,
}

impl CompanionRegistry {
    #[inline]
    pub(crate) fn has_companions(&self) -> bool {
        self.has_companions.load(Ordering::Relaxed)
    }

    /// Tells every companion, if there is one.
    #[inline]
    pub(crate) fn notify(&self, say: impl Fn(&dyn Companion)) {
        if self.has_companions() {
            self.notify_all(&say);
        }
    }

    #[cold]
    fn notify_all(&self, say: &dyn Fn(&dyn Companion)) {
        let companions = self.companions.read().unwrap_or_else(PoisonError::into_inner);
        companions.iter().filter_map(Weak::upgrade).for_each(|companion| {
            let _ = without_panic(|| say(&*companion));
        });
    }

    /// The first answer of any companion, if there is one.
    pub(crate) fn query<T>(&self, question: impl Fn(&dyn Companion) -> Option<T>) -> Option<T> {
        if !self.has_companions() {
            return None;
        }
        let companions = self.companions.read().unwrap_or_else(PoisonError::into_inner);
        companions
            .iter()
            .filter_map(Weak::upgrade)
            .find_map(|companion| without_panic(|| question(&*companion)).flatten())
    }

    pub(crate) fn attach_companion(&self, companion: Weak<dyn Companion>) {
        let mut companions = self.companions.write().unwrap_or_else(PoisonError::into_inner);
        companions.retain(|known| known.strong_count() > 0);
        companions.push(companion);
        self.has_companions.store(true, Ordering::Relaxed);
    }

    /// Tells whether it is the first one ever.
    pub(crate) fn attach_source(&self, source: Weak<dyn Source>) -> bool {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|known| known.strong_count() > 0);
        sources.push(source);
        !self.has_sources.swap(true, Ordering::Relaxed)
    }

    /// The devices of every source.
    pub(crate) fn devices(&self) -> Vec<DeviceRecord> {
        self.sources().iter().flat_map(|source| source.devices()).map(|device| device.0).collect()
    }

    /// The values of a row from every source.
    pub(crate) fn read(&self, row: &'static Row) -> Vec<Observation> {
        let sources = self.sources();
        let samples = sources.iter().flat_map(|source| source.read(row));
        samples.filter_map(|sample: Sample| sample.into_reading(row)).collect()
    }

    fn sources(&self) -> Vec<Arc<dyn Source>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.iter().filter_map(Weak::upgrade).collect()
    }
}

impl fmt::Debug for CompanionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanionRegistry").field("has_companions", &self.has_companions()).finish_non_exhaustive()
    }
}

/// Runs code of a companion. A panic in it is the companion's own: it breaks no operation, and does not abort the process
/// where an operation ends because its thread panics.
fn without_panic<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
