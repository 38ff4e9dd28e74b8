//! Who the devices are whose values a source gives.

use super::Word;
use crate::catalog::Fact;
use crate::catalog::Figure;
use crate::record;

/// A device, for views that name devices in another way than rows do.
///
/// ```
/// use llmobs::catalog::Fact;
/// use llmobs::catalog::Figure;
/// use llmobs::companion::Device;
///
/// let device = Device::new("GPU-1").with(Fact::Index, "0").with(Fact::Uuid, "GPU-1").figure(Figure::LastXid, 0.0);
/// # let _ = device;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Device(pub(super) record::Device);

impl Device {
    /// The device that rows name so in `hw.id`, or in `hw.parent` where the id is that of a sensor of it.
    pub fn new(id: impl Into<Word>) -> Self {
        Self(record::Device { id: id.into().0, facts: Vec::new(), figures: Vec::new() })
    }

    /// Adds something that names it. What is not known is left out.
    pub fn with(mut self, fact: Fact, word: impl Into<Word>) -> Self {
        self.0.facts.push((fact, word.into().0));
        self
    }

    /// Adds something that is known of it and stands in no row. What is not finite is left out.
    pub fn figure(mut self, figure: Figure, value: f64) -> Self {
        self.0.figures.extend(value.is_finite().then_some((figure, value)));
        self
    }
}
