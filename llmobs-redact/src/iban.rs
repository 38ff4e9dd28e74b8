//! Detection of international bank account numbers (IBAN).

use super::checksum;
use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::UPPER;
use super::found::Match;
use super::kind::DataKind;
use super::view::RunClass;
use super::view::TextView;

/// Returns the IBAN that starts at `at` with two letters and two digits.
pub(super) fn detect(text: &TextView<'_>, at: usize) -> Option<Match> {
    if class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    let country = [text.byte_at(at).to_ascii_uppercase(), text.byte_at(at + 1).to_ascii_uppercase()];
    let index = COUNTRY_LENGTHS.binary_search_by(|(known, _)| (*known).cmp(&country)).ok()?;
    // Check digits are 98 minus a remainder modulo 97: 02 to 98.
    let check = text.slice(at + 2, at + 4);
    let checked = class::all_in(check, DIGIT) && !matches!(check, b"00" | b"01" | b"99");
    checked.then(|| detect_grouped(text, at, COUNTRY_LENGTHS[index].1).or_else(|| detect_ungrouped(text, at))).flatten()
}

/// Returns an ungrouped number of another length than its country's, with valid check digits. Invented numbers often
/// have a wrong length; one random word in a hundred passes the check.
fn detect_ungrouped(text: &TextView<'_>, at: usize) -> Option<Match> {
    let end = text.run_end(RunClass::Alnum, at);
    let word = text.slice(at, end);
    let has_iban_form =
        (15..=34).contains(&word.len()) && class::all_in(word, UPPER | DIGIT) && class::count_in(word, DIGIT) >= 10;
    (has_iban_form && checksum::iban(word)).then(|| Match::new(at, end, DataKind::Iban))
}

fn detect_grouped(text: &TextView<'_>, at: usize, expected_length: usize) -> Option<Match> {
    let mut symbols = [0_u8; 34];
    let (mut end, mut length) = (at, 0);
    let mut separator = None;
    while length < expected_length {
        let byte = text.byte_at(end);
        if class::is_in(byte, ALNUM) {
            symbols[length] = byte;
            length += 1;
            end += 1;
        } else {
            // Input: `DE89%203704%200044%200532%200130%2000`
            let (byte, next) = text.escape_at(end).unwrap_or((byte, end + 1));
            let parts = length > 0 && matches!(byte, b' ' | b'-') && *separator.get_or_insert(byte) == byte;
            if !parts || !text.has_class(next, ALNUM) {
                return None;
            }
            end = next;
        }
    }
    let symbols = &symbols[..expected_length];
    let one_case = !(symbols.iter().any(u8::is_ascii_lowercase) && symbols.iter().any(u8::is_ascii_uppercase));
    // An identifier with hyphens continues after the number.
    let is_continued = separator == Some(b'-') && text.byte_at(end) == b'-' && text.has_class(end + 1, ALNUM);
    (one_case && !is_continued && !text.has_class(end, ALNUM) && checksum::iban(symbols))
        .then(|| Match::new(at, end, DataKind::Iban))
}

