//! The Prometheus sink: series (sets of label values of a metric) that a recorder accesses by handle, and that a
//! scrape, one reading of the metrics page, copies under a short lock.
//!
//! The type `Family` of `prometheus-client` is not used: it formats under its read lock, and a new series that waits
//! for the write lock blocks every recorder for milliseconds.

mod series;
mod view;

use std::fmt;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

use self::series::PrometheusLabels;
pub(crate) use self::series::RowSeries;
pub(crate) use self::series::SeriesStore;
pub(crate) use self::series::SeriesValue;
use self::series::encode_gauge;
pub(crate) use self::view::EnabledView;
#[cfg(feature = "prometheus")]
pub(crate) use self::view::is_view_counter;
use super::observable::ObservableSource;
use super::registered::RegisteredRows;
use crate::catalog::Instrument;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::catalog::to_prometheus_name;
use crate::measurement::Observation;

/// A mutable reference to the registry in which the metrics of the page are registered.
pub struct RegistryMut<'a>(&'a mut Registry);

impl<'a> From<&'a mut Registry> for RegistryMut<'a> {
    fn from(registry: &'a mut Registry) -> Self {
        Self(registry)
    }
}

impl fmt::Debug for RegistryMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistryMut")
    }
}

impl RegistryMut<'_> {
    /// Returns whether the registry already contains the metrics of an observer; `false` if it cannot be rendered. A
    /// second observer would add every name twice, which parsers reject.
    pub(crate) fn has_observer(&self) -> bool {
        let mut page = String::new();
        let encoded = prometheus_client::encoding::text::encode_registry(&mut page, self.0);
        encoded.is_ok() && page.contains("llmobs_build_info")
    }

    /// Adds the collector of an observer to the registry, so that each page of the registry contains its metrics.
    pub(crate) fn register(&mut self, collector: ObserverCollector) {
        self.0.register_collector(Box::new(collector));
    }
}

/// The collector that a registry calls at each scrape to write all metrics of one observer.
pub(crate) struct ObserverCollector {
    /// The series of the catalog's rows that are recorded.
    pub(crate) store: Arc<SeriesStore>,
    /// The rows that other crates registered, and the views of the page.
    pub(crate) registered: Arc<RegisteredRows>,
    /// The object that returns the values of the catalog's observable rows. Once it is dropped, the page omits them and
    /// the views.
    pub(crate) source: Weak<dyn ObservableSource>,
}

impl fmt::Debug for ObserverCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverCollector").field("store", &self.store).finish_non_exhaustive()
    }
}

impl ObserverCollector {
    /// Returns the values of a row, for a view. Observable rows of other crates have values at any level; other rows
    /// only values that were recorded or are read at a level that includes the row.
    fn observations(&self, row: &'static Row, source: &dyn ObservableSource) -> Vec<Observation> {
        if let Some(registered) = self.registered.find(row.name) {
            return if row.is_observable() { registered.read() } else { registered.series().observations() };
        }
        let id = RowId::ALL.iter().find(|id| id.row().name == row.name);
        id.map_or_else(Vec::new, |id| match row.is_observable() {
            true => source.read(*id),
            false => self.store.row(*id).observations(),
        })
    }
}

impl Collector for ObserverCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let level = self.store.level.load(Ordering::Relaxed);
        let source = self.source.upgrade();
        if let Some(source) = &source {
            source.prepare();
        }
        let is_shown =
            |row: &Row| row.level as u8 <= level && !self.registered.views().iter().any(|view| view.hides_row(row));
        for id in RowId::ALL.iter().filter(|id| is_shown(id.row())) {
            if id.row().is_observable() {
                let readings = source.as_ref().map_or_else(Vec::new, |source| source.read(*id));
                encode_observations(&mut encoder, id.row(), &readings)?;
            } else {
                encode_series(&mut encoder, id.row(), &self.store.row(*id).snapshot())?;
            }
        }
        for registered in self.registered.all().iter().filter(|registered| is_shown(registered.row())) {
            if registered.row().is_observable() {
                encode_observations(&mut encoder, registered.row(), &registered.read())?;
            } else {
                encode_series(&mut encoder, registered.row(), &registered.series().snapshot())?;
            }
        }
        if let Some(source) = &source {
            let devices = source.devices();
            let read = |row: &'static Row| self.observations(row, &**source);
            self.registered.views().iter().try_for_each(|view| view.encode(&devices, &read, &mut encoder))?;
        }
        Ok(())
    }
}

/// Writes the series of a row whose values are recorded.
fn encode_series(
    encoder: &mut DescriptorEncoder<'_>,
    row: &Row,
    series: &[(PrometheusLabels, SeriesValue)],
) -> fmt::Result {
    encode_row(encoder, row, series, |(labels, value), metric| value.encode(row, metric.encode_family(labels)?))
}

/// Writes the series of a row whose values are read at the scrape.
fn encode_observations(encoder: &mut DescriptorEncoder<'_>, row: &Row, readings: &[Observation]) -> fmt::Result {
    encode_row(encoder, row, readings, |reading, metric| {
        let labels = PrometheusLabels::new(&reading.labels);
        let mut series = metric.encode_family(&labels)?;
        if row.instrument == Instrument::ObservableCounter {
            series.encode_counter::<NoLabelSet, _, u64>(&reading.value, None)
        } else {
            encode_gauge(row, &mut series, reading.value)
        }
    })
}

/// Writes the name, unit and type of a row, then each series; nothing if there is no series.
fn encode_row<T>(
    encoder: &mut DescriptorEncoder<'_>,
    row: &Row,
    series: &[T],
    encode: impl Fn(&T, &mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if series.is_empty() {
        return Ok(());
    }
    let unit = row.prometheus_unit().map(|unit| Unit::Other(unit.to_owned()));
    let name = to_prometheus_name(row.name);
    let mut metric = encoder.encode_descriptor(&name, row.description, unit.as_ref(), metric_type(row))?;
    series.iter().try_for_each(|item| encode(item, &mut metric))
}

const fn metric_type(row: &Row) -> MetricType {
    match row.instrument {
        Instrument::Counter | Instrument::ObservableCounter => MetricType::Counter,
        Instrument::Histogram => MetricType::Histogram,
        _ => MetricType::Gauge,
    }
}
