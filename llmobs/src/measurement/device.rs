//! A device whose values stand in rows.

use super::LabelValue;
use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;

/// Who a device is, for views that name it in another way than rows do.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRecord {
    /// What rows have in `hw.id`, or in `hw.parent` where the id is that of a sensor of it.
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
