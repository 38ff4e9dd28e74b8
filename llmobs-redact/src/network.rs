//! Detection of IPv4, IPv6 and hardware addresses.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::DIGIT;
use super::class::HEX;
use super::class::LOWER;
use super::context;
use super::context::Topic;
use super::found::Match;
use super::kind::DataKind;
use super::scan_context::ScanContext;
use super::view::TextView;

/// Returns the IPv4 address whose first part is `at..end`.
pub(super) fn detect_ipv4(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let mut parts = [0_u8; 4];
    let mut position = at;
    let mut stop = end;
    for (number, part) in parts.iter_mut().enumerate() {
        stop = text.bounded_run_end(DIGIT, position, 4);
        let digits = text.slice(position, stop);
        if digits.is_empty() || digits.len() > 3 || digits.len() > 1 && digits[0] == b'0' {
            return None;
        }
        *part = digits.iter().try_fold(0_u8, |value, digit| value.checked_mul(10)?.checked_add(digit - b'0'))?;
        if number < 3 {
            if text.byte_at(stop) != b'.' {
                return None;
            }
            position = stop + 1;
        }
    }
    let address = Ipv4Addr::from(parts);
    let local = address.is_loopback() || parts[0] == 0 || parts[0] >= 240;
    let found = !local && !is_continued(text, stop) && !is_version(text, at, stop, address);
    found.then(|| Match::new(at, prefix_length_end(text, stop, 32), DataKind::Ip))
}

/// Returns whether the text after an address makes it a part of something else: `1.2.3.4.5`, `1.2.3.4-beta`,
/// `1.2.3.4.tar`.
fn is_continued(text: &TextView<'_>, end: usize) -> bool {
    match text.byte_at(end) {
        b'.' => text.has_class(end + 1, DIGIT | LOWER),
        b'-' | b'+' => text.has_class(end + 1, ALPHA),
        b'_' => text.has_class(end + 1, ALNUM),
        byte => class::is_in(byte, ALNUM),
    }
}

/// Returns whether four numbers are a version and not an address. The text before the numbers decides; without a hint,
/// small numbers are a version.
fn is_version(text: &TextView<'_>, at: usize, end: usize, address: Ipv4Addr) -> bool {
    let before = text.byte_before(at);
    let further = text.byte_before(at.saturating_sub(1));
    let joined = match before {
        b'.' => class::is_in(further, DIGIT),
        b'-' => class::is_in(further, ALPHA),
        b'_' => class::is_in(further, ALNUM),
        // `~~` is the markup of struck text.
        b'^' | b'~' => further != before,
        b'/' => class::is_in(further, ALPHA),
        b'=' => matches!(further, b'=' | b'>' | b'<' | b'~' | b'!' | b'^'),
        b'<' => text.byte_at(end) != b'>' && (further == b' ' || class::is_in(further, ALNUM)),
        b'>' => (further == b' ' || class::is_in(further, ALNUM)) && !is_after_tag(text, at),
        _ => false,
    };
    if joined {
        return true;
    }
    match text.topic(at, context::topic) {
        Some(Topic::Network) => false,
        Some(Topic::Version) => true,
        _ => {
            let parts = address.octets();
            let small = parts[0] <= 30 && parts.iter().all(|part| *part < 100);
            let known =
                address.is_private() || matches!(parts, [1, 1, 1, 1] | [1, 0, 0, 1] | [8, 8, ..] | [9, 9, 9, 9]);
            // First arcs of object identifiers: ISO member bodies and organizations, X.500, countries, other
            // organizations.
            let identifier = matches!(parts, [1, 2 | 3, ..] | [2, 5 | 16 | 23, ..]);
            (small || identifier) && !known && before != b'/' && before != b'@'
        }
    }
}

/// Returns whether an XML start tag, for example `<ip>`, ends before `at`.
fn is_after_tag(text: &TextView<'_>, at: usize) -> bool {
    let name = text.window_before(at.saturating_sub(1), 32);
    let opener = name.iter().rposition(|byte| !class::is_in(*byte, class::WORD | class::DOT) && *byte != b':');
    opener.is_some_and(|position| name[position] == b'<')
}

/// Returns the hardware or IPv6 address that contains `at`. The address may start before `at`, with a letter or a
/// colon.
pub(super) fn detect_around(scan: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scan.text;
    let near = |position: usize| text.has_class(position, HEX) || text.byte_at(position) == b':';
    let lowest = text.opaque_until().max(at.saturating_sub(45));
    if at > lowest && !class::is_in(text.byte_before(at), HEX) && text.byte_before(at) != b':' && !near(at + 1) {
        return None;
    }
    let mut start = at;
    while start > lowest && !is_after_name(text, start) {
        let byte = text.byte_before(start);
        if !class::is_in(byte, HEX) && !matches!(byte, b':' | b'-' | b'.') {
            break;
        }
        start -= 1;
    }
    while start < at && matches!(text.byte_at(start), b'-' | b'.') {
        start += 1;
    }
    let mac = scan.is_enabled(DataKind::Mac).then(|| detect_mac(text, start)).flatten();
    let matched = mac.or_else(|| scan.is_enabled(DataKind::Ip).then(|| detect_ipv6(text, start)).flatten())?;
    (matched.end > at).then_some(matched)
}

