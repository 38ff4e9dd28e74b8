//! Checksums of numbers and addresses.

use sha2::Digest;
use sha2::Sha256;
use sha3::Keccak256;

/// Returns whether the Luhn check digit of a bank card number is valid: with every second digit doubled from the right,
/// the sum of all digits is divisible by ten.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let values = digits.iter().rev().enumerate().map(|(index, digit)| {
        let value = u32::from(digit - b'0');
        if index % 2 == 0 { value } else { value * 2 - if value > 4 { 9 } else { 0 } }
    });
    values.sum::<u32>().is_multiple_of(10)
}

/// Returns whether the check digits of an IBAN without separators are right: with its first four characters moved to the
/// end and letters counted from ten, the remainder modulo 97 is 1. The country and the length are not checked.
pub(super) fn iban(text: &[u8]) -> bool {
    let (head, tail) = text.split_at(4.min(text.len()));
    let rest = tail.iter().chain(head).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.to_ascii_uppercase().wrapping_sub(b'A')) + 10) % 97,
    });
    rest == 1
}

/// Returns the sum of the digits multiplied by the weights.
pub(super) fn weighted_sum(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum()
}

/// Returns the digits as a number, modulo `divisor`.
pub(super) fn remainder(digits: &[u8], divisor: u64) -> u64 {
    digits.iter().fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % divisor)
}

/// Returns whether the Verhoeff check digit, used in India, is valid.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let check = digits.iter().rev().enumerate().fold(0_usize, |check, (index, digit)| {
        let mut value = usize::from(digit - b'0');
        for _ in 0..index % 8 {
            value = PERMUTATION[value];
        }
        dihedral_product(check, value)
    });
    check == 0
}

const PERMUTATION: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Returns the product of two elements of the dihedral group D5.
const fn dihedral_product(a: usize, b: usize) -> usize {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// Returns whether the check digit of ISO 7064 MOD 11,10 is valid.
pub(super) fn iso7064_mod_11_10(digits: &[u8]) -> bool {
    let Some((last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, digit| {
        let sum = (u32::from(digit - b'0') + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(last - b'0')
}

/// Returns the decoded length in bytes, with the checksum, if the base58 text ends with a valid one: the first four bytes
/// of the double SHA-256 of the other bytes. Returns `None` for another text, and for more than 96 bytes.
pub(super) fn base58check(text: &[u8]) -> Option<usize> {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const MAX_BYTES: usize = 96;
    let mut bytes = [0_u8; MAX_BYTES];
    let mut length = 0;
    for symbol in text {
        let mut carry = ALPHABET.iter().position(|known| known == symbol)?;
        for byte in bytes.iter_mut().rev().take(length) {
            carry += usize::from(*byte) * 58;
            *byte = low_byte(carry);
            carry >>= 8;
        }
        while carry > 0 {
            length += 1;
            *bytes.get_mut(MAX_BYTES.checked_sub(length)?)? = low_byte(carry);
            carry >>= 8;
        }
    }
    // Each leading `1` encodes a zero byte.
    length += text.iter().take_while(|symbol| **symbol == b'1').count();
    let bytes = bytes.get(MAX_BYTES.checked_sub(length)?..)?;
    let (payload, check) = bytes.split_at_checked(length.checked_sub(4)?)?;
    (Sha256::digest(Sha256::digest(payload))[..4] == *check).then_some(length)
}

/// Returns the lowest byte.
const fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

/// Returns whether an address of the form `bc1..` has a valid checksum, of bech32 (BIP 173) or bech32m (BIP 350).
pub(super) fn bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let text = text.to_ascii_lowercase();
    let Some(one) = text.iter().rposition(|byte| *byte == b'1') else { return false };
    let (human, data) = (&text[..one], &text[one + 1..]);
    let values = data.iter().map(|symbol| ALPHABET.iter().position(|known| known == symbol));
    let mut check = 1_u32;
    let mut feed = |value: u32| {
        let top = check >> 25;
        check = (check & 0x01ff_ffff) << 5 ^ value;
        for (bit, generator) in [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate() {
            check ^= if top >> bit & 1 == 1 { *generator } else { 0 };
        }
    };
    human.iter().for_each(|byte| feed(u32::from(*byte) >> 5));
    feed(0);
    human.iter().for_each(|byte| feed(u32::from(*byte) & 31));
    for value in values {
        let Some(value) = value.and_then(|value| u32::try_from(value).ok()) else { return false };
        feed(value);
    }
    data.len() >= 6 && matches!(check, 1 | 0x2bc8_30a3)
}

/// Returns whether the case of the 40 digits of an Ethereum address is a valid EIP-55 checksum. Digits of one case have
/// no checksum and are valid.
pub(super) fn eip55(digits: &[u8]) -> bool {
    if !digits.iter().any(u8::is_ascii_uppercase) || !digits.iter().any(u8::is_ascii_lowercase) {
        return true;
    }
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    digits.iter().enumerate().all(|(index, digit)| {
        let nibble = hash[index / 2] >> (4 * (1 - index % 2)) & 0xf;
        !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (nibble >= 8)
    })
}

/// Decodes the first `most` bytes of standard or URL-safe base64. The text from the first `=` on is ignored. Returns `None`
/// if the decoded part contains other symbols.
pub(super) fn decode_base64(text: &[u8], most: usize) -> Option<Vec<u8>> {
    let body = text.split(|byte| *byte == b'=').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(most.min(body.len()));
    crate::base64::decode(body, most, &mut bytes).map(|_| bytes)
}

#[cfg(test)]
mod tests;
