//! The rows that other crates register, with their series in both sinks (OpenTelemetry and the Prometheus page). A row
//! is the description of one metric. `metric` registers the rows; the sinks read them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::Weak;

use super::otel::InstrumentSlot;
use super::prometheus::EnabledView;
use super::prometheus::RowSeries;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::measurement::BucketBounds;
use crate::measurement::Observation;
use crate::sync::RwLock;

/// A function that returns the current values of an observable row, one for each series. Called at each collection.
pub(crate) type Read = Arc<dyn Fn() -> Vec<Observation> + Send + Sync>;

/// A row that another crate registered, with its series. It remains when the registration ends, so that its counters
/// continue when the row is registered again.
pub(crate) struct RegisteredRow {
    row: &'static Row,
    bounds: BucketBounds,
    series: RowSeries,
    instrument: InstrumentSlot,
    owner: RwLock<Owner>,
}

/// The owner of a registration. The registration ends when the object is dropped: the row's name is then free for the
/// same row.
pub(crate) struct Owner {
    /// The object that keeps the registration: the source of an observable row, or a token that the handles share.
    pub(crate) alive: Weak<dyn Any + Send + Sync>,
    /// The function that returns the values of an observable row; `None` for a row whose values are recorded.
    pub(crate) read: Option<Read>,
}

impl RegisteredRow {
    fn new(row: &'static Row, bounds: BucketBounds, owner: Owner) -> Self {
        Self { row, bounds, series: RowSeries::default(), instrument: InstrumentSlot::new(), owner: RwLock::new(owner) }
    }

    /// Returns the description of the metric.
    pub(crate) const fn row(&self) -> &'static Row {
        self.row
    }

    /// Returns the bucket bounds of a histogram; empty for any other row.
    pub(super) const fn bounds(&self) -> &BucketBounds {
        &self.bounds
    }

    /// Returns the series of the row on the Prometheus page.
    pub(super) const fn series(&self) -> &RowSeries {
        &self.series
    }

    /// Returns the cell of the row's OpenTelemetry instrument, which is created at the first use.
    pub(super) const fn instrument(&self) -> &InstrumentSlot {
        &self.instrument
    }

    /// Returns the current values of an observable row; empty for any other row, and once the source was dropped.
    pub(super) fn read(&self) -> Vec<Observation> {
        let read = self.owner.read().read.clone();
        read.map_or_else(Vec::new, |read| read())
    }

    fn has_owner(&self) -> bool {
        self.owner.read().alive.strong_count() > 0
    }
}

impl fmt::Debug for RegisteredRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredRow").field("name", &self.row.name).finish_non_exhaustive()
    }
}

/// All rows that other crates registered, in the order of their first registration, and the views of the page.
#[derive(Debug)]
pub(crate) struct RegisteredRows {
    rows: RwLock<Vec<Arc<RegisteredRow>>>,
    views: Vec<EnabledView>,
}

/// The result of a successful registration.
pub(crate) struct Registered {
    /// The registered row, new or continued.
    pub(crate) row: Arc<RegisteredRow>,
    /// False if the row was registered before and continues.
    pub(crate) is_new: bool,
}

impl RegisteredRows {
    /// Returns a list without rows; `views` are the views of the observer's page.
    pub(super) const fn new(views: Vec<EnabledView>) -> Self {
        Self { rows: RwLock::new(Vec::new()), views }
    }

    /// Registers a row for an owner; `bounds` is called for a new row only. A registered row without an owner that is
    /// equal to this one continues. Returns the name of the other metric as an error if a name of the row is already in
    /// use in OpenTelemetry or on the page: by a row of the catalog, a metric of a view, or a registered row.
    pub(super) fn register(
        &self,
        row: &'static Row,
        bounds: impl FnOnce() -> BucketBounds,
        owner: Owner,
    ) -> Result<Registered, &'static str> {
        let names = row.page_names();
        let uses_same_name =
            |other: &Row| other.name == row.name || other.page_names().iter().any(|other| names.contains(other));
        if let Some(id) = RowId::ALL.iter().find(|id| uses_same_name(id.row())) {
            return Err(id.row().name);
        }
        let mut view_names = self.views.iter().flat_map(|view| view.metric_names());
        if let Some(name) = view_names.find(|name| names.iter().any(|own| own == name)) {
            return Err(name);
        }
        let mut rows = self.rows.write();
        if let Some(known) = rows.iter().find(|known| uses_same_name(known.row)) {
            if known.has_owner() || known.row != row {
                return Err(known.row.name);
            }
            *known.owner.write() = owner;
            return Ok(Registered { row: Arc::clone(known), is_new: false });
        }
        let registered = Arc::new(RegisteredRow::new(row, bounds(), owner));
        rows.push(Arc::clone(&registered));
        Ok(Registered { row: registered, is_new: true })
    }

    /// Returns every registered row, also rows that lost their owner.
    pub(crate) fn all(&self) -> Vec<Arc<RegisteredRow>> {
        self.rows.read().clone()
    }

    /// Returns the registered row with this OpenTelemetry name, if there is one.
    pub(super) fn find(&self, name: &str) -> Option<Arc<RegisteredRow>> {
        self.rows.read().iter().find(|registered| registered.row.name == name).cloned()
    }

    /// Returns the views of the observer's page: tables that show rows under another system's names.
    pub(super) fn views(&self) -> &[EnabledView] {
        &self.views
    }

    /// Removes every series of a registered row that has this label value from the Prometheus page.
    pub(super) fn remove_series_by_label(&self, name: &str, value: &str) {
        self.rows.read().iter().for_each(|registered| registered.series.remove_by_label(name, value));
    }
}
