//! Views: tables of the names, units and labels under which another system shows what we have in rows of our own.
//!
//! A table says for each series where its value lies and how it is converted; the Prometheus page reads the tables.

mod dcgm;

use super::Instrument;
use super::RowId;

/// The names of another system, for our data on the Prometheus page. OpenTelemetry never sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum View {
    /// What NVIDIA's DCGM exporter shows of GPUs: the default list of version 4.8.3, which dashboards such as Grafana's
    /// 12239 are made for. The crate `llmobs-gpu` has the values.
    Dcgm,
}

impl View {
    /// The view's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dcgm => "dcgm",
        }
    }

    pub(crate) const fn table(self) -> &'static ViewDefinition {
        match self {
            Self::Dcgm => &dcgm::TABLE,
        }
    }

    /// Whether it shows the values of a row, all of them or some.
    pub(crate) fn shows(self, id: RowId) -> bool {
        self.table().columns.iter().any(|column| match column.origin {
            ValueOrigin::Row(from, _) => from == id,
            ValueOrigin::Difference(from, less) => from == id || less.contains(&id),
            ValueOrigin::DeviceValue(_) => false,
        })
    }

    /// Whether a name is that of a counter of any view. Its own name does not say so: it has no `_total`.
    #[cfg(feature = "prometheus")]
    pub(crate) fn counts(name: &str) -> bool {
        let mut columns = [Self::Dcgm].into_iter().flat_map(|view| view.table().columns);
        // A registry of the user's may have put its prefix before it.
        columns.any(|column| column.instrument == Instrument::Counter && name.ends_with(column.name))
    }
}

/// Everything that a view shows.
#[derive(Debug)]
pub(crate) struct ViewDefinition {
    /// The labels of every series, in order.
    pub(crate) labels: &'static [ViewLabel],
    pub(crate) columns: &'static [ViewMetric],
}

/// One metric of a view.
#[derive(Debug)]
pub(crate) struct ViewMetric {
    pub(crate) name: &'static str,
    /// A counter or a gauge.
    pub(crate) instrument: Instrument,
    pub(crate) description: &'static str,
    pub(crate) origin: ValueOrigin,
    /// From our unit to the view's.
    pub(crate) convert: fn(f64) -> f64,
    /// A label that repeats the value.
    pub(crate) echo: Option<&'static str>,
}

/// Where a value lies.
#[derive(Debug)]
pub(crate) enum ValueOrigin {
    /// In a row; where an attribute is named, in the series that have this value of it.
    Row(RowId, Option<(&'static str, &'static str)>),
    /// What the others leave of the first. One that is not there takes nothing.
    Difference(RowId, &'static [RowId]),
    /// Beside the rows, in what is known of a device.
    DeviceValue(DeviceValue),
}

/// A label of a view.
#[derive(Debug)]
pub(crate) struct ViewLabel {
    pub(crate) name: &'static str,
    pub(crate) fact: DeviceAttribute,
    pub(crate) write: fn(&str) -> String,
}

/// Something that names a device, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceAttribute {
    /// The version of its driver.
    DriverVersion,
    /// The name of the machine that it is in.
    Hostname,
    /// Its number on this machine, from zero; for a part that of the whole.
    Index,
    /// The number of the instance that it is of the whole.
    MigInstanceId,
    /// What it is, such as `NVIDIA H100 80GB HBM3`.
    Model,
    /// The name of its file, such as `nvidia0`; for a part that of the whole.
    Name,
    /// Its PCI address, such as `0000:1b:00.0`.
    PciAddress,
    /// The size of the instance, such as `1g.10gb`.
    MigProfile,
    /// What names it for good; for a part that of the whole.
    Uuid,
}

/// Something that is known of a device and stands in no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceValue {
    /// The number of the last error that it reported by itself; zero if it reported none.
    LastXid,
    /// One if a row of its memory could not be replaced, else zero.
    RowRemapFailed,
    /// Bytes a second that it sends over the bus now.
    PcieTxRate,
    /// Bytes a second that it receives over the bus now.
    PcieRxRate,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_view_has_no_name_of_a_row_and_none_twice() {
        let columns = View::Dcgm.table().columns;
        let names: HashSet<_> = columns.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), columns.len());
        for row in super::super::ROWS {
            assert!(!names.contains(row.prometheus_name().as_str()), "{}", row.name);
        }
    }

    #[test]
    fn a_view_takes_from_rows_that_have_what_it_names() {
        for column in View::Dcgm.table().columns {
            if let ValueOrigin::Row(id, Some((attribute, _))) = column.origin {
                assert!(id.row().attributes.contains(&attribute), "{} of {}", attribute, column.name);
            }
            assert!(matches!(column.instrument, Instrument::Counter | Instrument::Gauge), "{}", column.name);
        }
    }
}
