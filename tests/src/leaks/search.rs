//! A search for parts of canaries in bytes, in several encodings: plain text in any case, hexadecimal digits, percent
//! encoding, JSON `\u` escapes, and base64 at each of the three alignments.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Write;

use super::canary::Canary;

/// An index of the patterns of all canaries.
pub struct CanarySearch {
    /// Patterns by length, in lower case; searched in the text in lower case.
    patterns: BTreeMap<usize, HashMap<Vec<u8>, &'static str>>,
    /// Base64 patterns by length; base64 is case-sensitive.
    base64_patterns: BTreeMap<usize, HashMap<Vec<u8>, &'static str>>,
    /// True at the `prefix_slot` of the first four bytes of each pattern; a prefilter.
    prefix_filter: Vec<bool>,
}

/// A part of a canary that the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryMatch {
    /// The place where the application passed the canary.
    pub place: &'static str,
    /// The bytes around the pattern: printable ASCII as it is, and other bytes as `\x` with two hexadecimal digits.
    pub context: String,
}

impl CanarySearch {
    /// Returns an index of the patterns of these canaries.
    ///
    /// # Panics
    ///
    /// Panics if the `min_match` of a canary is below four, the number of bytes that the prefilter compares.
    pub fn for_all<'a>(canaries: impl IntoIterator<Item = &'a Canary>) -> Self {
        let mut search =
            Self { patterns: BTreeMap::new(), base64_patterns: BTreeMap::new(), prefix_filter: vec![false; 1 << 20] };
        for canary in canaries {
            for (text, width) in encodings(&canary.text) {
                add_patterns(&mut search.patterns, &text, width * canary.min_match, width, canary.place);
            }
            // Eight bytes at any alignment determine at least ten base64 characters completely.
            for text in base64_at_each_offset(&canary.text) {
                add_patterns(&mut search.base64_patterns, &text, canary.min_match * 8 / 6, 1, canary.place);
            }
        }
        for pattern in search.patterns.values().chain(search.base64_patterns.values()).flat_map(HashMap::keys) {
            search.prefix_filter[prefix_slot(pattern)] = true;
        }
        search
    }

    /// Returns every canary of which the bytes contain a pattern, each once, with the bytes around the first match
    /// found.
    pub fn find_in_bytes(&self, bytes: &[u8]) -> Vec<CanaryMatch> {
        let mut found: Vec<CanaryMatch> = Vec::new();
        let lower = bytes.to_ascii_lowercase();
        for (text, patterns) in [(lower.as_slice(), &self.patterns), (bytes, &self.base64_patterns)] {
            for at in 0..text.len().saturating_sub(3) {
                if !self.prefix_filter[prefix_slot(&text[at..])] {
                    continue;
                }
                let hit = |(length, patterns): (&usize, &HashMap<Vec<u8>, &'static str>)| {
                    text.get(at..at + length).and_then(|pattern| patterns.get(pattern)).copied()
                };
                for place in patterns.iter().filter_map(hit) {
                    if found.iter().all(|known| known.place != place) {
                        found.push(CanaryMatch { place, context: context_around(bytes, at) });
                    }
                }
            }
        }
        found
    }

    /// Returns every canary of which the text contains a pattern, as [`find_in_bytes`](Self::find_in_bytes) does.
    pub fn find_in_text(&self, text: &str) -> Vec<CanaryMatch> {
        self.find_in_bytes(text.as_bytes())
    }
}

/// Returns the text in each encoding that encodes bytes separately, with the number of characters per byte.
fn encodings(text: &str) -> [(String, usize); 4] {
    let each = |write: fn(u8) -> String| text.bytes().map(write).collect::<String>();
    [
        (text.to_ascii_lowercase(), 1),
        (each(|byte| format!("{byte:02x}")), 2),
        (each(|byte| format!("%{byte:02x}")), 3),
        (each(|byte| format!("\\u{byte:04x}")), 6),
    ]
}

/// Returns the base64 of a text after zero, one and two preceding bytes, without the characters that also depend on the
/// preceding bytes; in the standard and the URL-safe alphabet.
fn base64_at_each_offset(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for before in 0..3_usize {
        let bytes = [&vec![0; before][..], text.as_bytes()].concat();
        let overlap = (before * 8).div_ceil(6);
        let complete = bytes.len() * 8 / 6;
        let standard: String = base64(&bytes).chars().take(complete).skip(overlap).collect();
        let url_safe = standard.replace('+', "-").replace('/', "_");
        if url_safe != standard {
            all.push(url_safe);
        }
        all.push(standard);
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for index in 0..=three.len() {
            text.push(char::from(SYMBOLS[(number >> (18 - 6 * index) & 63) as usize]));
        }
    }
    text
}

fn add_patterns(
    to: &mut BTreeMap<usize, HashMap<Vec<u8>, &'static str>>,
    text: &str,
    length: usize,
    step: usize,
    place: &'static str,
) {
    let patterns = to.entry(length).or_default();
    for pattern in text.as_bytes().windows(length).step_by(step) {
        patterns.insert(pattern.to_vec(), place);
    }
}

fn prefix_slot(text: &[u8]) -> usize {
    let four = u32::from_le_bytes([text[0], text[1], text[2], text[3]]);
    (four.wrapping_mul(0x9E37_79B1) >> 12) as usize
}

fn context_around(bytes: &[u8], at: usize) -> String {
    let (from, to) = (at.saturating_sub(60), bytes.len().min(at + 80));
    let mut text = String::new();
    for byte in &bytes[from..to] {
        match byte {
            b' '..=b'~' => text.push(char::from(*byte)),
            other => write!(text, "\\x{other:02x}").unwrap_or_default(),
        }
    }
    text
}
