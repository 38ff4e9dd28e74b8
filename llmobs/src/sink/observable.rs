//! The interface through which the sinks read values at a collection.

use crate::catalog::RowId;
use crate::measurement::DeviceRecord;
use crate::measurement::Observation;

/// A provider of the values of the catalog's observable rows.
pub(crate) trait ObservableSource: Send + Sync + 'static {
    /// Called before the values are read for a collection.
    fn prepare(&self);

    /// Returns the values of an observable row, or nothing if the current level does not include the row.
    fn read(&self, id: RowId) -> Vec<Observation>;

    /// Returns the devices that views show.
    fn devices(&self) -> Vec<DeviceRecord> {
        Vec::new()
    }
}
