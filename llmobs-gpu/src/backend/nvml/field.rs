//! Fields of a device, read by number.

/// A field and its scope, which selects a part of the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) id: u32,
    pub(super) scope: u32,
}

/// The value of a field in one of the library's numeric types.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum NvmlValue {
    Float(f64),
    Signed(i64),
    Unsigned(u64),
}

impl Field {
    pub(super) const MEMORY_TEMPERATURE: Self = Self::new(82);
    pub(super) const REMAPPED_ROWS_CORRECTED: Self = Self::new(142);
    pub(super) const REMAPPED_ROWS_UNCORRECTED: Self = Self::new(143);
    pub(super) const ROW_REMAP_PENDING: Self = Self::new(144);
    pub(super) const ROW_REMAP_FAILED: Self = Self::new(145);
    pub(super) const POWER_INSTANT: Self = Self::new(186);
    pub(super) const TLIMIT_SHUTDOWN: Self = Self::new(193);
    pub(super) const TLIMIT_SLOWDOWN: Self = Self::new(194);
    pub(super) const PCIE_SENT: Self = Self::new(197);
    pub(super) const PCIE_RECEIVED: Self = Self::new(198);
    pub(super) const RECOVERY_ACTION: Self = Self::new(230);
    /// KiB sent over all links. Scope 0 would be the first link only.
    pub(super) const NVLINK_SENT: Self = Self { id: 138, scope: u32::MAX };
    /// KiB received over all links.
    pub(super) const NVLINK_RECEIVED: Self = Self { id: 139, scope: u32::MAX };

    const fn new(id: u32) -> Self {
        Self { id, scope: 0 }
    }
}

impl NvmlValue {
    pub(super) fn as_u64(self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(value),
            Self::Signed(value) => u64::try_from(value).ok(),
            Self::Float(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "degrees and milliwatts are far below 2^53")]
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(value) => value as f64,
            Self::Signed(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}
