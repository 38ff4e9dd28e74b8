//! Monotonic time as an integer, and the only code that reads clocks.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::number::to_f64;

/// A moment on the monotonic clock: nanoseconds since an origin that all system clocks of the process share.
///
/// ```
/// use llmobs::clock::Moment;
/// use std::time::Duration;
///
/// let start = Moment::from_nanos(1_000);
/// assert_eq!(start.saturating_add(Duration::from_nanos(500)).since(start), Duration::from_nanos(500));
/// assert_eq!(start.since(Moment::from_nanos(2_000)), Duration::ZERO, "time never runs backwards");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Creates the moment that is `nanos` nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the time from `earlier` to this moment; zero if `earlier` is later than this moment.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the moment that is `duration` after this moment, or the last representable moment on overflow.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration_to_nanos(duration)))
    }
}

impl From<Instant> for Moment {
    #[inline]
    fn from(instant: Instant) -> Self {
        Self(duration_to_nanos(instant.saturating_duration_since(origin())))
    }
}

/// Converts a duration to nanoseconds; saturates after 584 years.
#[inline]
pub(crate) const fn duration_to_nanos(duration: Duration) -> u64 {
    // Computed in 64 bits, because `Duration::as_nanos` multiplies and compares in 128 bits.
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

/// Returns the date `nanos` nanoseconds ago, or the current one if the system cannot represent it. Exported telemetry
/// has dates; measurements never use them.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the system date")]
pub(crate) fn system_time_before_now(nanos: u64) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(Duration::from_nanos(nanos)).unwrap_or(now)
}

/// Converts nanoseconds to seconds, rounded to the nearest double: 20,000,000 becomes exactly `0.02`.
pub(crate) fn nanos_to_seconds(nanos: u64) -> f64 {
    to_f64(nanos) / 1e9
}

/// The source of moments and dates.
#[derive(Debug, Clone)]
pub struct Clock(ClockSource);

/// The time of a manual clock.
#[derive(Debug)]
struct ManualTime {
    /// The current moment, in nanoseconds.
    moment: AtomicU64,
    /// The date of the moment zero, in nanoseconds since 1970; `UNSET_DATE` until the handle sets a date.
    origin_date: AtomicU64,
}

/// The date of a manual clock that follows the system's date.
const UNSET_DATE: u64 = u64::MAX;

#[derive(Debug, Clone)]
enum ClockSource {
    System,
    Manual(Arc<ManualTime>),
    #[cfg(feature = "testing")]
    Tokio,
}

impl Clock {
    /// Returns the monotonic clock of the operating system, which is the default.
    #[must_use]
    pub const fn system() -> Self {
        Self(ClockSource::System)
    }

    /// Creates a clock for tests and the handle that advances it. The clock starts at one second and does not advance
    /// otherwise.
    #[must_use]
    pub fn manual() -> (Self, ManualClock) {
        // Starts at one second and not at zero, so that a test can use moments before the start.
        let moment = AtomicU64::new(1_000_000_000);
        let time = Arc::new(ManualTime { moment, origin_date: AtomicU64::new(UNSET_DATE) });
        (Self(ClockSource::Manual(Arc::clone(&time))), ManualClock(time))
    }

    /// Returns a clock that follows tokio's clock, so that `tokio::time::pause` and `advance` control it. On a thread
    /// outside of a tokio runtime, it is the clock of the operating system.
    #[cfg(feature = "testing")]
    #[must_use]
    pub const fn tokio() -> Self {
        Self(ClockSource::Tokio)
    }

    /// Returns the current moment.
    #[inline]
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
    pub fn now(&self) -> Moment {
        match &self.0 {
            ClockSource::System => Moment::from(Instant::now()),
            ClockSource::Manual(time) => Moment(time.moment.load(Ordering::Relaxed)),
            #[cfg(feature = "testing")]
            ClockSource::Tokio => Moment::from(tokio::time::Instant::now().into_std()),
        }
    }

    /// Returns the current date: that of the operating system, or of a manual clock after
    /// [`ManualClock::set_date`]. Prices and budgets apply by date; no measurement uses it.
    #[must_use]
    pub fn date(&self) -> SystemTime {
        if let ClockSource::Manual(time) = &self.0 {
            let origin = time.origin_date.load(Ordering::Relaxed);
            if origin != UNSET_DATE {
                return UNIX_EPOCH + Duration::from_nanos(origin.saturating_add(time.moment.load(Ordering::Relaxed)));
            }
        }
        system_time_before_now(0)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// The handle that advances a manual [`Clock`].
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<ManualTime>);

impl ManualClock {
    /// Advances the clock by a duration.
    pub fn advance(&self, by: Duration) {
        self.0.moment.fetch_add(duration_to_nanos(by), Ordering::Relaxed);
    }

    /// Sets the current date of the clock, which advances with the clock from then on. Dates before 1970 become 1970.
    pub fn set_date(&self, date: SystemTime) {
        let date = duration_to_nanos(date.duration_since(UNIX_EPOCH).unwrap_or_default());
        self.0.origin_date.store(date.saturating_sub(self.now().as_nanos()), Ordering::Relaxed);
    }

    /// Returns the current moment of the clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(self.0.moment.load(Ordering::Relaxed))
    }
}

/// Returns the origin of all moments: one hour before the first call, if the system clock allows it, so that an
/// `Instant` created before the first call still has a distinct moment.
#[inline]
#[expect(clippy::disallowed_methods, reason = "the origin of the system clock of this library")]
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(|| {
        let now = Instant::now();
        now.checked_sub(Duration::from_secs(3_600)).unwrap_or(now)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_advances_only_through_its_handle() {
        let (clock, manual_clock) = Clock::manual();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        manual_clock.advance(Duration::from_millis(3));
        assert_eq!(clock.now().since(before), Duration::from_millis(3));
    }

    #[test]
    fn a_manual_clock_has_the_date_that_its_handle_sets() {
        let (clock, manual_clock) = Clock::manual();
        let date = UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        manual_clock.set_date(date);
        assert_eq!(clock.date(), date);
        manual_clock.advance(Duration::from_secs(3));
        assert_eq!(clock.date(), date + Duration::from_secs(3));
        manual_clock.set_date(date);
        assert_eq!(clock.date(), date);
    }

    #[test]
    fn the_system_clock_and_instants_share_one_origin() {
        let clock = Clock::system();
        let before = clock.now();
        #[expect(clippy::disallowed_methods, reason = "compares the clock with the system time")]
        let between = Moment::from(Instant::now());
        let after = clock.now();
        assert!(before <= between && between <= after);
    }

    #[test]
    fn whole_milliseconds_are_the_nearest_double_in_seconds() {
        assert!((nanos_to_seconds(20_000_000) - 0.02).abs() < f64::EPSILON);
        assert_eq!(nanos_to_seconds(20_000_000).to_bits(), 0.02_f64.to_bits());
        assert_eq!(nanos_to_seconds(2_500_000_000).to_bits(), 2.5_f64.to_bits());
    }
}
