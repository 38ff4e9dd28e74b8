//! The devices whose values a source supplies.

use super::attribute_value::AttributeValue;
use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;
use crate::measurement;

/// A device, for views that identify devices by other labels than rows do.
///
/// ```
/// use llmobs::catalog::DeviceAttribute;
/// use llmobs::catalog::DeviceValue;
/// use llmobs::companion::Device;
///
/// let device = Device::new("GPU-1")
///     .attribute(DeviceAttribute::Index, "0")
///     .attribute(DeviceAttribute::Uuid, "GPU-1")
///     .value(DeviceValue::LastXid, 0.0);
/// # let _ = device;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Device(pub(super) measurement::DeviceRecord);

impl Device {
    /// Returns a device with the id that rows have in `hw.id`, or in `hw.parent` if `hw.id` identifies one of its
    /// sensors.
    pub fn new(id: impl Into<AttributeValue>) -> Self {
        Self(measurement::DeviceRecord { id: id.into().0, attributes: Vec::new(), values: Vec::new() })
    }

    /// Adds an attribute that identifies the device. Omit attributes that are not known.
    pub fn attribute(mut self, attribute: DeviceAttribute, value: impl Into<AttributeValue>) -> Self {
        self.0.attributes.push((attribute, value.into().0));
        self
    }

    /// Adds a value of the device that no row contains. A value that is not finite is dropped.
    pub fn value(mut self, kind: DeviceValue, value: f64) -> Self {
        self.0.values.extend(value.is_finite().then_some((kind, value)));
        self
    }
}
