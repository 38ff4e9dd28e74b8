//! Detection of bank card numbers.

use super::checksum;
use super::class;
use super::class::ALPHA;
use super::class::DIGIT;
use super::context;
use super::context::Topic;
use super::digit_groups::DigitGroup;
use super::digit_groups::DigitGroups;
use super::digit_groups::Separator;
use super::digit_groups::is_number_end;
use super::digit_groups::is_number_start;
use super::found::Match;
use super::kind::DataKind;
use super::view::TextView;

/// Returns the card number that starts with the first group.
pub(super) fn detect(text: &TextView<'_>, groups: &DigitGroups) -> Option<Match> {
    let all = groups.as_slice();
    if !is_number_start(text, groups.start()) || !(1..=19).contains(&all[0].len()) {
        return None;
    }
    // Tries the longest number first, because a number of 19 digits starts with one of 16.
    (1..=all.len()).rev().find_map(|count| {
        let digits = groups.digits(text, count);
        let groups = &all[..count];
        let end = groups[count - 1].end;
        let fits = has_card_grouping(groups) && is_number_end(text, end) && checksum::luhn(&digits);
        (fits && is_issued(text, groups, &digits)).then(|| Match::new(all[0].start, end, DataKind::Card))
    })
}

/// Returns whether the groups have the form of a card number: one group of 12 to 19 digits, groups of four of which the
/// last may be shorter, or another common grouping, such as that of American Express; with one kind of separator.
fn has_card_grouping(groups: &[DigitGroup]) -> bool {
    let [first, rest @ ..] = groups else { return false };
    let Some(second) = rest.first() else { return (12..=19).contains(&first.len()) };
    let same = rest.iter().all(|group| group.separator == second.separator);
    let known = matches!(second.separator, Separator::Blank | Separator::Dash | Separator::Dot);
    let lengths: Vec<usize> = groups.iter().map(DigitGroup::len).collect();
    let fours = lengths.len() >= 3
        && lengths[..lengths.len() - 1].iter().all(|length| *length == 4)
        && (1..=4).contains(&lengths[lengths.len() - 1]);
    let other = matches!(lengths[..], [4, 6, 5 | 4] | [6, 13] | [8, 8] | [4, 4, 4, 6] | [4, 4, 5] | [8, 4, 4]);
    same && known && (fours || other)
}

/// Returns whether the prefix, the length and the words before the number are those of a card. Prefixes of rarely used
/// ranges need a card keyword or groups, because one random number in ten has a valid check digit; unknown prefixes
/// need a card keyword. A common prefix needs neither, unless the words or the form indicate another kind of number.
fn is_issued(text: &TextView<'_>, groups: &[DigitGroup], digits: &[u8]) -> bool {
    let topic = text.topic(groups[0].start, context::topic);
    let has_keyword = topic == Some(Topic::Card);
    let other = topic == Some(Topic::Other) && groups.len() == 1;
    let certain = issuer_range(digits, digits.len());
    match certain {
        IssuerRange::Unknown => has_keyword && digits.len() >= 12,
        IssuerRange::Rare => has_keyword || groups.len() > 1 && digits.len() >= 16,
        IssuerRange::Common => {
            let article = groups.len() == 1 && is_ean13(digits);
            has_keyword || !other && !article && !is_iban_part(text, groups)
        }
    }
}

/// Returns whether the digits are a valid EAN-13 article number. German and Japanese article numbers start with a 4.
fn is_ean13(digits: &[u8]) -> bool {
    let weighted =
        digits.iter().enumerate().map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 1 { 3 } else { 1 });
    digits.len() == 13 && weighted.sum::<u32>().is_multiple_of(10)
}

/// Returns whether the groups follow the start of an IBAN: input `DE26 5274 ..`, output true.
fn is_iban_part(text: &TextView<'_>, groups: &[DigitGroup]) -> bool {
    let start = groups[0].start;
    let head = text.window_before(start, 5);
    groups.len() > 1
        && matches!(head, [a, b, c, d, b' '] if class::all_in(&[*a, *b], ALPHA) && class::all_in(&[*c, *d], DIGIT))
}

