//! Pseudo-random numbers from a seed, so that a failure can be reproduced.

use std::time::Duration;

/// The `SplitMix64` generator.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number from zero up to, but not including, `end`. Panics if `end` is zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end
    }

    /// Returns an index of a list of this length. Panics if the length is zero.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.next_u64().to_le_bytes()[3]
    }

    /// Returns true with a probability of `percent`.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of the values. Panics if there are none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let index = self.below(all.len() as u64);
        &all[index as usize]
    }

    /// Returns one of the words. Panics if there are none.
    pub fn word<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }

    /// Returns a duration of random magnitude, less than a minute, in whole nanoseconds.
    pub fn time(&mut self) -> Duration {
        let scale = *self.one_of(&[1_000, 100_000, 1_000_000, 20_000_000, 300_000_000, 5_000_000_000, 60_000_000_000]);
        Duration::from_nanos(self.below(scale))
    }
}
