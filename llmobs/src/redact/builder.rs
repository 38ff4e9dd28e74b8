//! The builder of a redactor and its error.

use std::error;
use std::fmt;

use super::DataKind;
use super::Detector;
use super::Redactor;
use super::Region;
use super::custom::CustomDetectors;
use super::kind::DataKindSet;
use super::prefilter::Prefilter;
use super::region::RegionSet;

/// A builder of a [`Redactor`].
///
/// ```
/// use llmobs::redact::DataKind;
/// use llmobs::redact::Redactor;
/// use llmobs::redact::Region;
///
/// let redactor = Redactor::builder().region(Region::De).without(DataKind::Ip).allow("info@example.org").build()?;
/// assert_eq!(redactor.redact("10.1.2.3: info@example.org or 030 23125 000"), "10.1.2.3: info@example.org or [PHONE]");
/// # Ok::<(), llmobs::redact::RedactorBuildError>(())
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
    pub(super) const fn new() -> Self {
        Self { kinds: DataKindSet::ALL, regions: RegionSet::NONE, detectors: Vec::new(), allowlist: Vec::new() }
    }

    /// Disables the detection of `kind`. Default: all kinds are enabled.
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
    /// Returns an error if the pattern of a detector is not a valid regular expression, or if a name does not have the
    /// form that [`Detector::new`] describes.
    pub fn build(self) -> Result<Redactor, RedactorBuildError> {
        let prefilter = Prefilter::new(self.kinds, self.regions)?;
        Ok(Redactor::from_rules(prefilter, CustomDetectors::new(self.detectors, self.allowlist)?))
    }
}

/// The error of [`RedactorBuilder::build`]. The message names the setter to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactorBuildError {
    message: String,
}

impl RedactorBuildError {
    pub(super) fn new(what: &str, error: &dyn error::Error) -> Self {
        let mut message = format!("`detector`: {what} cannot be compiled: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self { message }
    }

    pub(super) fn invalid_name(name: &str) -> Self {
        let message = format!(
            "`detector`: the label {name:?} cannot be used: a label must begin with a capital letter and contain 2 to \
             32 capital letters, `_` and at most 4 digits"
        );
        Self { message }
    }
}

impl fmt::Display for RedactorBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for RedactorBuildError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_patterns_and_names_are_rejected_with_the_name_of_the_setter() {
        let error = Redactor::builder().detector(Detector::new("BADGE", "(")).build().unwrap_err();
        assert!(error.to_string().starts_with("`detector`: a detector's pattern cannot be compiled"), "{error}");
        for name in ["badge", "B", "B-1", "1B", ""] {
            let error = Redactor::builder().detector(Detector::new(name, "x")).build().unwrap_err();
            assert!(error.to_string().contains("cannot be used"), "{error}");
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
