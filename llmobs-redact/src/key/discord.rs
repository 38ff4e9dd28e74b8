//! Detection of bot tokens of Discord.

use super::super::checksum;
use super::super::class;
use super::super::class::ALNUM;
use super::super::class::DIGIT;
use super::super::class::WORD;
use super::super::found::Match;
use super::super::kind::DataKind;
use super::super::view::RunClass;
use super::super::view::TextView;

/// Returns the token with a part that starts at `at` with letters and a digit: the number of the bot in base64, a dot, 6 or 7 characters of a time, a dot,
/// and a signature of at least 27 characters.
///
/// Input:  `MTEyMjMzNDQ1NTY2Nzc4ODk5.GaBcDe.` + 38 characters
/// Output: `[API_KEY]`
pub(in super::super) fn detect_discord(text: &TextView<'_>, at: usize) -> Option<Match> {
    let at = token_start(text, at);
    if class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    let number = text.run_end(RunClass::Word, at);
    if !(23..=28).contains(&(number - at)) || text.byte_at(number) != b'.' {
        return None;
    }
    let time = text.bounded_run_end(WORD, number + 1, 8);
    let end = text.run_end(RunClass::Word, time + 1);
    let fits = matches!(time - number, 7 | 8) && text.byte_at(time) == b'.' && (27..=44).contains(&(end - time - 1));
    let is_number = || {
        let digits = checksum::decode_base64(text.slice(at, number), 32);
        digits.is_some_and(|digits| (17..=20).contains(&digits.len()) && class::all_in(&digits, DIGIT))
    };
    (fits && is_number()).then(|| Match::new(at, end, DataKind::ApiKey))
}

/// Returns the start of the token that has a part at `at`. A part without a digit can precede `at`.
fn token_start(text: &TextView<'_>, at: usize) -> usize {
    let mut start = at;
    for _ in 0..2 {
        if text.byte_before(start) != b'.' {
            break;
        }
        let lowest = text.opaque_until().max(start.saturating_sub(30));
        start -= 1;
        while start > lowest && class::is_in(text.byte_before(start), WORD) {
            start -= 1;
        }
    }
    start
}
