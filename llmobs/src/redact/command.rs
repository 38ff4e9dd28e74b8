//! Secrets behind a word of a protocol or a command that has no name: `Bearer ..`, `curl -u ..`, `mysql -p..`.

use memchr::memmem;

use super::anchor::Scene;
use super::assignment;
use super::checksum;
use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::VALUE;
use super::hit::Hit;
use super::kind::Kind;
use super::text::Text;
use super::value;

/// `Bearer ` or `Basic ` stands in `at..end`, without a name before it.
pub(super) fn bearer(scene: &Scene<'_, '_>, at: usize, end: usize) -> Option<Hit> {
    let text = scene.text;
    if class::is(text.before(at), ALNUM) {
        return None;
    }
    let mut stop = end;
    while stop - end < 4096 && (text.is(stop, class::BASE64 | class::DOT) || text.at(stop) == b'~') {
        stop += 1;
    }
    while stop > end && text.slice(end, stop).last() == Some(&b'.') {
        stop -= 1;
    }
    if let Some(hit) = scene.specific(end).filter(|hit| hit.end >= stop) {
        return Some(hit);
    }
    let value = text.slice(end, stop);
    let basic = text.says(at, b"basic");
    let opens = if basic {
        value.len() >= 6 && checksum::base64(value, 256).is_some_and(|plain| is_user_and_password(&plain))
    } else {
        let digits = class::count(value, DIGIT);
        value.len() >= 8 && digits > 0 && digits < value.len() || value.len() >= 20 && value::is_random(value)
    };
    (opens && !value::is_placeholder(value)).then(|| Hit::new(end, stop, Kind::Secret))
}

/// ` -u ` stands in `at..end`: behind `curl` a user and a password follow.
pub(super) fn user(text: &Text<'_>, at: usize, end: usize) -> Option<Hit> {
    let start = end + usize::from(matches!(text.at(end), b'"' | b'\''));
    let stop = assignment::word_end(text, start);
    let pair = text.slice(start, stop);
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let password = &pair[colon + 1..];
    let command = memmem::find(text.window(at, 64), b"curl").is_some();
    let whole = !pair[..colon].contains(&b'/') && password.len() >= 3 && !password.starts_with(b"//");
    (command && whole && !value::is_placeholder(password)).then(|| Hit::new(start, stop, Kind::Secret))
}

/// ` -p` or ` -a ` stands in `at..end`: behind these commands a password follows.
pub(super) fn password(text: &Text<'_>, at: usize, end: usize) -> Option<Hit> {
    let window = text.window(at, 64);
    let is = |name: &[u8]| memmem::find(window, name).is_some();
    let (start, known) = match text.at(at + 2) {
        b'a' => (end, is(b"redis-cli")),
        _ if text.at(end) == b' ' => (end + 1, is(b"sshpass")),
        _ => (end, is(b"mysql") || is(b"mariadb") || is(b"sshpass")),
    };
    let start = start + usize::from(matches!(text.at(start), b'"' | b'\''));
    let stop = assignment::word_end(text, start);
    let password = text.slice(start, stop);
    let found = known && password.len() >= 3 && !value::is_placeholder(password);
    found.then(|| Hit::new(start, stop, Kind::Secret))
}

fn is_user_and_password(plain: &[u8]) -> bool {
    plain.contains(&b':')
        && plain.iter().all(|byte| (b' '..0x7f).contains(byte) || class::is(*byte, class::WIDE))
        && class::is(plain[0], VALUE)
}
