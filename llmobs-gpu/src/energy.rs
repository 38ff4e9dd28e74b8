//! Attribution of energy to operations. Pure arithmetic on whole microjoules and moments, without a clock or a device.

mod accounts;
mod ledger;
mod meter;
mod period;
#[cfg(test)]
mod properties;

pub(crate) use self::accounts::EnergyAccounts;
pub(crate) use self::accounts::SettledEnergy;
pub(crate) use self::accounts::device_bit;
pub(crate) use self::ledger::Tenancy;
pub(crate) use self::ledger::Totals;
pub(crate) use self::meter::EnergyMeter;
pub(crate) use self::meter::MeterUpdate;

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

/// The method of dividing energy between operations that run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnergyMethod {
    /// Equal parts for the time in which operations run together.
    Time,
}

impl EnergyMethod {
    /// Returns the name in the log event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
        }
    }
}
