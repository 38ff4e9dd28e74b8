//! The decision when the accounts of budgets are written to their state file.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::fault::BudgetFault;
use super::saved::Saved;
use super::state_file::StateFile;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::sync::Mutex;

/// A state file, and when it is written next: on the thread of an operation that ends or of a collection, at most once
/// in an interval.
#[derive(Debug)]
pub(super) struct Persistence {
    clock: Clock,
    interval: Duration,
    /// The moment before which the file is not written again, in nanoseconds.
    not_before: AtomicU64,
    /// Set by changes that are not in the file.
    is_changed: AtomicBool,
    writer: Mutex<Writer>,
}

/// The file, used by one thread at a time.
#[derive(Debug)]
struct Writer {
    file: StateFile,
    /// Set if the last write failed, so that a failure is logged once.
    is_failing: bool,
}

impl Persistence {
    pub(super) const fn new(file: StateFile, clock: Clock, interval: Duration) -> Self {
        let writer = Mutex::new(Writer { file, is_failing: false });
        Self { clock, interval, not_before: AtomicU64::new(0), is_changed: AtomicBool::new(false), writer }
    }

    /// Notes that the accounts changed.
    pub(super) fn note_change(&self) {
        self.is_changed.store(true, Ordering::Release);
    }

    /// Writes the changes if a write is due and no other thread is writing. `snapshot` takes the accounts.
    pub(super) fn write_if_due(&self, snapshot: impl FnOnce() -> Saved) -> Result<(), BudgetFault> {
        if !self.is_changed.load(Ordering::Acquire) || self.clock.now() < self.not_before() {
            return Ok(());
        }
        match self.writer.try_lock() {
            // Another thread may have written in the meantime.
            Some(mut writer) if self.clock.now() >= self.not_before() => self.write(&mut writer, snapshot),
            _ => Ok(()),
        }
    }

    /// Writes the changes now, after a write of another thread.
    pub(super) fn write_now(&self, snapshot: impl FnOnce() -> Saved) -> Result<(), BudgetFault> {
        self.write(&mut self.writer.lock(), snapshot)
    }

    fn not_before(&self) -> Moment {
        Moment::from_nanos(self.not_before.load(Ordering::Relaxed))
    }

    fn write(&self, writer: &mut Writer, snapshot: impl FnOnce() -> Saved) -> Result<(), BudgetFault> {
        // Reset before the accounts are read, so that a change after the reading sets it again.
        if !self.is_changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let result = writer.file.write(&snapshot());
        let next = self.clock.now().saturating_add(self.interval);
        self.not_before.store(next.as_nanos(), Ordering::Relaxed);
        let has_failed = result.is_err();
        if has_failed != writer.is_failing {
            writer.is_failing = has_failed;
            log(writer.file.path(), result.err());
        }
        if has_failed {
            self.note_change();
            return Err(BudgetFault::StateNotWritten);
        }
        Ok(())
    }
}

fn log(path: &std::path::Path, error: Option<std::io::Error>) {
    let path = path.display();
    match error {
        Some(error) => tracing::warn!(
            target: "llmobs",
            parent: None,
            %path,
            %error,
            "cannot write the state file of the budgets: they go on in memory, and a restart loses what follows"
        ),
        None => tracing::info!(target: "llmobs", parent: None, %path, "the state file of the budgets is written again"),
    }
}
