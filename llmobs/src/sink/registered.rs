//! The rows that other crates register, with their series in both sinks.

use std::any::Any;
use std::collections::BTreeMap;
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

/// Reads the values of an observable row.
pub(crate) type Read = Arc<dyn Fn() -> Vec<Observation> + Send + Sync>;

/// A row that another crate registered. It remains when the registration ends, so that its counters continue when the
/// row is registered again.
pub(crate) struct RegisteredRow {
    row: &'static Row,
    bounds: BucketBounds,
    series: RowSeries,
    instrument: InstrumentSlot,
    owner: RwLock<Owner>,
}

/// The owner of a registration. The registration ends when the owner is dropped.
pub(crate) struct Owner {
    pub(crate) alive: Weak<dyn Any + Send + Sync>,
    /// `None` for a row that is not observable.
    pub(crate) read: Option<Read>,
}

impl RegisteredRow {
    fn new(row: &'static Row, bounds: BucketBounds, owner: Owner) -> Self {
        Self { row, bounds, series: RowSeries::default(), instrument: InstrumentSlot::new(), owner: RwLock::new(owner) }
    }

    pub(crate) const fn row(&self) -> &'static Row {
        self.row
    }

    pub(super) const fn bounds(&self) -> &BucketBounds {
        &self.bounds
    }

    pub(super) const fn series(&self) -> &RowSeries {
        &self.series
    }

    pub(super) const fn instrument(&self) -> &InstrumentSlot {
        &self.instrument
    }

    /// Returns the values of an observable row; none once its source was dropped.
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

/// All rows that other crates registered, in the order of their first registration.
#[derive(Debug)]
pub(crate) struct RegisteredRows {
    rows: RwLock<Vec<Arc<RegisteredRow>>>,
    views: Vec<EnabledView>,
}

/// The result of a registration.
pub(crate) struct Registered {
    pub(crate) row: Arc<RegisteredRow>,
    /// False if the row was registered before.
    pub(crate) is_new: bool,
}

impl RegisteredRows {
    pub(super) const fn new(views: Vec<EnabledView>) -> Self {
        Self { rows: RwLock::new(Vec::new()), views }
    }

    /// Registers a row for an owner. Returns the name of the metric that has the same name on one of the backends as an
    /// error: a row of the catalog, a metric of a view, or a registered row. A registered row without an owner that is
    /// equal to this one continues.
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

    pub(crate) fn all(&self) -> Vec<Arc<RegisteredRow>> {
        self.rows.read().clone()
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<RegisteredRow>> {
        self.rows.read().iter().find(|registered| registered.row.name == name).cloned()
    }

    /// Returns the views of the observer's page.
    pub(super) fn views(&self) -> &[EnabledView] {
        &self.views
    }

    /// Adds the number of series of each group.
    pub(super) fn count_series_by_group(&self, groups: &mut BTreeMap<&'static str, usize>) {
        for registered in self.rows.read().iter() {
            *groups.entry(registered.row.group.as_str()).or_default() += registered.series.len();
        }
    }

    /// Removes every series that has this label.
    pub(super) fn remove_series_by_label(&self, name: &str, value: &str) {
        self.rows.read().iter().for_each(|registered| registered.series.remove_by_label(name, value));
    }
}
