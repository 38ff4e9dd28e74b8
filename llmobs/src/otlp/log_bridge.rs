//! The logger between the bridge of `opentelemetry-appender-tracing` and the SDK. It completes the log records of
//! `tracing` events: the bridge sets no time, and gives an event name even to a log line without one.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::InstrumentationScope;
use opentelemetry::Key;
use opentelemetry::SpanId;
use opentelemetry::TraceFlags;
use opentelemetry::TraceId;
use opentelemetry::logs::AnyValue;
use opentelemetry::logs::LogRecord;
use opentelemetry::logs::Logger;
use opentelemetry::logs::LoggerProvider;
use opentelemetry::logs::Severity;
use opentelemetry_sdk::logs::SdkLogRecord;
use opentelemetry_sdk::logs::SdkLogger;
use opentelemetry_sdk::logs::SdkLoggerProvider;

/// A logger provider for the bridge.
pub(super) struct BridgeLoggerProvider(pub(super) SdkLoggerProvider);

impl LoggerProvider for BridgeLoggerProvider {
    type Logger = BridgeLogger;

    fn logger_with_scope(&self, scope: InstrumentationScope) -> BridgeLogger {
        BridgeLogger(self.0.logger_with_scope(scope))
    }
}

/// A logger for the bridge.
pub(super) struct BridgeLogger(SdkLogger);

impl Logger for BridgeLogger {
    type LogRecord = BridgeRecord;

    fn create_log_record(&self) -> BridgeRecord {
        BridgeRecord { record: self.0.create_log_record(), is_from_llmobs: false }
    }

    fn emit(&self, BridgeRecord { mut record, .. }: BridgeRecord) {
        // The bridge emits a record at the moment of its event.
        record.set_timestamp(opentelemetry::time::now());
        self.0.emit(record);
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.0.event_enabled(level, target, name)
    }
}

/// A log record that the bridge fills.
pub(super) struct BridgeRecord {
    record: SdkLogRecord,
    is_from_llmobs: bool,
}

impl BridgeRecord {
    /// Returns whether an attribute repeats an id that the record itself contains. The events of llmobs have these
    /// fields for output that shows no trace context.
    fn is_repeated_id(&self, key: &Key) -> bool {
        self.is_from_llmobs && matches!(key.as_str(), "trace_id" | "span_id")
    }
}

impl LogRecord for BridgeRecord {
    /// Sets the name of the event, unless it is the default name that `tracing` gives to a log line: `event`, a file
    /// and a line.
    fn set_event_name(&mut self, name: &'static str) {
        if !name.starts_with("event ") {
            self.record.set_event_name(name);
        }
    }

    fn set_target<T: Into<Cow<'static, str>>>(&mut self, target: T) {
        let target = target.into();
        self.is_from_llmobs = target == "llmobs" || target.starts_with("llmobs::");
        self.record.set_target(target);
    }

    fn set_timestamp(&mut self, timestamp: SystemTime) {
        self.record.set_timestamp(timestamp);
    }

    fn set_observed_timestamp(&mut self, timestamp: SystemTime) {
        self.record.set_observed_timestamp(timestamp);
    }

    fn set_severity_text(&mut self, text: &'static str) {
        self.record.set_severity_text(text);
    }

    fn set_severity_number(&mut self, number: Severity) {
        self.record.set_severity_number(number);
    }

    fn set_body(&mut self, body: AnyValue) {
        self.record.set_body(body);
    }

    fn add_attributes<I, K, V>(&mut self, attributes: I)
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<Key>,
        V: Into<AnyValue>,
    {
        attributes.into_iter().for_each(|(key, value)| self.add_attribute(key, value));
    }

    fn add_attribute<K: Into<Key>, V: Into<AnyValue>>(&mut self, key: K, value: V) {
        let key = key.into();
        if !self.is_repeated_id(&key) {
            self.record.add_attribute(key, value);
        }
    }

    fn set_trace_context(&mut self, trace: TraceId, span: SpanId, flags: Option<TraceFlags>) {
        self.record.set_trace_context(trace, span, flags);
    }
}
