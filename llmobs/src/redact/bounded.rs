//! Redaction of as much of a text as will be kept.

use std::ops::Range;

use super::Counts;
use super::Redactor;
use super::hit::Hit;

/// What is left of a text.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// How many bytes of the text were left out.
    pub(crate) cut: usize,
    pub(crate) counts: Counts,
}

impl Redactor {
    /// Redacts a text, then cuts it. Of a text that is not `whole` nothing is kept that may be the begin of something.
    pub(crate) fn redact_up_to(&self, text: &str, limit: usize, whole: bool) -> Piece {
        self.piece(text, 0..text.len(), limit, whole)
    }

    /// Redacts a range of a text, with what stands around it in sight, and keeps at most so many bytes. What will not be
    /// kept is not looked at, but for what may hide the end of something that begins before.
    pub(super) fn piece(&self, text: &str, range: Range<usize>, limit: usize, whole: bool) -> Piece {
        let mut seen = range.start.saturating_add(limit).saturating_add(AHEAD);
        loop {
            let finished = seen >= range.end;
            let end = if finished { text.len() } else { text.floor_char_boundary(seen) };
            let settled = finished && whole;
            let swept = self.sweep(&text.as_bytes()[..end], 0, 0, settled);
            let reach = if settled { range.end } else { swept.settled.clamp(range.start, range.end) };
            let inside = swept.hits.into_iter().filter(|hit| hit.end > range.start && hit.start < reach);
            let clip = |hit: Hit| Hit { start: hit.start.max(range.start), end: hit.end.min(range.end), ..hit };
            let hits: Vec<Hit> = inside.map(clip).collect();
            let mut out = String::with_capacity(limit.min(reach - range.start));
            let done = self.write_range(text, range.start, &hits, &mut out);
            out.push_str(text.get(done..reach).unwrap_or_default());
            if !finished && out.len() < limit {
                // Much of it was masked: there is room for more.
                seen = seen.saturating_mul(2);
                continue;
            }
            let length = out.len();
            shorten(&mut out, limit);
            let cut = range.end.saturating_sub(reach.max(done)) + length - out.len();
            return Piece { text: out, cut, counts: Counts::of(&hits) };
        }
    }
}

/// How many bytes behind what is kept are looked at first.
const AHEAD: usize = 1024;

/// Cuts at the border of a character, and never inside a label.
pub(crate) fn shorten(text: &mut String, limit: usize) {
    if text.len() <= limit {
        return;
    }
    let end = text.floor_char_boundary(limit);
    let open = text[..end].rfind('[').filter(|open| end - open <= 34);
    let inside = open.filter(|open| {
        let name = &text.as_bytes()[open + 1..end];
        name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    });
    text.truncate(inside.unwrap_or(end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_was_redacted_before_it_was_cut() {
        let redactor = Redactor::new();
        let text = format!("{} write to jane.doe@example.org today", "x ".repeat(50));
        let whole = redactor.redact(&text).into_owned();
        for limit in 0..text.len() + 5 {
            let piece = redactor.redact_up_to(&text, limit, true);
            assert!(whole.starts_with(&piece.text) && piece.text.len() <= limit, "{limit}: {:?}", piece.text);
            assert!(
                !piece.text.contains("jane") && (piece.text.len() + 9 >= limit.min(whole.len())),
                "{limit}: {:?}",
                piece.text
            );
            assert_eq!(piece.cut > 0, piece.text.len() < whole.len(), "{limit}");
        }
    }

    #[test]
    fn the_tail_of_a_text_that_was_cut_before_is_left_out() {
        let redactor = Redactor::new();
        for cut in [
            "my key is sk-ant-api03-a8F3kP",
            "write to jane.d",
            "card 4242 4242 42",
            "-----BEGIN PRIVATE KEY-----\nMIIEpAIB",
        ] {
            let piece = redactor.redact_up_to(cut, 1000, false);
            let secret = cut.split(' ').next_back().unwrap();
            assert!(!piece.text.contains(secret) && piece.cut > 0, "{cut}: {:?}", piece.text);
        }
    }

    #[test]
    fn a_long_text_is_looked_at_no_further_than_needed() {
        let redactor = Redactor::new();
        let text = format!("{}jane@example.org", "word ".repeat(1_000_000));
        let piece = redactor.redact_up_to(&text, 100, true);
        assert_eq!((piece.text.len(), piece.counts.total()), (100, 0));
        assert_eq!(piece.cut, text.len() - 100);
        let masked = format!("{}tail", "a@b.example ".repeat(1_000));
        assert_eq!(
            redactor.redact_up_to(&masked, 7_000, true).text.len(),
            7_000,
            "labels are shorter than what they mask"
        );
    }

    #[test]
    fn a_label_is_kept_whole_or_not_at_all() {
        let mut text = "to [EMAIL] and [x".to_owned();
        shorten(&mut text, 8);
        assert_eq!(text, "to ");
        let mut text = "to [EMAIL] and".to_owned();
        shorten(&mut text, 10);
        assert_eq!(text, "to [EMAIL]");
    }
}
