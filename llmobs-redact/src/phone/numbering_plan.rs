//! National number lengths of the telephone numbering plans.

use super::super::class;
use super::super::region::Region;

/// Returns whether the digits after a plus sign are a country calling code and a number of a valid length for it.
pub(super) fn is_international(digits: &[u8]) -> bool {
    if digits.first() == Some(&b'0') {
        return false;
    }
    let Some(code) = (1..=3.min(digits.len())).find_map(|length| {
        let code = digits[..length].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        CALLING_CODES.binary_search_by_key(&code, |(known, ..)| *known).ok().map(|index| (length, CALLING_CODES[index]))
    }) else {
        return false;
    };
    let (length, (code, least, most)) = code;
    let rest = &digits[length..];
    let is_valid_area = code != 1 || rest.first().is_some_and(|digit| *digit >= b'2');
    // Does not count a trunk prefix that was written by mistake: `+49 0 30 ..`. In Italy, the zero belongs to the
    // number.
    let national_length =
        rest.len() - usize::from(rest.first() == Some(&b'0') && code != 39 && rest.len() > usize::from(least));
    is_valid_area
        && (usize::from(least)..=usize::from(most)).contains(&national_length)
        && class::distinct_bytes(rest) > 1
}

/// Returns whether the digits have the national format of a region.
pub(super) fn is_national(region: Region, digits: &[u8]) -> bool {
    let has_format = |lead: &[u8], least: usize, most: usize| {
        digits.starts_with(lead) && (least..=most).contains(&digits.len()) && class::distinct_bytes(digits) > 2
    };
    match region {
        Region::Au => has_format(b"0", 10, 10) || has_format(b"1300", 10, 10),
        Region::Be | Region::Ch | Region::Nl | Region::Se => has_format(b"0", 9, 10),
        Region::Br => digits.len() == 11 && digits[2] == b'9' || digits.len() == 10 && matches!(digits[2], b'2'..=b'5'),
        Region::Ca | Region::Us => digits.len() == 10 && digits[0] >= b'2' && digits[3] >= b'2',
        Region::Cn => digits.len() == 11 && digits[0] == b'1' && digits[1] >= b'3' || has_format(b"0", 10, 12),
        Region::De => has_format(b"0", 9, 13) && digits.get(1).is_some_and(|digit| *digit != b'0'),
        Region::Dk | Region::No => digits.len() == 8 && digits[0] >= b'2',
        Region::Es => digits.len() == 9 && digits[0] >= b'6',
        Region::Fi => has_format(b"0", 8, 11),
        Region::Fr => has_format(b"0", 10, 10) && digits[1] != b'0',
        Region::In => digits.len() == 10 && digits[0] >= b'6' || has_format(b"0", 11, 11),
        Region::It => digits.len() == 10 && digits[0] == b'3' || has_format(b"0", 8, 11),
        Region::Jp => has_format(b"0", 10, 11),
        Region::Kr => has_format(b"0", 9, 11),
        Region::Mx => digits.len() == 10 && digits[0] >= b'2',
        Region::Pl => digits.len() == 9 && digits[0] >= b'1',
        Region::Sg => digits.len() == 8 && matches!(digits[0], b'3' | b'6' | b'8' | b'9'),
        Region::Uk => has_format(b"0", 10, 11) && digits[1] != b'0',
    }
}

