//! Detection of data that starts with a digit.

use super::card;
use super::class;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::HEX;
use super::crypto_address;
use super::digit_groups::DigitGroups;
use super::found::Detection;
use super::found::Match;
use super::iban;
use super::key;
use super::kind::DataKind;
use super::national_id;
use super::network;
use super::phone;
use super::scan_context::ScanContext;
use super::ssn;
use super::view::RunClass;

/// Returns the match that contains the digit at `at`, or else the position after the digits that start there.
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
            let spaced = || (byte == b' ').then(|| national_id::detect_spaced_nino(scan, at)).flatten();
            around()
                .or_else(spaced)
                .or_else(|| national_id::detect_alphanumeric_id(scan, at))
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
        .or_else(|| scan.is_enabled(DataKind::ApiKey).then(|| key::detect_discord(text, start)).flatten())
        .or_else(|| national_id::detect_alphanumeric_id(scan, start))
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
        b'|' | b'%' => scan
            .is_enabled(DataKind::ApiKey)
            .then(|| key::detect_facebook(text, at, end).or_else(|| key::detect_telegram(text, at, end)))
            .flatten(),
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
    card().or_else(ssn).or_else(|| national_id::detect_numeric_id(scan, groups)).or_else(phone)
}
