//! Detection of cryptocurrency addresses.

use super::checksum;
use super::class::HEX;
use super::found::Match;
use super::kind::DataKind;
use super::view::RunClass;
use super::view::TextView;

/// Returns an Ethereum address: `0x` and 40 hexadecimal digits, in one case or with a valid EIP-55 checksum.
pub(super) fn detect_ethereum(text: &TextView<'_>, at: usize) -> Option<Match> {
    let end = at + 42;
    let run = text.bounded_run_end(HEX, at + 2, 41);
    let is_complete = run == end && text.is_word_end(end) && text.is_word_start(at);
    (is_complete && checksum::eip55(text.slice(at + 2, end))).then(|| Match::new(at, end, DataKind::Crypto))
}

/// Returns a base58 address or key with a valid double SHA-256 checksum, of any currency.
pub(super) fn detect_base58(text: &TextView<'_>, at: usize) -> Option<Match> {
    if !text.is_word_start(at) {
        return None;
    }
    let end = text.run_end(RunClass::Base58, at);
    let known = matches!(end - at, 26..=36 | 51 | 52 | 107..=112) && text.is_word_end(end);
    let length = known.then(|| checksum::base58check(text.slice(at, end))).flatten()?;
    matches!(length, 25 | 26 | 37 | 38 | 82).then(|| Match::new(at, end, DataKind::Crypto))
}

/// Returns the bech32 or base58 address that starts with letters at `at`.
pub(super) fn detect_lettered(text: &TextView<'_>, at: usize) -> Option<Match> {
    let has_bech32_prefix =
        [&b"bc1"[..], b"tb1", b"ltc1", b"bcrt1"].iter().any(|prefix| text.starts_with_at(at, prefix));
    has_bech32_prefix.then(|| detect_bech32(text, at)).flatten().or_else(|| detect_base58(text, at))
}

/// Returns a bech32 address: `bc1..`, `tb1..`, `ltc1..`, `bcrt1..`.
fn detect_bech32(text: &TextView<'_>, at: usize) -> Option<Match> {
    let end = text.run_end(RunClass::Alnum, at);
    let fits = (14..=90).contains(&(end - at)) && text.is_word_start(at);
    (fits && checksum::bech32(text.slice(at, end))).then(|| Match::new(at, end, DataKind::Crypto))
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    #[test]
    fn addresses_with_a_valid_checksum_are_found() {
        for text in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xde709f2102306220921060314715629080e2fb77",
            "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
        ] {
            for frame in ["to {}.", "地址{}。", "({})", "bitcoin:{}?amount=1"] {
                assert_eq!(find_all(&frame.replace("{}", text)), [(DataKind::Crypto, text)], "{frame}");
            }
        }
    }

    #[test]
    fn other_words_are_not_addresses() {
        for text in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed00",
            "3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
            "LongWordsThatBeginWithCapitals",
        ] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }
}
