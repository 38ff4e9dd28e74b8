//! The situations in which each alert is tested, and what an alert does in them.

/// A situation in which a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Situation {
    /// The series of the events did not exist before the fault.
    First,
    /// The process restarts after the first minute of the fault.
    Restart,
    /// A second replica stays healthy.
    Replicas,
    /// A request comes every 20 minutes.
    FewRequests,
    /// No request comes, neither before the fault nor after it.
    NoRequests,
    /// The service records the level core.
    Core,
    /// Three scrapes are missing.
    Gap,
    /// The series come over OTLP.
    Otlp,
}

/// The answer of an alert to one of its faults in a situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) alert: String,
    /// The description of the fault; empty if the alert has one fault only.
    pub(crate) fault: String,
    pub(crate) situation: Situation,
    pub(crate) fires: bool,
    pub(crate) why: String,
}

impl Situation {
    /// All situations, in the order of the runbook pages.
    pub(crate) const ALL: [Self; 8] = [
        Self::First,
        Self::Restart,
        Self::Replicas,
        Self::FewRequests,
        Self::NoRequests,
        Self::Core,
        Self::Gap,
        Self::Otlp,
    ];

    /// Returns the name, which is also the key of a reason in the table of cases.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "first event ever",
            Self::Restart => "restart",
            Self::Replicas => "one of two replicas",
            Self::FewRequests => "three requests an hour",
            Self::NoRequests => "no requests",
            Self::Core => "level core",
            Self::Gap => "gap in scraping",
            Self::Otlp => "labels of OTLP",
        }
    }

    /// Returns why an alert fires whose series in the situation are not those of the fault.
    pub(super) const fn why_it_fires(self) -> &'static str {
        match self {
            Self::First => "a series that begins with the fault is enough",
            Self::Restart => "counters that begin at zero again do not end it",
            Self::Replicas => "the sick replica is enough",
            Self::FewRequests => "one request in 20 minutes is enough",
            Self::NoRequests => "needs no request",
            Self::Core => "needs no row above level core",
            Self::Gap => "three minutes without samples do not end it",
            Self::Otlp => "needs nothing that only a scrape has",
        }
    }

    /// Returns why the series of the situation are those of the fault.
    pub(super) const fn why_it_is_the_fault(self) -> &'static str {
        match self {
            Self::First => "reads no counter that begins with the fault",
            Self::Restart => "reads no counter that a restart resets",
            Self::FewRequests | Self::NoRequests => "does not depend on requests",
            Self::Core => "needs no row above level core",
            Self::Replicas | Self::Gap | Self::Otlp => "the fault is the same",
        }
    }
}
