//! The id of the record of an operation.

use std::fmt;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::num::NonZeroU64;

/// The unique id of an operation (model call) in its records: 32 hexadecimal digits, of which the first 16 are those of
/// the [instance](Self::instance). It is drawn at the start of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    instance: u64,
    /// The number of the operation among those of the instance, from one, in the order of their starts.
    number: NonZeroU64,
}

impl RecordId {
    /// Returns the id of the operation that started as the `number`th of an instance.
    pub(crate) const fn new(instance: u64, number: NonZeroU64) -> Self {
        Self { instance, number }
    }

    /// Returns a random number for a new instance.
    pub(crate) fn random_instance() -> u64 {
        // The keys of `RandomState` are random.
        RandomState::new().hash_one(std::process::id())
    }

    /// Returns the instance: a random number, the same for all records of one observer in one run of its process.
    #[must_use]
    pub const fn instance(self) -> u64 {
        self.instance
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.instance, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_32_hexadecimal_digits_and_begins_with_its_instance() {
        let id = RecordId::new(0xab, NonZeroU64::MIN);
        assert_eq!(id.to_string(), "00000000000000ab0000000000000001");
        assert_ne!(RecordId::random_instance(), RecordId::random_instance());
    }
}
