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

const CHILD: &str = "LLMOBS_TEST_CHILD";

/// A layer that counts warnings, and checks that they do not contain the variable's value.
struct Warnings(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        assert!(!format!("{event:?}").contains("canary"));
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Starts a process with the variable, and returns its output: the mode, the mode if code sets one, and the number of
/// warnings.
fn said(value: Option<&str>) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "environment::a_process_says_its_mode", "--nocapture"]).env(CHILD, "1");
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
fn a_process_says_its_mode() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let warnings = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(Warnings(Arc::clone(&warnings)));
    tracing::subscriber::with_default(subscriber, || {
        let gate = Gate::builder().build();
        let again = Gate::builder().build().capture();
        let code = Gate::builder().capture(ContentCapture::Spans).build().capture();
        assert_eq!(again, gate.capture());
        println!("<{:?} {code:?} {}>", gate.capture(), warnings.load(Ordering::Relaxed));
    });
}

#[test]
fn code_decides_over_the_environment_and_the_environment_over_the_default() {
    assert_eq!(said(None), "Off Spans 0");
    for (value, mode) in
        [("NO_CONTENT", "Off"), ("event_only", "Events"), ("SPAN_AND_EVENT", "SpansAndEvents"), ("", "Off")]
    {
        assert_eq!(said(Some(value)), format!("{mode} Spans 0"), "{value}");
    }
}

#[test]
fn an_unknown_value_means_off_and_is_said_once() {
    assert_eq!(said(Some("canary")), "Off Spans 1");
}
