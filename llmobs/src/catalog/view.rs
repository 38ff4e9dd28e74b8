//! Views: tables that show the values of rows under the metric names and labels of another system.
//!
//! For each metric, a table contains the origin of its value and the conversion to the other system's unit. The Prometheus
//! page is rendered from the tables.

mod dcgm;

use super::Instrument;
use super::RowId;

/// A set of metric names of another system, shown on the Prometheus page. Not a view of the OpenTelemetry SDK, which it
/// does not affect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum View {
    /// The GPU metrics that version 4.8.3 of NVIDIA's DCGM exporter exports by default. Dashboards such as Grafana dashboard
    /// 12239 use these names. The crate `llmobs-gpu` supplies the values.
    Dcgm,
}

impl View {
    /// Returns the name of the view, such as `dcgm`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dcgm => "dcgm",
        }
    }

    pub(crate) const fn definition(self) -> &'static ViewDefinition {
        match self {
            Self::Dcgm => &dcgm::DEFINITION,
        }
    }

    /// Returns whether a metric of the view is computed from a row.
    pub(crate) fn includes_row(self, id: RowId) -> bool {
        self.definition().metrics.iter().any(|metric| match metric.origin {
            ValueOrigin::Row(row, _) => row == id,
            ValueOrigin::Difference(row, subtracted) => row == id || subtracted.contains(&id),
            ValueOrigin::DeviceValue(_) => false,
        })
    }

    /// Returns whether `name` is the name of a counter of any view, possibly behind a prefix. The name alone does not show this, because counters
    /// of a view have no suffix `_total`.
    #[cfg(feature = "prometheus")]
    pub(crate) fn is_counter_name(name: &str) -> bool {
        let mut metrics = [Self::Dcgm].into_iter().flat_map(|view| view.definition().metrics);
        // The application's registry may add a prefix to the name.
        metrics.any(|metric| metric.instrument == Instrument::Counter && name.ends_with(metric.name))
    }
}

/// The labels and metrics of one view.
#[derive(Debug)]
pub(crate) struct ViewDefinition {
    /// The labels of every series of the view, in order.
    pub(crate) labels: &'static [ViewLabel],
    pub(crate) metrics: &'static [ViewMetric],
}

/// One metric of a view.
#[derive(Debug)]
pub(crate) struct ViewMetric {
    pub(crate) name: &'static str,
    /// The kind of instrument: a counter or a gauge.
    pub(crate) instrument: Instrument,
    pub(crate) description: &'static str,
    pub(crate) origin: ValueOrigin,
    /// Converts the value of `origin` to the unit of the metric.
    pub(crate) convert: fn(f64) -> f64,
    /// The name of an additional label that repeats the converted value as text; `None` if the metric has no such label.
    pub(crate) value_label: Option<&'static str>,
}

/// The source of a value of a view.
#[derive(Debug)]
pub(crate) enum ValueOrigin {
    /// A row. `Some((name, value))` selects the series whose attribute `name` has this value; `None` selects all series.
    Row(RowId, Option<(&'static str, &'static str)>),
    /// The value of the first row minus the values of the other rows. A missing value counts as zero, and the result is
    /// at least zero.
    Difference(RowId, &'static [RowId]),
    /// A value of the device that is not in any row.
    DeviceValue(DeviceValue),
}

/// A label of a view and the conversion of its value.
#[derive(Debug)]
pub(crate) struct ViewLabel {
    pub(crate) name: &'static str,
    pub(crate) attribute: DeviceAttribute,
    pub(crate) format: fn(&str) -> String,
}

/// A text attribute that identifies or describes a device. For a MIG instance, some attributes are those of the whole
/// GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceAttribute {
    /// The version of the device's driver.
    DriverVersion,
    /// The host name of the machine that contains the device.
    Hostname,
    /// The index of the device on this machine, from zero; for a MIG instance, the index of the whole GPU.
    Index,
    /// The ID of the GPU instance, for a MIG instance.
    MigInstanceId,
    /// The model of the device, such as `NVIDIA H100 80GB HBM3`.
    Model,
    /// The name of the device file, such as `nvidia0`; for a MIG instance, the name of the whole GPU.
    Name,
    /// The PCI address of the device, such as `0000:1b:00.0`.
    PciAddress,
    /// The profile of a MIG instance, such as `1g.10gb`.
    MigProfile,
    /// The permanent UUID of the device; for a MIG instance, the UUID of the whole GPU.
    Uuid,
}

/// A numeric value of a device that no row contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceValue {
    /// The code of the last XID error that the device reported; zero if there was no error.
    LastXid,
    /// 1 if the remapping of a memory row failed, else 0.
    RowRemapFailed,
    /// The current rate of bytes per second that the device sends over the PCIe bus.
    PcieTxRate,
    /// The current rate of bytes per second that the device receives over the PCIe bus.
    PcieRxRate,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn view_names_are_unique_and_differ_from_row_names() {
        let metrics = View::Dcgm.definition().metrics;
        let names: HashSet<_> = metrics.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), metrics.len());
        for row in super::super::ROWS {
            assert!(!names.contains(row.prometheus_name().as_str()), "{}", row.name);
        }
    }

    #[test]
    fn rows_of_a_view_have_the_attributes_that_the_view_selects() {
        for metric in View::Dcgm.definition().metrics {
            if let ValueOrigin::Row(id, Some((attribute, _))) = metric.origin {
                assert!(id.row().attributes.contains(&attribute), "{} of {}", attribute, metric.name);
            }
            assert!(matches!(metric.instrument, Instrument::Counter | Instrument::Gauge), "{}", metric.name);
        }
    }
}
