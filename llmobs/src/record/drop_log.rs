//! The log lines about dropped records: the first at once, further ones once a minute, and the rest at the end, so that
//! the sums of all lines are those of the dropped records.

use std::time::Duration;

use super::channel::DroppedRecords;
use super::finished::Finished;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::number::to_i64;
use crate::span::TARGET;
use crate::sync::Mutex;

/// The minimum time between two lines.
const INTERVAL: Duration = Duration::from_secs(60);

/// The dropped records that no line has reported, and the moment before which no further line is written.
#[derive(Debug, Default)]
pub(crate) struct DropLog(Mutex<Unreported>);

#[derive(Debug, Default)]
struct Unreported {
    dropped: DroppedRecords,
    /// `None` before the first line.
    not_before: Option<Moment>,
}

impl DropLog {
    /// Adds a dropped record, and writes a line unless one was written in the last minute.
    pub(crate) fn add(&self, record: &Finished, clock: &Clock) {
        let now = clock.now();
        let due = {
            let mut unreported = self.0.lock();
            unreported.dropped.add(record);
            let is_due = unreported.not_before.is_none_or(|not_before| now >= not_before);
            is_due.then(|| {
                unreported.not_before = Some(now.saturating_add(INTERVAL));
                std::mem::take(&mut unreported.dropped)
            })
        };
        if let Some(dropped) = due {
            log(dropped);
        }
    }
}

impl Drop for DropLog {
    fn drop(&mut self) {
        let dropped = std::mem::take(&mut self.0.lock().dropped);
        if dropped != DroppedRecords::default() {
            log(dropped);
        }
    }
}

fn log(dropped: DroppedRecords) {
    let DroppedRecords { records, input_tokens, output_tokens, .. } = dropped;
    #[cfg(feature = "cost")]
    let cost_nano_usd = to_i64(dropped.cost.nanos());
    #[cfg(not(feature = "cost"))]
    let cost_nano_usd = None::<i64>;
    tracing::warn!(
        target: TARGET,
        parent: None,
        records = to_i64(records),
        input_tokens = to_i64(input_tokens),
        output_tokens = to_i64(output_tokens),
        cost_nano_usd,
        "dropped the records of ended operations: the channel is full, or its receiver was dropped"
    );
}
