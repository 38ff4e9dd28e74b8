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
pub(super) fn number(scene: &ScanContext<'_, '_>, at: usize) -> Detection {
    let text = scene.text;
    if let Some(end) = text.end_of_escape(at) {
        return Detection::none(end);
    }
    let end = text.run(RunClass::Digit, at);
    let hit = match text.decoded_byte_before(at) {
        byte if class::is_in(byte, ALPHA) => lettered(scene, at),
        byte if class::is_in(byte, DIGIT) => None,
        byte => {
            let inside = matches!(byte, b':' | b'-' | b'.') && class::is_in(text.byte_before(at - 1), HEX);
            let around = || inside.then(|| network::around(scene, at)).flatten();
            let spaced = || (byte == b' ').then(|| region::spaced(scene, at)).flatten();
            around()
                .or_else(spaced)
                .or_else(|| region::detect_alphanumeric_id(scene, at))
                .or_else(|| detect_mixed(scene, at, end))
                .or_else(|| plain(scene, &DigitGroups::read(text, at)))
        }
    };
    hit.map_or_else(|| Detection::none(end), Detection::from)
}

/// Returns the match of a word whose first digit, at `at`, follows letters.
fn lettered(scene: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scene.text;
    let start = text.letters_start(at, MAX_LETTERS_BEFORE_DIGIT)?;
    let iban = at - start == 2 && scene.is_enabled(DataKind::Iban);
    iban.then(|| iban::iban(text, start))
        .flatten()
        .or_else(|| scene.is_enabled(DataKind::Crypto).then(|| crypto_address::lettered(text, start)).flatten())
        .or_else(|| region::detect_alphanumeric_id(scene, start))
        .or_else(|| network::around(scene, at))
}

/// Maximum number of letters before the first digit of a word.
const MAX_LETTERS_BEFORE_DIGIT: usize = 24;

/// Returns the match of a word with letters or signs among its digits.
fn detect_mixed(scene: &ScanContext<'_, '_>, at: usize, end: usize) -> Option<Match> {
    let text = scene.text;
    match text.at(end) {
        b'x' | b'X' if end - at == 1 => {
            scene.is_enabled(DataKind::Crypto).then(|| crypto_address::ethereum(text, at)).flatten()
        }
        b':' | b'-' | b'.' => scene
            .is_enabled(DataKind::Mac)
            .then(|| network::mac(text, at))
            .flatten()
            .or_else(|| scene.is_enabled(DataKind::Ip).then(|| network::v6(text, at)).flatten())
            .or_else(|| scene.is_enabled(DataKind::Ip).then(|| network::v4(text, at, end)).flatten())
            .or_else(|| scene.is_enabled(DataKind::ApiKey).then(|| key::telegram(text, at, end)).flatten()),
        b'/' => scene.is_enabled(DataKind::ApiKey).then(|| key::asana(text, at, end)).flatten(),
        b'|' | b'%' => scene.is_enabled(DataKind::ApiKey).then(|| key::facebook(text, at, end)).flatten(),
        byte if class::is_in(byte, ALPHA) => detect_hex_address(scene, at)
            .or_else(|| scene.is_enabled(DataKind::Crypto).then(|| crypto_address::base58(text, at)).flatten())
            .or_else(|| scene.is_enabled(DataKind::ApiKey).then(|| key::salesforce(text, at)).flatten()),
        _ => None,
    }
}

/// Returns a network address that starts with a digit and continues with letters: `2b:..`, `2001:db8::1`.
fn detect_hex_address(scene: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scene.text;
    let hex = text.short_run(HEX, at, 5);
    match text.at(hex) {
        b':' | b'-' | b'.' => scene
            .is_enabled(DataKind::Mac)
            .then(|| network::mac(text, at))
            .flatten()
            .or_else(|| scene.is_enabled(DataKind::Ip).then(|| network::v6(text, at)).flatten()),
        _ => None,
    }
}

