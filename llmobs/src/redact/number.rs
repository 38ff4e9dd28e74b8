//! Detection of data that starts with a digit.

use super::card;
use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::DOT;
use super::class::HEX;
use super::crypto_address;
use super::found::Detection;
use super::found::Match;
use super::iban;
use super::key;
use super::kind::DataKind;
use super::network;
use super::phone;
use super::prefilter::ScanContext;
use super::region;
use super::ssn;
use super::view::RunClass;
use super::view::TextView;

/// Returns the match at the digit at `at`, or the position after its digits.
pub(super) fn detect(scan: &ScanContext<'_, '_>, at: usize) -> Detection {
    let text = scan.text;
    if let Some(end) = text.escape_end(at) {
        return Detection::none(end);
    }
    let end = text.run_end(RunClass::Digit, at);
    let matched = match text.decoded_byte_before(at) {
        byte if class::is_in(byte, ALPHA) => detect_lettered(scan, at),
        byte if class::is_in(byte, DIGIT) => None,
        byte => {
            let inside = matches!(byte, b':' | b'-' | b'.') && class::is_in(text.byte_before(at - 1), HEX);
            let around = || inside.then(|| network::detect_around(scan, at)).flatten();
            let spaced = || (byte == b' ').then(|| region::detect_spaced_nino(scan, at)).flatten();
            around()
                .or_else(spaced)
                .or_else(|| region::detect_alphanumeric_id(scan, at))
                .or_else(|| detect_mixed(scan, at, end))
                .or_else(|| detect_digits(scan, &DigitGroups::parse(text, at)))
        }
    };
    matched.map_or_else(|| Detection::none(end), Detection::from)
}

/// Returns the match of a word whose first digit, at `at`, follows letters.
fn detect_lettered(scan: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scan.text;
    let start = text.letters_start(at, MAX_LETTERS_BEFORE_DIGIT)?;
    let iban = at - start == 2 && scan.is_enabled(DataKind::Iban);
    iban.then(|| iban::detect(text, start))
        .flatten()
        .or_else(|| scan.is_enabled(DataKind::Crypto).then(|| crypto_address::detect_lettered(text, start)).flatten())
        .or_else(|| region::detect_alphanumeric_id(scan, start))
        .or_else(|| network::detect_around(scan, at))
}

/// Maximum number of letters before the first digit of a word.
const MAX_LETTERS_BEFORE_DIGIT: usize = 24;

/// Returns the match of a word with letters or signs among its digits.
fn detect_mixed(scan: &ScanContext<'_, '_>, at: usize, end: usize) -> Option<Match> {
    let text = scan.text;
    match text.byte_at(end) {
        b'x' | b'X' if end - at == 1 => {
            scan.is_enabled(DataKind::Crypto).then(|| crypto_address::detect_ethereum(text, at)).flatten()
        }
        b':' | b'-' | b'.' => scan
            .is_enabled(DataKind::Mac)
            .then(|| network::detect_mac(text, at))
            .flatten()
            .or_else(|| scan.is_enabled(DataKind::Ip).then(|| network::detect_ipv6(text, at)).flatten())
            .or_else(|| scan.is_enabled(DataKind::Ip).then(|| network::detect_ipv4(text, at, end)).flatten())
            .or_else(|| scan.is_enabled(DataKind::ApiKey).then(|| key::detect_telegram(text, at, end)).flatten()),
        b'/' => scan.is_enabled(DataKind::ApiKey).then(|| key::detect_asana(text, at, end)).flatten(),
        b'|' | b'%' => scan.is_enabled(DataKind::ApiKey).then(|| key::detect_facebook(text, at, end)).flatten(),
        byte if class::is_in(byte, ALPHA) => detect_hex_address(scan, at)
            .or_else(|| scan.is_enabled(DataKind::Crypto).then(|| crypto_address::detect_base58(text, at)).flatten())
            .or_else(|| scan.is_enabled(DataKind::ApiKey).then(|| key::detect_salesforce(text, at)).flatten()),
        _ => None,
    }
}

/// Returns a network address that starts with a digit and continues with letters: `2b:..`, `2001:db8::1`.
fn detect_hex_address(scan: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scan.text;
    let hex = text.bounded_run_end(HEX, at, 5);
    match text.byte_at(hex) {
        b':' | b'-' | b'.' => scan
            .is_enabled(DataKind::Mac)
            .then(|| network::detect_mac(text, at))
            .flatten()
            .or_else(|| scan.is_enabled(DataKind::Ip).then(|| network::detect_ipv6(text, at)).flatten()),
        _ => None,
    }
}

/// Returns the match that consists of digits and separators only.
fn detect_digits(scan: &ScanContext<'_, '_>, groups: &DigitGroups) -> Option<Match> {
    let text = scan.text;
    if groups.digit_count() < 7 {
        return None;
    }
    let card = || scan.is_enabled(DataKind::Card).then(|| card::detect(text, groups)).flatten();
    let ssn = || scan.is_enabled(DataKind::Ssn).then(|| ssn::detect(text, groups)).flatten();
    let phone = || scan.is_enabled(DataKind::Phone).then(|| phone::detect_national(scan, groups)).flatten();
    card().or_else(ssn).or_else(|| region::detect_numeric_id(scan, groups)).or_else(phone)
}

