//! The priorities of the queue.

/// The priority of a request, which its caller sets with `service_tier`. The queue serves the first variant first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Priority {
    /// The priority of a request that names none.
    #[default]
    Default,
    /// Waits behind all others, and has half of the queue.
    Flex,
}

impl Priority {
    pub(crate) const ALL: [Self; 2] = [Self::Default, Self::Flex];

    /// Returns the priority with this name in a request.
    pub(crate) fn from_service_tier(name: &str) -> Option<Self> {
        if name == "auto" {
            return Some(Self::default());
        }
        Self::ALL.into_iter().find(|priority| priority.as_str() == name)
    }

    /// Returns the name in requests and in the metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Flex => "flex",
        }
    }

    /// Returns the number of jobs in the queue at which no further job of this priority is added, for a queue with this many
    /// places.
    pub(crate) const fn limit(self, places: usize) -> usize {
        match self {
            Self::Default => places,
            Self::Flex => places.div_ceil(2),
        }
    }
}
