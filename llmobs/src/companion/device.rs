//! The [`Device`], by which a [`DeviceSource`](super::DeviceSource) of another crate names one device, such as a GPU,
//! for the views of the metrics page.

use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;
use crate::measurement;
use crate::metric::AttributeValue;

/// A device, such as a GPU, for views that identify devices by other labels than rows do. A view is a table of metrics
/// under another system's names; a row is the description of one metric.
///
/// ```
/// use llmobs::catalog::DeviceAttribute;
/// use llmobs::catalog::DeviceValue;
/// use llmobs::companion::Device;
///
/// const SLOT: DeviceAttribute = DeviceAttribute::new("slot");
/// const FAN: DeviceValue = DeviceValue::new("fan");
///
/// let device = Device::new("rack-1").attribute(SLOT, "0").value(FAN, 0.5);
/// # let _ = device;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Device(pub(super) measurement::DeviceRecord);

impl Device {
    /// Returns a device without attributes and values. `id` is the value that rows have in the label `hw.id`, or in
    /// `hw.parent` if `hw.id` identifies one of the device's sensors. A `None` id becomes the empty text.
    pub fn new(id: impl Into<AttributeValue>) -> Self {
        let id = id.into().into_label_value().unwrap_or_else(|| "".into());
        Self(measurement::DeviceRecord { id, attributes: Vec::new(), values: Vec::new() })
    }

    /// Adds a text attribute of the device, such as its model, which a view shows as a label; `None` adds nothing.
    pub fn attribute(mut self, attribute: DeviceAttribute, value: impl Into<AttributeValue>) -> Self {
        self.0.attributes.extend(value.into().into_label_value().map(|value| (attribute, value)));
        self
    }

    /// Adds a numeric value of the device that no row contains, such as a transfer rate, which a view shows as a
    /// metric; `None` and a value that is not finite add nothing.
    pub fn value(mut self, kind: DeviceValue, value: impl Into<Option<f64>>) -> Self {
        let value: Option<f64> = value.into();
        self.0.values.extend(value.filter(|value| value.is_finite()).map(|value| (kind, value)));
        self
    }
}
