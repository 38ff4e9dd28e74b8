//! The content (prompt, answer, error text) of one operation. Markers, which are the application's handles of the
//! operation, and the stream add to it until the operation ends; then `ContentExport` takes it.

use crate::sync::Mutex;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::gate::ContentGate;
use crate::capture::ContentAccumulator;
use crate::capture::ContentBudget;
use crate::capture::Permit;
use crate::content::Content;
use crate::content::Input;
use crate::content::Message;
use crate::error::Failure;

/// The captured content of an operation; empty if none was captured.
#[derive(Debug, Default)]
pub(crate) struct ContentSlot {
    captured: OnceLock<Box<CapturedContent>>,
    /// The number of bytes of content that the span contained when the operation started; unset for none.
    used_span_bytes: OnceLock<NonZeroUsize>,
}

impl ContentSlot {
    /// Sets the number of bytes of content that the span contains when the operation starts. Later calls have no effect.
    pub(crate) fn set_used_span_bytes(&self, bytes: NonZeroUsize) {
        let _ = self.used_span_bytes.set(bytes);
    }

    /// Returns the number of bytes of content that the span contained when the operation started; 0 if they were not
    /// set. They count towards the span's limit.
    pub(crate) fn used_span_bytes(&self) -> usize {
        self.used_span_bytes.get().map_or(0, |bytes| bytes.get())
    }

    /// Captures the input, without the media that the gate removes. Does not call `make` if the slot contains an input
    /// already. An input that does not fit in the content budget, which all operations share, is dropped, and the
    /// content is marked as over budget.
    pub(crate) fn capture_input(&self, gate: &ContentGate, make: impl FnOnce() -> Input) {
        let (gate, content) = (gate.gate(), self.captured_or_init());
        content.store(gate.budget(), &content.input, || {
            let mut input = make();
            gate.strip_media(&mut input.messages);
            let bytes = input.estimated_bytes();
            (input, bytes)
        });
    }

    /// Captures the whole answer, as [`capture_input`](Self::capture_input) captures the input.
    pub(crate) fn capture_output(&self, gate: &ContentGate, make: impl FnOnce() -> Vec<Message>) {
        let (gate, content) = (gate.gate(), self.captured_or_init());
        content.store(gate.budget(), &content.output, || {
            let mut output = make();
            gate.strip_media(&mut output);
            let bytes = output.iter().map(Message::estimated_bytes).sum();
            (output, bytes)
        });
    }

    /// Captures a part of a streamed answer: calls `push` with the accumulator, under its lock. The first call creates
    /// the accumulator. Does nothing if the gate has none because content is not captured.
    pub(crate) fn accumulate(&self, gate: &ContentGate, push: impl FnOnce(&mut ContentAccumulator)) {
        let mut slot = self.captured_or_init().streamed_output.lock();
        if slot.is_none() {
            *slot = gate.gate().accumulator();
        }
        if let Some(accumulator) = slot.as_mut() {
            push(accumulator);
        }
    }

    /// Captures the text of a stream's item as a part of a choice's answer, or of its reasoning if `is_reasoning` is
    /// set.
    pub(crate) fn capture_text(&self, gate: &ContentGate, choice: u32, is_reasoning: bool, text: &str) {
        self.accumulate(gate, |accumulator| match is_reasoning {
            true => accumulator.push_reasoning(choice, text),
            false => accumulator.push_text(choice, text),
        });
    }

    /// Takes the input and the output out of the slot; the error text and the mark of the budget stay. Returns `None` if
    /// nothing was passed to the slot.
    pub(crate) fn take(&self) -> Option<TakenContent<'_>> {
        let captured = self.captured.get()?;
        Some(TakenContent {
            input: captured.input.lock().take(),
            output: captured.output.lock().take(),
            streamed_output: captured.streamed_output.lock().take(),
            error_message: captured.error_message.get(),
            is_over_budget: captured.is_over_budget.load(Ordering::Relaxed),
        })
    }

    fn captured_or_init(&self) -> &CapturedContent {
        self.captured.get_or_init(Box::default)
    }
}

/// Captures the text of an error for the exception event. `slot` is called only if there is a text; only the first text
/// is held.
pub(crate) fn capture_error_message<'a>(failure: &Failure, slot: impl FnOnce() -> Option<&'a ContentSlot>) {
    if let Some(message) = failure.message_content()
        && let Some(slot) = slot()
    {
        let _ = slot.captured_or_init().error_message.set(message.clone());
    }
}

/// The captured content of an operation, taken from its slot for the export.
pub(crate) struct TakenContent<'a> {
    /// The input, if captured.
    pub(crate) input: Option<Budgeted<Input>>,
    /// The whole answer, if captured.
    pub(crate) output: Option<Budgeted<Vec<Message>>>,
    /// The answer accumulated from a stream, if captured.
    pub(crate) streamed_output: Option<ContentAccumulator>,
    /// The first error text of the operation, if there is one.
    pub(crate) error_message: Option<&'a Content<String>>,
    /// Set if an input or a whole answer was dropped because it did not fit in the content budget.
    pub(crate) is_over_budget: bool,
}

/// The captured content of an operation.
#[derive(Debug, Default)]
struct CapturedContent {
    input: Mutex<Option<Budgeted<Input>>>,
    output: Mutex<Option<Budgeted<Vec<Message>>>>,
    /// The output accumulated from a stream.
    streamed_output: Mutex<Option<ContentAccumulator>>,
    /// The first error text of the operation.
    error_message: OnceLock<Content<String>>,
    /// Set if an input or a whole answer was dropped because it did not fit in the content budget.
    is_over_budget: AtomicBool,
}

/// A captured value, and the permit for its bytes. The bytes return to the content budget when the permit is dropped.
#[derive(Debug)]
pub(crate) struct Budgeted<T> {
    /// The captured value.
    pub(crate) value: T,
    _permit: Permit,
}

impl CapturedContent {
    /// Stores a value in `slot`, unless it contains one already or the value does not fit in the budget. `make` runs
    /// outside the lock, because it may run any code.
    fn store<T>(&self, budget: &ContentBudget, slot: &Mutex<Option<Budgeted<T>>>, make: impl FnOnce() -> (T, usize)) {
        if slot.lock().is_some() {
            return;
        }
        let (value, bytes) = make();
        let mut permit = budget.permit();
        if permit.try_grow(bytes) {
            slot.lock().get_or_insert(Budgeted { value, _permit: permit });
        } else {
            self.is_over_budget.store(true, Ordering::Relaxed);
        }
    }
}
