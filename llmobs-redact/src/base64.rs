//! Base64 decoding (RFC 4648) of text that may be cut off. Accepts the standard and the URL-safe alphabet.

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

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, limit: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        decode(text.trim_end_matches('=').as_bytes(), limit, &mut bytes).map(|_| bytes)
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
