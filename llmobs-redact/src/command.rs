//! Detection of secrets after a word of a protocol or command: `Bearer ..`, `curl -u ..`, `mysql -p..`.

use memchr::memmem;

use super::assignment;
use super::checksum;
use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::VALUE;
use super::found::Match;
use super::kind::DataKind;
use super::scan_context::ScanContext;
use super::secret_value;
use super::view::RunClass;
use super::view::TextView;

/// Returns the credentials after the `Bearer ` or `Basic ` at `at..end`. No keyword, such as `Authorization`, is needed
/// before it.
///
/// Input:  `send it as Bearer a1B2c3D4e5F6g7 please`
/// Output: `send it as Bearer [SECRET] please`
/// Input:  `basic information about it`
/// Output: unchanged
pub(super) fn detect_auth_header(scan: &ScanContext<'_, '_>, at: usize, end: usize) -> Option<Match> {
    let text = scan.text;
    if class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    // A sign of the token can be an escape sequence.
    // Input:  `Bearer aB3dE6gH9jK2\/N5pQ8sT1`
    // Output: `Bearer [SECRET]`
    let mut stop = end;
    while stop - end < 4096 {
        match text.escape_at(stop) {
            Some((byte, next)) if class::is_in(byte, class::BASE64_SIGN) => stop = next,
            _ if text.has_class(stop, class::BASE64 | class::DOT) || text.byte_at(stop) == b'~' => stop += 1,
            _ => break,
        }
    }
    while stop > end && text.slice(end, stop).last() == Some(&b'.') {
        stop -= 1;
    }
    if let Some(matched) = scan.known_token_at(end).filter(|matched| matched.end >= stop) {
        return Some(matched);
    }
    let value = text.slice(end, stop);
    let basic = text.starts_with_at(at, b"basic");
    let is_secret = if basic {
        value.len() >= 6 && checksum::decode_base64(value, 256).is_some_and(|plain| is_user_and_password(&plain))
    } else {
        let digits = class::count_in(value, DIGIT);
        value.len() >= 8 && digits > 0 && digits < value.len() || value.len() >= 20 && secret_value::is_random(value)
    };
    (is_secret && !secret_value::is_dummy(value)).then(|| Match::new(end, stop, DataKind::Secret))
}

/// Returns the user and password after the ` -u ` at `at..end`, if the text before it contains `curl`.
///
/// Input:  `curl -sS -u jane:hunter2 https://api.example.com`
/// Output: `curl -sS -u [SECRET] https://api.example.com`
/// Input:  `docker run -u 1000:1000 image`
/// Output: unchanged
pub(super) fn detect_curl_user(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let start = end + usize::from(matches!(text.byte_at(end), b'"' | b'\''));
    let stop = assignment::bracketed_value_end(text, text.run_end(RunClass::Value, start));
    let pair = text.slice(start, stop);
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let password = &pair[colon + 1..];
    let command = memmem::find(text.window_before(at, 64), b"curl").is_some();
    let is_complete = !pair[..colon].contains(&b'/') && password.len() >= 3 && !password.starts_with(b"//");
    (command && is_complete && !secret_value::is_dummy(password)).then(|| Match::new(start, stop, DataKind::Secret))
}

/// Returns the password after the ` -p` or ` -a ` at `at..end`, if the text before it contains a known command.
///
/// Input:  `mysql -u root -phunter2 app`, `sshpass -p hunter2 ssh host`, `redis-cli -a hunter2 ping`
/// Output: `mysql -u root -p[SECRET] app`, `sshpass -p [SECRET] ssh host`, `redis-cli -a [SECRET] ping`
/// Input:  `mkdir -p /var/lib/app`
/// Output: unchanged
pub(super) fn detect_password_flag(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let window = text.window_before(at, 64);
    let is = |name: &[u8]| memmem::find(window, name).is_some();
    let (start, known) = match text.byte_at(at + 2) {
        b'a' => (end, is(b"redis-cli")),
        _ if text.byte_at(end) == b' ' => (end + 1, is(b"sshpass")),
        _ => (end, is(b"mysql") || is(b"mariadb") || is(b"sshpass")),
    };
    let start = start + usize::from(matches!(text.byte_at(start), b'"' | b'\''));
    let stop = assignment::bracketed_value_end(text, text.run_end(RunClass::Value, start));
    let password = text.slice(start, stop);
    let found = known && password.len() >= 3 && !secret_value::is_dummy(password);
    found.then(|| Match::new(start, stop, DataKind::Secret))
}

fn is_user_and_password(plain: &[u8]) -> bool {
    plain.contains(&b':')
        && plain.iter().all(|byte| (b' '..0x7f).contains(byte) || class::is_in(*byte, class::NON_ASCII))
        && class::is_in(plain[0], VALUE)
}