enum IssuerRange {
    Unknown,
    Rare,
    Common,
}

fn issuer_range(digits: &[u8], length: usize) -> IssuerRange {
    let prefix = |count: usize| digits[..count].iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    match (prefix(4), length) {
        (4000..=4999, 13 | 16 | 19)
        | (5100..=5599 | 2221..=2720, 16)
        | (3400..=3499 | 3700..=3799, 15)
        | (6011 | 6440..=6599, 16..=19)
        // JCB issues 3528 to 3589; test data uses all of 35.
        | (3500..=3599, 16..=19)
        | (2131 | 1800, 15)
        | (3000..=3059 | 3095 | 3600..=3699 | 3800..=3999, 14)
        | (6200..=6299, 16 | 19)
        | (2200..=2204, 16..=19)
        // RuPay (India), Verve (Nigeria), Dankort (Denmark).
        | (6060..=6069 | 5061 | 5078 | 5019, 16)
        // Maestro.
        | (5600..=5899, 12 | 16 | 19)
        | (5018 | 5020 | 5038 | 6304 | 6390 | 6759 | 6761..=6763 | 6703 | 6771, 12..=19) => IssuerRange::Common,
        (6200..=6299, 17 | 18) | (5000..=5099 | 5600..=6999, 12..=19) | (1000..=1999, 15) => IssuerRange::Rare,
        _ => IssuerRange::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    fn is_card(text: &str) -> bool {
        find_all(text).iter().any(|(kind, _)| *kind == DataKind::Card)
    }

    /// Test numbers that payment providers publish.
    #[test]
    fn cards_of_every_issuer_are_found_in_every_grouping() {
        for card in [
            "4242424242424242",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "30569309025904",
            "38520000023237",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ] {
            assert_eq!(find_all(&format!("it is {card}.")), [(DataKind::Card, card)]);
            assert!(is_card(&format!("カード{card}です")), "{card}");
            if card.len() == 16 {
                for separator in [" ", "-", ".", "\u{a0}"] {
                    let fours: Vec<&str> = (0..4).map(|at| &card[at * 4..at * 4 + 4]).collect();
                    let grouped = fours.join(separator);
                    assert_eq!(find_all(&format!("12 {grouped}, 2027")), [(DataKind::Card, &grouped[..])]);
                }
            }
        }
        assert_eq!(find_all("3782 822463 10005"), [(DataKind::Card, "3782 822463 10005")]);
        assert_eq!(find_all("4242 4242 4242 4242 2027"), [(DataKind::Card, "4242 4242 4242 4242")]);
        // Numbers of 13 and 12 digits.
        assert_eq!(find_all("it is 4222222222222"), [(DataKind::Card, "4222222222222")]);
        assert_eq!(find_all("it is 675964982648"), [(DataKind::Card, "675964982648")]);
        // Table cells, and numbers without an issuer after a card keyword.
        assert_eq!(find_all("1700000000123,4242424242424242,9"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(find_all("[7,4242424242424242,8]"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(find_all("name,uuid\n4242424242424242,x"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(find_all("order 4711471,4242424242424242"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(find_all("<code>7</code> 4242424242424242"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(find_all("\n17,4242424242424242\n"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(find_all("| order 4711 | 4242424242424242 |"), [(DataKind::Card, "4242424242424242")]);
        assert_eq!(
            find_all("charge my credit card. Number is 9000000000000001"),
            [(DataKind::Card, "9000000000000001")]
        );
        assert_eq!(find_all("What's your card? 9000000000000001"), [(DataKind::Card, "9000000000000001")]);
    }

    #[test]
    fn other_numbers_are_not_cards() {
        for text in [
            "IMEI 490154203237518",
            "4242424242424243",
            "1234567812345670",
            "42424242424242424242424242",
            "0.4242424242424242",
            "0,4242424242424242",
            "4242424242424242.5",
            "a4242424242424242",
            "4242424242424242b",
            "1700000000000",
            "1700000000000000000",
            "978-3-16-148410-0",
            "order 6304000000000000",
            "9000000000000001",
            "4006381300063",
            "DE26 4242 4242 4242 4242 29",
        ] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }
}
