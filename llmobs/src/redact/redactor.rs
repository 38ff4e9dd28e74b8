//! The redactor.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::DataKind;
use super::RedactorBuilder;
use super::StreamRedactor;
use super::counts::RedactionCounts;
use super::custom::CustomDetectors;
use super::found::Match;
use super::found::MatchedKind;
use super::kind::DataKindSet;
use super::prefilter::Prefilter;
use super::region::RegionSet;
use super::scan::Scan;
use super::scan::ScanResult;

/// Finds personal data and secrets by their shape and puts labels in their place.
///
/// It is cheap to clone, and any number of threads may use it at once. The time that it takes is linear in the length of
/// the text, whatever the text is. Redacting what was redacted changes nothing.
///
/// ```
/// use llmobs::redact::Redactor;
///
/// let redactor = Redactor::new();
/// assert_eq!(redactor.redact("Mail jane@example.org or call +44 20 7946 0958."), "Mail [EMAIL] or call [PHONE].");
/// assert_eq!(redactor.redact("Nothing here."), "Nothing here.");
/// ```
#[derive(Clone)]
pub struct Redactor {
    rules: Arc<Rules>,
}

struct Rules {
    anchors: Prefilter,
    customs: CustomDetectors,
}

/// Something that was found, and where: byte offsets into the text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding<'r> {
    /// The bytes of the text. Both ends are borders of characters.
    pub range: Range<usize>,
    /// What it is.
    pub kind: DataKind,
    /// What stands in its place in a redacted text.
    pub label: &'r str,
}

impl Redactor {
    /// Everything that needs no settings: all kinds, no region, no detectors of your own.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "it is built from constants, and tests build it"
    )]
    pub fn new() -> Self {
        let anchors = Prefilter::new(DataKindSet::ALL, RegionSet::NONE).expect("the built-in patterns compile");
        Self::of(anchors, CustomDetectors::default())
    }

    /// A redactor with settings.
    pub const fn builder() -> RedactorBuilder {
        RedactorBuilder::new()
    }

    pub(super) fn of(anchors: Prefilter, customs: CustomDetectors) -> Self {
        Self { rules: Arc::new(Rules { anchors, customs }) }
    }

    /// The text with a label in the place of everything that was found; the text itself if nothing was.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let swept = self.sweep(text.as_bytes(), 0, 0, true);
        if swept.hits.iter().all(|hit| hit.what == MatchedKind::Placeholder) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        self.write(text, &swept.hits, &mut out);
        Cow::Owned(out)
    }

    /// Writes the redacted text behind `out` and says what was found.
    pub fn redact_into(&self, text: &str, out: &mut String) -> RedactionCounts {
        let swept = self.sweep(text.as_bytes(), 0, 0, true);
        self.write(text, &swept.hits, out);
        RedactionCounts::of(&swept.hits)
    }

    /// What is found in a text, from left to right and without overlaps.
    ///
    /// ```
    /// use llmobs::redact::DataKind;
    /// use llmobs::redact::Redactor;
    ///
    /// let redactor = Redactor::new();
    /// let found = redactor.find("from 203.0.113.7");
    /// assert_eq!((found[0].range.clone(), found[0].kind, found[0].label), (5..16, DataKind::Ip, "[IP]"));
    /// ```
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Finding<'_>> {
        let swept = self.sweep(text.as_bytes(), 0, 0, true);
        let findings = swept.hits.into_iter().filter_map(|hit| {
            let (kind, label) = match hit.what {
                MatchedKind::Builtin(kind) => (kind, kind.label()),
                MatchedKind::Custom(number) => (DataKind::Custom, self.rules.customs.label(number)),
                MatchedKind::Placeholder => return None,
            };
            Some(Finding { range: hit.start..hit.end, kind, label })
        });
        findings.collect()
    }

    /// A text that comes in pieces, redacted as it passes.
    #[must_use]
    pub fn stream(&self) -> StreamRedactor {
        StreamRedactor::new(self.clone())
    }

    pub(super) fn sweep(&self, bytes: &[u8], from: usize, covered: usize, finished: bool) -> ScanResult {
        Scan { anchors: &self.rules.anchors, customs: &self.rules.customs }.run(bytes, from, covered, finished)
    }

    /// Whether detectors look at whole lines.
    pub(super) fn has_line_detectors(&self) -> bool {
        self.rules.customs.any()
    }

    /// Writes a text with labels in the place of what was found.
    fn write(&self, text: &str, hits: &[Match], out: &mut String) {
        let end = self.write_range(text, 0, hits, out);
        out.push_str(&text[end..]);
    }

    /// Writes what stands between and in hits, from a place on, and gives the end of the last one.
    pub(super) fn write_range(&self, text: &str, from: usize, hits: &[Match], out: &mut String) -> usize {
        hits.iter().fold(from, |done, hit| {
            out.push_str(&text[done..hit.start]);
            out.push_str(match hit.what {
                MatchedKind::Builtin(kind) => kind.label(),
                MatchedKind::Custom(number) => self.rules.customs.label(number),
                MatchedKind::Placeholder => &text[hit.start..hit.end],
            });
            hit.end
        })
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("customs", &self.rules.customs).finish_non_exhaustive()
    }
}
