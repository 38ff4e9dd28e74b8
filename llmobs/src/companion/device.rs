//! The devices that a source names.

use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;
use crate::measurement;
use crate::metric::AttributeValue;

/// A device, for views that identify devices by other labels than rows do.
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
    /// Returns a device with the id that rows have in `hw.id`, or in `hw.parent` if `hw.id` identifies one of its
    /// sensors.
    pub fn new(id: impl Into<AttributeValue>) -> Self {
        let id = id.into().into_label_value().unwrap_or_else(|| "".into());
        Self(measurement::DeviceRecord { id, attributes: Vec::new(), values: Vec::new() })
    }

    /// Adds an attribute that identifies the device; `None` adds nothing.
    pub fn attribute(mut self, attribute: DeviceAttribute, value: impl Into<AttributeValue>) -> Self {
        self.0.attributes.extend(value.into().into_label_value().map(|value| (attribute, value)));
        self
    }

    /// Adds a value of the device that no row contains; `None` and a value that is not finite add nothing.
    pub fn value(mut self, kind: DeviceValue, value: impl Into<Option<f64>>) -> Self {
        let value: Option<f64> = value.into();
        self.0.values.extend(value.filter(|value| value.is_finite()).map(|value| (kind, value)));
        self
    }
}
