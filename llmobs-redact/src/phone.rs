//! Detection of telephone numbers.
//!
//! A number consists of groups of digits with one separator between two groups: `415-555-2671` has three groups. A
//! telephone keyword is a word such as `call`, `Handynummer` or `fax` that announces or describes a telephone number.

mod numbering_plan;

use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::SPACE;
use super::context;
use super::context::Topic;
use super::digit_groups::DigitGroup;
use super::digit_groups::DigitGroups;
use super::digit_groups::Separator;
use super::digit_groups::is_number_start;
use super::found::Match;
use super::kind::DataKind;
use super::scan_context::ScanContext;
use super::view::TextView;

/// Returns the international number whose plus sign, or escape sequence of it, is at `at..end`. The sign and an
/// extension are part of the match.
///
/// Input:  `+49 30 1234567`, `+(49) 30 1234567`, `%2B49301234567`, `+49 30 1234567 ext. 12`
/// Output: `[PHONE]`
pub(super) fn detect_international(scan: &ScanContext<'_, '_>, at: usize, end: usize) -> Option<Match> {
    let text = scan.text;
    let before = text.decoded_byte_before(at);
    // After a letter, a digit or another plus sign. The `+` with which a diff marks a new line may precede the number.
    // Input:  `x+49 30 1234567`, `C++49 30 1234567`
    // Output: unchanged
    // Input:  `++49 30 1234567` at the start of a line
    // Output: `+[PHONE]`
    if class::is_in(before, ALNUM) || before == b'+' && !text.follows_line_sign(at) {
        return None;
    }
    let start = end + usize::from(text.byte_at(end) == b'(');
    let groups = DigitGroups::parse(text, start);
    let end = longest_match_end(text, &groups, numbering_plan::is_international)?;
    Some(Match::new(at, extension_end(text, end), DataKind::Phone))
}

/// Returns the number whose opening parenthesis is at `at`, before a digit or plus sign: `(415) 555-2671`. A
/// parenthesis must also follow the first group. The opening parenthesis and an extension are part of the match.
pub(super) fn detect_bracketed(scan: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scan.text;
    let before = text.decoded_byte_before(at);
    // Input:  `x(020) 7946 0958`
    // Output: unchanged
    if class::is_in(before, ALNUM) {
        return None;
    }
    let plus = text.byte_at(at + 1) == b'+';
    let groups = DigitGroups::parse(text, at + 1 + usize::from(plus));
    let all = groups.as_slice();
    let [area, second, ..] = all else { return None };
    if second.separator != Separator::Bracket || plus && text.byte_at(area.end) != b')' {
        return None;
    }
    let is_north_american = matches!(group_lengths(all)[..], [3, 3, 4, ..]) && all[2].separator != Separator::Bracket;
    let end = if plus {
        // Input:  `(+358) 9 1234567`
        // Output: `[PHONE]`
        longest_match_end(text, &groups, numbering_plan::is_international)?
    } else if is_north_american {
        // Input:  `(415) 555-2671`
        // Output: `[PHONE]`
        complete_number_end(text, all[2].end, true)?
    } else if area.len() <= 5 && (has_phone_keyword(text, at) || text.byte_at(area.start) == b'0') {
        // An area code of at most 5 digits that follows a telephone keyword or starts with zero; 8 to 12 digits in all.
        // Input:  `call (12) 345 678 90`, `(020) 7946 0958`
        // Output: `call [PHONE]`, `[PHONE]`
        // Input:  `(12) 345 678 90`
        // Output: unchanged
        longest_match_end(text, &groups, |digits| (8..=12).contains(&digits.len()))?
    } else {
        return None;
    };
    Some(Match::new(at, extension_end(text, end), DataKind::Phone))
}

