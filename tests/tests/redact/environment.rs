//! The standard capture variable. Each value is tested in a separate process.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use llmobs::capture::ContentCapture;
use llmobs::capture::Gate;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;

const CHILD_VARIABLE: &str = "LLMOBS_TEST_CHILD";

/// A layer that counts warnings, and checks that they do not contain the variable's value.
struct WarningCounter(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for WarningCounter {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        assert!(!format!("{event:?}").contains("canary"));
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Starts a process with the variable, and returns its output: the mode, the mode if code sets one, and the number of
/// warnings.
fn run_in_child(value: Option<&str>) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "environment::a_child_process_prints_its_mode", "--nocapture"]).env(CHILD_VARIABLE, "1");
    match value {
        Some(value) => child.env(ContentCapture::VARIABLE, value),
        None => child.env_remove(ContentCapture::VARIABLE),
    };
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap().to_owned()
}

#[test]
fn a_child_process_prints_its_mode() {
    if env::var_os(CHILD_VARIABLE).is_none() {
        return;
    }
    let warnings = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(WarningCounter(Arc::clone(&warnings)));
    tracing::subscriber::with_default(subscriber, || {
        let gate = Gate::builder().build();
        let repeated = Gate::builder().build().capture();
        let from_code = Gate::builder().capture(ContentCapture::Spans).build().capture();
        assert_eq!(repeated, gate.capture());
        println!("<{:?} {from_code:?} {}>", gate.capture(), warnings.load(Ordering::Relaxed));
    });
}

#[test]
fn code_overrides_the_environment_and_the_environment_overrides_the_default() {
    assert_eq!(run_in_child(None), "Off Spans 0");
    for (value, mode) in
        [("NO_CONTENT", "Off"), ("event_only", "Events"), ("SPAN_AND_EVENT", "SpansAndEvents"), ("", "Off")]
    {
        assert_eq!(run_in_child(Some(value)), format!("{mode} Spans 0"), "{value}");
    }
}

#[test]
fn an_unknown_value_means_off_and_is_warned_about_once() {
    assert_eq!(run_in_child(Some("canary")), "Off Spans 1");
}
