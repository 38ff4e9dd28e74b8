//! The periods of calendars: days of 23 and 25 hours, days without a midnight, weeks and months.

use proptest::prelude::*;

use super::*;
use crate::cost::budget::calendar::Calendar;
use crate::cost::budget::calendar::Window;
use crate::cost::budget::calendar::to_date;
use crate::cost::budget::calendar::to_second;

/// Time zones with changes at midnight, over midnight, of a whole day, and of half an hour.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
];

fn calendar(zone: &str, period: Period) -> Calendar {
    Budget::new("b", usd(1)).period(period).time_zone(zone).unwrap().calendar().clone()
}

/// Returns the first second of a period, the last second, and the hours between.
fn window(zone: &str, period: Period, at: &str) -> (String, String, i64) {
    let second = at.parse::<jiff::Timestamp>().unwrap().as_second();
    let window = calendar(zone, period).window(second);
    assert!(window.contains(second), "{window:?} does not contain {at}");
    let text = |second| jiff::Timestamp::from_second(second).unwrap().to_string();
    (text(window.start), text(window.end), (window.end - window.start) / 3_600)
}

fn assert_window(zone: &str, period: Period, at: &str, start: &str, end: &str, hours: i64) {
    assert_eq!(window(zone, period, at), (start.to_owned(), end.to_owned(), hours), "{zone} {period:?} {at}");
}

#[test]
fn a_day_has_23_or_25_hours_where_the_clock_is_changed() {
    let berlin = "Europe/Berlin";
    assert_window(berlin, Period::Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23);
    assert_window(berlin, Period::Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25);
    assert_window(berlin, Period::Day, "2026-10-25T22:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25);
    assert_window(berlin, Period::Day, "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z", 24);
}

#[test]
fn a_day_without_midnight_starts_at_its_first_second() {
    let (sao_paulo, beirut) = ("America/Sao_Paulo", "Asia/Beirut");
    assert_window(sao_paulo, Period::Day, "2015-10-18T12:00:00Z", "2015-10-18T03:00:00Z", "2015-10-19T02:00:00Z", 23);
    assert_window(sao_paulo, Period::Day, "2015-10-18T02:59:59Z", "2015-10-17T03:00:00Z", "2015-10-18T03:00:00Z", 24);
    assert_window(beirut, Period::Day, "2016-03-27T12:00:00Z", "2016-03-26T22:00:00Z", "2016-03-27T21:00:00Z", 23);
    // The clock went from 23:30 to 0:30.
    let toronto = "America/Toronto";
    assert_window(toronto, Period::Day, "1919-03-31T04:30:00Z", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z", 23);
}

#[test]
fn a_clock_that_goes_back_over_midnight_opens_no_day_a_second_time() {
    // At 0:01 on the 7th, the clock went back to 23:01 on the 6th.
    let zone = "America/St_Johns";
    assert_window(zone, Period::Day, "2010-11-07T02:29:59Z", "2010-11-06T02:30:00Z", "2010-11-07T02:30:00Z", 24);
    for at in ["2010-11-07T02:30:30Z", "2010-11-07T02:40:00Z", "2010-11-07T03:45:00Z"] {
        assert_window(zone, Period::Day, at, "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z", 25);
    }
}

#[test]
fn a_day_that_a_country_skipped_has_no_period() {
    let zone = "Pacific/Apia";
    assert_window(zone, Period::Day, "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", 24);
    assert_window(zone, Period::Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", 24);
}

#[test]
fn a_week_starts_on_monday_also_over_the_end_of_a_year() {
    for at in ["2026-12-28T00:00:00Z", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-03T23:59:59Z"] {
        assert_window("UTC", Period::Week, at, "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z", 168);
    }
    let berlin = "Europe/Berlin";
    assert_window(berlin, Period::Week, "2026-10-25T22:00:00Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", 169);
}

#[test]
fn a_month_has_the_length_of_the_calendar() {
    for (at, start, end, days) in [
        ("2026-02-28T23:59:59Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", 28),
        ("2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z", 29),
        ("2026-11-30T23:59:59Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", 30),
        ("2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", 31),
    ] {
        assert_window("UTC", Period::Month, at, start, end, days * 24);
    }
    let berlin = "Europe/Berlin";
    assert_window(berlin, Period::Month, "2026-02-28T23:30:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", 743);
}

#[test]
fn dates_outside_of_the_calendar_are_in_its_first_or_last_period() {
    let calendar = calendar("Europe/Berlin", Period::Month);
    let last = calendar.window(i64::MAX);
    assert_eq!((calendar.window(300_000_000_000), last.start < last.end), (last, true));
    assert!(calendar.window(i64::MIN).start < calendar.window(0).start);
    let budget = book_of(Budget::new("b", usd(100)).period(Period::Month).deny());
    let far = UNIX_EPOCH + Duration::from_secs(300_000_000_000);
    charge(&budget, 60, far);
    charge(&budget, 40, far + Duration::from_secs(100_000_000));
    assert_eq!((spent(&budget, far), admits(&budget, 1, far)), (100, false));
    assert_eq!(budget.readings(far)[0].period_end, to_date(calendar.window(i64::MAX).end + 3_600));
}

#[test]
fn seconds_are_rounded_down_before_and_after_1970() {
    let date = |nanos: i64| {
        let distance = Duration::from_nanos(nanos.unsigned_abs());
        if nanos < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    };
    for (nanos, second) in
        [(0, 0), (999_999_999, 0), (1_000_000_000, 1), (-1, -1), (-1_000_000_000, -1), (-1_000_000_001, -2)]
    {
        assert_eq!(to_second(date(nanos)), second, "{nanos}");
    }
    assert_eq!(to_date(-5), UNIX_EPOCH - Duration::from_secs(5));
}

proptest! {
    #[test]
    fn the_periods_of_a_calendar_cover_all_seconds_once(
        zone in 0..ZONES.len(),
        period in prop_oneof![Just(Period::Day), Just(Period::Week), Just(Period::Month)],
        second in -3_000_000_000..4_000_000_000_i64,
        within in 0..i64::MAX,
    ) {
        let calendar = calendar(ZONES[zone], period);
        let window = calendar.window(second);
        let Window { start, end } = window;
        prop_assert!(window.contains(second));
        for inside in [start, end - 1, start + within % (end - start)] {
            prop_assert_eq!(calendar.window(inside), window);
        }
        prop_assert_eq!(calendar.window(end).start, end);
        prop_assert_eq!(calendar.window(start - 1).end, start);
        let days = (end - start + 43_200) / 86_400;
        let expected = match period {
            Period::Day => 1..=2,
            Period::Week => 6..=8,
            Period::Month => 27..=32,
        };
        prop_assert!(expected.contains(&days), "{} days", days);
    }
}
