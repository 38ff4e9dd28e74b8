//! A subscriber that stores every event.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use tracing::Event;
use tracing::Level;
use tracing::Subscriber;
use tracing::field::Field;
use tracing::field::Visit;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;

/// An event: its name, its level, its fields.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    pub name: String,
    pub level: Level,
    pub fields: BTreeMap<String, Value>,
}

/// A layer that stores the events of this thread until the guard is dropped. Panics at an event with a `u64` field or
/// with a field that is present twice.
#[derive(Debug, Clone, Default)]
pub struct EventRecorder(Arc<Mutex<Vec<RecordedEvent>>>);

impl EventRecorder {
    pub fn install() -> (Self, DefaultGuard) {
        crate::callsites::ask_every_subscriber();
        let recorder = Self::default();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(recorder.clone()));
        (recorder, guard)
    }

    pub fn events(&self) -> Vec<RecordedEvent> {
        self.0.lock().unwrap().clone()
    }

    pub fn events_named(&self, name: &str) -> Vec<RecordedEvent> {
        self.events().into_iter().filter(|event| event.name == name).collect()
    }

    /// Returns the only event of this name. Panics if there is none, or more than one.
    pub fn only_event(&self, name: &str) -> RecordedEvent {
        let mut all = self.events_named(name);
        assert_eq!(all.len(), 1, "`{name}` among {:?}", self.events());
        all.remove(0)
    }
}

impl<S: Subscriber> Layer<S> for EventRecorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = FieldVisitor::default();
        event.record(&mut fields);
        let (name, level) = (event.metadata().name().to_owned(), *event.metadata().level());
        self.0.lock().unwrap().push(RecordedEvent { name, level, fields: fields.0 });
    }
}

#[derive(Default)]
struct FieldVisitor(BTreeMap<String, Value>);

impl Visit for FieldVisitor {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        panic!("{} is {value}: a bridge to OpenTelemetry would turn it into a string", field.name());
    }
}

impl FieldVisitor {
    fn insert(&mut self, field: &Field, value: Value) {
        assert!(self.0.insert(field.name().to_owned(), value).is_none(), "{} twice", field.name());
    }
}
