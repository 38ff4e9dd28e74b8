//! Log events through the OpenTelemetry Logs API. The traits of the API are not object-safe, so the type of the
//! application's provider is erased here.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::AnyValue;
use opentelemetry::logs::LogRecord;
use opentelemetry::logs::Logger;
use opentelemetry::logs::LoggerProvider;
use opentelemetry::logs::Severity;

use super::instrumentation_scope;
use crate::catalog::Profile;
#[cfg(feature = "otlp")]
use crate::sync::Mutex;

/// A reference to any logger provider, from which the logger is created.
///
/// ```
/// use opentelemetry_sdk::logs::SdkLoggerProvider;
///
/// let provider = SdkLoggerProvider::builder().build();
/// let loggers = llmobs::otel::LoggerProviderRef::from(&provider);
/// # let _ = loggers;
/// ```
#[derive(Clone, Copy)]
pub struct LoggerProviderRef<'a>(&'a dyn CreateLogger);

impl<'a, P> From<&'a P> for LoggerProviderRef<'a>
where
    P: LoggerProvider,
    P::Logger: Send + Sync + 'static,
{
    fn from(provider: &'a P) -> Self {
        Self(provider)
    }
}

impl fmt::Debug for LoggerProviderRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoggerProviderRef")
    }
}

impl LoggerProviderRef<'_> {
    /// Returns a logger of the provider with the scope `llmobs`, and the schema URL of the profile if it has one.
    pub(crate) fn logger(self, profile: Profile) -> EventLogger {
        EventLogger(self.0.create_logger(instrumentation_scope(profile)))
    }
}

/// A logger of any provider. Clones share it.
#[derive(Clone)]
pub(crate) struct EventLogger(Arc<dyn EmitEvent>);

impl fmt::Debug for EventLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventLogger")
    }
}

impl EventLogger {
    /// Emits an event in the trace of the current OpenTelemetry context. `attributes` returns the attributes; it is
    /// called only if the logger records events of this name and severity.
    pub(crate) fn emit(
        &self,
        name: &'static str,
        severity: Severity,
        time: SystemTime,
        attributes: impl FnOnce() -> Vec<(&'static str, AnyValue)>,
    ) {
        if self.0.is_enabled(severity, name) {
            self.0.emit(LogEvent { name, severity, time, attributes: attributes() });
        }
    }
}

/// An event of the conventions.
struct LogEvent {
    name: &'static str,
    severity: Severity,
    time: SystemTime,
    attributes: Vec<(&'static str, AnyValue)>,
}

/// A logger provider of an erased type.
trait CreateLogger {
    fn create_logger(&self, scope: InstrumentationScope) -> Arc<dyn EmitEvent>;
}

impl<P> CreateLogger for P
where
    P: LoggerProvider,
    P::Logger: Send + Sync + 'static,
{
    fn create_logger(&self, scope: InstrumentationScope) -> Arc<dyn EmitEvent> {
        Arc::new(AnyLogger(self.logger_with_scope(scope)))
    }
}

/// A logger of an erased type.
trait EmitEvent: Send + Sync {
    fn is_enabled(&self, severity: Severity, name: &str) -> bool;
    fn emit(&self, event: LogEvent);
}

/// A logger of the API.
struct AnyLogger<L>(L);

impl<L: Logger + Send + Sync> EmitEvent for AnyLogger<L> {
    fn is_enabled(&self, severity: Severity, name: &str) -> bool {
        self.0.event_enabled(severity, "llmobs", Some(name))
    }

    fn emit(&self, event: LogEvent) {
        let mut record = self.0.create_log_record();
        record.set_event_name(event.name);
        record.set_timestamp(event.time);
        record.set_severity_number(event.severity);
        record.set_severity_text(event.severity.name());
        record.add_attributes(event.attributes);
        self.0.emit(record);
    }
}

/// The logger provider of the pipeline that is installed for the whole process. The API has no global one.
#[cfg(feature = "otlp")]
static GLOBAL_PROVIDER: Mutex<Option<Arc<dyn CreateLogger + Send + Sync>>> = Mutex::new(None);

/// Sets or removes the logger provider of the process. An observer that is built later without its own provider uses
/// it.
#[cfg(feature = "otlp")]
pub(crate) fn set_global_logger_provider<P>(provider: Option<P>)
where
    P: LoggerProvider + Send + Sync + 'static,
    P::Logger: Send + Sync + 'static,
{
    *GLOBAL_PROVIDER.lock() = provider.map(|provider| Arc::new(provider) as _);
}

/// Returns a logger of the provider that is set for the process; `None` if none is set.
pub(crate) fn global_logger(_profile: Profile) -> Option<EventLogger> {
    #[cfg(feature = "otlp")]
    if let Some(provider) = &*GLOBAL_PROVIDER.lock() {
        return Some(EventLogger(provider.create_logger(instrumentation_scope(_profile))));
    }
    None
}
