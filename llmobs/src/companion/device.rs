//! Who the devices are whose values a source gives.

use super::AttributeValue;
use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;
use crate::measurement;

/// A device, for views that name devices in another way than rows do.
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
    /// The device that rows name so in `hw.id`, or in `hw.parent` where the id is that of a sensor of it.
    pub fn new(id: impl Into<AttributeValue>) -> Self {
        Self(measurement::DeviceRecord { id: id.into().0, facts: Vec::new(), figures: Vec::new() })
    }

    /// Adds something that names it. What is not known is left out.
    pub fn with(mut self, fact: DeviceAttribute, word: impl Into<AttributeValue>) -> Self {
        self.0.facts.push((fact, word.into().0));
        self
    }

    /// Adds something that is known of it and stands in no row. What is not finite is left out.
    pub fn figure(mut self, figure: DeviceValue, value: f64) -> Self {
        self.0.figures.extend(value.is_finite().then_some((figure, value)));
        self
    }
}
