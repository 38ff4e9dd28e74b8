use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes(&[byte; 32]).unwrap()
}

/// RFC 4231, test case 2, whose key is shorter than a key of ours may be.
#[test]
fn the_code_is_hmac_sha256() {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
    mac.update(b"what do ya want for nothing?");
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    assert_eq!(digest[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
}

#[test]
fn a_pseudonym_is_the_same_in_every_process() {
    let pseudonyms = Pseudonyms::new(key(7)).key_id("k3").unwrap().epoch("2026-11");
    // Computed by hand with another implementation: HMAC over each piece behind its length in eight bytes.
    assert_eq!(pseudonyms.of("user.id", "jane").unwrap(), "k3:4dd79bfec2d1f65f691687778c917648");
}

#[test]
fn key_name_epoch_field_and_identity_each_change_it() {
    let base = || Pseudonyms::new(key(7)).key_id("k3").unwrap().epoch("1");
    let all = [
        base().of("user.id", "jane"),
        base().of("user.id", "john"),
        base().of("session.id", "jane"),
        base().epoch("2").of("user.id", "jane"),
        base().key_id("k4").unwrap().of("user.id", "jane"),
        Pseudonyms::new(key(8)).key_id("k3").unwrap().epoch("1").of("user.id", "jane"),
        // Pieces that run into one another.
        base().of("user.idj", "ane"),
        base().of("user", ".idjane"),
    ];
    let codes: std::collections::BTreeSet<_> =
        all.iter().flatten().map(|text| text.split_once(':').unwrap().1).collect();
    assert_eq!(codes.len(), all.len());
    assert_eq!(
        base().epoch("2").epoch("1").of("user.id", "jane"),
        base().of("user.id", "jane"),
        "an epoch can be gone back to"
    );
}

#[test]
fn without_a_key_there_is_no_value_and_no_setting_makes_one() {
    let none = Pseudonyms::none().key_id("k1").unwrap().epoch("2026");
    assert_eq!((none.of("user.id", "jane"), none.is_keyed()), (None, false));
    assert_eq!(Pseudonyms::new(key(7)).of("user.id", "  "), None);
}

#[test]
fn keys_are_read_in_both_ways_of_writing_and_bad_ones_are_refused() {
    let hexadecimal = "07".repeat(32);
    let base64 = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    for text in [&hexadecimal[..], base64, base64.trim_end_matches('='), &format!("  {hexadecimal}\n")] {
        let same = Pseudonyms::new(MasterKey::from_text(text).unwrap());
        assert_eq!(same.of("f", "x"), Pseudonyms::new(key(7)).of("f", "x"), "{text}");
    }
    for text in ["", "07", "not a key!", &"00".repeat(32), &"07".repeat(31)] {
        assert!(MasterKey::from_text(text).is_err(), "{text}");
    }
    assert!(MasterKey::from_file("/no/such/file").is_err());
    for name in ["", "a name", "12345678901234567", "k:"] {
        assert!(Pseudonyms::new(key(7)).key_id(name).is_err(), "{name}");
    }
}

#[test]
fn nothing_of_a_key_is_printed() {
    let canary = "canary".repeat(8);
    let key = MasterKey::from_text(&canary).unwrap();
    let error = MasterKey::from_text("canary").unwrap_err();
    let pseudonyms = Pseudonyms::new(key.clone()).epoch("e");
    let printed = format!("{key:?} {pseudonyms:?} {error:?} {error}");
    assert!(!printed.contains("canary") && !printed.contains("113"), "{printed}");
}

proptest! {
    #[test]
    fn two_identities_share_a_pseudonym_only_if_no_more_than_blanks_and_case_tell_them_apart(
            a in "[ aA@.\\PC]{1,4}", b in "[ aA@.\\PC]{1,4}",
        ) {
        let pseudonyms = Pseudonyms::new(key(9));
        let plain = |text: &str| if text.contains('@') { text.trim().to_lowercase() } else { text.trim().to_owned() };
        let same = plain(&a) == plain(&b);
        prop_assert_eq!(pseudonyms.of("f", &a) == pseudonyms.of("f", &b), same);
    }
}
