//! The content (prompt, answer, error text) of an operation, captured from its markers and its stream and held until
//! the operation ends. `ContentExport` then takes it.

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
    /// Bytes of content that the span contained at the start.
    used_span_bytes: OnceLock<NonZeroUsize>,
}

impl ContentSlot {
    /// Sets the number of bytes of content that the span contains at the start. Called once.
    pub(crate) fn set_used_span_bytes(&self, bytes: NonZeroUsize) {
        let _ = self.used_span_bytes.set(bytes);
    }

    /// Returns the number of bytes of content that the span contained at the start, which count towards the span's
    /// limit.
    pub(crate) fn used_span_bytes(&self) -> usize {
        self.used_span_bytes.get().map_or(0, |bytes| bytes.get())
    }

    /// Captures the input, unless the content budget of all operations is exhausted. `make` is called unless there is
    /// an input already; only the first input is held.
    pub(crate) fn capture_input(&self, gate: &ContentGate, make: impl FnOnce() -> Input) {
        let (gate, content) = (gate.gate(), self.captured_or_init());
        content.store(gate.budget(), &content.input, || {
            let mut input = make();
            gate.strip_media(&mut input.messages);
            let bytes = input.estimated_bytes();
            (input, bytes)
        });
    }

    /// Captures the whole answer, unless the content budget of all operations is exhausted. `make` is called unless
    /// there is an answer already; only the first answer is held.
    pub(crate) fn capture_output(&self, gate: &ContentGate, make: impl FnOnce() -> Vec<Message>) {
        let (gate, content) = (gate.gate(), self.captured_or_init());
        content.store(gate.budget(), &content.output, || {
            let mut output = make();
            gate.strip_media(&mut output);
            let bytes = output.iter().map(Message::estimated_bytes).sum();
            (output, bytes)
        });
    }

    /// Captures a part of a streamed answer: `push` adds it to the accumulator.
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

    /// Takes the captured content, and leaves the slot without input and output. Returns `None` if none was captured.
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
    /// The whole answer, if the application passed it.
    pub(crate) output: Option<Budgeted<Vec<Message>>>,
    /// The answer accumulated from a stream, if captured.
    pub(crate) streamed_output: Option<ContentAccumulator>,
    /// The text of the error that ended the operation, if it has one.
    pub(crate) error_message: Option<&'a Content<String>>,
    /// Set if content was not captured because the content budget of all operations was exhausted.
    pub(crate) is_over_budget: bool,
}

/// The captured input and output of an operation.
#[derive(Debug, Default)]
struct CapturedContent {
    input: Mutex<Option<Budgeted<Input>>>,
    output: Mutex<Option<Budgeted<Vec<Message>>>>,
    /// The output accumulated from a stream.
    streamed_output: Mutex<Option<ContentAccumulator>>,
    /// The text of the error that ended the operation.
    error_message: OnceLock<Content<String>>,
    /// Set if content was not captured because the content budget of all operations was exhausted.
    is_over_budget: AtomicBool,
}

/// A captured value with its permit of the content budget, which is returned when the value is dropped.
#[derive(Debug)]
pub(crate) struct Budgeted<T> {
    /// The captured value.
    pub(crate) value: T,
    _permit: Permit,
}

impl CapturedContent {
    /// Stores a value unless the slot is filled. `make` runs outside the lock, since it may run any code.
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
