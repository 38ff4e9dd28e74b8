//! The time for which heat or the hardware slowed devices down over the last minutes, for the causes of stalls. The sampler
//! adds its readings, and the threads of operations ask.

use std::collections::VecDeque;

use crate::energy::device_bit;
use crate::sync::Mutex;

/// The number of intervals of a device that are kept. Adjacent ones are merged, so that they are changes of its state.
const KEPT: usize = 64;

/// The recent throttling of the sampled devices. Moments and times are in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct RecentThrottle(Mutex<Devices>);

#[derive(Debug, Default)]
struct Devices {
    devices: Vec<Device>,
    /// The devices of the models that the application placed, as bits by their index.
    placements: Vec<(String, u64)>,
    /// The devices of all other models.
    default_placement: u64,
}

#[derive(Debug, Default)]
struct Device {
    /// The intervals between two readings, from and to, in which the device was slowed down. Oldest first.
    intervals: VecDeque<(u64, u64)>,
    /// The last reading that showed a slower device: its moment, and the moment until which it holds without another.
    last: Option<(u64, u64)>,
}

impl RecentThrottle {
    /// Sets the number of devices, and the devices of each model. Forgets earlier readings.
    pub(crate) fn set_devices(&self, count: usize, placements: Vec<(String, u64)>, default_placement: u64) {
        let devices = (0..count).map(|_| Device::default()).collect();
        *self.0.lock() = Devices { devices, placements, default_placement };
    }

    /// Adds a reading of a device at this moment. Without another, it holds until `valid_until`.
    pub(crate) fn record(&self, device: usize, is_slowed: bool, at: u64, valid_until: u64) {
        if let Some(device) = self.0.lock().devices.get_mut(device) {
            device.end_last(at);
            device.last = is_slowed.then_some((at, valid_until));
        }
    }

    /// Returns the time between two moments for which at least one device of the model was slowed down.
    pub(crate) fn time_within(&self, model: &str, from: u64, to: u64) -> u64 {
        let devices = self.0.lock();
        let placement = devices.placements.iter().find(|(name, _)| name == model);
        let mask = placement.map_or(devices.default_placement, |(_, mask)| *mask);
        let of_model = devices.devices.iter().enumerate().filter(|(index, _)| mask & device_bit(*index) != 0);
        let mut intervals: Vec<_> = of_model
            .flat_map(|(_, device)| device.intervals.iter().copied().chain(device.last))
            .map(|(begin, end)| (begin.max(from), end.min(to)))
            .filter(|(begin, end)| begin < end)
            .collect();
        drop(devices);
        intervals.sort_unstable();
        let mut counted_until = from;
        let mut time = 0;
        for (begin, end) in intervals {
            time += end.saturating_sub(begin.max(counted_until));
            counted_until = counted_until.max(end);
        }
        time
    }
}

impl Device {
    /// Ends the interval of the last reading at a moment, or earlier if it does not hold as long.
    fn end_last(&mut self, at: u64) {
        let Some((begin, valid_until)) = self.last else { return };
        let end = at.min(valid_until);
        match self.intervals.back_mut() {
            Some((_, previous)) if *previous == begin => *previous = end,
            _ => self.intervals.push_back((begin, end)),
        }
        if self.intervals.len() > KEPT {
            self.intervals.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_several_devices_counts_once_and_that_of_other_models_not() {
        let recent = RecentThrottle::default();
        recent.set_devices(3, vec![("placed".to_owned(), 0b100)], 0b011);
        for (device, begin, end) in [(0, 10, 20), (1, 15, 30), (2, 100, 140)] {
            recent.record(device, true, begin, begin + 1_000);
            recent.record(device, false, end, end + 1_000);
        }
        assert_eq!(recent.time_within("any", 0, 1_000), 20, "10 to 30");
        assert_eq!(recent.time_within("any", 12, 17), 5);
        assert_eq!(recent.time_within("any", 30, 1_000), 0);
        assert_eq!(recent.time_within("placed", 0, 1_000), 40);
        recent.record(9, true, 1, 2);
        recent.set_devices(3, Vec::new(), 0b111);
        assert_eq!(recent.time_within("any", 0, 1_000), 0, "the devices are others");
    }

    #[test]
    fn a_reading_holds_until_the_next_one_and_not_longer_than_it_is_valid() {
        let recent = RecentThrottle::default();
        recent.set_devices(1, Vec::new(), 1);
        recent.record(0, true, 10, 40);
        assert_eq!(recent.time_within("m", 0, 25), 15, "the sampler has not read again");
        assert_eq!(recent.time_within("m", 0, 90), 30, "and its reading is too old");
        recent.record(0, true, 30, 60);
        recent.record(0, true, 90, 120);
        assert_eq!(recent.time_within("m", 0, 90), 50, "10 to 60");
        recent.record(0, false, 95, 125);
        assert_eq!(recent.time_within("m", 0, 900), 55);
        assert_eq!(recent.0.lock().devices[0].intervals, [(10, 60), (90, 95)], "merged");
        for begin in 1..200 {
            recent.record(0, begin % 2 == 0, 1_000 * begin, 1_000 * (begin + 1));
        }
        assert_eq!(recent.0.lock().devices[0].intervals.len(), KEPT);
    }
}
