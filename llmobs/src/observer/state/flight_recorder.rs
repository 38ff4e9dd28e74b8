//! The flight recorder: the last operations (model calls) that ended, held in memory. If a folder is set, they are
//! written to a file when a thread panics or when the burn rate of an objective, the speed at which misses spend its
//! error budget, is too high.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use crate::clock::Clock;
use crate::clock::system_time_before_now;
use crate::event::RequestCompleteEvent;
use crate::objective::Judgements;
use crate::span::TARGET;
use crate::sync::Mutex;
use crate::sync::MutexGuard;

/// The number of judged operations that the burn rate is computed over, and the minimum number required.
const BURN_WINDOW: u32 = 128;
const MIN_JUDGED: u32 = 32;

/// The burn rate at which Google's SRE workbook pages: the error budget of a month is spent in two days.
const MAX_BURN_RATE: f64 = 14.4;

/// The ratio of misses that is too high for every target. With a target of 0.9, the burn rate above would require a
/// ratio of 1.44, which is impossible.
const MAX_MISS_RATIO: f64 = 0.5;

/// The minimum time between two files for the same reason.
const MIN_WRITE_INTERVAL: Duration = Duration::from_secs(300);

/// The maximum number of files in the folder. The oldest are removed first, including those of earlier processes.
const MAX_FILES: usize = 16;

/// The last operations that ended, up to a fixed number, and the recent misses of each objective.
pub(crate) struct FlightRecorder {
    /// The operations, oldest first.
    recent: Mutex<VecDeque<RequestCompleteEvent>>,
    /// The maximum number of operations; with 0, none is stored.
    capacity: usize,
    /// The folder of the files; `None` writes no file.
    folder: Option<PathBuf>,
    /// The recent misses of each declared objective, by its index.
    burn_rates: Box<[BurnRate]>,
    clock: Clock,
    /// For each reason, the moment in nanoseconds on the clock before which no further file is written.
    next_write_at: [AtomicU64; 2],
}

/// The reason for which a file is written.
#[derive(Debug, Clone, Copy)]
enum Reason {
    /// The burn rate of an objective is too high.
    Objective,
    /// A thread panicked.
    Panic,
}

impl Reason {
    const ALL: [Self; 2] = [Self::Objective, Self::Panic];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::Panic => "panic",
        }
    }
}

/// The results of the last judgements of one objective, as bits: a miss is 1, and the newest is the lowest bit.
struct BurnRate {
    /// The ratio of misses from which on the burn rate is too high.
    max_miss_ratio: f64,
    /// The results as bits, and their number: at most 128.
    recent_results: Mutex<(u128, u32)>,
}

impl FlightRecorder {
    /// Returns an empty flight recorder. `capacity` is the maximum number of operations, and `targets` are the targets
    /// of the declared objectives, as ratios from 0 to 1. If there is a folder, installs a panic hook.
    pub(crate) fn new(
        capacity: usize,
        folder: Option<PathBuf>,
        clock: Clock,
        targets: impl Iterator<Item = f64>,
    ) -> Arc<Self> {
        let burn_rate = |target: f64| BurnRate {
            max_miss_ratio: (MAX_BURN_RATE * (1.0 - target)).min(MAX_MISS_RATIO),
            recent_results: Mutex::default(),
        };
        let recorder = Arc::new(Self {
            recent: Mutex::default(),
            capacity,
            folder,
            burn_rates: targets.map(burn_rate).collect(),
            clock,
            next_write_at: [const { AtomicU64::new(0) }; 2],
        });
        if recorder.folder.is_some() {
            install_panic_hook(&recorder);
        }
        recorder
    }

    /// Returns whether operations are stored: `false` with a capacity of 0.
    pub(crate) const fn is_on(&self) -> bool {
        self.capacity > 0
    }

    /// Stores an operation that ended, if the recorder is on. If it is full, the oldest operation is removed.
    pub(crate) fn push(&self, ended: RequestCompleteEvent) {
        if !self.is_on() {
            return;
        }
        let mut recent = self.recent();
        if recent.capacity() == 0 {
            // Allocated at once: a growing buffer would make the end of some operations slow.
            recent.reserve_exact(self.capacity);
        }
        if recent.len() == self.capacity {
            recent.pop_front();
        }
        recent.push_back(ended);
    }

    /// Stores the judgement of an operation by each objective, and writes a file on a separate thread if the burn rate
    /// of an objective is too high. Does nothing without a folder.
    pub(crate) fn push_judgements(self: &Arc<Self>, judgements: Judgements) {
        if self.folder.is_none() {
            return;
        }
        let is_too_high = self.burn_rates.iter().enumerate().fold(false, |is_too_high, (index, burn_rate)| {
            match judgements.is_met(index) {
                Some(good) => burn_rate.push_result(!good) || is_too_high,
                None => is_too_high,
            }
        });
        if is_too_high && self.is_due(Reason::Objective) {
            self.save_later(Reason::Objective);
        }
    }