/// Returns whether the colon before `position` follows a name and not a group of an address: input `ip:2001:db8::1`,
/// output true.
fn is_after_name(text: &TextView<'_>, position: usize) -> bool {
    if text.byte_before(position) != b':' {
        return false;
    }
    let word = text.window_before(position - 1, 16);
    let start = word.iter().rposition(|byte| !class::is_in(*byte, ALNUM)).map_or(0, |at| at + 1);
    let word = &word[start..];
    word.iter().any(|byte| !class::is_in(*byte, HEX)) || word.len() > 4
}

/// Returns the IPv6 address that starts at `at` with a hexadecimal digit or a colon.
pub(super) fn detect_ipv6(text: &TextView<'_>, at: usize) -> Option<Match> {
    let before = text.decoded_byte_before(at);
    let name = before == b'_' && class::is_in(text.byte_before(at - 1), ALNUM);
    if class::is_in(before, ALNUM) || name || matches!(before, b':' | b'.') && !is_after_name(text, at) {
        return None;
    }
    let mut end = at;
    // A dot separates the parts of an embedded IPv4 address.
    while end - at < 46
        && (text.has_class(end, HEX)
            || text.byte_at(end) == b':'
            || text.byte_at(end) == b'.' && text.has_class(end + 1, DIGIT))
    {
        end += 1;
    }
    // A colon or dot at the end can belong to the sentence.
    let (address, end) = [end, end.saturating_sub(1)].into_iter().find_map(|end| {
        let candidate = std::str::from_utf8(text.slice(at, end)).ok()?;
        Some((candidate.parse::<Ipv6Addr>().ok()?, end))
    })?;
    let glued = match text.byte_at(end) {
        b':' => text.has_class(end + 1, ALNUM) || text.byte_at(end + 1) == b':',
        b'_' => text.has_class(end + 1, ALNUM),
        b'(' => true,
        byte => class::is_in(byte, ALNUM),
    };
    if glued || address.is_loopback() || address.is_unspecified() || !is_plausible(text.slice(at, end), address) {
        return None;
    }
    Some(Match::new(at, prefix_length_end(text, zone_id_end(text, end), 128), DataKind::Ip))
}

/// Returns whether an IPv6 address is plausible. `dead::beef` is a module path; eight pairs of digits are a
/// fingerprint.
fn is_plausible(written: &[u8], address: Ipv6Addr) -> bool {
    let groups: Vec<&[u8]> = written.split(|byte| *byte == b':').collect();
    if !written.windows(2).any(|pair| pair == b"::") {
        return groups.iter().any(|group| group.len() != 2);
    }
    let routed = (address.segments()[0] != 0 || written.starts_with(b"::"))
        && matches!(address.segments()[0], 0 | 0x64 | 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf | 0xff00..);
    let digits = class::count_in(written, DIGIT) > 0;
    let filled = groups.iter().filter(|group| !group.is_empty()).count();
    digits && routed && (filled >= 2 || written.len() > 5) || digits && filled >= 5
}

/// Returns the end of a prefix length like `/24` after an address, or `end` without one.
fn prefix_length_end(text: &TextView<'_>, end: usize, most: u16) -> usize {
    let stop = text.bounded_run_end(DIGIT, end + 1, 3);
    let size = text.slice(end + 1, stop).iter().fold(0, |size, digit| size * 10 + u16::from(digit - b'0'));
    let is_prefix_length = text.byte_at(end) == b'/'
        && stop > end + 1
        && size <= most
        && !text.has_class(stop, ALNUM)
        && text.byte_at(stop) != b'/';
    if is_prefix_length { stop } else { end }
}

/// Returns the end of a zone like `%eth0` after an address, or `end` without one.
fn zone_id_end(text: &TextView<'_>, end: usize) -> usize {
    let stop = if text.byte_at(end) == b'%' { text.bounded_run_end(ALNUM, end + 1, 16) } else { end };
    if stop > end + 1 { stop } else { end }
}

