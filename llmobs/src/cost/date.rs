//! Dates of prices: days in UTC, and the quarters of an hour within which no price changes.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The length of a slot in seconds. Prices change at the start of a slot: by day, or by time of day in UTC.
const SLOT_SECONDS: u64 = 15 * 60;

/// Slots of a day.
pub(super) const SLOTS_PER_DAY: u64 = 24 * 60 * 60 / SLOT_SECONDS;

/// A quarter of an hour in UTC, as its number since 1970. Every price applies to whole slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot(u64);

impl Slot {
    /// Returns the slot of a date; the first one for dates before 1970.
    pub(super) fn of(date: SystemTime) -> Self {
        Self(date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / SLOT_SECONDS)
    }

    /// Returns the first slot of a day in UTC; that of 1970 for earlier days.
    pub(super) fn of_day(day: Date) -> Self {
        let seconds = day.to_zoned_datetime(TimeZone::UTC).map_or(0, |midnight| midnight.timestamp().as_second());
        Self(u64::try_from(seconds).unwrap_or(0) / SLOT_SECONDS)
    }

    /// Returns the number of the slot within its day in UTC: 0 to 95.
    pub(super) const fn within_day(self) -> u64 {
        self.0 % SLOTS_PER_DAY
    }

    /// Returns the number of the slot since 1970.
    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// Returns the start of the slot.
    pub(super) fn start(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.saturating_mul(SLOT_SECONDS))
    }
}

/// Returns the day of a date in UTC, as text: `2026-11-20`.
pub(super) fn day_text(date: SystemTime) -> String {
    let timestamp = jiff::Timestamp::try_from(date).unwrap_or_default();
    timestamp.to_zoned_datetime(TimeZone::UTC).date().to_string()
}
