//! Detection of United States social security numbers.

use super::checksum;
use super::context;
use super::context::Topic;
use super::found::Match;
use super::kind::DataKind;
use super::number::DigitGroups;
use super::number::Separator;
use super::number::begins;
use super::view::TextView;

/// Returns a social security number: `AAA-GG-SSSS`. Other separators, or none, need a keyword before the number.
pub(super) fn ssn(text: &TextView<'_>, groups: &DigitGroups) -> Option<Match> {
    let all = groups.as_slice();
    let said = || text.topic(groups.start(), context::topic) == Some(Topic::Ssn);
    let end = match all {
        [a, b, c, ..] if [a.len(), b.len(), c.len()] == [3, 2, 4] && b.separator == c.separator => {
            // `400 - 30 - 1000` is a calculation.
            let dashed = b.separator == Separator::Dash && [a.end, b.end].iter().all(|place| text.at(*place) != b' ');
            let shaped = dashed || said();
            shaped.then_some(c.end)?
        }
        [one, ..] if one.len() == 9 && said() => one.end,
        _ => return None,
    };
    let goes_on = match text.at(end) {
        b'-' => text.has_class(end + 1, super::class::ALNUM),
        b'.' => text.has_class(end + 1, super::class::DIGIT),
        byte => super::class::is_in(byte, super::class::ALNUM),
    };
    let whole = begins(text, groups.start()) && !goes_on;
    (whole && is_issued(&checksum::digits(text.slice(groups.start(), end))))
        .then(|| Match::new(groups.start(), end, DataKind::Ssn))
}

/// Returns whether the number can have been issued. Areas 000, 666 and 900 to 999, group 00 and serial 0000 are never
/// issued.
fn is_issued(digits: &[u8]) -> bool {
    let (area, rest) = digits.split_at(3);
    area != b"000" && area != b"666" && area[0] != b'9' && &rest[..2] != b"00" && &rest[2..] != b"0000"
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::found;

    #[test]
    fn numbers_that_were_given_out_are_found() {
        assert_eq!(found("it is 219-45-6789."), [(DataKind::Ssn, "219-45-6789")]);
        assert_eq!(found("SSN: 219 45 6789"), [(DataKind::Ssn, "219 45 6789")]);
        assert_eq!(found("17,219-45-6789,3"), [(DataKind::Ssn, "219-45-6789")]);
        assert_eq!(found("1.0,219-45-6789.and more"), [(DataKind::Ssn, "219-45-6789")]);
        assert_eq!(found("my social security number is 219456789,"), [(DataKind::Ssn, "219456789")]);
    }

    #[test]
    fn numbers_that_never_were_stay() {
        for text in [
            "219 - 45 - 6789",
            "000-45-6789",
            "666-45-6789",
            "912-45-6789",
            "219-00-6789",
            "219-45-0000",
            "219456789",
            "219 45 6789",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
        for text in ["2-219-45-6789", "219-45-6789-1", "219-45-67891", "a219-45-6789"] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
