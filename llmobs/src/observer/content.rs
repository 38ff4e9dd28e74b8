//! The content of an operation, captured until the operation ends.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::marker::Marker;
use super::operation_state::OperationState;
use crate::capture::ContentAccumulator;
use crate::capture::ContentBudget;
use crate::capture::Gate;
use crate::capture::Permit;
use crate::content::Content;
use crate::content::Input;
use crate::content::Message;

/// The captured input and output of an operation.
#[derive(Debug, Default)]
pub(super) struct CapturedContent {
    input: Mutex<Option<Budgeted<Input>>>,
    output: Mutex<Option<Budgeted<Vec<Message>>>>,
    /// The output accumulated from a stream.
    streamed_output: Mutex<Option<ContentAccumulator>>,
    /// The text of the error that ended the operation.
    pub(super) error_message: OnceLock<Content<String>>,
    /// Set if content was not captured because the content budget of all operations was exhausted.
    is_over_budget: AtomicBool,
}

/// A captured value with its permit of the content budget, which is returned when the value is dropped.
#[derive(Debug)]
pub(super) struct Budgeted<T> {
    pub(super) value: T,
    _permit: Permit,
}

impl CapturedContent {
    pub(super) fn take_input(&self) -> Option<Budgeted<Input>> {
        lock(&self.input).take()
    }

    pub(super) fn take_output(&self) -> Option<Budgeted<Vec<Message>>> {
        lock(&self.output).take()
    }

    pub(super) fn take_streamed_output(&self) -> Option<ContentAccumulator> {
        lock(&self.streamed_output).take()
    }

    pub(super) fn is_over_budget(&self) -> bool {
        self.is_over_budget.load(Ordering::Relaxed)
    }

    /// Stores a value unless the slot is filled. `make` runs outside the lock, since it may run any code.
    fn store<T>(&self, budget: &ContentBudget, slot: &Mutex<Option<Budgeted<T>>>, make: impl FnOnce() -> (T, usize)) {
        if lock(slot).is_some() {
            return;
        }
        let (value, bytes) = make();
        let mut permit = budget.permit();
        if permit.try_grow(bytes) {
            lock(slot).get_or_insert(Budgeted { value, _permit: permit });
        } else {
            self.is_over_budget.store(true, Ordering::Relaxed);
        }
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OperationState {
    /// Returns the captured content, if there is any.
    pub(super) fn captured_content(&self) -> Option<&CapturedContent> {
        self.existing_notes()?.captured_content.get().map(Box::as_ref)
    }

    /// Returns the slot for content, or `None` if content is not captured or the operation has ended.
    fn content_slot(&self) -> Option<&CapturedContent> {
        let accepts_content = self.is_capturing && !self.has_ended();
        accepts_content.then(|| self.notes_or_init().captured_content.get_or_init(Box::default).as_ref())
    }

    pub(super) fn accumulate(&self, push: impl FnOnce(&mut ContentAccumulator)) {
        let Some(content) = self.content_slot() else { return };
        let mut slot = lock(&content.streamed_output);
        if slot.is_none() {
            *slot = self.observer.gate.accumulator();
        }
        if let Some(accumulator) = slot.as_mut() {
            push(accumulator);
        }
    }

    /// Captures the text of an error for the exception event.
    pub(super) fn capture_error_message(&self, message: Option<&Content<String>>) {
        if let (Some(message), Some(content)) = (message, self.content_slot()) {
            let _ = content.error_message.set(message.clone());
        }
    }
}

/// Methods for content. Content is ignored unless [capture](crate::capture) is on. Captured content is limited by the
/// content budget, and passes the gate when the operation ends.
impl Marker {
    /// Returns whether content of this operation is captured, so that passing content has an effect. `false` if content
    /// is exported only on spans and the operation's trace is not sampled.
    #[inline]
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.state().is_some_and(|state| state.is_capturing)
    }

    /// Captures the input of the model. The closure is called only if content is captured. Only the first input is
    /// kept.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::capture::ContentCapture;
    /// use llmobs::content::Input;
    /// use llmobs::content::Message;
    ///
    /// let observer = Observer::builder().model("m").capture(ContentCapture::Off).build()?;
    /// let operation = observer.chat("m").start();
    /// operation.marker().input(|| -> Input { unreachable!("nobody captures content") });
    /// operation.complete();
    ///
    /// let observer = Observer::builder().model("m").capture(ContentCapture::Spans).build()?;
    /// let operation = observer.chat("m").start();
    /// operation.marker().input(|| Input::new().system("Be kind.").message(Message::user("Hello")));
    /// operation.marker().output_text(0, "Hello to you");
    /// operation.complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn input<I: Into<Input>>(&self, input: impl FnOnce() -> I) {
        self.capture(|gate, content| {
            content.store(gate.budget(), &content.input, || {
                let mut input = input().into();
                gate.strip_media(&mut input.messages);
                let bytes = input.estimated_bytes();
                (input, bytes)
            });
        });
    }

    /// Captures the whole answer, with one message for each choice. The closure is called only if content is captured.
    /// Only the first answer is kept; it takes precedence over output that was captured in deltas.
    pub fn output<O: IntoIterator<Item = Message>>(&self, output: impl FnOnce() -> O) {
        self.capture(|gate, content| {
            content.store(gate.budget(), &content.output, || {
                let mut output: Vec<Message> = output().into_iter().collect();
                gate.strip_media(&mut output);
                let bytes = output.iter().map(Message::estimated_bytes).sum();
                (output, bytes)
            });
        });
    }

    /// Captures a delta of the text of a choice. [`Operation::observe`](crate::Operation::observe) calls this itself
    /// for items with a [text](crate::stream::StreamItem::text).
    #[inline]
    pub fn output_text(&self, choice: u32, delta: &str) {
        if self.is_capturing() {
            self.accumulate(|accumulator| accumulator.push_text(choice, delta));
        }
    }

    /// Captures a delta of the reasoning of a choice.
    #[inline]
    pub fn output_reasoning(&self, choice: u32, delta: &str) {
        if self.is_capturing() {
            self.accumulate(|accumulator| accumulator.push_reasoning(choice, delta));
        }
    }

    /// Captures a delta of the arguments of a tool call. `index` counts the tool calls of the choice from zero; `id`
    /// and `name` are set once known.
    #[inline]
    pub fn output_tool_call(&self, choice: u32, index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if self.is_capturing() {
            self.accumulate(|accumulator| accumulator.push_tool_call(choice, index, id, name, arguments));
        }
    }

    fn accumulate(&self, push: impl FnOnce(&mut ContentAccumulator)) {
        if let Some(state) = self.state() {
            state.accumulate(push);
        }
    }

    fn capture(&self, then: impl FnOnce(&Gate, &CapturedContent)) {
        if let Some((state, content)) = self.state().and_then(|state| Some((state, state.content_slot()?))) {
            then(&state.observer.gate, content);
        }
    }
}
