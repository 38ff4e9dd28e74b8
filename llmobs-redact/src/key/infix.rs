//! Detection of API keys and tokens that have no prefix of their own, by a separator or marker inside or at the end of them.

use super::super::class;
use super::super::class::ALNUM;
use super::super::class::DIGIT;
use super::super::class::DOT;
use super::super::class::WORD;
use super::super::found::Match;
use super::super::kind::DataKind;
use super::super::secret_value;
use super::super::view::RunClass;
use super::super::view::TextView;
use super::format::run_end_with_signs;
use super::trim_trailing_dots;

/// Returns a Telegram bot token, `123456789:AA..`. `at..end` is the number at its start.
pub(in super::super) fn detect_telegram(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let (sign, start) = text.escape_at(end).unwrap_or_else(|| (text.byte_at(end), end + 1));
    let body = without_markup(text, text.run_end(RunClass::Word, start), start + 36);
    let fits = (7..=12).contains(&(end - at)) && sign == b':' && text.byte_at(start) == b'A';
    (fits && (34..=36).contains(&(body - start))).then(|| Match::new(at, body, DataKind::ApiKey))
}

/// Returns `end` without up to three final `_` or `~` after `longest`: the markup of Markdown after the longest token.
fn without_markup(text: &TextView<'_>, end: usize, longest: usize) -> usize {
    let from = longest.max(end.saturating_sub(3));
    let is_markup = end > from && text.slice(from, end).iter().all(|byte| matches!(byte, b'_' | b'~'));
    if is_markup { from } else { end }
}

/// Returns an Asana token, `2/1200000000000001/1200000000000002:..`: the digit 1 or 2 at `at..end`, a slash, which the
/// caller has found, a number of 15 or 16 digits, optionally a slash and a second number, a colon, and 32 hexadecimal
/// digits.
pub(in super::super) fn detect_asana(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    if end - at != 1 || !matches!(text.byte_at(at), b'1' | b'2') {
        return None;
    }
    let user = text.bounded_run_end(DIGIT, end + 1, 17);
    let second = text.byte_at(user) == b'/';
    let last = if second { text.bounded_run_end(DIGIT, user + 1, 17) } else { user };
    let hex = text.bounded_run_end(class::HEX, last + 1, 33);
    let numbers = (15..=16).contains(&(user - end - 1)) && (!second || (15..=16).contains(&(last - user - 1)));
    let fits = numbers && text.byte_at(last) == b':' && hex - last - 1 == 32 && !text.has_class(hex, ALNUM);
    fits.then(|| Match::new(at, hex, DataKind::ApiKey))
}

/// Returns a client secret of an Azure application: three characters, a digit, the `Q~` at `at..end`, and 31 to 34
/// characters with a digit among them.
pub(in super::super) fn detect_azure(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let start =
        at.checked_sub(4).filter(|start| *start >= text.opaque_until() && class::is_in(text.byte_before(at), DIGIT))?;
    let head = text.slice(start, at).iter().all(|byte| class::is_in(*byte, WORD) || matches!(byte, b'.' | b'~'));
    let mut stop = end;
    while stop - end < 40
        && (text.has_class(stop, WORD | DOT) || text.byte_at(stop) == b'~')
        && !text.starts_with_at(stop, b"..")
    {
        stop += 1;
    }
    let stop = without_markup(text, trim_trailing_dots(text, stop), end + 34);
    let fits = (31..=34).contains(&(stop - end)) && !class::is_in(text.decoded_byte_before(start), ALNUM);
    (head && fits && class::count_in(text.slice(end, stop), DIGIT) > 0)
        .then(|| Match::new(start, stop, DataKind::ApiKey))
}

/// Returns a Terraform token: 14 letters and digits, the `.atlasv1.` at `at..end`, and 60 to 80 base64 characters.
pub(in super::super) fn detect_terraform(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let start = alnum_start(text, at, 14)?;
    let stop = text.run_end(RunClass::Base64, end);
    ((60..=80).contains(&(stop - end))).then(|| Match::new(start, stop, DataKind::ApiKey))
}

/// Returns a `MaxMind` license key: 6 letters and digits, `_`, 29 letters and digits, and the `_mmk` at `at..end`.
pub(in super::super) fn detect_maxmind(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let middle = alnum_start(text, at, 29)?.checked_sub(1).filter(|position| text.byte_at(*position) == b'_')?;
    let start = alnum_start(text, middle, 6)?;
    text.is_word_end(end).then(|| Match::new(start, end, DataKind::ApiKey))
}

/// Returns a New Relic license key: 32 hexadecimal digits, or a region and 26 of them, and the `FFFFNRAL` at `at..end`.
pub(in super::super) fn detect_new_relic(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let start = alnum_start(text, at, 32)?;
    let is_digits = class::all_in(text.slice(start + 6, at), class::HEX);
    (is_digits && text.is_word_end(end)).then(|| Match::new(start, end, DataKind::ApiKey))
}

/// Returns a Mailchimp key: 32 hexadecimal digits, the `-us` at `at..end`, and the one or two digits of a data center.
pub(in super::super) fn detect_mailchimp(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let stop = text.bounded_run_end(DIGIT, end, 3);
    let start = alnum_start(text, at, 32)?;
    let is_digits = class::all_in(text.slice(start, at), class::HEX);
    let fits = is_digits && (1..=2).contains(&(stop - end)) && text.is_word_end(stop);
    fits.then(|| Match::new(start, stop, DataKind::ApiKey))
}

/// Returns a Facebook app access token, `1234567890123456|abc..`: the number of the application at `at..end` and its
/// secret.
pub(in super::super) fn detect_facebook(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let from = if text.byte_at(end) == b'|' { end + 1 } else { end + 3 };
    let parted = text.byte_at(end) == b'|' || text.starts_with_at(end, b"%7c");
    let stop = text.bounded_run_end(WORD, from, 64);
    let fits = parted && (15..=16).contains(&(end - at)) && (27..=40).contains(&(stop - from));
    (fits && secret_value::is_random(text.slice(from, stop))).then(|| Match::new(at, stop, DataKind::ApiKey))
}

/// Returns a Salesforce session identifier that starts at `at`, such as `00D..!AQ..`: an organization identifier of 15
/// letters and digits that starts with `00`, `!`, and at least 60 letters, digits, underscores and dots.
pub(in super::super) fn detect_salesforce(text: &TextView<'_>, at: usize) -> Option<Match> {
    let mark = text.bounded_run_end(ALNUM, at, 16);
    let (sign, body) = text.escape_at(mark).unwrap_or_else(|| (text.byte_at(mark), mark + 1));
    if mark - at != 15 || text.slice(at, at + 2) != b"00" || sign != b'!' {
        return None;
    }
    let stop = run_end_with_signs(text, WORD, b".", body);
    (stop - mark > 60).then(|| Match::new(at, stop, DataKind::ApiKey))
}

/// Returns the start of exactly `length` letters and digits that end at `end`. Returns `None` if a letter or digit
/// precedes them.
fn alnum_start(text: &TextView<'_>, end: usize, length: usize) -> Option<usize> {
    let start = end.checked_sub(length).filter(|start| *start >= text.opaque_until())?;
    let is_complete =
        class::all_in(text.slice(start, end), ALNUM) && !class::is_in(text.decoded_byte_before(start), ALNUM);
    is_complete.then_some(start)
}
