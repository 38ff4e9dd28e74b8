//! The redactor, its builder and its matches.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::StreamRedactor;
use super::build_error::RedactorBuildError;
use super::counts::RedactionCounts;
use super::custom::CustomDetectors;
use super::custom::Detector;
use super::found::MatchedKind;
use super::json;
use super::json::RedactedJson;
use super::kind::DataKind;
use super::kind::DataKindSet;
use super::prefilter::Prefilter;
use super::region::Region;
use super::region::RegionSet;
use super::rules::Rules;
use super::truncate;
use super::truncate::RedactedText;
use super::truncation::Truncation;

/// A set of detectors for personal data and secrets. Redaction replaces each match by a placeholder.
///
/// A clone shares the compiled detectors. Any number of threads can use one redactor at the same time. The running time
/// is linear in the length of the text for every input. Redaction is idempotent: a redacted text does not change when
/// redacted again.
///
/// ```
/// use llmobs_redact::Redactor;
///
/// let redactor = Redactor::new();
/// assert_eq!(redactor.redact("Mail jane@example.org or call +44 20 7946 0958."), "Mail [EMAIL] or call [PHONE].");
/// assert_eq!(redactor.redact("Nothing here."), "Nothing here.");
/// ```
#[derive(Clone)]
pub struct Redactor {
    rules: Arc<Rules>,
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

    fn from_rules(prefilter: Prefilter, custom_detectors: CustomDetectors) -> Self {
        Self { rules: Arc::new(Rules::new(prefilter, custom_detectors)) }
    }

    /// Returns `text` with each match replaced by its placeholder. Returns `text` itself, borrowed, if nothing matches.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let result = self.rules.scan(text.as_bytes(), 0, 0, true);
        if result.matches.iter().all(|matched| matched.kind == MatchedKind::Placeholder) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        self.rules.write_redacted(text, &result.matches, &mut out);
        Cow::Owned(out)
    }

    /// Appends the redacted `text` to `out` and returns the number of matches by kind.
    pub fn redact_into(&self, text: &str, out: &mut String) -> RedactionCounts {
        let result = self.rules.scan(text.as_bytes(), 0, 0, true);
        self.rules.write_redacted(text, &result.matches, out);
        RedactionCounts::from_matches(&result.matches)
    }

    /// Returns the matches in `text` from left to right, without overlaps.
    ///
    /// ```
    /// use llmobs_redact::DataKind;
    /// use llmobs_redact::Redactor;
    ///
    /// let redactor = Redactor::new();
    /// let found = redactor.find("from 203.0.113.7");
    /// assert_eq!((found[0].range.clone(), found[0].kind, found[0].placeholder), (5..16, DataKind::Ip, "[IP]"));
    /// ```
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Finding<'_>> {
        let result = self.rules.scan(text.as_bytes(), 0, 0, true);
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
        StreamRedactor::new(Arc::clone(&self.rules))
    }

    /// Redacts a JSON value in place: strings, numbers and field names. Returns the number of matches by kind. A string
    /// that contains JSON, for example the arguments of a tool call, is redacted as JSON, and stays as it is if nothing
    /// in it matches. The name of a field helps to detect its value (`password`, `dob`). A value nested deeper than 64
    /// levels becomes `[OVERFLOW]`.
    ///
    /// ```
    /// use llmobs_redact::Redactor;
    /// use serde_json::json;
    ///
    /// let mut value = json!({
    ///     "password": "open sesame",
    ///     "arguments": r#"{"to":"jane\u0040example.org"}"#,
    ///     "jane@example.org": 4242424242424242_u64,
    /// });
    /// Redactor::new().redact_json(&mut value);
    /// let expected = json!({"password": "[SECRET]", "arguments": r#"{"to":"[EMAIL]"}"#, "[EMAIL]": "[CARD]"});
    /// assert_eq!(value, expected);
    /// ```
    pub fn redact_json(&self, value: &mut Value) -> RedactionCounts {
        let redacted = self.redact_and_truncate_json(value, usize::MAX);
        *value = redacted.value;
        redacted.counts
    }

    /// Returns `value` redacted, then truncated to about `limit` bytes of JSON. Content after the limit is not scanned.
    #[must_use]
    pub fn redact_and_truncate_json(&self, value: &Value, limit: usize) -> RedactedJson {
        json::redact_and_truncate(&self.rules, value, limit)
    }

    /// Redacts `text`, then truncates the result to at most `limit` bytes. Scans at most 8 * (`limit` + 1024) bytes, so
    /// the result of a longer text can be shorter than `limit` if most of the text is replaced by placeholders.
    ///
    /// `truncation` states whether `text` was cut before this call. If it was (`Bytes` with more than 0), a tail that
    /// can be the start of a match is removed too. If that is not known (`Unknown`), and this call truncates nothing,
    /// the words at the end that do not look like words of a language, such as `eyJhbGci`, are removed: they can be the
    /// start of a secret.
    #[must_use]
    pub fn redact_and_truncate(&self, text: &str, limit: usize, truncation: Truncation) -> RedactedText {
        truncate::redact_and_truncate(&self.rules, text, limit, truncation)
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

/// A builder of a [`Redactor`].
///
/// ```
/// use llmobs_redact::DataKind;
/// use llmobs_redact::Redactor;
/// use llmobs_redact::Region;
///
/// let redactor = Redactor::builder().region(Region::De).without(DataKind::Ip).allow("info@example.org").build()?;
/// assert_eq!(redactor.redact("10.1.2.3: info@example.org or 030 23125 000"), "10.1.2.3: info@example.org or [PHONE]");
/// # Ok::<(), llmobs_redact::RedactorBuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RedactorBuilder {
    kinds: DataKindSet,
    regions: RegionSet,
    detectors: Vec<Detector>,
    allowlist: Vec<String>,
}

