//! Detection of national identity numbers. Each region must be enabled: a single check digit accepts one in ten random
//! numbers.

mod checks;

use super::class;
use super::class::ALNUM;
use super::context;
use super::context::Topic;
use super::digit_groups::DigitGroup;
use super::digit_groups::DigitGroups;
use super::digit_groups::Separator;
use super::digit_groups::is_number_end;
use super::digit_groups::is_number_start;
use super::found::Match;
use super::kind::DataKind;
use super::region::Region;
use super::scan_context::ScanContext;
use super::view::TextView;

/// Returns the identity number that starts with the first of `groups` and consists of digits and separators.
pub(super) fn detect_numeric_id(scan: &ScanContext<'_, '_>, groups: &DigitGroups) -> Option<Match> {
    let text = scan.text;
    let all = groups.as_slice();
    if !scan.is_enabled(DataKind::NationalId) || !scan.has_regions() || !is_number_start(text, groups.start()) {
        return None;
    }
    let topic = text.topic(groups.start(), context::topic);
    if matches!(topic, Some(Topic::Other | Topic::Version | Topic::Card)) {
        return None;
    }
    (1..=all.len()).rev().find_map(|count| {
        let end = all[count - 1].end;
        if !is_number_end(text, end) || text.byte_at(end) == b'-' && text.has_class(end + 1, ALNUM) {
            return None;
        }
        let digits = groups.digits(text, count);
        let format =
            NumberFormat { digits: &digits, groups: &all[..count], has_keyword: topic == Some(Topic::NationalId) };
        scan.regions()
            .any(|region| checks::is_numeric_id(region, &format))
            .then(|| Match::new(groups.start(), end, DataKind::NationalId))
    })
}

/// The digits and grouping of a candidate.
struct NumberFormat<'a> {
    digits: &'a [u8],
    groups: &'a [DigitGroup],
    /// True if a keyword of a national identity number precedes the candidate.
    has_keyword: bool,
}

impl NumberFormat<'_> {
    /// Returns whether the groups have these lengths. A number without separators has one group.
    fn has_group_lengths(&self, lengths: &[usize]) -> bool {
        self.groups.iter().map(DigitGroup::len).eq(lengths.iter().copied())
    }

    fn is_ungrouped(&self) -> bool {
        self.groups.len() == 1
    }

    fn is_dashed(&self) -> bool {
        self.groups.last().is_some_and(|group| group.separator == Separator::Dash)
    }
}

/// Returns a British National Insurance number (NINO) with two letters and a blank before the digit at `at`:
/// `AB 12 34 56 C`.
pub(super) fn detect_spaced_nino(scan: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let start = scan.text.letters_start(at.checked_sub(1)?, 2)?;
    (scan.has_region(Region::Uk) && at - start == 3).then(|| detect_alphanumeric_id(scan, start)).flatten()
}

/// Returns the identity number of letters and digits that starts at `at`.
pub(super) fn detect_alphanumeric_id(scan: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scan.text;
    if !scan.has_regions()
        || !scan.is_enabled(DataKind::NationalId)
        || class::is_in(text.decoded_byte_before(at), ALNUM)
    {
        return None;
    }
    scan.regions().find_map(|region| {
        let lengths: &[usize] = match region {
            Region::Cn | Region::Mx => &[18],
            Region::Es | Region::Sg | Region::Uk => &[9],
            Region::Fi => &[11],
            Region::In => &[10],
            Region::It => &[16],
            _ => &[],
        };
        lengths.iter().find_map(|length| {
            let (symbols, end) = read_symbols(text, at, *length, region)?;
            checks::is_alphanumeric_id(region, &symbols).then(|| Match::new(at, end, DataKind::NationalId))
        })
    })
}

/// Returns the next `symbol_count` letters and digits in upper case, and their end. Skips blanks and hyphens for the
/// United Kingdom and Spain; includes the century sign (`-` or `+`) for Finland.
fn read_symbols(text: &TextView<'_>, at: usize, symbol_count: usize, region: Region) -> Option<(Vec<u8>, usize)> {
    let mut symbols = Vec::with_capacity(symbol_count);
    let mut position = at;
    while symbols.len() < symbol_count {
        match text.byte_at(position) {
            b' ' | b'-' if region == Region::Uk || region == Region::Es => {}
            sign @ (b'-' | b'+') if region == Region::Fi => symbols.push(sign),
            byte if class::is_in(byte, ALNUM) => symbols.push(byte.to_ascii_uppercase()),
            _ => return None,
        }
        position += 1;
        if position - at > 24 {
            return None;
        }
    }
    (!text.has_class(position, ALNUM)).then_some((symbols, position))
}

#[cfg(test)]
mod tests;