/// Length of the IBAN of each country, from the SWIFT registry, and of countries that use IBANs without being
/// registered.
const COUNTRY_LENGTHS: [([u8; 2], usize); 111] = [
    (*b"AD", 24),
    (*b"AE", 23),
    (*b"AL", 28),
    (*b"AO", 25),
    (*b"AT", 20),
    (*b"AZ", 28),
    (*b"BA", 20),
    (*b"BE", 16),
    (*b"BF", 28),
    (*b"BG", 22),
    (*b"BH", 22),
    (*b"BI", 27),
    (*b"BJ", 28),
    (*b"BR", 29),
    (*b"BY", 28),
    (*b"CF", 27),
    (*b"CG", 27),
    (*b"CH", 21),
    (*b"CI", 28),
    (*b"CM", 27),
    (*b"CR", 22),
    (*b"CV", 25),
    (*b"CY", 28),
    (*b"CZ", 24),
    (*b"DE", 22),
    (*b"DJ", 27),
    (*b"DK", 18),
    (*b"DO", 28),
    (*b"DZ", 26),
    (*b"EE", 20),
    (*b"EG", 29),
    (*b"ES", 24),
    (*b"FI", 18),
    (*b"FK", 18),
    (*b"FO", 18),
    (*b"FR", 27),
    (*b"GA", 27),
    (*b"GB", 22),
    (*b"GE", 22),
    (*b"GI", 23),
    (*b"GL", 18),
    (*b"GQ", 27),
    (*b"GR", 27),
    (*b"GT", 28),
    (*b"GW", 25),
    (*b"HN", 28),
    (*b"HR", 21),
    (*b"HU", 28),
    (*b"IE", 22),
    (*b"IL", 23),
    (*b"IQ", 23),
    (*b"IR", 26),
    (*b"IS", 26),
    (*b"IT", 27),
    (*b"JO", 30),
    (*b"KM", 27),
    (*b"KW", 30),
    (*b"KZ", 20),
    (*b"LB", 28),
    (*b"LC", 32),
    (*b"LI", 21),
    (*b"LT", 20),
    (*b"LU", 20),
    (*b"LV", 21),
    (*b"LY", 25),
    (*b"MA", 28),
    (*b"MC", 27),
    (*b"MD", 24),
    (*b"ME", 22),
    (*b"MG", 27),
    (*b"MK", 19),
    (*b"ML", 28),
    (*b"MN", 20),
    (*b"MR", 27),
    (*b"MT", 31),
    (*b"MU", 30),
    (*b"MZ", 25),
    (*b"NE", 28),
    (*b"NI", 28),
    (*b"NL", 18),
    (*b"NO", 15),
    (*b"OM", 23),
    (*b"PK", 24),
    (*b"PL", 28),
    (*b"PS", 29),
    (*b"PT", 25),
    (*b"QA", 29),
    (*b"RO", 24),
    (*b"RS", 22),
    (*b"RU", 33),
    (*b"SA", 24),
    (*b"SC", 31),
    (*b"SD", 18),
    (*b"SE", 24),
    (*b"SI", 19),
    (*b"SK", 24),
    (*b"SM", 27),
    (*b"SN", 28),
    (*b"SO", 23),
    (*b"ST", 25),
    (*b"SV", 28),
    (*b"TD", 27),
    (*b"TG", 28),
    (*b"TL", 23),
    (*b"TN", 24),
    (*b"TR", 26),
    (*b"UA", 29),
    (*b"VA", 22),
    (*b"VG", 24),
    (*b"XK", 20),
    (*b"YE", 30),
];

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;
    use super::COUNTRY_LENGTHS;

    #[test]
    fn countries_are_sorted() {
        assert!(COUNTRY_LENGTHS.is_sorted_by_key(|(country, _)| *country));
    }

    /// Examples from the SWIFT registry.
    #[test]
    fn numbers_are_found_ungrouped_and_in_groups() {
        for text in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82-WEST-1234-5698-7654-32",
            "de89370400440532013000",
        ] {
            assert_eq!(find_all(&format!("to {text} by Friday")), [(DataKind::Iban, text)]);
            assert_eq!(find_all(&format!("口座{text}。")), [(DataKind::Iban, text)]);
        }
    }

    /// Invented British numbers often have a wrong number of digits.
    #[test]
    fn numbers_of_a_wrong_length_are_found_if_their_check_digits_are_valid() {
        assert_eq!(find_all("to GB13TEST1234567890123 by Friday"), [(DataKind::Iban, "GB13TEST1234567890123")]);
        assert!(find_all("to GB25TEST1234567890123 by Friday").is_empty());
    }

    #[test]
    fn invalid_numbers_are_not_found() {
        for text in [
            "DE89370400440532013001",
            "ZZ89370400440532013000",
            "XDE89370400440532013000",
            "DE8937040044053201300",
            "De89370400440532013000",
            "GB00WEST12345698765483",
            "DE8A370400440532013000",
            "ee407f7f-9125-4a7b-9bc5-e968a8de930f",
        ] {
            assert!(find_all(text).is_empty(), "{text}");
        }
    }
}
