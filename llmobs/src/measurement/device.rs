//! A device that another crate reports, such as a GPU: its id, attributes and values.

use super::LabelValue;
use crate::catalog::DeviceAttribute;
use crate::catalog::DeviceValue;

/// The id, attributes and values of a device, which a view shows: a metrics page with the names of another system.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRecord {
    /// The value of `hw.id` in the rows of the device, or of `hw.parent` in the rows of its sensors.
    pub(crate) id: LabelValue,
    /// Text attributes, such as the model.
    pub(crate) attributes: Vec<(DeviceAttribute, LabelValue)>,
    /// Numeric values, such as the index.
    pub(crate) values: Vec<(DeviceValue, f64)>,
}

impl DeviceRecord {
    pub(crate) fn attribute(&self, attribute: DeviceAttribute) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| *key == attribute).map(|(_, text)| text.as_str())
    }

    pub(crate) fn value(&self, kind: DeviceValue) -> Option<f64> {
        self.values.iter().find(|(key, _)| *key == kind).map(|(_, value)| *value)
    }
}
