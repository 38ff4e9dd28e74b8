//! A set of choices.

/// A set of the choices of a response. Choices from 128 on are not tracked: the set never contains them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct ChoiceSet(u128);

impl ChoiceSet {
    pub(super) const fn new() -> Self {
        Self(0)
    }

    pub(super) fn insert(&mut self, choice: u32) {
        self.0 |= bit(choice);
    }

    pub(super) fn contains(self, choice: u32) -> bool {
        self.0 & bit(choice) != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

fn bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}