/// Returns the number that starts with the first group: in North American format, with two zeros in place of the plus
/// sign, in the format of an enabled region, or next to a telephone keyword. Part of the match are an extension, a plus
/// sign directly before the first group, and an opening parenthesis there if the closing one follows the first group.
///
/// Input:  `+415-555-2671`, `call x(020) 7946 0958`
/// Output: `[PHONE]`, `call x[PHONE]`
pub(super) fn detect_national(scan: &ScanContext<'_, '_>, groups: &DigitGroups) -> Option<Match> {
    let text = scan.text;
    let start = groups.start();
    if !is_number_start(text, start) {
        return None;
    }
    let end = north_american_end(text, groups.as_slice())
        .or_else(|| double_zero_end(text, groups))
        .or_else(|| {
            longest_match_end(text, groups, |digits| {
                scan.regions().any(|region| numbering_plan::is_national(region, digits))
            })
        })
        .or_else(|| end_after_keyword(text, groups))
        .or_else(|| end_before_keyword(text, groups))?;
    let second = groups.as_slice().get(1);
    // An opening parenthesis of the second group shows that the one before the first group is not closed yet.
    let bracket = text.byte_before(start) == b'(' && second.is_some_and(|group| text.byte_before(group.start) != b'(');
    let sign =
        bracket && second.is_some_and(|group| group.separator == Separator::Bracket) || text.byte_before(start) == b'+';
    Some(Match::new(start - usize::from(sign), extension_end(text, end), DataKind::Phone))
}

/// Returns the end of a North American number: groups of 3 (area code), 3 (exchange) and 4 digits (line), after an
/// optional first group `1` or `001` (country code). The two separators between the three groups decide what else the
/// number needs.
fn north_american_end(text: &TextView<'_>, groups: &[DigitGroup]) -> Option<usize> {
    let (lead, rest) = match groups {
        [one, rest @ ..] if matches!(text.slice(one.start, one.end), b"1" | b"001") => (Some(one), rest),
        all => (None, all),
    };
    let [area, exchange, line, more @ ..] = rest else { return None };
    // Other lengths, or a slash after the country code.
    // Input:  `1/415-555-2671`
    // Output: unchanged
    if group_lengths(&rest[..3])[..] != [3, 3, 4] || lead.is_some_and(|_| area.separator == Separator::Slash) {
        return None;
    }
    let (first, second) = (text.byte_at(area.start), text.byte_at(exchange.start));
    let separators = (exchange.separator, line.separator);
    let has_valid_format = match separators {
        // A country code, or an area code that starts with 2 to 9 or is 123.
        // Input:  `415-555-2671`, `1-115-555-2671`, `123-456-7890`
        // Output: `[PHONE]`
        // Input:  `115-555-2671`
        // Output: unchanged
        (Separator::Dash | Separator::Bracket, Separator::Dash) => {
            lead.is_some() || first >= b'2' || is_sample_area_code(text, area)
        }
        // Input:  `1 (415) 555 2671`
        // Output: `[PHONE]`
        (Separator::Bracket, Separator::Blank | Separator::Dot) => true,
        // An area code and an exchange that start with 2 to 9.
        // Input:  `415/555-2671`, `415 555-2671`, `415.555.2671`
        // Output: `[PHONE]`
        // Input:  `415 155-2671`, `115.555.2671`
        // Output: unchanged
        (Separator::Slash | Separator::Blank, Separator::Dash) | (Separator::Dot, Separator::Dot) => {
            first >= b'2' && second >= b'2'
        }
        // A country code, an area code and an exchange that start with 2 to 9, and no further group; or a telephone
        // keyword before the number.
        // Input:  `1 415 555 2671`, `my cell is 415 555 2671`
        // Output: `[PHONE]`, `my cell is [PHONE]`
        // Input:  `415 555 2671`, `1 415 555 2671 33`
        // Output: unchanged
        (Separator::Blank, Separator::Blank) => {
            lead.is_some() && first >= b'2' && second >= b'2' && more.is_empty()
                || has_phone_keyword(text, groups[0].start)
        }
        // Input:  `415-555.2671`
        // Output: unchanged
        _ => false,
    };
    // `-`, `_` or `#` joins the number to a word that is not a telephone keyword.
    // Input:  `ID-415-555-0132`
    // Output: unchanged
    // Input:  `Tel-415-555-0132`
    // Output: `Tel-[PHONE]`
    let start = groups[0].start;
    let joined = matches!(text.byte_before(start), b'-' | b'_' | b'#')
        && class::is_in(text.byte_before(start - 1), ALNUM)
        && !has_phone_keyword(text, start);
    (has_valid_format && !joined).then(|| complete_number_end(text, line.end, true)).flatten()
}

