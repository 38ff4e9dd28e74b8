use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

/// Returns a key of 32 consecutive byte values.
fn key(first: u8) -> MasterKey {
    let bytes: Vec<u8> = (first..first + 32).collect();
    MasterKey::from_bytes(&bytes).unwrap()
}

/// RFC 4231, test case 2. Its key is shorter than a [`MasterKey`] may be.
#[test]
fn digest_is_hmac_sha256() {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
    mac.update(b"what do ya want for nothing?");
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    assert_eq!(digest[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
}

#[test]
fn pseudonym_is_the_same_in_every_process() {
    let pseudonyms = Pseudonymizer::new(key(7)).key_id("k3").unwrap().epoch("2026-11");
    // Computed with another implementation: HMAC over each part, preceded by its length in eight bytes.
    assert_eq!(pseudonyms.pseudonymize("user.id", "jane").unwrap(), "k3:c347ac6fb0f811301859986b85c2a629");
}

#[test]
fn key_id_epoch_field_and_identity_each_change_the_pseudonym() {
    let base = || Pseudonymizer::new(key(7)).key_id("k3").unwrap().epoch("1");
    let all = [
        base().pseudonymize("user.id", "jane"),
        base().pseudonymize("user.id", "john"),
        base().pseudonymize("session.id", "jane"),
        base().epoch("2").pseudonymize("user.id", "jane"),
        base().key_id("k4").unwrap().pseudonymize("user.id", "jane"),
        Pseudonymizer::new(key(8)).key_id("k3").unwrap().epoch("1").pseudonymize("user.id", "jane"),
        // Parts with equal concatenation.
        base().pseudonymize("user.idj", "ane"),
        base().pseudonymize("user", ".idjane"),
    ];
    let codes: std::collections::BTreeSet<_> =
        all.iter().flatten().map(|text| text.split_once(':').unwrap().1).collect();
    assert_eq!(codes.len(), all.len());
    assert_eq!(
        base().epoch("2").epoch("1").pseudonymize("user.id", "jane"),
        base().pseudonymize("user.id", "jane"),
        "an earlier epoch must give the same pseudonym again"
    );
}

#[test]
fn without_a_key_there_are_no_pseudonyms() {
    let none = Pseudonymizer::disabled().key_id("k1").unwrap().epoch("2026");
    assert_eq!((none.pseudonymize("user.id", "jane"), none.has_key()), (None, false));
    assert_eq!(Pseudonymizer::new(key(7)).pseudonymize("user.id", "  "), None);
}

const HEXADECIMAL: &str = "0708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526";
const BASE64: &str = "BwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSY=";

#[test]
fn keys_are_decoded_from_both_encodings() {
    let capitals = HEXADECIMAL.to_uppercase();
    let lines = format!("  {HEXADECIMAL}\r\n");
    for text in [HEXADECIMAL, &capitals, BASE64, BASE64.trim_end_matches('='), &lines, &format!("{BASE64}\n")] {
        let same = Pseudonymizer::new(MasterKey::from_text(text).unwrap());
        assert_eq!(same.pseudonymize("f", "x"), Pseudonymizer::new(key(7)).pseudonymize("f", "x"), "{text}");
    }
    let urls = "--__--__-_8BAgMEBQYHCAkKCwwNDg8QERITFBUWFxg";
    let plain = urls.replace('-', "+").replace('_', "/");
    let of = |text: &str| Pseudonymizer::new(MasterKey::from_text(text).unwrap()).pseudonymize("f", "x").unwrap();
    assert_eq!(of(urls), of(&plain));
}

#[test]
fn invalid_keys_are_rejected_with_a_reason() {
    let error = |text: &str| MasterKey::from_text(text).unwrap_err().to_string();
    for text in ["", "07", &HEXADECIMAL[2..], &BASE64[..40]] {
        assert!(error(text).contains("32 bytes or more"), "{text}: {}", error(text));
    }
    for text in ["00".repeat(32), "ff".repeat(64), "deadbeef".repeat(8), "0123456789abcdef".repeat(4), "A".repeat(64)] {
        assert!(error(&text).contains("must be random"), "{text}: {}", error(&text));
    }
    let without_first_digit = &HEXADECIMAL[1..];
    let prefixed = format!("0x{HEXADECIMAL}");
    let two = format!("{BASE64}{BASE64}");
    let lines = format!("{BASE64}\n{BASE64}");
    let commented = format!("# key\n{HEXADECIMAL}");
    let quoted = format!("\"{BASE64}\"");
    let padded = format!("{BASE64}==");
    let truncated = &BASE64.trim_end_matches('=')[..41];
    let garbled = BASE64.replace("Y=", "Z=");
    for text in [
        "not a key!",
        without_first_digit,
        &prefixed,
        &two,
        &lines,
        &commented,
        &quoted,
        &padded,
        truncated,
        &garbled,
        "====",
        "ключ",
    ] {
        assert!(error(text).contains("hexadecimal digits or in base64"), "{text}: {}", error(text));
    }
}

#[test]
fn key_id_is_short_and_plain() {
    for name in ["", "a name", "12345678901234567", "k:", "k\n", "ключ"] {
        assert!(Pseudonymizer::new(key(7)).key_id(name).is_err(), "{name}");
    }
    assert!(Pseudonymizer::new(key(7)).key_id("2026-11_k").is_ok());
}

#[test]
fn case_is_ignored_only_in_email_addresses() {
    let pseudonyms = Pseudonymizer::new(key(7));
    let same = |a: &str, b: &str| pseudonyms.pseudonymize("user.id", a) == pseudonyms.pseudonymize("user.id", b);
    assert!(same("Jane@Example.org", "jane@example.ORG\n"));
    for (a, b) in [
        ("Jane", "jane"),
        ("@Jane:example.org", "@jane:example.org"),
        ("@Jane@example.org", "@jane@example.org"),
        ("Jane@tenant/A", "jane@tenant/a"),
        ("Jane @ home", "jane @ home"),
        ("@", "@@"),
    ] {
        assert!(!same(a, b), "{a}");
    }
}

#[test]
fn no_part_of_a_key_is_printed() {
    let key = MasterKey::from_text(HEXADECIMAL).unwrap();
    let short = MasterKey::from_text("canary").unwrap_err();
    let weak = MasterKey::from_text(&"canary".repeat(8)).unwrap_err();
    let file = MasterKey::from_file("/no/such/canary").unwrap_err();
    assert!(file.to_string().ends_with(": entity not found"), "{file}");
    let pseudonyms = Pseudonymizer::new(key.clone()).epoch("e");
    let printed = format!("{key:?} {pseudonyms:?} {short:?} {short} {weak:?} {weak} {file:?} {file}");
    for secret in ["canary", "0a0b0c", "10, 11, 12", "CgsM"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    #[test]
    fn identities_share_a_pseudonym_only_if_they_differ_in_blanks_and_case_alone(
            a in "[ aA@.\\PC]{1,4}", b in "[ aA@.\\PC]{1,4}",
        ) {
        let pseudonyms = Pseudonymizer::new(key(9));
        let (one, other) = (a.trim(), b.trim());
        let equal = pseudonyms.pseudonymize("f", &a) == pseudonyms.pseudonymize("f", &b);
        prop_assert!(!equal || one == other || one.contains('@') && one.to_lowercase() == other.to_lowercase());
        prop_assert!(equal || one != other);
    }
}
