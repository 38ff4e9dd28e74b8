//! The periods of budgets: days, weeks and months of the calendar of a time zone.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::AmbiguousOffset;
use jiff::tz::TimeZone;

/// The period after which a budget starts again at zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Period {
    /// A day of the calendar: 23 or 25 hours long where the clock is changed.
    Day,
    /// Seven days of the calendar, from Monday on, also over the end of a year.
    Week,
    /// A month of the calendar.
    Month,
}

impl Period {
    /// Returns the period as text: `day`, `week` or `month`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// One period of a budget, in seconds since 1970: from the start, inclusive, to the end, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Window {
    pub(super) const fn contains(self, second: i64) -> bool {
        self.start <= second && second < self.end
    }
}

/// The period of a budget and the time zone of its calendar.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    pub(super) period: Period,
    pub(super) zone: TimeZone,
    /// The name of the zone, as it was declared.
    pub(super) zone_name: Box<str>,
}

/// The first and the last second of calendars, so that the periods around them are within the years of `jiff`.
const FIRST_SECOND: i64 = -62_000_000_000;
const LAST_SECOND: i64 = 253_300_000_000;

impl Calendar {
    /// Returns the period that contains a second. The periods of one calendar cover all seconds without a gap.
    pub(super) fn window(&self, second: i64) -> Window {
        let second = second.clamp(FIRST_SECOND, LAST_SECOND);
        self.find(second).unwrap_or(Window { start: i64::MIN, end: i64::MAX })
    }

    fn find(&self, second: i64) -> Option<Window> {
        let date = Timestamp::from_second(second).ok()?.to_zoned_datetime(self.zone.clone()).date();
        let mut first = self.first_day(date)?;
        // The date of a second is not enough: a clock that is set back over midnight shows the end of a day twice, and
        // the second time belongs to the next day.
        while self.start_of(first)? > second {
            first = self.first_day(first.yesterday().ok()?)?;
        }
        let mut start = self.start_of(first)?;
        loop {
            let next = self.next_first_day(first)?;
            let end = self.start_of(next)?;
            if second < end {
                return Some(Window { start, end });
            }
            (first, start) = (next, end);
        }
    }

    /// Returns the first day of the period that contains a day.
    fn first_day(&self, date: Date) -> Option<Date> {
        match self.period {
            Period::Day => Some(date),
            Period::Week => date.checked_sub(date.weekday().to_monday_zero_offset().days()).ok(),
            Period::Month => Some(date.first_of_month()),
        }
    }

    /// Returns the first day of the period after the one that starts with `first`.
    fn next_first_day(&self, first: Date) -> Option<Date> {
        let span = match self.period {
            Period::Day => 1.day(),
            Period::Week => 1.week(),
            Period::Month => 1.month(),
        };
        first.checked_add(span).ok()
    }

    /// Returns the first second of a day. A clock that skips midnight starts the day at the end of the gap.
    fn start_of(&self, date: Date) -> Option<i64> {
        let midnight = self.zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
        let is_skipped = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
        // For a skipped midnight, this is as long after the gap as midnight is after its start.
        let start = midnight.compatible().ok()?;
        if !is_skipped {
            return Some(start.as_second());
        }
        let after = start.checked_add(1.second()).ok()?;
        let gap = self.zone.preceding(after).next()?;
        Some(gap.timestamp().as_second())
    }
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.period == other.period && self.zone_name == other.zone_name
    }
}

/// Returns the whole second of a date, since 1970, rounded down.
pub(super) fn to_second(date: SystemTime) -> i64 {
    match date.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            -seconds - i64::from(before.subsec_nanos() > 0)
        }
    }
}

/// Returns the date of a second; 1970 if the system cannot represent it.
pub(super) fn to_date(second: i64) -> SystemTime {
    let distance = Duration::from_secs(second.unsigned_abs());
    let date = if second < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    date.unwrap_or(UNIX_EPOCH)
}
