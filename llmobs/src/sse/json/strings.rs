//! Scanning of strings, eight bytes at a time.

use super::malformed::Malformed;

/// Returns the length of the string at the start of `bytes`, which follow its opening quote, and whether it contains
/// escapes. The closing quote is not part of the length. Fails on control characters, on invalid escapes, and if the
/// closing quote is missing.
pub(super) fn scan(bytes: &[u8]) -> Result<(usize, bool), Malformed> {
    let mut at = 0;
    let mut has_escapes = false;
    loop {
        at += plain_prefix(&bytes[at..]);
        match bytes.get(at) {
            Some(b'"') => return Ok((at, has_escapes)),
            Some(b'\\') => {
                has_escapes = true;
                at += escape_length(&bytes[at..])?;
            }
            _ => return Err(Malformed),
        }
    }
}

/// Returns the number of bytes before the first quote, backslash or control character.
fn plain_prefix(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return bytes.len() - rest.len() + special.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    bytes.len() - rest.len() + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// Sets the highest bit of the first byte of a word that is a quote, a backslash or a control character. Bits of later
/// bytes may be set wrongly, so only the first one counts.
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zero_bytes = quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero_bytes | control) & HIGH
}

/// Returns the length of the escape at the start of `bytes`, which begin with its backslash.
fn escape_length(bytes: &[u8]) -> Result<usize, Malformed> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') if bytes.get(2..6).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => Ok(6),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_plain_prefix_ends_at_the_first_special_byte(bytes in prop::collection::vec(any::<u8>(), 0..40), plain in 0..40_usize) {
            let bytes: Vec<u8> = std::iter::repeat_n(b'x', plain).chain(bytes).collect();
            let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_prefix(&bytes), expected);
        }
    }
}