/// Returns the match that consists of digits and separators only.
fn plain(scene: &ScanContext<'_, '_>, groups: &DigitGroups) -> Option<Match> {
    let text = scene.text;
    if groups.digits() < 7 {
        return None;
    }
    let card = || scene.is_enabled(DataKind::Card).then(|| card::card(text, groups)).flatten();
    let ssn = || scene.is_enabled(DataKind::Ssn).then(|| ssn::ssn(text, groups)).flatten();
    let phone = || scene.is_enabled(DataKind::Phone).then(|| phone::national(scene, groups)).flatten();
    card().or_else(ssn).or_else(|| region::number(scene, groups)).or_else(phone)
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
    pub(super) fn read(text: &TextView<'_>, start: usize) -> Self {
        let mut groups = [DigitGroup::default(); MAX_GROUPS];
        let (mut length, mut digits) = (0, 0);
        let (mut place, mut separator) = (start, Separator::None);
        while length < MAX_GROUPS {
            let end = text.run(RunClass::Digit, place);
            if end == place {
                break;
            }
            digits += end - place;
            if length > 0 && digits > MAX_DIGITS {
                break;
            }
            groups[length] = DigitGroup { start: place, end, separator };
            length += 1;
            let Some((kind, next)) = separator_at(text, end) else { break };
            (place, separator) = (next, kind);
        }
        Self { groups, length }
    }

    pub(super) fn as_slice(&self) -> &[DigitGroup] {
        &self.groups[..self.length]
    }

    /// Returns the total number of digits.
    pub(super) fn digits(&self) -> usize {
        self.as_slice().iter().map(DigitGroup::len).sum()
    }

    pub(super) fn start(&self) -> usize {
        self.groups[0].start
    }
}

/// Returns the separator at `place` and the start of the next group. Returns `None` if no digit follows.
pub(super) fn separator_at(text: &TextView<'_>, place: usize) -> Option<(Separator, usize)> {
    let (kind, next) = match text.at(place) {
        b' ' => match (text.at(place + 1), text.at(place + 2)) {
            (b'(', _) => (Separator::Bracket, place + 2),
            (b'-', b' ') => (Separator::Dash, place + 3),
            _ => (Separator::Blank, place + 1),
        },
        b'-' => (Separator::Dash, place + 1 + usize::from(text.at(place + 1) == b'(')),
        b'.' => (Separator::Dot, place + 1),
        b'/' => (Separator::Slash, place + 1),
        b'(' => (Separator::Bracket, place + 1),
        b')' => (Separator::Bracket, place + 1 + usize::from(matches!(text.at(place + 1), b' ' | b'-' | b'.'))),
        // No-break space (U+00A0), narrow no-break space and thin space, hyphens and dashes (U+2010 to U+2013).
        0xc2 if text.at(place + 1) == 0xa0 => (Separator::Blank, place + 2),
        0xe2 if text.at(place + 1) == 0x80 && matches!(text.at(place + 2), 0xaf | 0x89) => {
            (Separator::Blank, place + 3)
        }
        0xe2 if text.at(place + 1) == 0x80 && matches!(text.at(place + 2), 0x90..=0x93) => (Separator::Dash, place + 3),
        _ => return None,
    };
    text.has_class(next, DIGIT).then_some((kind, next))
}

/// Returns whether a number that ends at `end` is complete: no letter, digit or fraction follows.
pub(super) fn ends(text: &TextView<'_>, end: usize) -> bool {
    match text.at(end) {
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
    zero && separator_at(text, text.run(RunClass::Digit, start)).is_none()
}

/// Returns whether a number starts at `start`: no part of a longer number precedes it.
pub(super) fn begins(text: &TextView<'_>, start: usize) -> bool {
    match text.decoded_byte_before(start) {
        b',' => !is_decimal_fraction(text, start),
        b'.' | b'-' | b'/' | b':' => !class::is_in(text.byte_before(start - 1), DIGIT),
        byte => !class::is_in(byte, ALNUM),
    }
}
