//! The regions whose formats the redactor can detect.

/// A country whose identity numbers and national telephone numbers the redactor detects if
/// [`RedactorBuilder::region`](crate::RedactorBuilder::region) enables them.
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
    /// United States: ITIN. Social security numbers do not need a region; see [`DataKind::Ssn`](crate::DataKind::Ssn).
    Us,
}

impl Region {
    /// All regions, in declaration order.
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

/// A set of [`Region`] values, one bit per region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RegionSet(u32);

impl RegionSet {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn with(self, region: Region) -> Self {
        Self(self.0 | 1 << region as u32)
    }

    pub(super) const fn has_any(self) -> bool {
        self.0 != 0
    }

    pub(super) const fn contains(self, region: Region) -> bool {
        self.0 & 1 << region as u32 != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Region> {
        Region::ALL.into_iter().filter(move |region| self.contains(*region))
    }
}