/// Returns whether the area code is 123, which samples like `123-456-7890` use.
fn is_sample_area_code(text: &TextView<'_>, area: &DigitGroup) -> bool {
    text.slice(area.start, area.end) == b"123"
}

/// Returns the end of an international number with two zeros in place of the plus sign. The first group contains the
/// zeros and a country code of 1 to 3 digits, or the whole number.
///
/// Input:  `0049 30 1234567`, `00491712345678`
/// Output: `[PHONE]`
fn double_zero_end(text: &TextView<'_>, groups: &DigitGroups) -> Option<usize> {
    let [first, rest @ ..] = groups.as_slice() else { return None };
    let start = first.start;
    let Some(second) = rest.first() else { return ungrouped_double_zero_end(text, first) };
    let zeros = text.slice(first.start, first.end).starts_with(b"00") && (3..=5).contains(&first.len());
    // Input:  `0049.30.1234567`
    // Output: unchanged
    let parted = second.separator != Separator::Dot;
    // Excludes the middle of a longer sequence of groups: the `005` here.
    // Input:  `2 101 005 33 000 12`
    // Output: unchanged
    let first_of_all = text.byte_before(start) != b' ' || !class::is_in(text.byte_before(start - 1), DIGIT);
    (zeros && parted && first_of_all)
        .then(|| longest_match_end(text, groups, |digits| numbering_plan::is_international(&digits[2..])))
        .flatten()
}

/// Returns the end of an international number of one group: two zeros and 10 to 13 more digits. Excludes country codes
/// that start with 1 or 2, because identifiers that are padded with zeros often continue with these digits. Excludes
/// numbers after a keyword for other numbers (`Topic::Other`) or for versions.
///
/// Input:  `00491712345678`
/// Output: `[PHONE]`
/// Input:  `002007999000043`, `order 00491712345678`
/// Output: unchanged
fn ungrouped_double_zero_end(text: &TextView<'_>, run: &DigitGroup) -> Option<usize> {
    let digits = text.slice(run.start, run.end);
    let has_valid_format =
        (12..=15).contains(&digits.len()) && digits.starts_with(b"00") && matches!(digits[2], b'3'..=b'9');
    let other = matches!(text.topic(run.start, context::topic), Some(Topic::Other | Topic::Version));
    (has_valid_format && !other && numbering_plan::is_international(&digits[2..]))
        .then(|| complete_number_end(text, run.end, false))
        .flatten()
}

/// Returns the end of a number after a telephone keyword: 7 to 15 digits that are not all equal.
///
/// Input:  `call me at 020 7946 0958`
/// Output: `call me at [PHONE]`
/// Input:  `phone 0000000`
/// Output: unchanged
fn end_after_keyword(text: &TextView<'_>, groups: &DigitGroups) -> Option<usize> {
    let start = groups.start();
    // `-`, `/`, `_` or `#` joins the number to a word.
    // Input:  `phone AB-1234567`
    // Output: unchanged
    let joined = matches!(text.byte_before(start), b'-' | b'/' | b'_' | b'#')
        && class::is_in(text.byte_before(start.max(1) - 1), ALNUM);
    let parts = groups.as_slice();
    // An IPv4 address.
    // Input:  `call 10.20.30.40`
    // Output: `None`
    let address = parts.len() == 4
        && parts[1..].iter().all(|group| group.separator == Separator::Dot)
        && std::str::from_utf8(text.slice(start, parts[3].end))
            .is_ok_and(|it| it.parse::<std::net::Ipv4Addr>().is_ok());
    if joined || address || !has_phone_keyword(text, start) || is_date(text, groups.as_slice()) {
        return None;
    }
    longest_match_end(text, groups, |digits| (7..=15).contains(&digits.len()) && class::distinct_bytes(digits) > 1)
}

