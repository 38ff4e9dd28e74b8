//! Tests against published test vectors.

use super::*;

#[test]
fn luhn_accepts_test_cards_of_payment_providers() {
    for card in ["4242424242424242", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000"] {
        assert!(luhn(card.as_bytes()), "{card}");
    }
    assert!(!luhn(b"4242424242424243"));
}

#[test]
fn iban_accepts_examples_of_the_registry() {
    for text in ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947"] {
        assert!(iban(text.as_bytes()), "{text}");
    }
    assert!(!iban(b"GB82WEST12345698765433"));
    assert!(!iban(b"GB"));
}

#[test]
fn verhoeff_accepts_its_example() {
    assert!(verhoeff(b"2363"));
    assert!(!verhoeff(b"2364"));
}

#[test]
fn iso_7064_accepts_the_example_of_the_german_tax_office() {
    assert!(iso7064_mod_11_10(b"86095742719"));
    assert!(!iso7064_mod_11_10(b"86095742718"));
}

/// The coinbase address of the genesis block, the script hash of the wiki page of BIP 16, and a testnet address.
#[test]
fn base58check_accepts_addresses() {
    for (text, length) in [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", 25),
        ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", 25),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 25),
        ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", 37),
    ] {
        assert_eq!(base58check(text.as_bytes()), Some(length), "{text}");
    }
    assert_eq!(base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"), None);
    assert_eq!(base58check(b"111"), None);
    assert_eq!(base58check(&[b'z'; 300]), None);
}

/// Vectors of BIP 173 and BIP 350.
#[test]
fn bech32_accepts_both_versions() {
    for text in [
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ] {
        assert!(bech32(text.as_bytes()), "{text}");
    }
    for text in ["tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4tz", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "bc1", "b"]
    {
        assert!(!bech32(text.as_bytes()), "{text}");
    }
}

/// Vectors of EIP-55.
#[test]
fn eip55_accepts_its_vectors() {
    for digits in ["5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "D1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"] {
        assert!(eip55(digits.as_bytes()), "{digits}");
    }
    assert!(!eip55(b"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"));
    assert!(eip55(b"de709f2102306220921060314715629080e2fb77"), "an address in one case has no checksum");
}

#[test]
fn base64_decodes_both_alphabets_up_to_the_limit() {
    assert_eq!(decode_base64(b"eyJhbGciOiJIUzI1NiJ9", 100).unwrap(), b"{\"alg\":\"HS256\"}");
    assert_eq!(decode_base64(b"-_8=", 100).unwrap(), [0xfb, 0xff]);
    assert_eq!(decode_base64(b"eyJhbGciOiJIUzI1NiJ9", 4).unwrap(), b"{\"al");
    assert_eq!(decode_base64(b"a b", 4), None);
}
