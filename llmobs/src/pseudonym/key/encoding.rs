//! The text forms of keys.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use zeroize::Zeroizing;

use super::KeyError;

/// Decodes hexadecimal digits or base64.
pub(super) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = text.as_bytes();
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    // Do not read hexadecimal digits as base64, though they would be valid: a digit was lost, or a prefix was added.
    let is_hexadecimal = digits.iter().all(u8::is_ascii_hexdigit);
    let decoded = if is_hexadecimal { decode_hex(text) } else { decode_base64(text) };
    decoded.ok_or(KeyError::INVALID_ENCODING)
}

fn decode_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    // Reserve the full capacity here and below: a growing buffer leaves copies of the key in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks(2) {
        let [high, low] = *pair else { return None };
        bytes.push(value(high)? << 4 | value(low)?);
    }
    Some(bytes)
}

/// Decodes base64 in the standard or the URL-safe alphabet, with or without padding. The unused bits of the last symbol
/// must be zero; if a symbol was lost, they usually are not.
fn decode_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const EITHER_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if url_safe { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let mut bytes = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(text.len())));
    GeneralPurpose::new(alphabet, EITHER_PADDING).decode_vec(text, &mut bytes).ok()?;
    Some(bytes)
}
