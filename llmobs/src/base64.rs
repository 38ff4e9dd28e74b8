//! Base64 encoding and decoding (RFC 4648). Decoding accepts the standard and the URL-safe alphabet.

/// Decodes `text`, which has no padding, and appends the bytes to `into` until that has `limit` bytes; it must be
/// shorter before the call. Returns the bits left over after the last byte: unless decoding stopped at `limit`, nonzero
/// bits mean that `text` is cut off or not canonical. Returns `None` at the first byte that is not a Base64 symbol; the
/// bytes before it remain appended.
pub(crate) fn decode(text: &[u8], limit: usize, into: &mut Vec<u8>) -> Option<u32> {
    let (mut bits, mut bit_count) = (0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        bit_count += 6;
        if bit_count >= 8 {
            bit_count -= 8;
            into.push((bits >> bit_count).to_le_bytes()[0]);
            bits &= (1 << bit_count) - 1;
            if into.len() >= limit {
                break;
            }
        }
    }
    Some(bits)
}

/// Encodes `bytes` in the standard alphabet, with padding.
#[cfg(any(feature = "content", test))]
pub(crate) fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |offset: usize| u32::from(group.get(offset).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let symbol = if index <= group.len() { char::from(ALPHABET[(bits >> shift & 63) as usize]) } else { '=' };
            text.push(symbol);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, limit: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        decode(text.trim_end_matches('=').as_bytes(), limit, &mut bytes).map(|_| bytes)
    }

    /// The test vectors of RFC 4648.
    #[test]
    fn encoding_and_decoding_match_the_test_vectors() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decoded(text, usize::MAX).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn only_symbols_of_both_alphabets_are_decoded() {
        assert_eq!(decoded("-_8=", 9).unwrap(), [0xfb, 0xff]);
        assert_eq!(decoded("+/8", 9).unwrap(), [0xfb, 0xff]);
        assert_eq!(decoded("a b", 9), None);
        assert_eq!(decoded("eyJhbGciOiJIUzI1NiJ9", 4).unwrap(), b"{\"al");
    }

    #[test]
    fn leftover_bits_are_returned() {
        assert_eq!(decode(b"Zg", 9, &mut Vec::new()), Some(0));
        assert_eq!(decode(b"Zh", 9, &mut Vec::new()), Some(1));
    }
}