/// Returns whether the last keyword of any topic in the 64 bytes before `start` is a telephone keyword that applies to
/// the text at `start`.
///
/// Input:  `call me at `
/// Output: true
/// Input:  `call about order `
/// Output: false
fn has_phone_keyword(text: &TextView<'_>, start: usize) -> bool {
    text.topic(start, context::topic) == Some(Topic::Phone)
}

/// Returns the end of a number before a telephone keyword, as in a signature: 7 to 15 digits that are not all equal. A
/// number of one group that does not start with zero needs 8 digits. The text, the line, the table cell or the
/// parenthesis must end after the keyword; a comma or semicolon may follow it if the number has several groups or
/// starts with zero.
///
/// Input:  `020 7946 0958 (office)`, `42465418 work` + newline, `020 7946 0958 mobile, then`
/// Output: `[PHONE] (office)`, `[PHONE] work` + newline, `[PHONE] mobile, then`
/// Input:  `020 7946 0958 mobile users`, `1234567 work`, `42465418 mobile, then`
/// Output: unchanged
fn end_before_keyword(text: &TextView<'_>, groups: &DigitGroups) -> Option<usize> {
    let parted = groups.as_slice().len() > 1 || text.byte_at(groups.start()) == b'0';
    if !parted && groups.digit_count() < 8 || is_date(text, groups.as_slice()) {
        return None;
    }
    let end = longest_match_end(text, groups, |digits| {
        (7..=15).contains(&digits.len()) && class::distinct_bytes(digits) > 1
    })?;
    let blank = text.skip_blanks(end);
    let word = blank + usize::from(matches!(text.byte_at(blank), b'-' | b'('));
    let word = text.skip_blanks(word);
    let name = [&b"office"[..], b"fax", b"mobile", b"cell", b"home", b"work", b"phone"]
        .into_iter()
        .find(|name| word > end && text.starts_with_at(word, name))?;
    let name_end = word + name.len();
    // 0 is the end of the text, and a backslash starts the escape sequence of a newline.
    let closes = matches!(text.byte_at(name_end), 0 | b'\n' | b'\r' | b'\\' | b')' | b'|')
        || parted && matches!(text.byte_at(name_end), b',' | b';');
    (closes && text.slice(end, word).iter().all(|byte| *byte != b'\n')).then_some(end)
}

/// Returns whether the groups begin with a date or a range of years. Years are 1900 to 2099. Separators and the ranges
/// of days and months do not matter.
///
/// Input:  `2024-01-15 10`, `15.01.2024`, `2012-2014`
/// Output: true
/// Input:  `1830-1840`
/// Output: false
fn is_date(text: &TextView<'_>, groups: &[DigitGroup]) -> bool {
    let year = |group: &DigitGroup| matches!(text.slice(group.start, group.start + 2), b"19" | b"20");
    match (&group_lengths(groups)[..], groups) {
        ([4, 1..=2, 1..=2, ..], [first, ..]) => year(first),
        ([4, 4, ..], [first, second, ..]) => year(first) && year(second),
        ([1..=2, 1..=2, 4, ..], [_, _, third, ..]) => year(third),
        _ => false,
    }
}

/// Returns the end of the longest sequence of groups, from the first group on, that `fits` accepts. `fits` receives the
/// digits of a sequence, at most 17, without separators and without a trunk prefix `(0)`. A sequence is skipped if it
/// ends in a fraction, or if a number or word continues after it.
///
/// Input:  `+44 (0)20 7946 0958 2024`, from the first group `44`; `fits` accepts `442079460958` only
/// Output: the position after `0958`
fn longest_match_end(text: &TextView<'_>, groups: &DigitGroups, fits: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let all = groups.as_slice();
    (1..=all.len()).rev().find_map(|count| {
        if has_fraction(text, &all[..count]) {
            return None;
        }
        let mut digits = Vec::with_capacity(16);
        for (index, group) in all[..count].iter().enumerate() {
            let digits_of_group = text.slice(group.start, group.end);
            // The trunk prefix of `+44 (0)20 7946 0958` is dialled only within the country.
            let trunk = index > 0 && digits_of_group == b"0" && group.separator == Separator::Bracket;
            digits.extend_from_slice(if trunk { b"" } else { digits_of_group });
        }
        let end = complete_number_end(text, all[count - 1].end, count > 1)?;
        (digits.len() <= 17 && fits(&digits)).then_some(end)
    })
}

