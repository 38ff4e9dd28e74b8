//! The redactor and its matches.

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

/// A set of detectors for personal data and secrets. Redaction replaces each match by a placeholder.
///
/// A clone shares the compiled detectors. Any number of threads can use one redactor at the same time. The running time
/// is linear in the length of the text for every input. Redaction is idempotent: a redacted text does not change when
/// redacted again.
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
    prefilter: Prefilter,
    custom_detectors: CustomDetectors,
}

/// A match of a detector in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding<'r> {
    /// The byte range of the match. Both ends are character boundaries.
    pub range: Range<usize>,
    /// The kind of the matched data.
    pub kind: DataKind,
    /// The placeholder that replaces the match in a redacted text.
    pub placeholder: &'r str,
}

impl Redactor {
    /// Returns a redactor with the default settings: all kinds, no region, no user-defined detectors.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the patterns are constants, and a test builds them"
    )]
    pub fn new() -> Self {
        let prefilter = Prefilter::new(DataKindSet::ALL, RegionSet::NONE).expect("the built-in patterns compile");
        Self::from_rules(prefilter, CustomDetectors::default())
    }

    /// Returns a builder with the default settings.
    pub const fn builder() -> RedactorBuilder {
        RedactorBuilder::new()
    }

    pub(super) fn from_rules(prefilter: Prefilter, custom_detectors: CustomDetectors) -> Self {
        Self { rules: Arc::new(Rules { prefilter, custom_detectors }) }
    }

    /// Returns `text` with each match replaced by its placeholder. Returns `text` itself, borrowed, if nothing matches.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let result = self.scan(text.as_bytes(), 0, 0, true);
        if result.matches.iter().all(|matched| matched.kind == MatchedKind::Placeholder) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        self.write_redacted(text, &result.matches, &mut out);
        Cow::Owned(out)
    }

    /// Appends the redacted `text` to `out` and returns the number of matches by kind.
    pub fn redact_into(&self, text: &str, out: &mut String) -> RedactionCounts {
        let result = self.scan(text.as_bytes(), 0, 0, true);
        self.write_redacted(text, &result.matches, out);
        RedactionCounts::from_matches(&result.matches)
    }

    /// Returns the matches in `text` from left to right, without overlaps.
    ///
    /// ```
    /// use llmobs::redact::DataKind;
    /// use llmobs::redact::Redactor;
    ///
    /// let redactor = Redactor::new();
    /// let found = redactor.find("from 203.0.113.7");
    /// assert_eq!((found[0].range.clone(), found[0].kind, found[0].placeholder), (5..16, DataKind::Ip, "[IP]"));
    /// ```
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Finding<'_>> {
        let result = self.scan(text.as_bytes(), 0, 0, true);
        let findings = result.matches.into_iter().filter_map(|matched| {
            let (kind, placeholder) = match matched.kind {
                MatchedKind::Builtin(kind) => (kind, kind.placeholder()),
                MatchedKind::Custom(number) => (DataKind::Custom, self.rules.custom_detectors.placeholder(number)),
                MatchedKind::Placeholder => return None,
            };
            Some(Finding { range: matched.start..matched.end, kind, placeholder })
        });
        findings.collect()
    }

    /// Returns a redactor for a text that arrives in parts.
    #[must_use]
    pub fn stream(&self) -> StreamRedactor {
        StreamRedactor::new(self.clone())
    }

    pub(super) fn scan(&self, bytes: &[u8], from: usize, opaque_until: usize, is_complete: bool) -> ScanResult {
        let scan = Scan { prefilter: &self.rules.prefilter, custom_detectors: &self.rules.custom_detectors };
        scan.run(bytes, from, opaque_until, is_complete)
    }

    /// Returns whether user-defined detectors, which match whole lines, exist.
    pub(super) fn has_line_detectors(&self) -> bool {
        self.rules.custom_detectors.has_detectors()
    }

    /// Appends `text` to `out` with each match replaced by its placeholder.
    fn write_redacted(&self, text: &str, matches: &[Match], out: &mut String) {
        let end = self.write_redacted_range(text, 0, matches, out);
        out.push_str(&text[end..]);
    }

    /// Appends the text from `from` to the last match, with placeholders, and returns the end of the last match.
    pub(super) fn write_redacted_range(&self, text: &str, from: usize, matches: &[Match], out: &mut String) -> usize {
        matches.iter().fold(from, |done, matched| {
            out.push_str(&text[done..matched.start]);
            out.push_str(match matched.kind {
                MatchedKind::Builtin(kind) => kind.placeholder(),
                MatchedKind::Custom(number) => self.rules.custom_detectors.placeholder(number),
                MatchedKind::Placeholder => &text[matched.start..matched.end],
            });
            matched.end
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
        f.debug_struct("Redactor").field("customs", &self.rules.custom_detectors).finish_non_exhaustive()
    }
}
