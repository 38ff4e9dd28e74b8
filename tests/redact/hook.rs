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

const LONG: Duration = Duration::from_secs(20);

/// A hook that takes an item only after the test's signal, and stores what it took.
struct Slow {
    go: Mutex<mpsc::Receiver<()>>,
    taken: Arc<Mutex<Vec<HookPayload>>>,
}

impl ContentHook for Slow {
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        (name != "output_messages").then(|| format!("file:///captures/{id}/{name}.json"))
    }

    fn on_content(&self, captured: HookPayload) {
        let told = self.go.lock().unwrap().recv_timeout(LONG);
        assert!(told.is_ok(), "a hook that nobody tells to go panics");
        self.taken.lock().unwrap().push(captured);
    }
}

fn slow(queue: usize) -> (Gate, mpsc::Sender<()>, Arc<Mutex<Vec<HookPayload>>>) {
    let (sender, go) = mpsc::channel();
    let taken = Arc::default();
    let hook = Slow { go: Mutex::new(go), taken: Arc::clone(&taken) };
    let gate = Gate::builder().capture(ContentCapture::Hook).hook(hook).hook_queue(queue).build();
    (gate, sender, taken)
}

fn hand_over(gate: &Gate, text: &str) -> ContentReferences {
    let mut passage = gate.passage();
    let input = passage.input(&[Message::user(text)]);
    let output = passage.output(&[Message::assistant()]);
    gate.send_to_hook(HookPayload::new().input(input).output(output))
}

#[test]
fn a_hook_gets_what_was_redacted_and_its_references_go_on_the_span() {
    let (gate, go, taken) = slow(8);
    let references = hand_over(&gate, "I am jane@example.org");
    go.send(()).unwrap();
    assert!(gate.flush(LONG));
    let taken = taken.lock().unwrap();
    assert_eq!(taken[0].get("input_messages").unwrap()[0]["parts"][0]["content"], "I am [EMAIL]");
    let expected = format!("file:///captures/{}/input_messages.json", taken[0].id());
    assert_eq!((references.input, references.output), (Some(expected), None));
    assert_eq!(taken[0].iter().map(|(name, _)| name).collect::<Vec<_>>(), ["input_messages", "output_messages"]);
}

#[test]
fn a_full_queue_drops_and_counts_and_nobody_waits() {
    let (gate, go, taken) = slow(2);
    // At most one item is with the hook or on its way there; two wait in the queue.
    let sent = (0..10).filter(|_| hand_over(&gate, "x") != ContentReferences::default()).count();
    assert!((2..=3).contains(&sent), "{sent}");
    assert_eq!(gate.hook_stats().dropped, 10 - sent as u64);
    assert!(!gate.flush(Duration::ZERO), "they still wait");
    (0..sent).for_each(|_| go.send(()).unwrap());
    assert!(gate.flush(LONG));
    assert_eq!((taken.lock().unwrap().len(), gate.hook_stats().delivered), (sent, sent as u64));
}

#[test]
fn no_two_captures_have_one_identity() {
    let (gate, go, taken) = slow(100);
    let other = slow(100);
    for _ in 0..20 {
        let _ = hand_over(&gate, "x");
        let _ = hand_over(&other.0, "x");
        go.send(()).unwrap();
        other.1.send(()).unwrap();
    }
    assert!(gate.flush(LONG) && other.0.flush(LONG));
    let mut ids: Vec<String> = [&taken, &other.2]
        .iter()
        .flat_map(|taken| taken.lock().unwrap().clone())
        .map(|captured| captured.id().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

#[test]
fn a_hook_that_panics_is_counted_and_goes_on() {
    struct Broken;
    impl ContentHook for Broken {
        fn reference(&self, _: &str, _: &str) -> Option<String> {
            panic!("no reference")
        }
        fn on_content(&self, _: HookPayload) {
            panic!("no storage")
        }
    }
    let gate = Gate::builder().capture(ContentCapture::Spans).hook(Broken).build();
    assert_eq!(hand_over(&gate, "x"), ContentReferences::default());
    let _ = hand_over(&gate, "y");
    assert!(gate.flush(LONG));
    assert_eq!((gate.hook_stats().panicked, gate.hook_stats().delivered), (2, 0));
}

#[test]
fn a_gate_that_is_shut_calls_no_hook() {
    struct Never;
    impl ContentHook for Never {
        fn on_content(&self, _: HookPayload) {
            unreachable!("capture is off")
        }
    }
    let gate = Gate::builder().capture(ContentCapture::Off).hook(Never).build();
    assert_eq!(hand_over(&gate, "x"), ContentReferences::default());
    assert_eq!(gate.hook_stats(), llmobs::capture::HookStats::default());
}

#[test]
fn what_waits_when_the_gate_goes_is_still_taken() {
    let (gate, go, taken) = slow(8);
    (0..3).for_each(|_| drop(hand_over(&gate, "x")));
    drop(gate);
    (0..3).for_each(|_| go.send(()).unwrap());
    // The hook thread releases its handle of the list when it ends.
    for _ in 0..2_000 {
        if Arc::strong_count(&taken) == 1 {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(taken.lock().unwrap().len(), 3);
}
