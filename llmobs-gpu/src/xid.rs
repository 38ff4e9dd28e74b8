//! What an XID means for the device that reported it.

/// How bad an XID is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum XidSeverity {
    /// The fault of a program; the device is healthy.
    Application,
    /// The device goes on, and wants attention.
    Warning,
    /// The device is not to be used before it is reset or replaced.
    Fatal,
    /// Not in the table.
    Unknown,
}

impl XidSeverity {
    /// By NVIDIA's number, after its device plugin and data-centre manager.
    #[must_use]
    pub const fn of(xid: u64) -> Self {
        match xid {
            13 | 31 | 43 | 45 | 68 | 109 => Self::Application,
            32 | 63 | 92 | 94 => Self::Warning,
            48 | 64 | 74 | 79 | 95 | 119 | 120 | 140 => Self::Fatal,
            _ => Self::Unknown,
        }
    }

    /// Its name, also the value of `llmobs.gpu.xid.severity`.
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

/// The number of a GPU that fell off the bus. It may come with no event at all, so a lost device counts as one.
pub(crate) const OFF_THE_BUS: u64 = 79;

/// The number as a label: NVIDIA's catalogue ends below 200, and a label is bounded.
pub(crate) fn label(xid: u64) -> String {
    if xid < 200 { xid.to_string() } else { "_OTHER".to_owned() }
}
