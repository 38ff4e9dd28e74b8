//! Detection of keys with a known format.

mod discord;
mod format;
mod formats;
mod infix;

pub(super) use self::discord::detect_discord;
pub(super) use self::format::KeyFormat;
pub(super) use self::formats::key_formats;
pub(super) use self::infix::detect_asana;
pub(super) use self::infix::detect_azure;
pub(super) use self::infix::detect_facebook;
pub(super) use self::infix::detect_mailchimp;
pub(super) use self::infix::detect_maxmind;
pub(super) use self::infix::detect_new_relic;
pub(super) use self::infix::detect_salesforce;
pub(super) use self::infix::detect_telegram;
pub(super) use self::infix::detect_terraform;

use self::format::BodyCheck;
use self::format::BodyFormat;
use super::class;
use super::class::ALNUM;
use super::class::DOT;
use super::class::WORD;
use super::found::Match;
use super::kind::DataKind;
use super::secret_value;
use super::view::TextView;

/// Returns the key of the format `format`, whose prefix starts at `at`.
pub(super) fn detect_prefixed(text: &TextView<'_>, at: usize, format: &KeyFormat) -> Option<Match> {
    // The automaton ignores case; the prefix does not.
    // Input:  `akiaiosfodnn7example`
    // Output: unchanged
    let end = prefix_end(text, at, format.prefix)?;
    let before = text.decoded_byte_before(at);
    // Three letters can be a part of a name or of base64. Hyphens and `_` at the start of a word belong to neither.
    let short = format.prefix.len() <= 3;
    let plain = short && class::all_in(format.prefix.as_bytes(), ALNUM);
    // A letter or digit before the prefix.
    // Input:  `xAKIAIOSFODNN7EXAMPLE`
    // Output: unchanged
    // A short prefix after a hyphen, `_` or dot inside a word.
    // Input:  `my_hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0`
    // Output: unchanged
    // A short prefix after `+` or `/`.
    // Input:  `/EXOMaB8WFXmPCO3JQyUCIQDZX1O09Hsls`
    // Output: unchanged
    if class::is_in(before, ALNUM)
        || short && (before == b'.' || text.is_joined_before(at))
        || plain && matches!(before, b'+' | b'/') && !text.follows_line_sign(at)
    {
        return None;
    }
    let stop = format.body.find_end(text, end);
    // Base64 text continues after the candidate.
    // Input:  `EXOMaB8WFXmPCO3JQyUCIQDZX1O09Hsls+S6fLOt4P5d/SAwPJef`
    // Output: unchanged
    if plain && matches!(text.byte_at(stop), b'+' | b'/') && text.has_class(stop + 1, ALNUM) {
        return None;
    }
    let body = text.slice(end, stop);
    // Input:  `gsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, `AKIA`
    // Output: unchanged
    // The first bytes suffice to recognize a dummy.
    let head = &body[..body.len().min(MAX_DUMMY_BYTES)];
    let fits = body.len() >= format.min_len && class::distinct_bytes(head) >= 5 && !secret_value::is_dummy(head);
    let checked = match format.check {
        BodyCheck::None => true,
        BodyCheck::ExactLength(length) => body.len() == length && !text.has_class(stop, ALNUM),
        BodyCheck::Random => secret_value::is_random(body),
    };
    let is_exact = matches!(format.check, BodyCheck::ExactLength(_));
    let token_end = || if is_exact { stop } else { format::token_end(text, stop) };
    (fits && checked).then(|| Match::new(key_start(text, at, format.body), token_end(), DataKind::ApiKey))
}

/// Maximum number of bytes of a dummy that is written in place of a key.
const MAX_DUMMY_BYTES: usize = 128;

/// Returns the end of `prefix` at `at`. The slashes of an address can be escape sequences.
///
/// Input:  `hooks.slack.com/`, `hooks.slack.com\/` or `hooks.slack.com%2F`
/// Output: the position after the slash
fn prefix_end(text: &TextView<'_>, at: usize, prefix: &str) -> Option<usize> {
    prefix.bytes().try_fold(at, |position, byte| match text.byte_at(position) {
        found if found == byte => Some(position + 1),
        _ if byte == b'/' => text.escape_at(position).filter(|(decoded, _)| *decoded == b'/').map(|(_, next)| next),
        _ => None,
    })
}

/// Returns the start of the match: of the whole URL for a secret path, of the prefix for other keys.
///
/// Input:  `https://discord.com/api/webhooks/..`
/// Output: the position of `https://`
/// Input:  `ghp_..`
/// Output: the position of `ghp_`
fn key_start(text: &TextView<'_>, at: usize, body: BodyFormat) -> usize {
    if !matches!(body, BodyFormat::Path) {
        return at;
    }
    let lowest = text.opaque_until().max(at.saturating_sub(100));
    let mut host = at;
    while host > lowest && class::is_in(text.byte_before(host), WORD | DOT) {
        host -= 1;
    }
    let schemes = [&b"https://"[..], b"https:\\/\\/", b"https%3a%2f%2f", b"https:&#x2f;&#x2f;"].into_iter();
    let starts = schemes.filter_map(|scheme| Some((host.checked_sub(scheme.len())?, scheme)));
    let mut known =
        starts.filter(|(start, scheme)| *start >= text.opaque_until() && text.starts_with_at(*start, scheme));
    known.next().map_or(at, |(start, _)| start)
}

/// Returns the position before the full stops that end at `end`.
///
/// Input:  `aB3..`
/// Output: the end of `aB3`
fn trim_trailing_dots(text: &TextView<'_>, mut end: usize) -> usize {
    while text.byte_before(end) == b'.' {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests;
