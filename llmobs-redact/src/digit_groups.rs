//! Groups of digits, and the start and the end of a number.

use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::DOT;
use super::view::RunClass;
use super::view::TextView;

/// Groups of digits with one separator between two groups, up to 8 groups and 24 digits. A first group with more digits
/// is the only group.
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
    /// A parenthesis, alone, after a blank, or before a blank, dash or dot.
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

    /// Returns the digits of the first `count` groups.
    pub(super) fn digits(&self, text: &TextView<'_>, count: usize) -> Vec<u8> {
        self.as_slice()[..count].iter().flat_map(|group| text.slice(group.start, group.end)).copied().collect()
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
        b'%' | b'\\' | b'&' => match text.escape_at(position)? {
            (b' ', next) => (Separator::Blank, next),
            (b'-', next) => (Separator::Dash, next),
            (b'.', next) => (Separator::Dot, next),
            (b'/', next) => (Separator::Slash, next),
            _ => return None,
        },
        _ => return None,
    };
    text.has_class(next, DIGIT).then_some((kind, next))
}

/// Returns whether a number that ends at `end` is complete: no letter, digit, fraction, `@` or `%` follows.
pub(super) fn is_number_end(text: &TextView<'_>, end: usize) -> bool {
    match text.byte_at(end) {
        b'.' => !text.has_class(end + 1, DIGIT),
        b'%' => text.escape_at(end).is_some_and(|(byte, _)| !class::is_in(byte, ALNUM)),
        b'@' => false,
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

/// Returns whether a number starts at `start`: no letter and no part of a longer number precedes it.
pub(super) fn is_number_start(text: &TextView<'_>, start: usize) -> bool {
    match text.decoded_byte_before(start) {
        b',' => !is_decimal_fraction(text, start),
        sign @ (b'.' | b'-' | b'/' | b':') if text.byte_before(start) == sign => {
            !class::is_in(text.byte_before(start - 1), DIGIT)
        }
        byte => !class::is_in(byte, ALNUM),
    }
}
