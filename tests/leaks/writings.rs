//! Tests of the search: a piece is found in every encoding, and a shorter text is not.

use crate::support::leaks::Canaries;
use crate::support::leaks::Search;

const SEED: u64 = 7;

fn canaries() -> Canaries {
    Canaries::new(SEED, ["here", "there"])
}

fn found(text: &str) -> Vec<&'static str> {
    Search::for_all(canaries().all()).in_text(text).into_iter().map(|found| found.place).collect()
}

#[test]
fn eight_characters_in_a_row_are_found_and_seven_are_not() {
    let canaries = canaries();
    let text = canaries.of("here");
    for at in 0..=text.len() - 8 {
        let piece = &text[at..at + 8];
        assert_eq!(found(&format!("before{piece}behind")), ["here"], "{piece}");
        assert_eq!(found(&format!("before {}!", piece.to_uppercase())), ["here"], "{piece}");
        assert_eq!(found(&format!("before {}!", &piece[..7])), [""; 0], "{piece}");
    }
    assert_eq!(found(&format!("{} {text}", canaries.of("there"))), ["there", "here"]);
}

#[test]
fn it_is_found_in_every_writing() {
    let canaries = canaries();
    for at in 0..=24 {
        let piece = &canaries.of("there")[at..at + 8];
        let each = |write: fn(u8) -> String| piece.bytes().map(write).collect::<String>();
        for written in [
            each(|byte| format!("{byte:02x}")),
            each(|byte| format!("{byte:02X}")),
            each(|byte| format!("%{byte:02X}")),
            each(|byte| format!("\\u{byte:04x}")),
            each(|byte| format!("\\u{byte:04X}")),
        ] {
            assert_eq!(found(&written), ["there"], "{written}");
        }
    }
}

#[test]
fn it_is_found_in_base_64_wherever_it_begins() {
    let canaries = canaries();
    for before in ["", "a", "ab", "abc", "abcd"] {
        let text = format!("{before}{}", &canaries.of("here")[5..13]);
        let bytes: Vec<u8> = text.into_bytes();
        let encoded = base64(&bytes);
        assert_eq!(found(&format!("x={encoded};")), ["here"], "{before}: {encoded}");
    }
}

/// Encodes bit by bit; an implementation independent of the one in the search.
fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let six = |bits: &[u8]| (0..6).fold(0, |number, bit| number * 2 + bits.get(bit).copied().unwrap_or_default());
    bits.chunks(6).map(|bits| char::from(SYMBOLS[usize::from(six(bits))])).collect()
}
