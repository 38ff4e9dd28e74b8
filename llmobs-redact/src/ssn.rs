//! Detection of United States social security numbers.

use super::context;
use super::context::Topic;
use super::digit_groups::DigitGroups;
use super::digit_groups::Separator;
use super::digit_groups::is_number_start;
use super::found::Match;
use super::kind::DataKind;
use super::view::TextView;

/// Returns a social security number: `AAA-GG-SSSS`. Other separators, or none, need a keyword before the number.
pub(super) fn detect(text: &TextView<'_>, groups: &DigitGroups) -> Option<Match> {
    let all = groups.as_slice();
    let has_keyword = || text.topic(groups.start(), context::topic) == Some(Topic::Ssn);
    let (end, count) = match all {
        [a, b, c, ..] if [a.len(), b.len(), c.len()] == [3, 2, 4] && b.separator == c.separator => {
            // `400 - 30 - 1000` is a calculation.
            let dashed =
                b.separator == Separator::Dash && [a.end, b.end].iter().all(|position| text.byte_at(*position) != b' ');
            let has_ssn_format = dashed || has_keyword();
            has_ssn_format.then_some((c.end, 3))?
        }
        [one, ..] if one.len() == 9 && has_keyword() => (one.end, 1),
        _ => return None,
    };
    let is_continued = match text.byte_at(end) {
        b'-' => text.has_class(end + 1, super::class::ALNUM),
        b'.' => text.has_class(end + 1, super::class::DIGIT),
        byte => super::class::is_in(byte, super::class::ALNUM),
    };
    let is_complete = is_number_start(text, groups.start()) && !is_continued;
    (is_complete && is_issued(&groups.digits(text, count))).then(|| Match::new(groups.start(), end, DataKind::Ssn))
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
    use super::super::test_support::find_all;

    #[test]
    fn issued_numbers_are_found() {
        assert_eq!(find_all("it is 219-45-6789."), [(DataKind::Ssn, "219-45-6789")]);
        assert_eq!(find_all("SSN: 219 45 6789"), [(DataKind::Ssn, "219 45 6789")]);
        assert_eq!(find_all("17,219-45-6789,3"), [(DataKind::Ssn, "219-45-6789")]);
        assert_eq!(find_all("1.0,219-45-6789.and more"), [(DataKind::Ssn, "219-45-6789")]);
        assert_eq!(find_all("my social security number is 219456789,"), [(DataKind::Ssn, "219456789")]);
    }

    #[test]
    fn other_numbers_are_not_found() {
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
            assert!(find_all(text).is_empty(), "{text}");
        }
        for text in ["2-219-45-6789", "219-45-6789-1", "219-45-67891", "a219-45-6789"] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }
}
