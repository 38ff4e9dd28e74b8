//! The division of the cost of a model's own GPUs among its operations, and the cost of the time without any.

use super::usd::Usd;
use crate::sync::Mutex;

/// One nano-dollar, in the unit of the account: the price of one nanosecond at one nano-dollar an hour. In this unit,
/// every price times every time is an integer.
const NANO_DOLLAR: u128 = 3_600 * 1_000_000_000;

/// The account of the GPUs of one model. While operations run, the price of the time is divided equally among them; the
/// price of the time without an operation is idle. When no operation is in flight, the costs of all operations and the idle cost
/// add up to the price of the whole time, to the nano-dollar.
#[derive(Debug)]
pub(crate) struct GpuTime(Mutex<Account>);

/// The part of one operation. The operation passes it to each call.
#[derive(Debug, Default)]
pub(crate) struct GpuShare {
    /// The account's price of running since its start, when the operation began to run; `None` while it does not run.
    running_since: Option<u128>,
    /// The price of the earlier times for which it ran.
    earlier: u128,
}

#[derive(Debug)]
struct Account {
    /// Price of all GPUs of the model, in nano-dollars an hour.
    nanos_per_hour: u64,
    /// The moment up to which the time is divided, in nanoseconds.
    divided_until: u64,
    /// Number of operations that run.
    running: u32,
    /// The price that an operation would have that ran since the start of the account.
    price_of_running: u128,
    /// The price of the time without an operation.
    idle: u128,
    /// The price of the time with operations that is not in the cost of any: remainders of divisions.
    remainder: u128,
}

impl GpuTime {
    /// Creates the account at `now`, in nanoseconds.
    pub(crate) const fn new(nanos_per_hour: u64, now: u64) -> Self {
        Self(Mutex::new(Account {
            nanos_per_hour,
            divided_until: now,
            running: 0,
            price_of_running: 0,
            idle: 0,
            remainder: 0,
        }))
    }

    /// Sets the price from `now` on, in nanoseconds.
    pub(crate) fn set_price(&self, nanos_per_hour: u64, now: u64) {
        let mut account = self.0.lock();
        account.divide_until(now);
        account.nanos_per_hour = nanos_per_hour;
    }

    /// Lets an operation run from `now` on, in nanoseconds. Has no effect if it runs.
    pub(crate) fn start(&self, share: &mut GpuShare, now: u64) {
        if share.running_since.is_none() {
            let mut account = self.0.lock();
            account.divide_until(now);
            account.running += 1;
            share.running_since = Some(account.price_of_running);
        }
    }

    /// Lets an operation no longer run from `now` on, in nanoseconds. Has no effect if it does not run.
    pub(crate) fn pause(&self, share: &mut GpuShare, now: u64) {
        self.0.lock().pause(share, now);
    }

    /// Ends an operation at `now`, in nanoseconds, and returns the cost of the times for which it ran.
    pub(crate) fn end(&self, mut share: GpuShare, now: u64) -> Usd {
        let mut account = self.0.lock();
        account.pause(&mut share, now);
        let price = share.earlier + account.remainder;
        account.remainder = price % NANO_DOLLAR;
        if account.running == 0 {
            account.close_remainder();
        }
        Usd::from_nanos(u64::try_from(price / NANO_DOLLAR).unwrap_or(u64::MAX))
    }

    /// Returns the price of the time without an operation until `now`, in nanoseconds. Never less than before.
    pub(crate) fn idle(&self, now: u64) -> Usd {
        let mut account = self.0.lock();
        account.divide_until(now);
        Usd::from_nanos(u64::try_from(account.idle / NANO_DOLLAR).unwrap_or(u64::MAX))
    }
}

impl Account {
    /// Divides the time until `now`, in nanoseconds. A moment before the last one changes nothing.
    fn divide_until(&mut self, now: u64) {
        let time = now.saturating_sub(self.divided_until);
        self.divided_until += time;
        let price = u128::from(time) * u128::from(self.nanos_per_hour);
        if self.running == 0 {
            self.idle += price;
        } else {
            let (price, running) = (price + self.remainder, u128::from(self.running));
            self.price_of_running += price / running;
            self.remainder = price % running;
        }
    }

    fn pause(&mut self, share: &mut GpuShare, now: u64) {
        self.divide_until(now);
        if let Some(since) = share.running_since.take() {
            share.earlier += self.price_of_running - since;
            self.running -= 1;
        }
    }

    /// Adds what is left of the divisions, less than a nano-dollar for each, to the idle cost.
    const fn close_remainder(&mut self) {
        self.idle += self.remainder;
        self.remainder = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600 * 1_000_000_000;

    #[test]
    fn operations_at_the_same_time_share_the_price_equally() {
        let account = GpuTime::new(Usd::from_dollars(2).nanos(), 0);
        let (mut first, mut second) = (GpuShare::default(), GpuShare::default());
        account.start(&mut first, HOUR);
        account.start(&mut second, 2 * HOUR);
        assert_eq!(account.end(first, 3 * HOUR), Usd::from_dollars(3), "an hour alone and half of the next one");
        account.pause(&mut second, 4 * HOUR);
        assert_eq!(account.end(second, 9 * HOUR), Usd::from_dollars(3), "it waited for the last five hours");
        assert_eq!(account.idle(10 * HOUR), Usd::from_dollars(14));
        account.set_price(Usd::from_dollars(5).nanos(), 10 * HOUR);
        assert_eq!(account.idle(11 * HOUR), Usd::from_dollars(19));
    }

    #[test]
    fn a_moment_before_the_last_one_changes_nothing() {
        let account = GpuTime::new(1_000_000_007, 5_000);
        assert_eq!(account.idle(1_000), Usd::ZERO);
        let mut share = GpuShare::default();
        account.start(&mut share, 4_000);
        account.start(&mut share, 4_500);
        assert_eq!(account.end(share, 3_000), Usd::ZERO);
    }

    proptest! {
        #[test]
        fn the_costs_and_the_idle_cost_add_up_to_the_price_of_the_time(
            nanos_per_hour in 1..200_000_000_000_u64,
            steps in prop::collection::vec((0..7_u8, 0..6_usize, 0..50_000_000_000_u64), 1..80),
        ) {
            let account = GpuTime::new(nanos_per_hour, 0);
            let mut shares: [Option<GpuShare>; 6] = Default::default();
            let (mut now, mut costs, mut idle_before, mut ended) = (0, 0_u128, Usd::ZERO, 0_u32);
            for (step, index, time) in steps {
                now += time;
                match (step, &mut shares[index]) {
                    (0..=2, share) => account.start(share.get_or_insert_default(), now),
                    (3, Some(share)) => account.pause(share, now),
                    (4, share) => if let Some(share) = share.take() {
                        costs += u128::from(account.end(share, now).nanos());
                        ended += 1;
                    },
                    _ => {}
                }
                let idle = account.idle(now);
                prop_assert!(idle >= idle_before, "a counter never decreases");
                idle_before = idle;
                let total = u128::from(now) * u128::from(nanos_per_hour) / NANO_DOLLAR;
                prop_assert!(costs + u128::from(idle.nanos()) <= total);
            }
            for share in shares.into_iter().flatten() {
                costs += u128::from(account.end(share, now).nanos());
            }
            now += 1_234_567;
            let total = u128::from(now) * u128::from(nanos_per_hour) / NANO_DOLLAR;
            prop_assert_eq!(costs + u128::from(account.idle(now).nanos()), total, "after {} ends", ended);
        }
    }
}
