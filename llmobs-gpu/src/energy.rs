//! Whose energy it was. Pure arithmetic on whole microjoules and moments: nothing here reads a clock or a device.

mod accounts;
mod ledger;
mod meter;
mod period;
#[cfg(test)]
mod properties;

pub(crate) use self::accounts::EnergyAccounts;
pub(crate) use self::accounts::SettledEnergy;
pub(crate) use self::accounts::bit;
pub(crate) use self::ledger::Tenancy;
pub(crate) use self::ledger::Totals;
pub(crate) use self::meter::EnergyMeter;
pub(crate) use self::meter::MeterUpdate;

/// Where a figure of energy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnergySource {
    /// The device's energy counter.
    Counter,
    /// Its power, summed over time.
    PowerIntegral,
}

impl EnergySource {
    /// Its name, as in the log event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::PowerIntegral => "power_integral",
        }
    }
}

/// How energy is shared between operations that run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnergyMethod {
    /// Equally, by the time that they ran together.
    Time,
}

impl EnergyMethod {
    /// Its name, as in the log event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
        }
    }
}
