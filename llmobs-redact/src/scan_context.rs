//! The context in which a detector decides about a candidate: the text, the enabled kinds and regions, and
//! the known tokens.

use super::found::Match;
use super::kind::DataKind;
use super::kind::DataKindSet;
use super::region::Region;
use super::region::RegionSet;
use super::view::TextView;

/// A text with the enabled kinds of data, and the enabled regions: the countries whose formats are detected.
#[derive(Clone, Copy)]
pub(super) struct ScanContext<'a, 't> {
    pub(super) text: &'a TextView<'t>,
    pub(super) kinds: DataKindSet,
    pub(super) regions: RegionSet,
    pub(super) known_tokens: &'a dyn KnownTokens,
}

/// Finds keys and tokens by their format. The prefilter, which calls the detectors, implements it for the detectors.
pub(super) trait KnownTokens {
    /// Returns the key or token at `at`, if its format is known.
    fn known_token_at(&self, text: &TextView<'_>, at: usize) -> Option<Match>;
}

impl ScanContext<'_, '_> {
    pub(super) const fn is_enabled(&self, kind: DataKind) -> bool {
        self.kinds.contains(kind)
    }

    pub(super) fn regions(&self) -> impl Iterator<Item = Region> + use<> {
        self.regions.iter()
    }

    pub(super) const fn has_region(&self, region: Region) -> bool {
        self.regions.contains(region)
    }

    pub(super) const fn has_regions(&self) -> bool {
        self.regions.has_any()
    }

    /// Returns the key or token that starts at `at`, if its format is known. A detector that follows a keyword uses it,
    /// because the format identifies the value better than the keyword.
    pub(super) fn known_token_at(&self, at: usize) -> Option<Match> {
        self.known_tokens.known_token_at(self.text, at)
    }
}
