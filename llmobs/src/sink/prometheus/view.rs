//! The series of the Prometheus page under the names of other systems. A view is a table of such names, units and
//! labels; it shows the values of rows, the descriptions of metrics, for each device.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::series::PrometheusLabels;
use crate::catalog::Instrument;
use crate::catalog::Row;
use crate::catalog::ValueOrigin;
use crate::catalog::View;
use crate::catalog::ViewMetric;
use crate::measurement::DeviceRecord;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::semconv::attribute as a;
use crate::sync::RwLock;

/// A view that is enabled on a Prometheus page. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnabledView {
    view: &'static View,
    /// True if the rows that the view shows are omitted from the page under their llmobs names.
    replaces_rows: bool,
}

/// Every view that was enabled in this process. The conversion of a page to the classic format recognizes a view's
/// counter by its name in these views, because the name has no suffix `_total` and the page states the type `unknown`.
static ENABLED_IN_PROCESS: RwLock<Vec<&'static View>> = RwLock::new(Vec::new());

/// Returns whether `name` is the name of a counter of a view that was enabled in this process, possibly behind the
/// prefix of the application's registry.
#[cfg(feature = "prometheus")]
pub(crate) fn is_view_counter(name: &str) -> bool {
    let views = ENABLED_IN_PROCESS.read();
    let mut metrics = views.iter().flat_map(|view| view.metrics());
    metrics.any(|metric| metric.instrument() == Instrument::Counter && name.ends_with(metric.name()))
}

impl EnabledView {
    /// Returns a view that is enabled on a page. `replaces_rows` is true if the rows that the view shows are omitted
    /// from the page under their llmobs names. The view also joins the process-wide list of enabled views.
    pub(crate) fn new(view: &'static View, replaces_rows: bool) -> Self {
        let mut enabled = ENABLED_IN_PROCESS.write();
        if !enabled.iter().any(|other| std::ptr::eq(*other, view)) {
            enabled.push(view);
        }
        Self { view, replaces_rows }
    }

    /// Returns whether both are enabled for the same `View` object.
    pub(crate) fn has_same_view(self, other: Self) -> bool {
        std::ptr::eq(self.view, other.view)
    }

    /// Returns the names that the view's metrics have on the page.
    pub(in crate::sink) fn metric_names(self) -> impl Iterator<Item = &'static str> {
        self.view.metrics().iter().map(ViewMetric::name)
    }

    /// Returns whether the page omits a row under its llmobs name because this view replaces it.
    pub(super) fn hides_row(self, row: &Row) -> bool {
        self.replaces_rows && self.view.includes_row(row)
    }

    /// Writes every series of the view whose value is known, one for each device and metric. `read` returns the values
    /// of a row.
    pub(super) fn encode(
        self,
        devices: &[DeviceRecord],
        read: &impl Fn(&'static Row) -> Vec<Observation>,
        encoder: &mut DescriptorEncoder<'_>,
    ) -> fmt::Result {
        // If two sources supply the same device, the first one is used, because a page must not contain a series twice.
        let is_first =
            |(index, device): &(usize, &DeviceRecord)| !devices[..*index].iter().any(|other| other.id == device.id);
        let devices: Vec<_> = devices.iter().enumerate().filter(is_first).map(|(_, device)| device).collect();
        for metric in self.view.metrics() {
            encode_view_metric(encoder, self.view, metric, &metric_values(metric, read, &devices))?;
        }
        Ok(())
    }
}

/// Returns the value of each device that has one, in the unit of the view.
fn metric_values<'a>(
    view_metric: &ViewMetric,
    read: &impl Fn(&'static Row) -> Vec<Observation>,
    devices: &[&'a DeviceRecord],
) -> Vec<(&'a DeviceRecord, f64)> {
    match view_metric.origin() {
        ValueOrigin::Device(kind) => convert_each(view_metric, devices, |device| device.value(kind)),
        ValueOrigin::Row(row) => {
            let readings = read(row);
            convert_each(view_metric, devices, |device| device_value(device, &readings))
        }
        ValueOrigin::Series(row, attribute, value) => {
            let mut readings = read(row);
            readings.retain(|reading| label_value(reading, attribute) == Some(value));
            convert_each(view_metric, devices, |device| device_value(device, &readings))
        }
        ValueOrigin::Difference(minuend, subtracted) => {
            let (minuend, subtracted) = (read(minuend), subtracted.iter().map(|row| read(row)).collect::<Vec<_>>());
            convert_each(view_metric, devices, |device| {
                let sum: f64 = subtracted.iter().filter_map(|readings| device_value(device, readings)).sum();
                device_value(device, &minuend).map(|minuend| (minuend - sum).max(0.0))
            })
        }
    }
}

fn convert_each<'a>(
    view_metric: &ViewMetric,
    devices: &[&'a DeviceRecord],
    value: impl Fn(&DeviceRecord) -> Option<f64>,
) -> Vec<(&'a DeviceRecord, f64)> {
    devices.iter().filter_map(|device| Some((*device, view_metric.converted(value(device)?)))).collect()
}

/// Returns the value of a device: of the series with the device's id in `hw.id`, else of the first of its sensors,
/// whose `hw.id` starts with the device's id and `/`.
fn device_value(device: &DeviceRecord, readings: &[Observation]) -> Option<f64> {
    let by_id = |attribute| readings.iter().find(|reading| label_value(reading, attribute) == Some(device.id.as_str()));
    let by_sensor = || {
        let is_sensor = |reading: &&Observation| {
            let id = label_value(reading, a::HW_ID).unwrap_or_default();
            label_value(reading, a::HW_PARENT) == Some(device.id.as_str())
                && id.strip_prefix(device.id.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        readings.iter().find(is_sensor)
    };
    by_id(a::HW_ID).or_else(by_sensor).map(|reading| reading.value)
}

fn label_value<'a>(reading: &'a Observation, name: &str) -> Option<&'a str> {
    reading.labels.iter().find(|label| label.name == name).map(|label| label.value.as_str())
}

fn encode_view_metric(
    encoder: &mut DescriptorEncoder<'_>,
    view: &View,
    view_metric: &ViewMetric,
    values: &[(&DeviceRecord, f64)],
) -> fmt::Result {
    if values.is_empty() {
        return Ok(());
    }
    // OpenMetrics requires that the name of a counter ends with `_total`. A counter of a view has a different name, so
    // its type is written as unknown.
    let kind = if view_metric.instrument() == Instrument::Counter { MetricType::Unknown } else { MetricType::Gauge };
    let mut metric = encoder.encode_descriptor(view_metric.name(), view_metric.description(), None, kind)?;
    for (device, value) in values {
        let device_labels = view.labels().iter().filter_map(|label| {
            let text: Arc<str> = label.formatted(device.attribute(label.attribute())?).into();
            Some(Label::new(label.name(), text))
        });
        let value_label =
            view_metric.value_label_name().map(|name| Label::new(name, Arc::<str>::from(value.to_string())));
        let labels = PrometheusLabels::new(&device_labels.chain(value_label).collect::<Vec<_>>());
        let mut series = metric.encode_family(&labels)?;
        // DCGM writes whole numbers without a decimal point.
        match to_exact_i64(*value) {
            Some(integer) => series.encode_gauge(&integer)?,
            None => series.encode_gauge(value)?,
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the value is whole and below 2^53")]
fn to_exact_i64(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}
