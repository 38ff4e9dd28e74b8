//! The companions and device sources that are attached to an observer. A companion is an object of another crate that
//! is notified of operations (model calls); a device source names the devices that a view of the metrics page shows.

use std::fmt;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::Companion;
use super::DeviceSource;
use crate::measurement::DeviceRecord;
use crate::sync::RwLock;
use crate::unwind::catch_panic;

/// The attached companions and device sources, as weak references: the caller that attaches one keeps it alive, and
/// removes it by dropping it.
#[derive(Default)]
pub(crate) struct CompanionRegistry {
    /// Set when the first companion is attached, and never cleared.
    has_companions: AtomicBool,
    companions: RwLock<Vec<Weak<dyn Companion>>>,
    device_sources: RwLock<Vec<Weak<dyn DeviceSource>>>,
}

impl CompanionRegistry {
    /// Returns whether a companion was ever attached, also if it was dropped since.
    #[inline]
    pub(crate) fn has_companions(&self) -> bool {
        self.has_companions.load(Ordering::Relaxed)
    }

    /// Calls `notification` for every companion that is alive, on this thread. A panic in it is caught. The list of
    /// companions is locked meanwhile, so a companion must not attach another one.
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
            let _ = catch_panic(|| notification(&*companion));
        });
    }

    /// Returns the first answer that is not `None` of the companions, asked in the order in which they were attached;
    /// `None` if no companion answers. A panic counts as no answer.
    pub(crate) fn query<T>(&self, question: impl Fn(&dyn Companion) -> Option<T>) -> Option<T> {
        if !self.has_companions() {
            return None;
        }
        let companions = self.companions.read();
        companions
            .iter()
            .filter_map(Weak::upgrade)
            .find_map(|companion| catch_panic(|| question(&*companion)).flatten())
    }

    /// Attaches a companion, and removes those that were dropped.
    pub(crate) fn register_companion(&self, companion: Weak<dyn Companion>) {
        let mut companions = self.companions.write();
        companions.retain(|known| known.strong_count() > 0);
        companions.push(companion);
        self.has_companions.store(true, Ordering::Relaxed);
    }

    /// Attaches a device source, and removes those that were dropped.
    pub(crate) fn register_device_source(&self, source: Weak<dyn DeviceSource>) {
        let mut sources = self.device_sources.write();
        sources.retain(|known| known.strong_count() > 0);
        sources.push(source);
    }

    /// Returns the devices of all device sources that are alive, in the order in which the sources were attached.
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
