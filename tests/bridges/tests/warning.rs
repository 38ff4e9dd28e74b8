//! The warning of a process whose spans only a layer of another version of OpenTelemetry receives. It is emitted once in
//! the life of a process, so this file has one test.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;

use llmobs::Observer;
use otel_0_31::trace::TracerProvider as _;
use tracing::Event;
use tracing::Level;
use tracing::Subscriber;
use tracing::field::Field;
use tracing::field::Visit;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;

/// Collects the messages of warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::WARN {
            event.record(&mut Message(&mut self.0.lock().unwrap()));
        }
    }
}

struct Message<'a>(&'a mut Vec<String>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}

#[test]
fn one_warning_says_what_is_lost_and_what_restores_it() {
    let provider = sdk_0_31::trace::SdkTracerProvider::builder().build();
    let warnings = Warnings::default();
    let current = Observer::builder().model("m").build().unwrap();
    let own = bridge_0_34::layer().with_tracer({
        use otel_0_33::trace::TracerProvider as _;
        sdk_0_33::trace::SdkTracerProvider::builder().build().tracer("host")
    });
    tracing::subscriber::with_default(tracing_subscriber::registry().with(own).with(warnings.clone()), || {
        current.chat("m").start().complete();
    });
    assert!(warnings.0.lock().unwrap().is_empty(), "the layer of this version receives the span");

    let other = bridge_0_32::layer().with_tracer(provider.tracer("host"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(other).with(warnings.clone()), || {
        for observer in [
            Observer::builder().model("m").without_spans().build().unwrap(),
            Observer::builder().model("m").span_ids(|_| None).build().unwrap(),
        ] {
            observer.chat("m").start().complete();
            assert!(warnings.0.lock().unwrap().is_empty(), "the application knows");
        }
        for _ in 0..3 {
            current.chat("m").start().complete();
        }
    });
    let warnings = warnings.0.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for part in ["OpenTelemetry 0.33", "trace ids", "span_ids", "on_span", "without_spans"] {
        assert!(warnings[0].contains(part), "{part} in {}", warnings[0]);
    }
}
