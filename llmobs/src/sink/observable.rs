//! The interface through which both sinks, OpenTelemetry and the Prometheus page, read values at a collection. The
//! observer's state implements it.

use crate::catalog::RowId;
use crate::measurement::DeviceRecord;
use crate::measurement::Observation;

/// An object that returns the values of the catalog's observable rows: metrics that are not recorded at an event but
/// read at each collection.
pub(crate) trait ObservableSource: Send + Sync + 'static {
    /// Called before the values of a collection are read; OpenTelemetry calls it once for each row.
    fn prepare(&self);

    /// Returns the current values of an observable row, one for each series; empty if the current level excludes the
    /// row.
    fn read(&self, id: RowId) -> Vec<Observation>;

    /// Returns the values of an observable row for OpenTelemetry. They differ from those of [`read`](Self::read) where
    /// several sources have the same values, which a shared meter provider would add up. Defaults to those of `read`.
    fn read_for_otel(&self, id: RowId) -> Vec<Observation> {
        self.read(id)
    }

    /// Returns the devices that the views of the Prometheus page show. Defaults to none.
    fn devices(&self) -> Vec<DeviceRecord> {
        Vec::new()
    }
}
