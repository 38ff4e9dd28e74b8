//! Attribution of energy to operations. Pure arithmetic on whole microjoules and moments, without a clock or a device.

mod accounts;
mod division;
mod engines;
mod ledger;
mod meter;
mod operation_account;
mod period;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod step_fixture;
#[cfg(test)]
mod step_properties;
mod step_queue;
#[cfg(test)]
mod step_rules;
mod undivided;
mod work;

pub(crate) use self::accounts::EnergyAccounts;
pub(crate) use self::accounts::device_bit;
pub(crate) use self::engines::ReportingEngine;
pub(crate) use self::ledger::Tenancy;
pub(crate) use self::ledger::Totals;
pub(crate) use self::meter::EnergyMeter;
pub(crate) use self::meter::MeterUpdate;
pub(crate) use self::operation_account::SettledEnergy;
pub use self::work::WorkCoefficients;

/// The source of energy values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnergySource {
    /// The device's energy counter.
    Counter,
    /// The device's power, integrated over time.
    PowerIntegral,
}

impl EnergySource {
    /// Returns the name in the log event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::PowerIntegral => "power_integral",
        }
    }
}

/// The method of dividing energy between operations that run at the same time, from the most exact one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnergyMethod {
    /// The work of the engine's steps: an equal part of one read of the weights for each operation of a step, and the
    /// arithmetic and cache reads of the operation itself. For engines that report the operations of their steps and
    /// whose [`ModelSize`](crate::ModelSize) is known.
    Work,
    /// The tokens of the engine's steps, prompt tokens with a lower weight. For engines that report the operations of
    /// their steps and whose model has no known size.
    Tokens,
    /// Equal parts for the time in which operations run together.
    Time,
}

impl EnergyMethod {
    /// All methods, from the most exact one on.
    pub const ALL: [Self; 3] = [Self::Work, Self::Tokens, Self::Time];

    /// Returns the position in [`ALL`](Self::ALL).
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Work => 0,
            Self::Tokens => 1,
            Self::Time => 2,
        }
    }

    /// Returns the name in the log event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Tokens => "tokens",
            Self::Time => "time",
        }
    }
}
