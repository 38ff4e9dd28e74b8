//! Views: tables that show the values of the metrics of devices, such as GPUs, under the metric names and labels of
//! another system.
//!
//! For each metric, a view contains the origin of its value, such as a row (the definition of a metric of llmobs), and
//! the conversion to the other system's unit. The Prometheus page shows, for each device, the metrics of the views
//! beside those of the rows, or in their place
//! ([`ObserverBuilder::replace_with_view`](crate::ObserverBuilder::replace_with_view)).

use super::DeviceAttribute;
use super::DeviceValue;
use super::Instrument;
use super::Row;

/// A set of metric names of another system, shown on the Prometheus page. Not a view of the OpenTelemetry SDK, which it
/// does not affect. The crate that owns the rows defines the view as a `static`.
///
/// ```
/// use llmobs::catalog::{DeviceAttribute, DeviceValue, ValueOrigin, View, ViewLabel, ViewMetric};
///
/// const SLOT: DeviceAttribute = DeviceAttribute::new("slot");
/// const FAN: DeviceValue = DeviceValue::new("fan");
/// static RACK_VIEW: View = View::new(
///     "rack",
///     &[ViewLabel::new("Slot", SLOT)],
///     &[ViewMetric::gauge("RACK_FAN_PERCENT", "Fan speed (in %).", ValueOrigin::Device(FAN)).convert(|ratio| ratio * 100.0)],
/// );
/// let observer = llmobs::Observer::builder().view(&RACK_VIEW).build()?;
/// # let _ = observer;
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Debug)]
pub struct View {
    name: &'static str,
    labels: &'static [ViewLabel],
    metrics: &'static [ViewMetric],
}

impl View {
    /// Returns a view with a name, the labels of every series in order, and the metrics.
    #[must_use]
    pub const fn new(name: &'static str, labels: &'static [ViewLabel], metrics: &'static [ViewMetric]) -> Self {
        Self { name, labels, metrics }
    }

    /// Returns the name of the view, such as `dcgm`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the metrics of the view.
    #[must_use]
    pub const fn metrics(&self) -> &'static [ViewMetric] {
        self.metrics
    }

    pub(crate) const fn labels(&self) -> &'static [ViewLabel] {
        self.labels
    }

    /// Returns whether a metric of the view is computed from a row.
    pub(crate) fn includes_row(&self, row: &Row) -> bool {
        self.metrics.iter().any(|metric| match metric.origin {
            ValueOrigin::Row(origin) | ValueOrigin::Series(origin, ..) => origin.name == row.name,
            ValueOrigin::Difference(minuend, subtracted) => {
                minuend.name == row.name || subtracted.iter().any(|subtrahend| subtrahend.name == row.name)
            }
            ValueOrigin::Device(_) => false,
        })
    }
}

/// One metric of a view.
#[derive(Debug)]
pub struct ViewMetric {
    name: &'static str,
    instrument: Instrument,
    description: &'static str,
    origin: ValueOrigin,
    convert: fn(f64) -> f64,
    value_label: Option<&'static str>,
}

impl ViewMetric {
    /// Returns a counter. Its name is used as it is, without the suffix `_total`, and its type in the OpenMetrics
    /// format is therefore `unknown`.
    #[must_use]
    pub const fn counter(name: &'static str, description: &'static str, origin: ValueOrigin) -> Self {
        Self::new(name, Instrument::Counter, description, origin)
    }

    /// Returns a gauge.
    #[must_use]
    pub const fn gauge(name: &'static str, description: &'static str, origin: ValueOrigin) -> Self {
        Self::new(name, Instrument::Gauge, description, origin)
    }

    const fn new(name: &'static str, instrument: Instrument, description: &'static str, origin: ValueOrigin) -> Self {
        Self { name, instrument, description, origin, convert: std::convert::identity, value_label: None }
    }

    /// Sets the conversion of the value to the unit of the metric. Defaults to the value itself.
    #[must_use]
    pub const fn convert(mut self, convert: fn(f64) -> f64) -> Self {
        self.convert = convert;
        self
    }

    /// Adds a label with this name that repeats the converted value as text. Defaults to no such label.
    #[must_use]
    pub const fn value_label(mut self, name: &'static str) -> Self {
        self.value_label = Some(name);
        self
    }

    /// Returns the name on the page.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the kind of instrument: a counter or a gauge.
    #[must_use]
    pub const fn instrument(&self) -> Instrument {
        self.instrument
    }

    /// Returns the source of the value.
    #[must_use]
    pub const fn origin(&self) -> ValueOrigin {
        self.origin
    }

    pub(crate) const fn description(&self) -> &'static str {
        self.description
    }

    pub(crate) const fn value_label_name(&self) -> Option<&'static str> {
        self.value_label
    }

    /// Returns the value of the origin in the unit of the metric.
    pub(crate) fn converted(&self, value: f64) -> f64 {
        (self.convert)(value)
    }
}

/// The source of a value of a view.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ValueOrigin {
    /// The series of the device in a row: that with the device's id in `hw.id`, else the first one of a sensor of the
    /// device. A device without a series has no value.
    Row(&'static Row),
    /// As `Row`, among the series whose attribute with this name has this value.
    Series(&'static Row, &'static str, &'static str),
    /// The value of the first row minus the values of the other rows, and at least zero. A device that has no value in
    /// the first row has no value; one that is missing in another row counts as zero.
    Difference(&'static Row, &'static [&'static Row]),
    /// A value of the device that is not in any row.
    Device(DeviceValue),
}

/// A label of a view and the conversion of its value.
#[derive(Debug)]
pub struct ViewLabel {
    name: &'static str,
    attribute: DeviceAttribute,
    format: fn(&str) -> String,
}

impl ViewLabel {
    /// Returns a label with an attribute of the device as its value. Series of a device without the attribute lack the
    /// label.
    #[must_use]
    pub const fn new(name: &'static str, attribute: DeviceAttribute) -> Self {
        Self { name, attribute, format: str::to_owned }
    }

    /// Sets the conversion of the attribute's text. Defaults to the text itself.
    #[must_use]
    pub const fn format(mut self, format: fn(&str) -> String) -> Self {
        self.format = format;
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn attribute(&self) -> DeviceAttribute {
        self.attribute
    }

    /// Returns the text of the attribute as the view shows it.
    pub(crate) fn formatted(&self, text: &str) -> String {
        (self.format)(text)
    }
}
