//! A tracing back end in memory.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::SystemTime;

use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use opentelemetry::Array;
use opentelemetry::Value;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::SpanData;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

pub const MODEL: &str = "smollm2-135m-instruct";

/// An exporter that stores every sampled span of this thread that has ended, until it is dropped.
pub struct TracingBackend {
    pub provider: SdkTracerProvider,
    exporter: InMemorySpanExporter,
    _subscriber: DefaultGuard,
}

impl TracingBackend {
    pub fn new() -> Self {
        Self::with_sampler(Sampler::AlwaysOn)
    }

    pub fn with_sampler(sampler: Sampler) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider =
            SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).with_sampler(sampler).build();
        let _subscriber = Self::subscribe(&provider);
        Self { provider, exporter, _subscriber }
    }

    /// Sends this thread's spans to a provider until the guard is dropped.
    pub fn subscribe(provider: &SdkTracerProvider) -> DefaultGuard {
        crate::callsites::ask_every_subscriber();
        tracing::subscriber::set_default(tracing_subscriber::registry().with(layer(provider)))
    }

    /// Sends this thread's spans up to this level to a provider until the guard is dropped.
    pub fn subscribe_up_to(level: LevelFilter, provider: &SdkTracerProvider) -> DefaultGuard {
        crate::callsites::ask_every_subscriber();
        tracing::subscriber::set_default(tracing_subscriber::registry().with(level).with(layer(provider)))
    }

    pub fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// Returns the spans and forgets them.
    pub fn take_spans(&self) -> Vec<SpanData> {
        let spans = self.spans();
        self.exporter.reset();
        spans
    }

    /// Returns the only span of this name. Panics if there is none, or more than one.
    pub fn span(&self, name: &str) -> SpanData {
        let mut spans = self.spans();
        spans.retain(|span| span.name == name);
        assert_eq!(spans.len(), 1, "`{name}` among {:?}", self.names());
        spans.remove(0)
    }

    pub fn names(&self) -> Vec<String> {
        self.spans().iter().map(|span| span.name.to_string()).collect()
    }

    pub fn observer(&self, role: Role) -> Observer {
        self.builder(role).build().unwrap()
    }

    pub fn builder(&self, role: Role) -> ObserverBuilder<'_> {
        Observer::builder()
            .role(role)
            .model(MODEL)
            .provider("candle")
            .profile(Profile::V1_41)
            .level(Level::Full)
            .tracer_provider(&self.provider)
    }
}

/// Returns a layer that sends spans to a provider.
pub fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("test"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
}

/// Returns the attributes by name. Panics if a name appears twice: a span keeps every value that was set.
pub fn attributes(span: &SpanData) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for attribute in &span.attributes {
        let before = all.insert(attribute.key.to_string(), attribute.value.clone());
        assert!(before.is_none(), "`{}` was set twice", attribute.key);
    }
    all
}

pub fn text(text: &'static str) -> Value {
    Value::from(text)
}

pub fn texts(texts: &[&'static str]) -> Value {
    Value::Array(Array::String(texts.iter().copied().map(Into::into).collect()))
}

pub fn span_id(span: &SpanData) -> SpanId {
    span.span_context.span_id()
}

pub fn duration(span: &SpanData) -> Duration {
    span.end_time.duration_since(span.start_time).unwrap()
}

/// Returns the time between two moments. Panics if `later` is before `earlier`.
pub fn between(earlier: SystemTime, later: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_else(|error| panic!("{:?} too early", error.duration()))
}
