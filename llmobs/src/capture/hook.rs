//! The application's own storage for content.

use std::collections::VecDeque;
use std::fmt;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::sync::Condvar;
use crate::sync::Mutex;

/// The application's own storage for content: an upload, a queue, a file.
///
/// A dedicated thread calls the hook with content that passed the gate (redacted and truncated), independently of trace
/// sampling. If the queue is full, the payload is dropped and counted; requests never wait for the hook. A panic of the
/// hook is caught. A payload that was not dropped counts as panicked if [`reference`](Self::reference) or
/// [`on_content`](Self::on_content) panicked for it.
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// use llmobs::capture::HookPayload;
/// use llmobs::capture::ContentCapture;
/// use llmobs::capture::Gate;
/// use llmobs::capture::ContentHook;
/// use llmobs::content::Message;
///
/// struct Queue(mpsc::SyncSender<HookPayload>);
///
/// impl ContentHook for Queue {
///     fn reference(&self, id: &str, name: &str) -> Option<String> {
///         Some(format!("queue://{id}/{name}"))
///     }
///
///     fn on_content(&self, payload: HookPayload) {
///         let _ = self.0.send(payload);
///     }
/// }
///
/// let (sender, receiver) = mpsc::sync_channel(8);
/// let gate = Gate::builder().capture(ContentCapture::Hook).hook(Queue(sender)).build();
/// let input = gate.pass().input(&[Message::user("I am jane@example.org")]);
/// let references = gate.send_to_hook(HookPayload::new().input(input));
/// assert!(references.input.unwrap().ends_with("/input_messages"));
/// assert!(gate.flush(Duration::from_secs(5)));
/// assert_eq!(receiver.recv().unwrap().get("input_messages").unwrap()[0]["parts"][0]["content"], "I am [EMAIL]");
/// ```
pub trait ContentHook: Send + Sync + 'static {
    /// Returns the reference under which the content `name` of the payload `id` will be stored, for the span. Called on
    /// the thread of the request, so the implementation must be fast and must not block. Called before the payload
    /// enters the queue, so the payload can still be dropped. Defaults to `None`.
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        let _ = (id, name);
        None
    }

    /// Stores the content of one operation. Called on the hook's thread.
    fn on_content(&self, payload: HookPayload);
}

impl fmt::Debug for dyn ContentHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentHook")
    }
}

/// The content of one operation after the gate. `Debug` prints only the id and the names.
#[derive(Clone, Default, PartialEq)]
pub struct HookPayload {
    id: String,
    trace: Option<(String, String)>,
    contents: Vec<(&'static str, Value)>,
    /// Set if the hook panicked when it was asked for a reference.
    has_panicked: bool,
}

/// The names of the contents.
const INPUT: &str = "input_messages";
const OUTPUT: &str = "output_messages";
const INSTRUCTIONS: &str = "system_instructions";
const DEFINITIONS: &str = "tool_definitions";

impl HookPayload {
    /// Creates an empty payload.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the input messages; `None` changes nothing.
    #[must_use]
    pub fn input(self, gated: Option<super::GatedValue>) -> Self {
        self.with_content(INPUT, gated)
    }

    /// Sets the output messages; `None` changes nothing.
    #[must_use]
    pub fn output(self, gated: Option<super::GatedValue>) -> Self {
        self.with_content(OUTPUT, gated)
    }

    /// Sets the system instructions; `None` changes nothing.
    #[must_use]
    pub fn system_instructions(self, gated: Option<super::GatedValue>) -> Self {
        self.with_content(INSTRUCTIONS, gated)
    }

    /// Sets the tool definitions; `None` changes nothing.
    #[must_use]
    pub fn tool_definitions(self, gated: Option<super::GatedValue>) -> Self {
        self.with_content(DEFINITIONS, gated)
    }

    /// Returns the unique id of the payload. Empty until the payload is sent to the hook.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the trace id and the span id of the operation as hexadecimal digits, also for unsampled traces. Returns
    /// `None` if the operation had no span.
    #[must_use]
    pub fn trace(&self) -> Option<(&str, &str)> {
        self.trace.as_ref().map(|(trace_id, span_id)| (trace_id.as_str(), span_id.as_str()))
    }

    /// Returns the content of a name: `input_messages`, `output_messages`, `system_instructions` or `tool_definitions`.
    /// Returns `None` for a content that was not set, and for any other name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.contents.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Iterates over all contents with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.contents.iter().map(|(name, value)| (*name, value))
    }

    /// Returns whether the payload has no content.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Sets the trace id and the span id of the operation; `None` if the operation had no span.
    pub(crate) fn with_trace(self, ids: Option<(String, String)>) -> Self {
        Self { trace: ids, ..self }
    }

    fn with_content(mut self, name: &'static str, gated: Option<super::GatedValue>) -> Self {
        if let Some(gated) = gated {
            self.contents.retain(|(known, _)| *known != name);
            self.contents.push((name, gated.into_value()));
        }
        self
    }
}

impl fmt::Debug for HookPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.contents.iter().map(|(name, _)| name);
        f.debug_struct("HookPayload").field("id", &self.id).field("contents", &names.collect::<Vec<_>>()).finish()
    }
}

