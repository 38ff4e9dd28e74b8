//! A search for pieces of canaries in bytes, in several encodings: plain text in any case, hexadecimal digits, percent
//! encoding, JSON `\u` escapes, and base64 at each of the three alignments.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Write;

use super::canary::Canary;

/// An index of the pieces of all canaries.
pub struct Search {
    /// Pieces by length, in lower case; searched in the text in lower case.
    pieces: BTreeMap<usize, HashMap<Vec<u8>, &'static str>>,
    /// Base64 pieces by length; base64 is case-sensitive.
    encoded: BTreeMap<usize, HashMap<Vec<u8>, &'static str>>,
    /// True at the `slot` of the first four bytes of each piece; a prefilter.
    begins: Vec<bool>,
}

/// A piece of a canary that the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The place where the application passed the canary.
    pub place: &'static str,
    /// The bytes around the piece.
    pub around: String,
}

impl Search {
    pub fn for_all<'a>(canaries: impl IntoIterator<Item = &'a Canary>) -> Self {
        let mut search = Self { pieces: BTreeMap::new(), encoded: BTreeMap::new(), begins: vec![false; 1 << 20] };
        for canary in canaries {
            for (text, width) in writings(&canary.text) {
                add(&mut search.pieces, &text, width * canary.piece, width, canary.place);
            }
            // Eight bytes at any alignment determine at least ten base64 characters completely.
            for text in base64_at_each_place(&canary.text) {
                add(&mut search.encoded, &text, canary.piece * 8 / 6, 1, canary.place);
            }
        }
        for piece in search.pieces.values().chain(search.encoded.values()).flat_map(HashMap::keys) {
            search.begins[slot(piece)] = true;
        }
        search
    }

    /// Returns every canary of which the bytes contain a piece, each once.
    pub fn in_bytes(&self, bytes: &[u8]) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let small = bytes.to_ascii_lowercase();
        for (text, pieces) in [(small.as_slice(), &self.pieces), (bytes, &self.encoded)] {
            for at in 0..text.len().saturating_sub(3) {
                if !self.begins[slot(&text[at..])] {
                    continue;
                }
                let hit = |(length, pieces): (&usize, &HashMap<Vec<u8>, &'static str>)| {
                    text.get(at..at + length).and_then(|piece| pieces.get(piece)).copied()
                };
                for place in pieces.iter().filter_map(hit) {
                    if found.iter().all(|known| known.place != place) {
                        found.push(Found { place, around: around(bytes, at) });
                    }
                }
            }
        }
        found
    }

    pub fn in_text(&self, text: &str) -> Vec<Found> {
        self.in_bytes(text.as_bytes())
    }
}

/// Returns the text in each encoding that encodes bytes separately, with the number of characters per byte.
fn writings(text: &str) -> [(String, usize); 4] {
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
fn base64_at_each_place(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for before in 0..3_usize {
        let bytes = [&vec![0; before][..], text.as_bytes()].concat();
        let shared = (before * 8).div_ceil(6);
        let own = bytes.len() * 8 / 6;
        let standard: String = base64(&bytes).chars().take(own).skip(shared).collect();
        let of_urls = standard.replace('+', "-").replace('/', "_");
        if of_urls != standard {
            all.push(of_urls);
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
        for place in 0..=three.len() {
            text.push(char::from(SYMBOLS[(number >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

fn add(
    to: &mut BTreeMap<usize, HashMap<Vec<u8>, &'static str>>,
    text: &str,
    length: usize,
    step: usize,
    place: &'static str,
) {
    let pieces = to.entry(length).or_default();
    for piece in text.as_bytes().windows(length).step_by(step) {
        pieces.insert(piece.to_vec(), place);
    }
}

fn slot(text: &[u8]) -> usize {
    let four = u32::from_le_bytes([text[0], text[1], text[2], text[3]]);
    (four.wrapping_mul(0x9E37_79B1) >> 12) as usize
}

fn around(bytes: &[u8], at: usize) -> String {
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
