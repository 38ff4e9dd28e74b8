//! Byte classes. Apart from `NON_ASCII` and `VALUE`, classes contain only ASCII bytes, so their runs end at character
//! boundaries.

/// A set of bytes: one bit of the table, or several bits for a union.
pub(super) type ByteClass = u16;

pub(super) const DIGIT: ByteClass = 1;
pub(super) const UPPER: ByteClass = 1 << 1;
pub(super) const LOWER: ByteClass = 1 << 2;
pub(super) const HEX: ByteClass = 1 << 3;
/// `-` and `_`, the additional characters of URL-safe base64.
pub(super) const DASH_UNDERSCORE: ByteClass = 1 << 4;
/// `+`, `/` and `=`, the additional characters of standard base64.
pub(super) const BASE64_SIGN: ByteClass = 1 << 5;
pub(super) const DOT: ByteClass = 1 << 6;
/// Characters of the local part of an email address.
pub(super) const EMAIL_LOCAL: ByteClass = 1 << 7;
pub(super) const SPACE: ByteClass = 1 << 8;
/// The base58 alphabet of Bitcoin: letters and digits without `0`, `O`, `I` and `l`.
pub(super) const BASE58: ByteClass = 1 << 9;
/// Bytes that end an unquoted value.
pub(super) const VALUE_END: ByteClass = 1 << 10;
/// Bytes of non-ASCII characters.
pub(super) const NON_ASCII: ByteClass = 1 << 11;
/// Bytes of an unquoted value: all bytes outside `VALUE_END`.
pub(super) const VALUE: ByteClass = 1 << 12;

/// Round, square and curly brackets.
pub(super) const BRACKET: ByteClass = 1 << 13;

pub(super) const ALPHA: ByteClass = UPPER | LOWER;
pub(super) const ALNUM: ByteClass = ALPHA | DIGIT;
pub(super) const WORD: ByteClass = ALNUM | DASH_UNDERSCORE;
pub(super) const BASE64: ByteClass = WORD | BASE64_SIGN;

static BYTE_CLASSES: [ByteClass; 256] = build_table();

/// Returns whether `byte` belongs to `class`.
pub(super) fn is_in(byte: u8, class: ByteClass) -> bool {
    BYTE_CLASSES[usize::from(byte)] & class != 0
}

/// Returns whether all bytes belong to `class`.
pub(super) fn all_in(bytes: &[u8], class: ByteClass) -> bool {
    bytes.iter().all(|byte| is_in(*byte, class))
}

/// Returns the number of bytes that belong to `class`.
pub(super) fn count_in(bytes: &[u8], class: ByteClass) -> usize {
    bytes.iter().filter(|byte| is_in(**byte, class)).count()
}

/// Returns the value of a hexadecimal digit.
pub(super) const fn hex_value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Returns the number of different bytes, ignoring ASCII case. Bytes are compared by their lower 7 bits.
pub(super) fn distinct_bytes(bytes: &[u8]) -> u32 {
    let seen = bytes.iter().fold(0_u128, |seen, byte| seen | 1 << (byte.to_ascii_lowercase() & 0x7f));
    seen.count_ones()
}

const fn build_table() -> [ByteClass; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = classes_of(byte);
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

const fn classes_of(byte: u8) -> ByteClass {
    let mut class = match byte {
        b'0'..=b'9' => DIGIT | HEX,
        b'a'..=b'f' => LOWER | HEX,
        b'A'..=b'F' => UPPER | HEX,
        b'g'..=b'z' => LOWER,
        b'G'..=b'Z' => UPPER,
        b'-' | b'_' => DASH_UNDERSCORE,
        b'+' | b'/' | b'=' => BASE64_SIGN,
        b'.' => DOT,
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => SPACE,
        0x80.. => NON_ASCII,
        _ => 0,
    };
    if byte.is_ascii_alphanumeric() {
        class |= EMAIL_LOCAL;
        if !matches!(byte, b'0' | b'O' | b'I' | b'l') {
            class |= BASE58;
        }
    }
    if matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'~' | b'!' | b'#' | b'$' | b'*') {
        class |= EMAIL_LOCAL;
    }
    if matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}') {
        class |= BRACKET;
    }
    if matches!(
        byte,
        0..=b' ' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'(' | b')' | b'{' | b'}' | b'[' | b']' | b',' | b';' | 0x7f
    ) {
        class |= VALUE_END;
    } else {
        class |= VALUE;
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_belong_to_their_classes() {
        assert!(is_in(b'f', HEX) && is_in(b'f', LOWER) && is_in(b'f', BASE58) && !is_in(b'g', HEX));
        assert!(is_in(b'-', WORD) && !is_in(b'-', ALNUM) && is_in(b'=', BASE64) && !is_in(b'l', BASE58));
        assert!(is_in(0xe4, NON_ASCII) && is_in(0xe4, VALUE) && is_in(b'"', VALUE_END) && !is_in(b'"', VALUE));
        assert_eq!(count_in(b"a1-b2", DIGIT), 2);
        assert_eq!(distinct_bytes(b"xXxX-xx"), 2);
    }

    #[test]
    fn every_byte_either_ends_a_value_or_belongs_to_one() {
        assert!((0..=u8::MAX).all(|byte| is_in(byte, VALUE_END) != is_in(byte, VALUE)));
    }
}
