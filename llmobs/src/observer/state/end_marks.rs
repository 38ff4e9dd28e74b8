//! The marks of the end of one operation, a model call, set from any thread: finish reasons, the error type, and that
//! it has ended. A choice is one of several answers to one request.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

use super::response_notes::ResponseNotes;
use crate::cardinality::MAX_LABEL_BYTES;
use crate::cardinality::truncate;
use crate::measurement::FinishReasons;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;

/// The finish reason of the choice that ended first, the error type, and whether the operation has ended. The finish
/// reasons of further choices are in the `ResponseNotes` of the operation.
#[derive(Debug, Default)]
pub(crate) struct EndMarks {
    finish_reason: OnceLock<FinishReason>,
    /// Index of the choice that ended first.
    first_finished_choice: AtomicU16,
    /// Index plus one of the error type; zero if no error was marked.
    error: AtomicU8,
    /// One of `RUNNING`, `ENDED` and `CANCELLED`.
    end: AtomicU8,
}

const RUNNING: u8 = 0;
const ENDED: u8 = 1;
const CANCELLED: u8 = 2;

impl EndMarks {
    /// Returns whether the operation has ended.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.end.load(Ordering::Acquire) != RUNNING
    }

    /// Returns whether the operation has ended as cancelled.
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.end.load(Ordering::Acquire) == CANCELLED
    }

    /// Marks the operation as ended. Returns `true` for the first call only.
    #[inline]
    pub(crate) fn mark_ended(&self, is_cancelled: bool) -> bool {
        let end = if is_cancelled { CANCELLED } else { ENDED };
        self.end.compare_exchange(RUNNING, end, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Sets the error type. Only the first one is kept.
    #[inline]
    pub(crate) fn set_error(&self, error: ErrorType) {
        let code = u8::try_from(error.index() + 1).unwrap_or(u8::MAX);
        let _ = self.error.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Returns the error type that was set first; `None` if no error was marked.
    #[inline]
    pub(crate) fn error(&self) -> Option<ErrorType> {
        let index = usize::from(self.error.load(Ordering::Relaxed)).checked_sub(1)?;
        ErrorType::ALL.get(index).copied()
    }

    /// Sets the finish reason of a choice. The reason that is set first is that of the operation: choices end one after
    /// the other. Only the first reason of each choice is kept; an unknown reason is truncated to 128 bytes.
    #[inline]
    pub(crate) fn set_finish_reason(&self, notes: &ResponseNotes, choice: u32, reason: FinishReason) {
        let index = u16::try_from(choice).unwrap_or(u16::MAX);
        let reason = match reason {
            FinishReason::Other(text) if text.len() > MAX_LABEL_BYTES => {
                FinishReason::Other(truncate(&text).to_owned().into())
            }
            other => other,
        };
        self.finish_reason.get_or_init(|| {
            self.first_finished_choice.store(index, Ordering::Relaxed);
            reason.clone()
        });
        if self.first_finished_choice.load(Ordering::Relaxed) != index {
            notes.get_or_init().add_finish_reason(index, reason);
        }
    }

    /// Returns the finish reason of the operation, that of the choice that ended first; `None` if no choice ended.
    #[inline]
    pub(crate) fn finish_reason(&self) -> Option<&FinishReason> {
        self.finish_reason.get()
    }

    /// Returns the finish reasons of all choices, in the order of the choices.
    #[inline]
    pub(crate) fn finish_reasons(&self, notes: &ResponseNotes) -> FinishReasons {
        if notes.get().is_none() {
            return FinishReasons { first: self.finish_reason.get().cloned(), others: Vec::new() };
        }
        let mut all = self.finish_reasons_by_choice(notes);
        all.sort_by_key(|(choice, _)| *choice);
        let mut all = all.into_iter().map(|(_, reason)| reason);
        FinishReasons { first: all.next(), others: all.collect() }
    }

    /// Returns the finish reason of each choice that has one, with its index.
    #[inline]
    pub(crate) fn finish_reasons_by_choice(&self, notes: &ResponseNotes) -> Vec<(u16, FinishReason)> {
        let Some(reason) = self.finish_reason.get().cloned() else { return Vec::new() };
        let mut all = notes.get().map_or_else(Vec::new, |notes| notes.other_finish_reasons());
        all.push((self.first_finished_choice.load(Ordering::Relaxed), reason));
        all
    }
}
