//! Random texts that appear nowhere by chance.

use std::hash::BuildHasher;
use std::hash::RandomState;

use super::super::random::Random;

/// A text that the application passed to the library in one place.
#[derive(Debug, Clone)]
pub struct Canary {
    pub place: &'static str,
    pub text: String,
    /// The number of characters in a row that count as a trace of the text.
    pub piece: usize,
}

/// All canaries of one run. Two processes generate the same canaries from the same seed.
#[derive(Debug, Clone)]
pub struct Canaries {
    pub seed: u64,
    all: Vec<Canary>,
}

/// The length of a canary, in characters.
const LENGTH: usize = 32;

/// The number of characters in a row that count as a trace.
const PIECE: usize = 8;

impl Canaries {
    /// Generates one canary for each place. No two canaries share a piece.
    pub fn new(seed: u64, places: impl IntoIterator<Item = &'static str>) -> Self {
        let mut random = Random::new(seed);
        let all = places.into_iter().map(|place| Canary { place, text: word(&mut random, LENGTH), piece: PIECE });
        let all: Vec<_> = all.collect();
        let mut pieces: Vec<&[u8]> = all.iter().flat_map(|canary| canary.text.as_bytes().windows(PIECE)).collect();
        let count = pieces.len();
        pieces.sort_unstable();
        pieces.dedup();
        assert_eq!(pieces.len(), count, "two canaries have a piece in common: seed {seed}");
        Self { seed, all }
    }

    /// Returns a new random seed.
    pub fn seed() -> u64 {
        RandomState::new().hash_one("canaries")
    }

    /// Adds a canary with a specific form, such as a provider's key. `piece` characters in a row count as a trace.
    pub fn with(mut self, place: &'static str, text: String, piece: usize) -> Self {
        self.all.push(Canary { place, text, piece });
        self
    }

    /// Returns the text for this place.
    pub fn of(&self, place: &str) -> &str {
        let found = self.all.iter().find(|canary| canary.place == place);
        found.map(|canary| canary.text.as_str()).unwrap_or_else(|| panic!("`{place}` is no place"))
    }

    pub fn all(&self) -> &[Canary] {
        &self.all
    }
}

/// Returns a random word of lower-case letters and digits that begins with a letter.
pub fn word(random: &mut Random, length: usize) -> String {
    const SYMBOLS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let symbol = |place: usize, random: &mut Random| SYMBOLS[random.below(if place == 0 { 26 } else { 36 }) as usize];
    (0..length).map(|place| char::from(symbol(place, random))).collect()
}
