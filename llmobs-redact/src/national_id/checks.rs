//! Check digits and formats of the identity numbers of each region.

use super::super::checksum::iso7064_mod_11_10;
use super::super::checksum::luhn;
use super::super::checksum::remainder;
use super::super::checksum::verhoeff;
use super::super::checksum::weighted_sum;
use super::super::class;
use super::super::class::ALPHA;
use super::super::class::DIGIT;
use super::NumberFormat;
use super::Region;

/// Returns whether the digits are an identity number of `region`.
pub(super) fn is_numeric_id(region: Region, format: &NumberFormat<'_>) -> bool {
    let digits = format.digits;
    let length = digits.len();
    if class::distinct_bytes(digits) < 3 {
        return false;
    }
    match region {
        Region::Au => length == 9 && is_australian_tfn(digits) || length == 10 && is_australian_medicare(digits),
        Region::Be => length == 11 && is_month_day(&digits[2..6], true) && is_belgian_register_number(digits),
        Region::Br => length == 11 && is_cpf_or_cnpj(digits, 9) || length == 14 && is_cpf_or_cnpj(digits, 12),
        Region::Ca => {
            length == 9
                && (format.has_group_lengths(&[3, 3, 3]) || format.has_keyword)
                && digits[0] != b'0'
                && luhn(digits)
        }
        Region::Ch => length == 13 && digits.starts_with(b"756") && is_ean13(digits),
        Region::Cn => length == 18 && is_chinese_resident_id(digits),
        Region::De => {
            length == 11 && digits[0] != b'0' && iso7064_mod_11_10(digits) && has_steuer_id_repeat(&digits[..10])
        }
        Region::Dk => {
            length == 10 && is_day_month(&digits[..4]) && (format.has_group_lengths(&[6, 4]) || format.has_keyword)
        }
        Region::Fr => length == 15 && matches!(digits[0], b'1'..=b'4' | b'7' | b'8') && is_french_nir(digits),
        Region::In => length == 12 && digits[0] >= b'2' && verhoeff(digits),
        Region::Jp => length == 12 && is_japanese_my_number(digits),
        Region::Kr => {
            length == 13
                && format.has_group_lengths(&[6, 7])
                && format.is_dashed()
                && is_month_day(&digits[2..6], false)
                && matches!(digits[6], b'1'..=b'8')
        }
        Region::Nl => length == 9 && passes_dutch_eleven_test(digits) && (format.is_ungrouped() || format.has_keyword),
        Region::No => length == 11 && is_day_month(&digits[..4]) && is_norwegian_id(digits),
        Region::Pl => {
            length == 11
                && weighted_sum(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
                && is_pesel_date(digits)
        }
        Region::Se => is_personnummer(digits, format),
        Region::Uk => {
            length == 10 && (format.has_group_lengths(&[3, 3, 4]) || format.has_keyword) && is_nhs_number(digits)
        }
        Region::Us => length == 9 && format.has_group_lengths(&[3, 2, 4]) && format.is_dashed() && is_itin(digits),
        Region::Es | Region::Fi | Region::It | Region::Mx | Region::Sg => false,
    }
}

/// Returns whether letters and digits are an identity number of `region`. The letters must be in upper case.
pub(super) fn is_alphanumeric_id(region: Region, symbols: &[u8]) -> bool {
    match region {
        Region::Cn => class::all_in(&symbols[..17], DIGIT) && symbols[17] == b'X' && is_chinese_resident_id(symbols),
        Region::Es => is_spanish_dni(symbols),
        Region::Fi => is_finnish_hetu(symbols),
        Region::In => matches_pattern(symbols, b"AAAAA0000A") && b"ABCFGHJLPT".contains(&symbols[3]),
        Region::It => is_codice_fiscale(symbols),
        Region::Mx => {
            matches_pattern(symbols, b"AAAA000000AAAAAA**")
                && matches!(symbols[10], b'H' | b'M' | b'X')
                && is_month_day(&symbols[6..10], false)
        }
        Region::Sg => is_singapore_nric(symbols),
        Region::Uk => matches_pattern(symbols, b"AA000000A") && is_uk_nino(symbols),
        _ => false,
    }
}

/// Returns whether symbols match `pattern`: letters (`A`), digits (`0`) or either (`*`).
fn matches_pattern(symbols: &[u8], pattern: &[u8]) -> bool {
    symbols.len() == pattern.len()
        && symbols.iter().zip(pattern).all(|(symbol, expected)| match expected {
            b'A' => class::is_in(*symbol, ALPHA),
            b'0' => class::is_in(*symbol, DIGIT),
            _ => true,
        })
}

fn two_digits(digits: &[u8]) -> u32 {
    u32::from(digits[0] - b'0') * 10 + u32::from(digits[1] - b'0')
}

fn last_digit(digits: &[u8]) -> u32 {
    digits.last().map_or(0, |digit| u32::from(digit - b'0'))
}

/// Returns whether the digits are a month and a day. With `unknown`, zeros are valid, as in registers with unknown
/// dates.
fn is_month_day(digits: &[u8], unknown: bool) -> bool {
    let (month, day) = (two_digits(digits), two_digits(&digits[2..]));
    (1..=12).contains(&month) && (1..=31).contains(&day) || unknown && month <= 12 && day <= 31
}

fn is_day_month(digits: &[u8]) -> bool {
    // Norway adds 40 to the day or the month of some numbers.
    let (day, month) = (two_digits(digits), two_digits(&digits[2..]));
    (1..=31).contains(&(day % 40)) && (1..=12).contains(&(month % 40))
}

/// Returns whether the digits start with a date of a PESEL, which encodes the century in the month.
fn is_pesel_date(digits: &[u8]) -> bool {
    (1..=12).contains(&(two_digits(&digits[2..]) % 20)) && (1..=31).contains(&two_digits(&digits[4..]))
}

fn is_australian_tfn(digits: &[u8]) -> bool {
    weighted_sum(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

fn is_australian_medicare(digits: &[u8]) -> bool {
    matches!(digits[0], b'2'..=b'6') && weighted_sum(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == last_digit(&digits[..9])
}

fn is_belgian_register_number(digits: &[u8]) -> bool {
    let check = remainder(&digits[9..], 100);
    let young = remainder(&[b"2", &digits[..9]].concat(), 97);
    97 - remainder(&digits[..9], 97) == check || 97 - young == check
}

fn is_cpf_or_cnpj(digits: &[u8], body: usize) -> bool {
    let check = |length: usize| {
        let weights = (0..length).map(|at| {
            let weight = length + 1 - at;
            u32::try_from(if body == 9 { weight } else { (weight - 2) % 8 + 2 }).unwrap_or_default()
        });
        let sum = weighted_sum(&digits[..length], &weights.collect::<Vec<_>>());
        let rest = sum * 10 % 11 % 10;
        rest == u32::from(digits[length] - b'0')
    };
    check(body) && check(body + 1)
}

fn is_ean13(digits: &[u8]) -> bool {
    weighted_sum(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

fn is_chinese_resident_id(symbols: &[u8]) -> bool {
    let sum = weighted_sum(&symbols[..17], &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let year = matches!(&symbols[6..8], b"18" | b"19" | b"20");
    year && is_month_day(&symbols[10..14], false) && b"10X98765432".get(sum as usize % 11) == symbols.get(17)
}

/// Returns whether exactly one digit occurs two or three times, and no digit more often. The first ten digits of a
/// German tax number have this property.
fn has_steuer_id_repeat(digits: &[u8]) -> bool {
    let counts = (b'0'..=b'9').map(|digit| digits.iter().filter(|seen| **seen == digit).count());
    let counts: Vec<usize> = counts.collect();
    counts.iter().filter(|count| **count > 1).count() == 1 && counts.iter().all(|count| *count <= 3)
}

fn is_french_nir(digits: &[u8]) -> bool {
    let month = two_digits(&digits[3..]);
    (matches!(month, 1..=12 | 20..=42) || month >= 50)
        && 97 - remainder(&digits[..13], 97) == remainder(&digits[13..], 100)
}

fn is_japanese_my_number(digits: &[u8]) -> bool {
    let rest = weighted_sum(&digits[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    last_digit(digits) == if rest <= 1 { 0 } else { 11 - rest }
}

fn passes_dutch_eleven_test(digits: &[u8]) -> bool {
    let sum = weighted_sum(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum > 0 && sum % 11 == last_digit(digits)
}

fn is_norwegian_id(digits: &[u8]) -> bool {
    weighted_sum(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted_sum(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

fn is_personnummer(digits: &[u8], format: &NumberFormat<'_>) -> bool {
    let ten = match digits.len() {
        10 => digits,
        12 if matches!(&digits[..2], b"18" | b"19" | b"20") => &digits[2..],
        _ => return false,
    };
    let written = format.has_group_lengths(&[6, 4]) || format.has_group_lengths(&[8, 4]) || format.has_keyword;
    let day = (1..=12).contains(&two_digits(&ten[2..])) && (1..=31).contains(&(two_digits(&ten[4..]) % 60));
    written && day && luhn(ten)
}

fn is_nhs_number(digits: &[u8]) -> bool {
    let check = 11 - weighted_sum(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check != 10 && check % 11 == last_digit(digits)
}

fn is_itin(digits: &[u8]) -> bool {
    digits[0] == b'9' && matches!(two_digits(&digits[3..]), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

fn is_spanish_dni(symbols: &[u8]) -> bool {
    let head = match symbols[0] {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        digit @ b'0'..=b'9' => digit,
        _ => return false,
    };
    let digits = [&[head], &symbols[1..8]].concat();
    class::all_in(&digits, DIGIT)
        && usize::try_from(remainder(&digits, 23)).is_ok_and(|rest| b"TRWAGMYFPDXBNJZSQVHLCKE"[rest] == symbols[8])
}

fn is_finnish_hetu(symbols: &[u8]) -> bool {
    let digits = [&symbols[..6], &symbols[7..10]].concat();
    let century = matches!(symbols[6], b'-' | b'+' | b'A'..=b'F' | b'U'..=b'Y');
    class::all_in(&digits, DIGIT)
        && century
        && is_day_month(&digits[..4])
        && usize::try_from(remainder(&digits, 31))
            .is_ok_and(|rest| b"0123456789ABCDEFHJKLMNPRSTUVWXY"[rest] == symbols[10])
}

fn is_codice_fiscale(symbols: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    if !matches_pattern(symbols, b"AAAAAA**A**A***A") || !b"ABCDEHLMPRST".contains(&symbols[8]) {
        return false;
    }
    let sum: u32 = symbols[..15]
        .iter()
        .enumerate()
        .map(|(index, symbol)| {
            let value = if class::is_in(*symbol, DIGIT) { symbol - b'0' } else { symbol - b'A' };
            if index % 2 == 0 { ODD[usize::from(value)] } else { u32::from(value) }
        })
        .sum();
    u32::from(symbols[15] - b'A') == sum % 26
}

fn is_singapore_nric(symbols: &[u8]) -> bool {
    if !matches_pattern(symbols, b"A0000000A") {
        return false;
    }
    let sum = weighted_sum(&symbols[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    let (extra, letters): (u32, &[u8; 11]) = match symbols[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let index = ((sum + extra) % 11) as usize;
    letters[if symbols[0] == b'M' { 10 - index } else { index }] == symbols[8]
}

fn is_uk_nino(symbols: &[u8]) -> bool {
    let (first, second) = (symbols[0], symbols[1]);
    let unused = b"DFIQUV";
    let pair = [first, second];
    !unused.contains(&first)
        && !unused.contains(&second)
        && second != b'O'
        && ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&pair)
        && matches!(symbols[8], b'A'..=b'D')
}
