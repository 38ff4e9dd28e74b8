//! The application's own hook: off the request path, with a bounded queue, after redaction.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use llmobs::capture::ContentCapture;
use llmobs::capture::ContentHook;
use llmobs::capture::ContentReferences;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use llmobs::content::Message;

const TIMEOUT: Duration = Duration::from_secs(20);

/// A hook that takes an item only after the test's signal, and stores what it took.
struct BlockingHook {
    release: Mutex<mpsc::Receiver<()>>,
    delivered: Arc<Mutex<Vec<HookPayload>>>,
}

impl ContentHook for BlockingHook {
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        (name != "output_messages").then(|| format!("file:///captures/{id}/{name}.json"))
    }

    fn on_content(&self, captured: HookPayload) {
        let released = self.release.lock().unwrap().recv_timeout(TIMEOUT);
        assert!(released.is_ok(), "no release signal within the timeout");
        self.delivered.lock().unwrap().push(captured);
    }
}

fn blocking_gate(queue: usize) -> (Gate, mpsc::Sender<()>, Arc<Mutex<Vec<HookPayload>>>) {
    let (sender, release) = mpsc::channel();
    let delivered = Arc::default();
    let hook = BlockingHook { release: Mutex::new(release), delivered: Arc::clone(&delivered) };
    let gate = Gate::builder().capture(ContentCapture::Hook).hook(hook).hook_queue_capacity(queue).build();
    (gate, sender, delivered)
}

fn capture_text(gate: &Gate, text: &str) -> ContentReferences {
    let mut passage = gate.pass();
    let input = passage.input(&[Message::user(text)]);
    let output = passage.output(&[Message::assistant()]);
    gate.send_to_hook(HookPayload::new().input(input).output(output))
}

#[test]
fn a_hook_gets_redacted_content_and_its_references_are_returned() {
    let (gate, release, delivered) = blocking_gate(8);
    let references = capture_text(&gate, "I am jane@example.org");
    release.send(()).unwrap();
    assert!(gate.flush(TIMEOUT));
    let delivered = delivered.lock().unwrap();
    assert_eq!(delivered[0].get("input_messages").unwrap()[0]["parts"][0]["content"], "I am [EMAIL]");
    let expected = format!("file:///captures/{}/input_messages.json", delivered[0].id());
    assert_eq!((references.input, references.output), (Some(expected), None));
    assert_eq!(delivered[0].iter().map(|(name, _)| name).collect::<Vec<_>>(), ["input_messages", "output_messages"]);
}

#[test]
fn a_full_queue_drops_and_counts_without_blocking() {
    let (gate, release, delivered) = blocking_gate(2);
    // At most one item is with the hook or on its way there; two wait in the queue.
    let sent = (0..10).filter(|_| capture_text(&gate, "x") != ContentReferences::default()).count();
    assert!((2..=3).contains(&sent), "{sent}");
    assert_eq!(gate.hook_stats().dropped, 10 - sent as u64);
    assert!(!gate.flush(Duration::ZERO), "the items are still in the queue");
    (0..sent).for_each(|_| release.send(()).unwrap());
    assert!(gate.flush(TIMEOUT));
    assert_eq!((delivered.lock().unwrap().len(), gate.hook_stats().delivered), (sent, sent as u64));
}

#[test]
fn no_two_captures_have_the_same_id() {
    let (gate, release, delivered) = blocking_gate(100);
    let other = blocking_gate(100);
    for _ in 0..20 {
        let _ = capture_text(&gate, "x");
        let _ = capture_text(&other.0, "x");
        release.send(()).unwrap();
        other.1.send(()).unwrap();
    }
    assert!(gate.flush(TIMEOUT) && other.0.flush(TIMEOUT));
    let mut ids: Vec<String> = [&delivered, &other.2]
        .iter()
        .flat_map(|delivered| delivered.lock().unwrap().clone())
        .map(|captured| captured.id().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

#[test]
fn a_panic_of_a_hook_is_counted_and_the_next_item_reaches_the_hook() {
    struct PanickingHook;
    impl ContentHook for PanickingHook {
        fn reference(&self, _: &str, _: &str) -> Option<String> {
            panic!("no reference")
        }
        fn on_content(&self, _: HookPayload) {
            panic!("no storage")
        }
    }
    let gate = Gate::builder().capture(ContentCapture::Spans).hook(PanickingHook).build();
    assert_eq!(capture_text(&gate, "x"), ContentReferences::default());
    let _ = capture_text(&gate, "y");
    assert!(gate.flush(TIMEOUT));
    assert_eq!((gate.hook_stats().panicked, gate.hook_stats().delivered), (2, 0));
}

#[test]
fn a_panic_of_the_reference_alone_is_counted_once_for_its_payload() {
    struct HookWithoutReferences;
    impl ContentHook for HookWithoutReferences {
        fn reference(&self, _: &str, _: &str) -> Option<String> {
            panic!("no reference")
        }
        fn on_content(&self, _: HookPayload) {}
    }
    let gate = Gate::builder().capture(ContentCapture::Spans).hook(HookWithoutReferences).build();
    let _ = capture_text(&gate, "x");
    assert!(gate.flush(TIMEOUT));
    assert_eq!((gate.hook_stats().panicked, gate.hook_stats().delivered), (1, 0));
}

#[test]
fn a_gate_with_capture_off_calls_no_hook() {
    struct UnreachableHook;
    impl ContentHook for UnreachableHook {
        fn on_content(&self, _: HookPayload) {
            unreachable!("capture is off")
        }
    }
    let gate = Gate::builder().capture(ContentCapture::Off).hook(UnreachableHook).build();
    assert_eq!(capture_text(&gate, "x"), ContentReferences::default());
    assert_eq!(gate.hook_stats(), llmobs::capture::HookStats::default());
}

#[test]
fn queued_items_are_delivered_after_the_gate_is_dropped() {
    let (gate, release, delivered) = blocking_gate(8);
    (0..3).for_each(|_| drop(capture_text(&gate, "x")));
    drop(gate);
    (0..3).for_each(|_| release.send(()).unwrap());
    // The hook thread releases its handle of the list when it ends.
    for _ in 0..2_000 {
        if Arc::strong_count(&delivered) == 1 {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(delivered.lock().unwrap().len(), 3);
}