/// Groups of digits with one separator between two groups, up to 8 groups and 24 digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct DigitGroups {
    groups: [DigitGroup; MAX_GROUPS],
    length: usize,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DigitGroup {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The separator before the group.
    pub(super) separator: Separator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Separator {
    Blank,
    Dash,
    Dot,
    /// No separator: the first group.
    #[default]
    None,
    /// A parenthesis, with or without a blank.
    Bracket,
    Slash,
}

const MAX_GROUPS: usize = 8;
const MAX_DIGITS: usize = 24;

impl DigitGroup {
    pub(super) const fn len(&self) -> usize {
        self.end - self.start
    }
}

impl DigitGroups {
    pub(super) fn parse(text: &TextView<'_>, start: usize) -> Self {
        let mut groups = [DigitGroup::default(); MAX_GROUPS];
        let (mut length, mut digits) = (0, 0);
        let (mut position, mut separator) = (start, Separator::None);
        while length < MAX_GROUPS {
            let end = text.run_end(RunClass::Digit, position);
            if end == position {
                break;
            }
            digits += end - position;
            if length > 0 && digits > MAX_DIGITS {
                break;
            }
            groups[length] = DigitGroup { start: position, end, separator };
            length += 1;
            let Some((kind, next)) = separator_at(text, end) else { break };
            (position, separator) = (next, kind);
        }
        Self { groups, length }
    }

    pub(super) fn as_slice(&self) -> &[DigitGroup] {
        &self.groups[..self.length]
    }

    /// Returns the total number of digits.
    pub(super) fn digit_count(&self) -> usize {
        self.as_slice().iter().map(DigitGroup::len).sum()
    }

    pub(super) fn start(&self) -> usize {
        self.groups[0].start
    }
}

/// Returns the separator at `position` and the start of the next group. Returns `None` if no digit follows.
pub(super) fn separator_at(text: &TextView<'_>, position: usize) -> Option<(Separator, usize)> {
    let (kind, next) = match text.byte_at(position) {
        b' ' => match (text.byte_at(position + 1), text.byte_at(position + 2)) {
            (b'(', _) => (Separator::Bracket, position + 2),
            (b'-', b' ') => (Separator::Dash, position + 3),
            _ => (Separator::Blank, position + 1),
        },
        b'-' => (Separator::Dash, position + 1 + usize::from(text.byte_at(position + 1) == b'(')),
        b'.' => (Separator::Dot, position + 1),
        b'/' => (Separator::Slash, position + 1),
        b'(' => (Separator::Bracket, position + 1),
        b')' => {
            (Separator::Bracket, position + 1 + usize::from(matches!(text.byte_at(position + 1), b' ' | b'-' | b'.')))
        }
        // No-break space (U+00A0), narrow no-break space and thin space, hyphens and dashes (U+2010 to U+2013).
        0xc2 if text.byte_at(position + 1) == 0xa0 => (Separator::Blank, position + 2),
        0xe2 if text.byte_at(position + 1) == 0x80 && matches!(text.byte_at(position + 2), 0xaf | 0x89) => {
            (Separator::Blank, position + 3)
        }
        0xe2 if text.byte_at(position + 1) == 0x80 && matches!(text.byte_at(position + 2), 0x90..=0x93) => {
            (Separator::Dash, position + 3)
        }
        _ => return None,
    };
    text.has_class(next, DIGIT).then_some((kind, next))
}

/// Returns whether a number that ends at `end` is complete: no letter, digit or fraction follows.
pub(super) fn is_number_end(text: &TextView<'_>, end: usize) -> bool {
    match text.byte_at(end) {
        b'.' => !text.has_class(end + 1, DIGIT),
        b'@' | b'%' => false,
        byte => !class::is_in(byte, ALNUM),
    }
}

/// Returns whether the digits at `start` are a decimal fraction: input `0,25`, output true. After other digits, a comma
/// more often separates the numbers of a list: input `17,4242424242424242`, output false.
fn is_decimal_fraction(text: &TextView<'_>, start: usize) -> bool {
    let comma = start - 1;
    let zero = text.byte_before(comma) == b'0' && !class::is_in(text.byte_before(comma - 1), DIGIT | DOT);
    zero && separator_at(text, text.run_end(RunClass::Digit, start)).is_none()
}

/// Returns whether a number starts at `start`: no part of a longer number precedes it.
pub(super) fn is_number_start(text: &TextView<'_>, start: usize) -> bool {
    match text.decoded_byte_before(start) {
        b',' => !is_decimal_fraction(text, start),
        b'.' | b'-' | b'/' | b':' => !class::is_in(text.byte_before(start - 1), DIGIT),
        byte => !class::is_in(byte, ALNUM),
    }
}
