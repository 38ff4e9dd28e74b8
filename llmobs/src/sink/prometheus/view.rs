//! The series of the Prometheus page under the names of other systems.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::ObservableSource;
use super::PrometheusLabels;
use super::SeriesStore;
use super::SeriesValue;
use crate::catalog::Instrument;
use crate::catalog::RowId;
use crate::catalog::ValueOrigin;
use crate::catalog::View;
use crate::catalog::ViewDefinition;
use crate::catalog::ViewMetric;
use crate::measurement::DeviceRecord;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::semconv::attribute as a;

/// A view that is enabled on a Prometheus page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnabledView {
    pub(crate) view: View,
    /// True if the rows that the view shows are omitted under their llmobs names.
    pub(crate) replaces_rows: bool,
}

impl EnabledView {
    pub(super) fn hides(self, id: RowId) -> bool {
        self.replaces_rows && self.view.shows(id)
    }

    /// Writes every series of the view whose value is known.
    pub(super) fn encode(
        self,
        store: &SeriesStore,
        source: &dyn ObservableSource,
        encoder: &mut DescriptorEncoder<'_>,
    ) -> fmt::Result {
        let devices = source.devices();
        let table = self.view.table();
        // If two sources supply the same device, the first one is used, because a page must not contain a series twice.
        let unlike =
            |(place, device): &(usize, &DeviceRecord)| !devices[..*place].iter().any(|other| other.id == device.id);
        let devices: Vec<_> = devices.iter().enumerate().filter(unlike).map(|(_, device)| device).collect();
        for column in table.columns {
            let values = column.values(store, source, &devices);
            encode_column(encoder, table, column, &values)?;
        }
        Ok(())
    }
}

impl ViewMetric {
    /// Returns the value of each device that has one, in the unit of the view.
    fn values<'a>(
        &self,
        store: &SeriesStore,
        source: &dyn ObservableSource,
        devices: &[&'a DeviceRecord],
    ) -> Vec<(&'a DeviceRecord, f64)> {
        let read = |id: RowId| readings(store, source, id);
        match self.origin {
            ValueOrigin::DeviceValue(figure) => self.each(devices, |device| device.figure(figure)),
            ValueOrigin::Row(id, only) => {
                let mut readings = read(id);
                let wanted = |reading: &Observation| only.is_none_or(|(name, word)| label(reading, name) == Some(word));
                readings.retain(wanted);
                self.each(devices, |device| of(device, &readings))
            }
            ValueOrigin::Difference(id, less) => {
                let (whole, less) = (read(id), less.iter().map(|id| read(*id)).collect::<Vec<_>>());
                self.each(devices, |device| {
                    let taken: f64 = less.iter().filter_map(|readings| of(device, readings)).sum();
                    of(device, &whole).map(|whole| (whole - taken).max(0.0))
                })
            }
        }
    }

    fn each<'a>(
        &self,
        devices: &[&'a DeviceRecord],
        value: impl Fn(&DeviceRecord) -> Option<f64>,
    ) -> Vec<(&'a DeviceRecord, f64)> {
        devices.iter().filter_map(|device| Some((*device, (self.convert)(value(device)?)))).collect()
    }
}

/// Returns the values of a row, at any level of the page.
fn readings(store: &SeriesStore, source: &dyn ObservableSource, id: RowId) -> Vec<Observation> {
    if id.row().is_observable() {
        return source.read_always(id);
    }
    let series = store.lock(id);
    let known = series
        .iter()
        .filter_map(|(labels, (_, cell))| Some(Observation { labels: labels.to_vec(), value: cell.value()? }));
    known.collect()
}

/// Returns the value of a device: of the series with the device's id in `hw.id`, else of the first of its sensors,
/// whose `hw.id` starts with the device's id and `/`.
fn of(device: &DeviceRecord, readings: &[Observation]) -> Option<f64> {
    let named = |attribute| readings.iter().find(|reading| label(reading, attribute) == Some(device.id.as_str()));
    let sensor = || {
        let is_sensor = |reading: &&Observation| {
            let id = label(reading, a::HW_ID).unwrap_or_default();
            label(reading, a::HW_PARENT) == Some(device.id.as_str())
                && id.strip_prefix(device.id.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        readings.iter().find(is_sensor)
    };
    named(a::HW_ID).or_else(sensor).map(|reading| reading.value)
}

fn label<'a>(reading: &'a Observation, name: &str) -> Option<&'a str> {
    reading.labels.iter().find(|label| label.name == name).map(|label| label.value.as_str())
}

fn encode_column(
    encoder: &mut DescriptorEncoder<'_>,
    table: &ViewDefinition,
    column: &ViewMetric,
    values: &[(&DeviceRecord, f64)],
) -> fmt::Result {
    if values.is_empty() {
        return Ok(());
    }
    // OpenMetrics requires that the name of a counter ends with `_total`. A counter of a view has a different name, so
    // its type is written as unknown.
    let kind = if column.instrument == Instrument::Counter { MetricType::Unknown } else { MetricType::Gauge };
    let mut metric = encoder.encode_descriptor(column.name, column.description, None, kind)?;
    for (device, value) in values {
        let tags = table.labels.iter().filter_map(|tag| {
            let text: Arc<str> = (tag.write)(device.fact(tag.fact)?).into();
            Some(Label::new(tag.name, text))
        });
        let echo = column.echo.map(|name| Label::new(name, Arc::<str>::from(value.to_string())));
        let labels = PrometheusLabels::new(&tags.chain(echo).collect::<Vec<_>>());
        let mut series = metric.encode_family(&labels)?;
        // DCGM writes whole numbers without a decimal point.
        match to_exact_i64(*value) {
            Some(whole) => series.encode_gauge(&whole)?,
            None => series.encode_gauge(value)?,
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the value is whole and below 2^53")]
fn to_exact_i64(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}

impl SeriesValue {
    /// Returns the current value; `None` for a histogram.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    fn value(&self) -> Option<f64> {
        match self {
            Self::Counter(sum) => Some(sum.load(Ordering::Relaxed) as f64),
            Self::FloatCounter(bits) | Self::Gauge(bits) => Some(f64::from_bits(bits.load(Ordering::Relaxed))),
            Self::Histogram(_) | Self::ExemplarHistogram(_) => None,
        }
    }
}