impl RedactorBuilder {
    const fn new() -> Self {
        Self { kinds: DataKindSet::ALL, regions: RegionSet::NONE, detectors: Vec::new(), allowlist: Vec::new() }
    }

    /// Disables the detection of a built-in `kind`. Has no effect on user-defined detectors, whose kind is
    /// [`DataKind::Custom`]. Default: all kinds are enabled.
    pub const fn without(mut self, kind: DataKind) -> Self {
        self.kinds = self.kinds.without(kind);
        self
    }

    /// Enables only `kinds`. User-defined detectors remain enabled.
    pub fn only(mut self, kinds: impl IntoIterator<Item = DataKind>) -> Self {
        self.kinds = kinds.into_iter().fold(DataKindSet::NONE, DataKindSet::with);
        self
    }

    /// Enables the identity numbers and the national telephone number formats of `region`. Default: no region, because
    /// the check digits of identity numbers are weak: about one in ten random numbers of the right length passes.
    pub const fn region(mut self, region: Region) -> Self {
        self.regions = self.regions.with(region);
        self
    }

    /// Adds a user-defined detector. Default: none.
    pub fn detector(mut self, detector: Detector) -> Self {
        self.detectors.push(detector);
        self
    }

    /// Excludes `text` from redaction where a match equals it, ignoring ASCII case; for example a public support
    /// address. Default: none.
    pub fn allow(mut self, text: impl Into<String>) -> Self {
        self.allowlist.push(text.into());
        self
    }

    /// Compiles the detectors and returns the redactor. Compilation takes milliseconds; build once and clone the
    /// redactor.
    ///
    /// # Errors
    ///
    /// Returns an error if the name or the pattern of a detector does not have the form that [`Detector::new`]
    /// describes, or if the patterns are too large to be compiled.
    pub fn build(self) -> Result<Redactor, RedactorBuildError> {
        let prefilter = Prefilter::new(self.kinds, self.regions)?;
        Ok(Redactor::from_rules(prefilter, CustomDetectors::new(self.detectors, self.allowlist)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_patterns_and_names_are_rejected_with_the_name_of_the_setter() {
        let error = Redactor::builder().detector(Detector::new("BADGE", "(")).build().unwrap_err();
        assert!(error.to_string().starts_with("`detector`: a detector's pattern cannot be compiled"), "{error}");
        let error = Redactor::builder().detector(Detector::new("BADGE", "EMP.[0-9]")).build().unwrap_err();
        assert!(error.to_string().contains("cannot be compiled"), "`.` could match a part of a character: {error}");
        assert!(Redactor::builder().detector(Detector::new("BADGE", "EMP(?u:.)[0-9]")).build().is_ok());
        for name in ["badge", "B", "B-1", "1B", "", "BADGENUMBEROFSTAFF"] {
            let error = Redactor::builder().detector(Detector::new(name, "x")).build().unwrap_err();
            assert!(error.to_string().contains("cannot be used"), "{error}");
            assert!(error.to_string().contains("no part longer than 16 characters"), "{error}");
        }
    }

    #[test]
    fn only_enabled_kinds_are_detected() {
        let text = "jane@example.org 4242424242424242 219-45-6789 +442079460958";
        let emails = Redactor::builder().only([DataKind::Email]).build().unwrap();
        assert_eq!(emails.redact(text), "[EMAIL] 4242424242424242 219-45-6789 +442079460958");
        let most = Redactor::builder().without(DataKind::Email).build().unwrap();
        assert_eq!(most.redact(text), "jane@example.org [CARD] [SSN] [PHONE]");
    }
}