/// Calling code, minimum and maximum number of digits after it, from the ITU numbering plans (E.164).
const CALLING_CODES: &[(u16, u8, u8)] = &[
    (1, 10, 10),
    (7, 10, 10),
    (20, 8, 10),
    (27, 9, 10),
    (30, 10, 10),
    (31, 7, 11),
    (32, 8, 9),
    (33, 9, 9),
    (34, 9, 9),
    (36, 8, 9),
    (39, 6, 12),
    (40, 9, 9),
    (41, 9, 12),
    (43, 6, 13),
    (44, 7, 10),
    (45, 8, 8),
    (46, 6, 10),
    (47, 8, 8),
    (48, 7, 10),
    (49, 6, 14),
    (51, 8, 9),
    (52, 10, 11),
    (53, 6, 10),
    (54, 10, 11),
    (55, 9, 11),
    (56, 9, 11),
    (57, 8, 11),
    (58, 10, 10),
    (60, 8, 10),
    (61, 7, 10),
    (62, 7, 12),
    (63, 8, 13),
    (64, 8, 10),
    (65, 8, 11),
    (66, 8, 13),
    (81, 8, 11),
    (82, 8, 11),
    (84, 8, 10),
    (86, 7, 12),
    (90, 10, 10),
    (91, 8, 13),
    (92, 8, 12),
    (93, 9, 9),
    (94, 9, 9),
    (95, 6, 10),
    (98, 8, 10),
    (211, 9, 9),
    (212, 9, 9),
    (213, 8, 9),
    (216, 8, 8),
    (218, 9, 9),
    (220, 7, 9),
    (221, 9, 9),
    (222, 8, 8),
    (223, 8, 8),
    (224, 8, 9),
    (225, 8, 10),
    (226, 8, 8),
    (227, 8, 8),
    (228, 8, 8),
    (229, 8, 10),
    (230, 7, 10),
    (231, 7, 9),
    (232, 8, 8),
    (233, 8, 9),
    (234, 8, 11),
    (235, 8, 8),
    (236, 8, 8),
    (237, 8, 9),
    (238, 7, 7),
    (239, 7, 7),
    (240, 9, 9),
    (241, 7, 8),
    (242, 9, 9),
    (243, 7, 10),
    (244, 9, 9),
    (245, 7, 9),
    (246, 7, 7),
    (247, 5, 6),
    (248, 7, 7),
    (249, 9, 9),
    (250, 8, 9),
    (251, 9, 9),
    (252, 7, 9),
    (253, 8, 8),
    (254, 7, 10),
    (255, 9, 9),
    (256, 9, 9),
    (257, 8, 8),
    (258, 8, 9),
    (260, 9, 9),
    (261, 9, 9),
    (262, 9, 9),
    (263, 7, 10),
    (264, 8, 9),
    (265, 7, 9),
    (266, 8, 8),
    (267, 7, 10),
    (268, 8, 9),
    (269, 7, 7),
    (290, 4, 5),
    (291, 7, 7),
    (297, 7, 7),
    (298, 6, 6),
    (299, 6, 6),
    (350, 8, 8),
    (351, 9, 9),
    (352, 6, 11),
    (353, 7, 10),
    (354, 7, 9),
    (355, 7, 9),
    (356, 8, 8),
    (357, 8, 8),
    (358, 6, 12),
    (359, 7, 9),
    (370, 8, 8),
    (371, 8, 8),
    (372, 7, 10),
    (373, 8, 8),
    (374, 8, 8),
    (375, 9, 11),
    (376, 6, 9),
    (377, 8, 9),
    (378, 8, 10),
    (380, 9, 10),
    (381, 7, 12),
    (382, 8, 9),
    (383, 8, 12),
    (385, 7, 9),
    (386, 7, 8),
    (387, 8, 9),
    (389, 8, 8),
    (420, 9, 12),
    (421, 9, 9),
    (423, 7, 9),
    (500, 5, 5),
    (501, 7, 11),
    (502, 8, 11),
    (503, 7, 11),
    (504, 8, 11),
    (505, 8, 8),
    (506, 8, 10),
    (507, 7, 11),
    (508, 6, 9),
    (509, 8, 8),
    (590, 9, 9),
    (591, 8, 9),
    (592, 7, 7),
    (593, 8, 11),
    (594, 9, 9),
    (595, 7, 11),
    (596, 9, 9),
    (597, 6, 7),
    (598, 7, 13),
    (599, 7, 8),
    (670, 7, 8),
    (672, 6, 6),
    (673, 7, 7),
    (674, 7, 7),
    (675, 7, 8),
    (676, 5, 7),
    (677, 5, 7),
    (678, 5, 7),
    (679, 7, 11),
    (680, 7, 7),
    (681, 6, 9),
    (682, 5, 5),
    (683, 4, 7),
    (685, 5, 10),
    (686, 5, 8),
    (687, 6, 6),
    (688, 5, 7),
    (689, 8, 9),
    (690, 4, 7),
    (691, 7, 7),
    (692, 7, 7),
    (800, 8, 8),
    (808, 8, 8),
    (850, 8, 10),
    (852, 8, 9),
    (853, 7, 8),
    (855, 8, 10),
    (856, 8, 10),
    (870, 9, 12),
    (880, 6, 10),
    (881, 9, 10),
    (882, 7, 12),
    (883, 8, 12),
    (886, 8, 11),
    (960, 7, 10),
    (961, 7, 8),
    (962, 8, 9),
    (963, 8, 9),
    (964, 8, 10),
    (965, 7, 8),
    (966, 9, 10),
    (967, 7, 9),
    (968, 8, 9),
    (970, 8, 10),
    (971, 8, 12),
    (972, 8, 12),
    (973, 8, 8),
    (974, 7, 11),
    (975, 7, 8),
    (976, 8, 10),
    (977, 8, 11),
    (979, 9, 9),
    (992, 9, 9),
    (993, 8, 8),
    (994, 9, 9),
    (995, 9, 9),
    (996, 9, 10),
    (998, 9, 9),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calling_codes_are_sorted_and_none_is_a_prefix_of_another() {
        assert!(CALLING_CODES.is_sorted_by_key(|(code, ..)| *code));
        let known = |code: u16| CALLING_CODES.iter().any(|(known, ..)| *known == code);
        assert!(
            CALLING_CODES.iter().all(|(code, ..)| !(*code > 9 && known(code / 10) || *code > 99 && known(code / 100)))
        );
        assert!(CALLING_CODES.iter().all(|(_, least, most)| least <= most));
    }

    #[test]
    fn number_has_a_calling_code_and_a_length_of_its_country() {
        for number in ["14155552671", "442079460958", "4930123456", "390612345678", "8613800138000", "27821234567"] {
            assert!(is_international(number.as_bytes()), "{number}");
        }
        for number in ["1234567890", "44", "0491234567", "999123456789", "4400000000", "12025550", "515074", ""] {
            assert!(!is_international(number.as_bytes()), "{number}");
        }
    }
}
