//! The registry of the companions and device sources of an observer.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::Companion;
use super::DeviceSource;
use crate::measurement::DeviceRecord;
use crate::sync::RwLock;

/// The registered companions and device sources, as weak references: the caller who registers one keeps it alive, and removes
/// it by dropping it.
#[derive(Default)]
pub(crate) struct CompanionRegistry {
    /// Set when the first companion is registered, and never cleared.
    has_companions: AtomicBool,
    companions: RwLock<Vec<Weak<dyn Companion>>>,
    device_sources: RwLock<Vec<Weak<dyn DeviceSource>>>,
}

impl CompanionRegistry {
    #[inline]
    pub(crate) fn has_companions(&self) -> bool {
        self.has_companions.load(Ordering::Relaxed)
    }

    /// Calls `notification` for every companion, if one was ever registered.
    #[inline]
    pub(crate) fn notify(&self, notification: impl Fn(&dyn Companion)) {
        if self.has_companions() {
            self.notify_all(&notification);
        }
    }

    #[cold]
    fn notify_all(&self, notification: &dyn Fn(&dyn Companion)) {
        let companions = self.companions.read();
        companions.iter().filter_map(Weak::upgrade).for_each(|companion| {
            let _ = catch_companion_panic(|| notification(&*companion));
        });
    }

    /// Returns the first answer of any companion, or `None` if no companion answers.
    pub(crate) fn query<T>(&self, question: impl Fn(&dyn Companion) -> Option<T>) -> Option<T> {
        if !self.has_companions() {
            return None;
        }
        let companions = self.companions.read();
        companions
            .iter()
            .filter_map(Weak::upgrade)
            .find_map(|companion| catch_companion_panic(|| question(&*companion)).flatten())
    }

    pub(crate) fn register_companion(&self, companion: Weak<dyn Companion>) {
        let mut companions = self.companions.write();
        companions.retain(|known| known.strong_count() > 0);
        companions.push(companion);
        self.has_companions.store(true, Ordering::Relaxed);
    }

    pub(crate) fn register_device_source(&self, source: Weak<dyn DeviceSource>) {
        let mut sources = self.device_sources.write();
        sources.retain(|known| known.strong_count() > 0);
        sources.push(source);
    }

    /// Returns the devices of all sources.
    pub(crate) fn devices(&self) -> Vec<DeviceRecord> {
        let sources: Vec<_> = self.device_sources.read().iter().filter_map(Weak::upgrade).collect();
        sources.iter().flat_map(|source| source.devices()).map(|device| device.0).collect()
    }
}

impl fmt::Debug for CompanionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanionRegistry").field("has_companions", &self.has_companions()).finish_non_exhaustive()
    }
}

/// Runs code of a companion and catches a panic in it. A panic must not break the operation, and must not abort the
/// process when an operation ends because its thread panics.
fn catch_companion_panic<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
