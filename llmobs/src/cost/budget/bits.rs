//! Sets of small indices as the bits of one word, so that an operation needs no memory for the budgets it belongs to.

/// Returns the indices of the bits that are set, from the lowest.
pub(super) fn indices(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let index = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (index < 64).then_some(index)
    })
}

/// Returns the set of the indices of a list whose items fulfil a condition. Items after the 64th are ignored.
pub(super) fn select<T>(items: &[T], mut condition: impl FnMut(&T) -> bool) -> u64 {
    let numbered = (0..64_u32).zip(items);
    numbered.fold(0, |bits, (index, item)| if condition(item) { bits | 1 << index } else { bits })
}

/// Returns whether an index is in a set.
pub(super) const fn contains(bits: u64, index: usize) -> bool {
    index < 64 && bits >> index & 1 == 1
}
