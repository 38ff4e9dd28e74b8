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
pub struct Heard {
    pub name: String,
    pub level: Level,
    pub fields: BTreeMap<String, Value>,
}

/// A layer that stores the events of this thread until the guard is dropped.
#[derive(Debug, Clone, Default)]
pub struct Ear(Arc<Mutex<Vec<Heard>>>);

impl Ear {
    pub fn listen() -> (Self, DefaultGuard) {
        let ear = Self::default();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(ear.clone()));
        (ear, guard)
    }

    pub fn all(&self) -> Vec<Heard> {
        self.0.lock().unwrap().clone()
    }

    pub fn named(&self, name: &str) -> Vec<Heard> {
        self.all().into_iter().filter(|heard| heard.name == name).collect()
    }

    /// Returns the only event of this name.
    pub fn only(&self, name: &str) -> Heard {
        let mut all = self.named(name);
        assert_eq!(all.len(), 1, "`{name}` among {:?}", self.all());
        all.remove(0)
    }
}

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (name, level) = (event.metadata().name().to_owned(), *event.metadata().level());
        self.0.lock().unwrap().push(Heard { name, level, fields: fields.0 });
    }
}

#[derive(Default)]
struct Fields(BTreeMap<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        panic!("{} is {value}: a bridge to OpenTelemetry would make a string of it", field.name());
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        assert!(self.0.insert(field.name().to_owned(), value).is_none(), "{} twice", field.name());
    }
}