/// Returns the hardware address that starts at `at`: six groups of two hexadecimal digits, or three groups of four.
pub(super) fn detect_mac(text: &TextView<'_>, at: usize) -> Option<Match> {
    let before = text.decoded_byte_before(at);
    let part = matches!(before, b':' | b'-' | b'.' | b'_') && class::is_in(text.byte_before(at - 1), HEX);
    if class::is_in(before, ALNUM) || part && !is_after_name(text, at) {
        return None;
    }
    let width = text.bounded_run_end(HEX, at, 5) - at;
    let separator = text.byte_at(at + width);
    let groups = match (width, separator) {
        (2, b':' | b'-') => 6,
        (4, b'.') => 3,
        _ => return None,
    };
    let mut position = at;
    for group in 0..groups {
        if text.bounded_run_end(HEX, position, width + 1) - position != width {
            return None;
        }
        position += width;
        if group + 1 < groups {
            if text.byte_at(position) != separator {
                return None;
            }
            position += 1;
        }
    }
    let glued = match text.byte_at(position) {
        b':' | b'-' => text.has_class(position + 1, HEX),
        b'.' => text.has_class(position + 1, if separator == b'.' { HEX } else { DIGIT }),
        byte => class::is_in(byte, ALNUM),
    };
    let letters = class::count_in(text.slice(at, position), ALPHA) > 0;
    // A pair that starts with 6 or more is not part of a time of day.
    let timeless =
        || separator == b':' && text.slice(at, position).split(|byte| *byte == b':').any(|pair| pair[0] > b'5');
    (!glued && (letters || timeless() || has_mac_keyword(text, at))).then(|| Match::new(at, position, DataKind::Mac))
}

/// Returns whether the text before `at` contains `mac` or `hardware`. An address of digits only needs one of them,
/// unless it has colons and cannot contain a time of day.
fn has_mac_keyword(text: &TextView<'_>, at: usize) -> bool {
    let window = text.window_before(at, 24).to_ascii_lowercase();
    window.windows(3).any(|word| word == b"mac") || window.windows(8).any(|word| word == b"hardware")
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    #[test]
    fn addresses_of_both_versions_are_found() {
        for text in [
            "203.0.113.77",
            "192.168.1.10",
            "8.8.8.8",
            "2001:db8::8a2e:370:7334",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "fe80::1ff:fe23:4567:890a%eth0",
            "::ffff:203.0.113.77",
        ] {
            for frame in ["from {} today", "[{}]:443", "({})", "地址{}。", "\"{}\","] {
                assert_eq!(find_all(&frame.replace("{}", text)), [(DataKind::Ip, text)], "{frame}");
            }
        }
        assert_eq!(find_all("http://203.0.113.77:8080/x"), [(DataKind::Ip, "203.0.113.77")]);
        assert_eq!(find_all("10.0.0.0/8, 203.0.113.1-203.0.113.9").len(), 3);
        assert_eq!(find_all("fd00::/64 and 10.1.0.0/16"), [(DataKind::Ip, "fd00::/64"), (DataKind::Ip, "10.1.0.0/16")]);
        assert_eq!(find_all("10.1.2.3/path"), [(DataKind::Ip, "10.1.2.3")]);
        assert_eq!(find_all("<td>203.0.113.77</td>"), [(DataKind::Ip, "203.0.113.77")]);
        assert_eq!(find_all("host <203.0.113.77> there"), [(DataKind::Ip, "203.0.113.77")]);
        assert_eq!(find_all("{\"v\":\"203.0.113.77\"}"), [(DataKind::Ip, "203.0.113.77")]);
        assert_eq!(find_all("SRC=14.29.30.9 LEN=60"), [(DataKind::Ip, "14.29.30.9")]);
        assert_eq!(find_all("17,203.0.113.77,4"), [(DataKind::Ip, "203.0.113.77")]);
        assert_eq!(find_all("2001:db8::8a2e:7334.but"), [(DataKind::Ip, "2001:db8::8a2e:7334")]);
    }

    #[test]
    fn versions_object_identifiers_and_paths_are_not_addresses() {
        for text in [
            "version 1.2.3.4",
            "upgrade from 4.12.0.7 to 4.12.0.9",
            "v1.2.3.4",
            "1.3.6.1.4.1.311",
            "section 3.2.1.4",
            "Chrome/120.0.10.20",
            "pkg==1.20.3.4",
            "pkg>71.20.3.4",
            "pkg<71.20.3.4",
            "app-1.2.3.4.jar",
            "1.2.3.4-beta",
            "std::io",
            "dead::beef",
            "a::b",
            "::",
            "::1",
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "12:34:56",
            "256.1.1.1",
            "0.0.0.205",
            "1.3.132.1",
            "2.23.133.8",
            "2.5.29.35",
            "01.02.03.04",
            "aa:bb:cc:dd:ee:ff:00:11",
        ] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }

    #[test]
    fn hardware_addresses_are_found_and_fingerprints_are_not() {
        for text in ["00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", "001b.4411.3ab7", "f0:18:98:aa:bb:cc"] {
            assert_eq!(find_all(&format!("on {text}, then")), [(DataKind::Mac, text)]);
            assert_eq!(find_all(&format!("{text}.then")), [(DataKind::Mac, text)]);
        }
        for text in [
            "aa:bb:cc:dd:ee",
            "aa:bb:cc:dd:ee:ff:00",
            "SHA1 aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd",
            "550e8400-e29b-41d4-a716-446655440000",
            "01-02-03-04-05-06",
        ] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }
}
