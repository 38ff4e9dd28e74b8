//! Tests of the search: a part is found in every encoding, and a shorter text is not.

use llmobs_tests::leaks::Canaries;
use llmobs_tests::leaks::CanarySearch;

const SEED: u64 = 7;

fn canaries() -> Canaries {
    Canaries::new(SEED, ["here", "there"])
}

fn found_places(text: &str) -> Vec<&'static str> {
    CanarySearch::for_all(canaries().all()).find_in_text(text).into_iter().map(|found| found.place).collect()
}

#[test]
fn eight_characters_in_a_row_are_found_and_seven_are_not() {
    let canaries = canaries();
    let text = canaries.text("here");
    for at in 0..=text.len() - 8 {
        let part = &text[at..at + 8];
        assert_eq!(found_places(&format!("before{part}after")), ["here"], "{part}");
        assert_eq!(found_places(&format!("before {}!", part.to_uppercase())), ["here"], "{part}");
        assert_eq!(found_places(&format!("before {}!", &part[..7])), [""; 0], "{part}");
    }
    assert_eq!(found_places(&format!("{} {text}", canaries.text("there"))), ["there", "here"]);
}

#[test]
fn a_part_is_found_in_every_encoding() {
    let canaries = canaries();
    for at in 0..=24 {
        let part = &canaries.text("there")[at..at + 8];
        let each = |write: fn(u8) -> String| part.bytes().map(write).collect::<String>();
        for encoded in [
            each(|byte| format!("{byte:02x}")),
            each(|byte| format!("{byte:02X}")),
            each(|byte| format!("%{byte:02X}")),
            each(|byte| format!("\\u{byte:04x}")),
            each(|byte| format!("\\u{byte:04X}")),
        ] {
            assert_eq!(found_places(&encoded), ["there"], "{encoded}");
        }
    }
}

#[test]
fn a_part_is_found_in_base64_at_every_offset() {
    let canaries = canaries();
    for before in ["", "a", "ab", "abc", "abcd"] {
        let text = format!("{before}{}", &canaries.text("here")[5..13]);
        let bytes: Vec<u8> = text.into_bytes();
        let encoded = base64(&bytes);
        assert_eq!(found_places(&format!("x={encoded};")), ["here"], "{before}: {encoded}");
    }
}

/// Encodes bit by bit; an implementation independent of the one in the search.
fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let six = |bits: &[u8]| (0..6).fold(0, |number, bit| number * 2 + bits.get(bit).copied().unwrap_or_default());
    bits.chunks(6).map(|bits| char::from(SYMBOLS[usize::from(six(bits))])).collect()
}