/// The references under which the hook stores the contents of one operation, for attributes such as
/// `gen_ai.input.messages_ref`. A reference is `None` if the payload lacks the content or was dropped, or if
/// [`ContentHook::reference`] returned `None` or panicked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContentReferences {
    /// The input messages.
    pub input: Option<String>,
    /// The output messages.
    pub output: Option<String>,
    /// The system instructions.
    pub system_instructions: Option<String>,
    /// The tool definitions.
    pub tool_definitions: Option<String>,
}

/// The counts of payloads by result, since the gate was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookStats {
    /// Payloads that the hook processed without a panic.
    pub delivered: u64,
    /// Payloads dropped because the queue was full or the thread could not be started.
    pub dropped: u64,
    /// Payloads for which the hook panicked in [`reference`](ContentHook::reference) or
    /// [`on_content`](ContentHook::on_content), without those that were dropped.
    pub panicked: u64,
}

/// The hook's thread and queue.
pub(super) struct HookWorker {
    queue: Arc<HookQueue>,
    /// Random, so that two processes do not create equal ids.
    id_seed: u64,
    next_id: AtomicU64,
}

struct HookQueue {
    hook: Box<dyn ContentHook>,
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
    delivered: AtomicU64,
    dropped: AtomicU64,
    panicked: AtomicU64,
}

#[derive(Default)]
struct State {
    pending: VecDeque<HookPayload>,
    is_running: bool,
    is_busy: bool,
    is_closed: bool,
}

impl HookWorker {
    pub(super) fn new(hook: Box<dyn ContentHook>, capacity: usize) -> Self {
        let queue = HookQueue {
            hook,
            capacity,
            state: Mutex::default(),
            changed: Condvar::default(),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
        };
        Self { queue: Arc::new(queue), id_seed: RandomState::new().hash_one(0), next_id: AtomicU64::new(1) }
    }

    /// Adds a payload to the queue and returns its references. If the queue is full or the thread cannot be started,
    /// drops the payload and returns no references.
    pub(super) fn enqueue(&self, mut payload: HookPayload) -> ContentReferences {
        payload.id = format!("{:016x}{:016x}", self.id_seed, self.next_id.fetch_add(1, Ordering::Relaxed));
        let mut has_panicked = false;
        let mut reference = |name: &str| {
            payload.get(name)?;
            let reference = catch_unwind(AssertUnwindSafe(|| self.queue.hook.reference(&payload.id, name)));
            has_panicked |= reference.is_err();
            reference.ok().flatten()
        };
        let references = ContentReferences {
            input: reference(INPUT),
            output: reference(OUTPUT),
            system_instructions: reference(INSTRUCTIONS),
            tool_definitions: reference(DEFINITIONS),
        };
        payload.has_panicked = has_panicked;
        let mut state = self.queue.state.lock();
        if state.pending.len() >= self.queue.capacity || !self.ensure_running(&mut state) {
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
            return ContentReferences::default();
        }
        state.pending.push_back(payload);
        self.queue.changed.notify_all();
        references
    }

    pub(super) fn flush(&self, at_most: Duration) -> bool {
        let state = self.queue.state.lock();
        let has_pending = |state: &mut State| !state.pending.is_empty() || state.is_busy;
        let mut state = self.queue.changed.wait_timeout_while(state, at_most, has_pending);
        !has_pending(&mut state)
    }

    pub(super) fn stats(&self) -> HookStats {
        HookStats {
            delivered: self.queue.delivered.load(Ordering::Relaxed),
            dropped: self.queue.dropped.load(Ordering::Relaxed),
            panicked: self.queue.panicked.load(Ordering::Relaxed),
        }
    }

    /// Starts the thread on the first call. Returns `false` if the system cannot create a thread.
    fn ensure_running(&self, state: &mut State) -> bool {
        if !state.is_running {
            let queue = Arc::clone(&self.queue);
            state.is_running = thread::Builder::new().name("llmobs-hook".to_owned()).spawn(move || queue.run()).is_ok();
        }
        state.is_running
    }
}

impl HookQueue {
    /// Processes payloads until the gate is dropped and the queue is empty.
    fn run(&self) {
        loop {
            let idle = |state: &mut State| state.pending.is_empty() && !state.is_closed;
            let mut state = self.changed.wait_while(self.state.lock(), idle);
            let Some(payload) = state.pending.pop_front() else { return };
            state.is_busy = true;
            drop(state);
            let had_panicked = payload.has_panicked;
            let count = match catch_unwind(AssertUnwindSafe(|| self.hook.on_content(payload))) {
                Ok(()) if !had_panicked => &self.delivered,
                _ => &self.panicked,
            };
            count.fetch_add(1, Ordering::Relaxed);
            self.state.lock().is_busy = false;
            self.changed.notify_all();
        }
    }
}

/// Lets the thread process the queue and end, without waiting. Call `flush` first to wait for all payloads.
impl Drop for HookWorker {
    fn drop(&mut self) {
        self.queue.state.lock().is_closed = true;
        self.queue.changed.notify_all();
    }
}

impl fmt::Debug for HookWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookWorker").field("most", &self.queue.capacity).finish_non_exhaustive()
    }
}
