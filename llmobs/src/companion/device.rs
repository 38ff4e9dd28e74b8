//! The devices whose values a source supplies.

use super::AttributeValue;
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
/// let device = Device::new("GPU-1").with(DeviceAttribute::Index, "0").with(DeviceAttribute::Uuid, "GPU-1").figure(DeviceValue::LastXid, 0.0);
/// # let _ = device;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Device(pub(super) measurement::DeviceRecord);

impl Device {
    /// Returns a device with the id that rows have in `hw.id`, or in `hw.parent` if `hw.id` identifies one of its
    /// sensors.
    pub fn new(id: impl Into<AttributeValue>) -> Self {
        Self(measurement::DeviceRecord { id: id.into().0, facts: Vec::new(), figures: Vec::new() })
    }

    /// Adds an attribute that identifies the device. Omit attributes that are not known.
    pub fn with(mut self, fact: DeviceAttribute, word: impl Into<AttributeValue>) -> Self {
        self.0.facts.push((fact, word.into().0));
        self
    }

    /// Adds a value of the device that no row contains. A value that is not finite is dropped.
    pub fn figure(mut self, figure: DeviceValue, value: f64) -> Self {
        self.0.figures.extend(value.is_finite().then_some((figure, value)));
        self
    }
}