/// Returns whether the last group is a fraction after a dot: it has one digit, or it is the second of two groups, and
/// the first has at least 5 digits and does not start with zero.
///
/// Input:  `+35236450.6`, `415.555.2`, `1234567.89`
/// Output: true
/// Input:  `01512.3456789`, `5123.4567`
/// Output: false
fn has_fraction(text: &TextView<'_>, groups: &[DigitGroup]) -> bool {
    let [first, .., last] = groups else { return false };
    let number = groups.len() == 2 && first.len() > 4 && text.byte_at(first.start) != b'0';
    last.separator == Separator::Dot && (last.len() < 2 || number)
}

/// Returns `end` if no number or word continues there. An extension may follow. `grouped` is set for a number with
/// several groups.
fn complete_number_end(text: &TextView<'_>, end: usize, grouped: bool) -> Option<usize> {
    let glued = match text.byte_at(end) {
        // One or two digits after the comma are the fraction of a number of one group, unless `,`, `.`, `:` or `;`
        // follows them. Other commas start the next cell of a table.
        // Input:  `+442079460958,5`
        // Output: `None`
        // Input:  `+442079460958,17,x`, `+442079460958,820`, `+44 20 7946 0958,5`
        // Output: `end`
        b',' => {
            let stop = text.bounded_run_end(DIGIT, end + 1, 3);
            !grouped && (end + 2..=end + 3).contains(&stop) && !matches!(text.byte_at(stop), b',' | b'.' | b':' | b';')
        }
        // Input:  `+442079460958-1`
        // Output: `None`
        b'-' | b'.' => text.has_class(end + 1, DIGIT),
        // `%` before a letter or digit continues the word, except an escape sequence of another character.
        // Input:  `+442079460958%41`, `+442079460958%x`
        // Output: `None`
        // Input:  `+442079460958%20x`, `+442079460958% x`
        // Output: `end`
        b'%' => text.escape_at(end).is_none_or(|(byte, _)| class::is_in(byte, ALNUM)) && text.has_class(end + 1, ALNUM),
        // Input:  `+442079460958@example.com`, `+442079460958:8080`
        // Output: `None`
        b'@' | b':' => text.has_class(end + 1, ALNUM),
        // Input:  `+442079460958x12`
        // Output: `end`
        // Input:  `+442079460958e12`
        // Output: `None`
        b'x' | b'e' => extension_end(text, end) == end,
        byte => class::is_in(byte, ALNUM),
    };
    (!glued).then_some(end)
}

/// Returns the end of an extension of 1 to 7 digits after a number that ends at `end`. Returns `end` without one.
///
/// Input:  `x123`, ` ext. 123`, `, ext 123`, `; int: 123`
/// Output: the position after `123`
/// Input:  ` ext 12345678`, ` ext 12a`
/// Output: `end`
fn extension_end(text: &TextView<'_>, end: usize) -> usize {
    let comma = text.skip_blanks(end);
    let comma = if matches!(text.byte_at(comma), b',' | b';') { comma + 1 } else { end };
    let word = text.bounded_run_end(SPACE, comma, 2);
    let names = [&b"extension"[..], b"extn.", b"extn", b"ext.", b"ext", b"int.", b"int", b"x"];
    let name = names.into_iter().find(|name| text.starts_with_at(word, name));
    let Some(name) = name else { return end };
    let sign = word + name.len();
    let sign = sign + usize::from(text.byte_at(sign) == b':');
    let digits = text.bounded_run_end(SPACE, sign, 4);
    let stop = text.bounded_run_end(DIGIT, digits, 7);
    if stop > digits && !text.has_class(stop, ALNUM) { stop } else { end }
}

/// Returns the number of digits of each group.
fn group_lengths(groups: &[DigitGroup]) -> Vec<usize> {
    groups.iter().map(DigitGroup::len).collect()
}

#[cfg(test)]
mod tests;
