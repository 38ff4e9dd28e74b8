//! The compiled detectors of a redactor, and the text that they produce.

use super::custom::CustomDetectors;
use super::found::Match;
use super::found::MatchedKind;
use super::prefilter::Prefilter;
use super::scan::Scan;
use super::scan::ScanResult;

/// The compiled detectors.
pub(super) struct Rules {
    prefilter: Prefilter,
    pub(super) custom_detectors: CustomDetectors,
}

impl Rules {
    pub(super) const fn new(prefilter: Prefilter, custom_detectors: CustomDetectors) -> Self {
        Self { prefilter, custom_detectors }
    }

    pub(super) fn scan(&self, bytes: &[u8], from: usize, opaque_until: usize, is_complete: bool) -> ScanResult {
        let scan = Scan { prefilter: &self.prefilter, custom_detectors: &self.custom_detectors };
        scan.run(bytes, from, opaque_until, is_complete)
    }

    /// Returns whether user-defined detectors exist. They search only complete lines.
    pub(super) fn has_line_detectors(&self) -> bool {
        self.custom_detectors.has_detectors()
    }

    /// Appends `text` to `out` with each match replaced by its placeholder.
    pub(super) fn write_redacted(&self, text: &str, matches: &[Match], out: &mut String) {
        let end = self.write_redacted_range(text, 0, matches, out);
        out.push_str(&text[end..]);
    }

    /// Appends the text from `from` to the last match, with placeholders, and returns the end of the last match.
    pub(super) fn write_redacted_range(&self, text: &str, from: usize, matches: &[Match], out: &mut String) -> usize {
        matches.iter().fold(from, |done, matched| {
            out.push_str(&text[done..matched.start]);
            out.push_str(match matched.kind {
                MatchedKind::Builtin(kind) => kind.placeholder(),
                MatchedKind::Custom(number) => self.custom_detectors.placeholder(number),
                MatchedKind::Placeholder => &text[matched.start..matched.end],
            });
            matched.end
        })
    }
}
