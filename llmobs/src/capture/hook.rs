//! The application's own storage for content.

use std::collections::VecDeque;
use std::fmt;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The application's own storage for content: an upload, a queue, a file.
///
/// A dedicated thread calls the hook with content that passed the gate (redacted and truncated), independently of trace
/// sampling. If the queue is full, the payload is dropped and counted; requests never wait for the hook. A panic of the
/// hook is caught and counted.
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
///     fn on_content(&self, captured: HookPayload) {
///         let _ = self.0.send(captured);
///     }
/// }
///
/// let (sender, receiver) = mpsc::sync_channel(8);
/// let gate = Gate::builder().capture(ContentCapture::Hook).hook(Queue(sender)).build();
/// let input = gate.passage().input(&[Message::user("I am jane@example.org")]);
/// let references = gate.send_to_hook(HookPayload::new().input(input));
/// assert!(references.input.unwrap().ends_with("/input_messages"));
/// assert!(gate.flush(Duration::from_secs(5)));
/// assert_eq!(receiver.recv().unwrap().get("input_messages").unwrap()[0]["parts"][0]["content"], "I am [EMAIL]");
/// ```
pub trait ContentHook: Send + Sync + 'static {
    /// Returns the reference under which the content of this name will be stored, for the span. Called on the thread of
    /// the request, so the implementation must be fast and must not block. Defaults to `None`.
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        let _ = (id, name);
        None
    }

    /// Stores the content of one operation. Called on the hook's thread.
    fn on_content(&self, captured: HookPayload);
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

    /// Sets the input messages, if present.
    #[must_use]
    pub fn input(self, passed: Option<super::GatedValue>) -> Self {
        self.with(INPUT, passed)
    }

    /// Sets the output messages, if present.
    #[must_use]
    pub fn output(self, passed: Option<super::GatedValue>) -> Self {
        self.with(OUTPUT, passed)
    }

    /// Sets the system instructions, if present.
    #[must_use]
    pub fn system_instructions(self, passed: Option<super::GatedValue>) -> Self {
        self.with(INSTRUCTIONS, passed)
    }

    /// Sets the tool definitions, if present.
    #[must_use]
    pub fn tool_definitions(self, passed: Option<super::GatedValue>) -> Self {
        self.with(DEFINITIONS, passed)
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

    pub(crate) fn in_trace(self, ids: Option<(String, String)>) -> Self {
        Self { trace: ids, ..self }
    }

    fn with(mut self, name: &'static str, passed: Option<super::GatedValue>) -> Self {
        self.contents.extend(passed.map(|passed| (name, passed.into_value())));
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
/// `gen_ai.input.messages_ref`.
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

/// The counts of payloads by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookStats {
    /// Payloads that the hook processed without a panic.
    pub delivered: u64,
    /// Payloads dropped because the queue was full or the thread could not be started.
    pub dropped: u64,
    /// Payloads in which the hook panicked.
    pub panicked: u64,
}

/// The hook's thread and queue.
pub(super) struct HookWorker {
    shared: Arc<HookQueue>,
    /// Random, so that two processes do not create equal ids.
    seed: u64,
    next: AtomicU64,
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
    waiting: VecDeque<HookPayload>,
    running: bool,
    busy: bool,
    closed: bool,
}

impl HookWorker {
    pub(super) fn new(hook: Box<dyn ContentHook>, capacity: usize) -> Self {
        let shared = HookQueue {
            hook,
            capacity,
            state: Mutex::default(),
            changed: Condvar::new(),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), seed: RandomState::new().hash_one(0), next: AtomicU64::new(1) }
    }

    /// Adds a payload to the queue and returns its references. Drops the payload if the queue is full.
    pub(super) fn send(&self, mut captured: HookPayload) -> ContentReferences {
        captured.id = format!("{:016x}{:016x}", self.seed, self.next.fetch_add(1, Ordering::Relaxed));
        let reference = |name: &str| {
            captured.get(name)?;
            catch_unwind(AssertUnwindSafe(|| self.shared.hook.reference(&captured.id, name))).ok().flatten()
        };
        let references = ContentReferences {
            input: reference(INPUT),
            output: reference(OUTPUT),
            system_instructions: reference(INSTRUCTIONS),
            tool_definitions: reference(DEFINITIONS),
        };
        let mut state = self.shared.state();
        if state.waiting.len() >= self.shared.capacity || !self.start(&mut state) {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return ContentReferences::default();
        }
        state.waiting.push_back(captured);
        self.shared.changed.notify_all();
        references
    }

    pub(super) fn flush(&self, at_most: Duration) -> bool {
        let state = self.shared.state();
        let pending = |state: &mut State| !state.waiting.is_empty() || state.busy;
        let waited = self.shared.changed.wait_timeout_while(state, at_most, pending);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !pending(&mut state)
    }

    pub(super) fn stats(&self) -> HookStats {
        HookStats {
            delivered: self.shared.delivered.load(Ordering::Relaxed),
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            panicked: self.shared.panicked.load(Ordering::Relaxed),
        }
    }

    /// Starts the thread on the first call. Returns `false` if the system cannot create a thread.
    fn start(&self, state: &mut State) -> bool {
        if !state.running {
            let shared = Arc::clone(&self.shared);
            state.running = thread::Builder::new().name("llmobs-hook".to_owned()).spawn(move || shared.work()).is_ok();
        }
        state.running
    }
}

impl HookQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Processes payloads until the gate is dropped and the queue is empty.
    fn work(&self) {
        loop {
            let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
            let mut state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
            let Some(captured) = state.waiting.pop_front() else { return };
            state.busy = true;
            drop(state);
            let count = match catch_unwind(AssertUnwindSafe(|| self.hook.on_content(captured))) {
                Ok(()) => &self.delivered,
                Err(_) => &self.panicked,
            };
            count.fetch_add(1, Ordering::Relaxed);
            self.state().busy = false;
            self.changed.notify_all();
        }
    }
}

/// Lets the thread process the queue and end, without waiting. Call `flush` first to wait for all payloads.
impl Drop for HookWorker {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
    }
}

impl fmt::Debug for HookWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookWorker").field("most", &self.shared.capacity).finish_non_exhaustive()
    }
}