    /// Returns whether a file may be written for this reason now: `true` at most once in [`MIN_WRITE_INTERVAL`].
    fn is_due(&self, reason: Reason) -> bool {
        let not_before = &self.next_write_at[reason as usize];
        let (due, now) = (not_before.load(Ordering::Relaxed), self.clock.now());
        let next = now.saturating_add(MIN_WRITE_INTERVAL).as_nanos();
        now.as_nanos() >= due && not_before.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Writes a file on a separate thread, since no request should wait for a slow disk. If no thread can be started,
    /// nothing is written.
    fn save_later(self: &Arc<Self>, reason: Reason) {
        let recorder = Arc::clone(self);
        let _ = thread::Builder::new().name("llmobs-flight".to_owned()).spawn(move || recorder.write_and_log(reason));
    }

    /// Writes a file when a thread panics.
    fn panicked(self: &Arc<Self>) {
        if !self.is_due(Reason::Panic) {
            return;
        }
        let ends_process = cfg!(panic = "abort") || thread::current().name() == Some("main");
        if !ends_process {
            self.save_later(Reason::Panic);
        } else if self.recent.try_lock().is_some() {
            // The process would end before another thread could write. The panicking thread may hold the lock: then
            // nothing is written, since waiting would deadlock.
            self.write_and_log(Reason::Panic);
        }
    }

    /// Returns all stored operations as lines of JSON, oldest first.
    pub(crate) fn to_json_lines(&self) -> String {
        let mut lines = String::new();
        self.recent().iter().for_each(|ended| ended.write_json(&mut lines));
        lines
    }

    /// Returns the newest stored operation with this response identifier; `None` if there is none.
    pub(crate) fn find_by_response_id(&self, response_id: &str) -> Option<RequestCompleteEvent> {
        self.recent().iter().rev().find(|ended| ended.response_id.as_deref() == Some(response_id)).cloned()
    }

    fn write_and_log(&self, reason: Reason) {
        let Some(folder) = &self.folder else { return };
        let written = self.write_file(folder, reason);
        let reason = reason.as_str();
        match written {
            Ok(path) => {
                tracing::warn!(target: TARGET, reason, path = %path.display(), "wrote the last operations");
            }
            Err(error) => {
                tracing::error!(target: TARGET, reason, kind = %error.kind(), "cannot write the last operations");
            }
        }
    }

    fn write_file(&self, folder: &Path, reason: Reason) -> io::Result<PathBuf> {
        make_room(folder)?;
        let now = system_time_before_now(0).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let path_at = |millis: u128| folder.join(format!("llmobs-{millis}-{}.jsonl", reason.as_str()));
        // A second file of the same millisecond gets the next free one.
        let path = (now..).map(path_at).find(|path| !path.exists()).unwrap_or_else(|| path_at(now));
        // Renamed once complete: the process may end during the write.
        let unfinished = path.with_extension(UNFINISHED);
        fs::write(&unfinished, self.to_json_lines())?;
        fs::rename(&unfinished, &path)?;
        Ok(path)
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<RequestCompleteEvent>> {
        self.recent.lock()
    }
}

impl fmt::Debug for FlightRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlightRecorder")
            .field("capacity", &self.capacity)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl BurnRate {
    /// Stores a judgement. Returns whether the burn rate is too high.
    fn push_result(&self, missed: bool) -> bool {
        let mut misses = self.recent_results.lock();
        let (bits, judged) = &mut *misses;
        *bits = (*bits << 1) | u128::from(missed);
        *judged = (*judged + 1).min(BURN_WINDOW);
        *judged >= MIN_JUDGED && f64::from(bits.count_ones()) / f64::from(*judged) >= self.max_miss_ratio
    }
}

/// Installs a panic hook that writes a file and then calls the previous hook.
fn install_panic_hook(recorder: &Arc<FlightRecorder>) {
    let recorder: Weak<FlightRecorder> = Arc::downgrade(recorder);
    let previous_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(recorder) = recorder.upgrade() {
            recorder.panicked();
        }
        previous_hook(panic);
    }));
}

/// The file extension of a file that is not complete.
const UNFINISHED: &str = "jsonl.part";

/// Removes the oldest files of flight recorders, so that one more file fits the limit.
fn make_room(folder: &Path) -> io::Result<()> {
    let files = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    let mut dated: Vec<(u128, PathBuf)> = files.filter_map(|path| Some((date_in_name(&path)?, path))).collect();
    dated.sort();
    let too_many = (dated.len() + 1).saturating_sub(MAX_FILES);
    dated.into_iter().take(too_many).try_for_each(|(_, path)| fs::remove_file(path))
}

/// Returns the milliseconds in the name of a flight recorder's file, or `None` for any other file. Examples:
/// `llmobs-17-panic.jsonl` is 17; `llmobs-17-other.jsonl` is `None`.
fn date_in_name(path: &Path) -> Option<u128> {
    let (date, rest) = path.file_name()?.to_str()?.strip_prefix("llmobs-")?.split_once('-')?;
    let (reason, extension) = rest.split_once('.')?;
    let is_ours =
        (extension == "jsonl" || extension == UNFINISHED) && Reason::ALL.iter().any(|known| known.as_str() == reason);
    date.parse().ok().filter(|_| is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burn_rate_is_too_high_when_the_error_budget_of_a_month_is_spent_in_two_days() {
        let operations_until_too_high = |target: f64, every: u32| {
            let recorder = FlightRecorder::new(1, None, Clock::system(), [target].into_iter());
            (1..=BURN_WINDOW * 2).find(|judged| recorder.burn_rates[0].push_result(judged % every == 0))
        };
        assert_eq!(
            operations_until_too_high(0.99, 5),
            Some(MIN_JUDGED),
            "20 % of the operations miss, and the target allows 1 %"
        );
        assert_eq!(operations_until_too_high(0.99, 10), None, "with 10 % of misses, the error budget lasts three days");
        assert_eq!(operations_until_too_high(0.9, 2), Some(MIN_JUDGED), "half of the operations miss");
        assert_eq!(operations_until_too_high(0.9, 3), None);
    }
}
