//! Random texts that appear nowhere by chance.

use std::hash::BuildHasher;
use std::hash::RandomState;

use crate::random::Random;

/// A text that the application passed to the library in one place.
#[derive(Debug, Clone)]
pub struct Canary {
    pub place: &'static str,
    pub text: String,
    /// The number of characters in a row that count as a trace of the text.
    pub min_match: usize,
}

/// All canaries of one run. Two processes generate the same canaries from the same seed and places.
#[derive(Debug, Clone)]
pub struct Canaries {
    pub seed: u64,
    all: Vec<Canary>,
}

/// The length of a canary, in characters.
const CANARY_LENGTH: usize = 32;

/// The number of characters in a row that count as a trace.
const MIN_MATCH: usize = 8;

impl Canaries {
    /// Generates one canary for each place. Panics if any `MIN_MATCH` characters in a row occur twice in the canaries,
    /// which a random seed makes improbable. So no two canaries share a trace.
    pub fn new(seed: u64, places: impl IntoIterator<Item = &'static str>) -> Self {
        let mut random = Random::new(seed);
        let all = places.into_iter().map(|place| Canary {
            place,
            text: random_word(&mut random, CANARY_LENGTH),
            min_match: MIN_MATCH,
        });
        let all: Vec<_> = all.collect();
        let mut windows: Vec<&[u8]> = all.iter().flat_map(|canary| canary.text.as_bytes().windows(MIN_MATCH)).collect();
        let count = windows.len();
        windows.sort_unstable();
        windows.dedup();
        assert_eq!(windows.len(), count, "two canaries share {MIN_MATCH} characters: seed {seed}");
        Self { seed, all }
    }

    /// Returns a new random seed.
    pub fn seed() -> u64 {
        RandomState::new().hash_one("canaries")
    }

    /// Adds a canary with a specific form, such as a provider's key. `min_match` characters in a row count as a trace.
    pub fn with_canary(mut self, place: &'static str, text: String, min_match: usize) -> Self {
        self.all.push(Canary { place, text, min_match });
        self
    }

    /// Returns the text for this place. Panics if no canary has this place.
    pub fn text(&self, place: &str) -> &str {
        let found = self.all.iter().find(|canary| canary.place == place);
        found.map(|canary| canary.text.as_str()).unwrap_or_else(|| panic!("`{place}` is not a known place"))
    }

    pub fn all(&self) -> &[Canary] {
        &self.all
    }
}

/// Returns a random word of lower-case letters and digits that begins with a letter.
pub fn random_word(random: &mut Random, length: usize) -> String {
    const SYMBOLS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let symbol = |index: usize, random: &mut Random| SYMBOLS[random.below(if index == 0 { 26 } else { 36 }) as usize];
    (0..length).map(|index| char::from(symbol(index, random))).collect()
}
