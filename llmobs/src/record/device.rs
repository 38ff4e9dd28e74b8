//! A device whose values stand in rows.

use super::Text;
use crate::catalog::Fact;
use crate::catalog::Figure;

/// Who a device is, for views that name it in another way than rows do.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// What rows have in `hw.id`, or in `hw.parent` where the id is that of a sensor of it.
    pub(crate) id: Text,
    pub(crate) facts: Vec<(Fact, Text)>,
    pub(crate) figures: Vec<(Figure, f64)>,
}

impl Device {
    pub(crate) fn fact(&self, wanted: Fact) -> Option<&str> {
        self.facts.iter().find(|(fact, _)| *fact == wanted).map(|(_, text)| text.as_str())
    }

    pub(crate) fn figure(&self, wanted: Figure) -> Option<f64> {
        self.figures.iter().find(|(figure, _)| *figure == wanted).map(|(_, value)| *value)
    }
}
