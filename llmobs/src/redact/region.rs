//! Identity numbers of states, looked for only where their region is named: a check digit of one in ten fires on every
//! tenth number.

mod checks;

use super::class;
use super::class::ALNUM;
use super::context;
use super::context::Topic;
use super::found::Match;
use super::kind::DataKind;
use super::number::DigitGroup;
use super::number::DigitGroups;
use super::number::Separator;
use super::number::begins;
use super::number::ends;
use super::prefilter::ScanContext;
use super::view::TextView;

/// A part of the world whose identity numbers and national telephone numbers are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Region {
    /// Australia: tax file number, Medicare.
    Au,
    /// Belgium: national register number.
    Be,
    /// Brazil: CPF, CNPJ.
    Br,
    /// Canada: social insurance number.
    Ca,
    /// Switzerland: AHV number.
    Ch,
    /// China: resident identity number.
    Cn,
    /// Germany: tax identification number.
    De,
    /// Denmark: CPR number.
    Dk,
    /// Spain: DNI, NIE.
    Es,
    /// Finland: personal identity code.
    Fi,
    /// France: social security number.
    Fr,
    /// India: Aadhaar, PAN.
    In,
    /// Italy: codice fiscale.
    It,
    /// Japan: My Number.
    Jp,
    /// Korea: resident registration number.
    Kr,
    /// Mexico: CURP.
    Mx,
    /// Netherlands: BSN.
    Nl,
    /// Norway: national identity number.
    No,
    /// Poland: PESEL.
    Pl,
    /// Sweden: personnummer.
    Se,
    /// Singapore: NRIC.
    Sg,
    /// United Kingdom: national insurance number, NHS number.
    Uk,
    /// United States: ITIN. Social security numbers are looked for everywhere.
    Us,
}

impl Region {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Au,
        Self::Be,
        Self::Br,
        Self::Ca,
        Self::Ch,
        Self::Cn,
        Self::De,
        Self::Dk,
        Self::Es,
        Self::Fi,
        Self::Fr,
        Self::In,
        Self::It,
        Self::Jp,
        Self::Kr,
        Self::Mx,
        Self::Nl,
        Self::No,
        Self::Pl,
        Self::Se,
        Self::Sg,
        Self::Uk,
        Self::Us,
    ];
}

/// A set of regions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RegionSet(u32);

impl RegionSet {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn with(self, region: Region) -> Self {
        Self(self.0 | 1 << region as u32)
    }

    pub(super) const fn any(self) -> bool {
        self.0 != 0
    }

    pub(super) const fn has(self, region: Region) -> bool {
        self.0 & 1 << region as u32 != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Region> {
        Region::ALL.into_iter().filter(move |region| self.has(*region))
    }
}

/// Digits and separators alone.
pub(super) fn number(scene: &ScanContext<'_, '_>, groups: &DigitGroups) -> Option<Match> {
    let text = scene.text;
    let all = groups.as_slice();
    if !scene.is_enabled(DataKind::NationalId) || !scene.has_regions() || !begins(text, groups.start()) {
        return None;
    }
    let topic = text.topic(groups.start(), context::topic);
    if matches!(topic, Some(Topic::Other | Topic::Version | Topic::Card)) {
        return None;
    }
    (1..=all.len()).rev().find_map(|count| {
        let end = all[count - 1].end;
        if !ends(text, end) || text.at(end) == b'-' && text.has_class(end + 1, ALNUM) {
            return None;
        }
        let digits = super::checksum::digits(text.slice(groups.start(), end));
        let shape =
            NumberFormat { digits: &digits, groups: &all[..count], has_keyword: topic == Some(Topic::NationalId) };
        scene
            .regions()
            .any(|region| checks::number(region, &shape))
            .then(|| Match::new(groups.start(), end, DataKind::NationalId))
    })
}

/// A number as it is written.
struct NumberFormat<'a> {
    digits: &'a [u8],
    groups: &'a [DigitGroup],
    /// Whether words before it say that it is one.
    has_keyword: bool,
}

impl NumberFormat<'_> {
    /// The lengths of the groups; one for a number without separators.
    fn has_group_lengths(&self, lengths: &[usize]) -> bool {
        self.groups.iter().map(DigitGroup::len).eq(lengths.iter().copied())
    }

    fn is_ungrouped(&self) -> bool {
        self.groups.len() == 1
    }

    fn dashed(&self) -> bool {
        self.groups.last().is_some_and(|group| group.separator == Separator::Dash)
    }
}

/// `AB 12 34 56 C`: two letters and a blank stand before a digit.
pub(super) fn spaced(scene: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let start = scene.text.letters_start(at.checked_sub(1)?, 2)?;
    (scene.anchors_in(Region::Uk) && at - start == 3).then(|| detect_alphanumeric_id(scene, start)).flatten()
}

/// Letters and digits.
pub(super) fn detect_alphanumeric_id(scene: &ScanContext<'_, '_>, at: usize) -> Option<Match> {
    let text = scene.text;
    if !scene.has_regions()
        || !scene.is_enabled(DataKind::NationalId)
        || class::is_in(text.decoded_byte_before(at), ALNUM)
    {
        return None;
    }
    scene.regions().find_map(|region| {
        let lengths: &[usize] = match region {
            Region::Cn | Region::Mx => &[18],
            Region::Es | Region::Sg | Region::Uk => &[9],
            Region::Fi => &[11],
            Region::In => &[10],
            Region::It => &[16],
            _ => &[],
        };
        lengths.iter().find_map(|length| {
            let (symbols, end) = symbols(text, at, *length, region)?;
            checks::is_alphanumeric_id(region, &symbols).then(|| Match::new(at, end, DataKind::NationalId))
        })
    })
}

/// So many letters and digits from a place on; blanks and hyphens between them where a region's people write some.
fn symbols(text: &TextView<'_>, at: usize, wanted: usize, region: Region) -> Option<(Vec<u8>, usize)> {
    let mut symbols = Vec::with_capacity(wanted);
    let mut place = at;
    while symbols.len() < wanted {
        match text.at(place) {
            b' ' | b'-' if region == Region::Uk || region == Region::Es => {}
            sign @ (b'-' | b'+') if region == Region::Fi => symbols.push(sign),
            byte if class::is_in(byte, ALNUM) => symbols.push(byte.to_ascii_uppercase()),
            _ => return None,
        }
        place += 1;
        if place - at > 24 {
            return None;
        }
    }
    (!text.has_class(place, ALNUM)).then_some((symbols, place))
}

#[cfg(test)]
mod tests;
