//! The severity of XID errors, the numbered GPU errors of NVIDIA's driver.

/// The severity of an XID for the device that reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum XidSeverity {
    /// An error of a program. The device is healthy.
    Application,
    /// The device continues to work and needs attention.
    Warning,
    /// The device must be reset or replaced before further use.
    Fatal,
    /// The severity of the number is not known.
    Unknown,
}

impl XidSeverity {
    /// Returns the severity of an XID number, according to NVIDIA's device plugin and Data Center GPU Manager (DCGM).
    #[must_use]
    pub const fn from_code(xid: u64) -> Self {
        match xid {
            13 | 31 | 43 | 45 | 68 | 109 => Self::Application,
            32 | 63 | 92 | 94 => Self::Warning,
            48 | 64 | 74 | 79 | 95 | 119 | 120 | 140 => Self::Fatal,
            _ => Self::Unknown,
        }
    }

    /// Returns the name, which is also the value of the attribute `llmobs.gpu.xid.severity`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Warning => "warning",
            Self::Fatal => "fatal",
            Self::Unknown => "unknown",
        }
    }
}

/// The XID of a GPU that fell off the bus. The driver may not report it, so the sampler counts a lost device as this
/// XID.
pub(crate) const XID_OFF_THE_BUS: u64 = 79;

/// Returns the label value of an XID number. NVIDIA's catalog ends below 200; numbers from 200 on become `_OTHER`.
pub(crate) fn code_label(xid: u64) -> String {
    if xid < 200 { xid.to_string() } else { "_OTHER".to_owned() }
}
