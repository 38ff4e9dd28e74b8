//! A device whose values other crates supply as rows.

use super::LabelValue;
use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;

/// The identity and values of a device, for views that name devices differently than rows do.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRecord {
    /// The value of `hw.id` in the rows of the device, or of `hw.parent` in the rows of its sensors.
    pub(crate) id: LabelValue,
    pub(crate) facts: Vec<(DeviceAttribute, LabelValue)>,
    pub(crate) figures: Vec<(DeviceValue, f64)>,
}

impl DeviceRecord {
    pub(crate) fn fact(&self, wanted: DeviceAttribute) -> Option<&str> {
        self.facts.iter().find(|(fact, _)| *fact == wanted).map(|(_, text)| text.as_str())
    }

    pub(crate) fn figure(&self, wanted: DeviceValue) -> Option<f64> {
        self.figures.iter().find(|(figure, _)| *figure == wanted).map(|(_, value)| *value)
    }
}
