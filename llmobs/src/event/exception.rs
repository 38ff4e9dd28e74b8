//! `gen_ai.client.operation.exception`: the exception that ended a model call, emitted as a log event and never as a
//! span event.

use std::time::SystemTime;

use opentelemetry::logs::Severity;

use super::fields::record_attributes;
use crate::sink::otel::EventLogger;
use crate::span::TARGET;

const NAME: &str = "gen_ai.client.operation.exception";

/// An exception that ended a model call.
#[derive(Debug)]
pub(crate) struct ExceptionEvent<'a> {
    /// The time at which the call ended.
    pub(crate) time: SystemTime,
    /// The type of the exception, otherwise the `error.type` of the call.
    pub(crate) exception_type: &'a str,
    /// The text of the error. It may quote a prompt, so it must have passed the gate, which redacts and truncates
    /// content.
    pub(crate) message: Option<&'a str>,
}

impl ExceptionEvent<'_> {
    /// Emits the event in the current trace: through the logger, or with `tracing` if there is no logger.
    pub(crate) fn emit(&self, logger: Option<&EventLogger>) {
        let Self { time, exception_type, message } = *self;
        match logger {
            Some(logger) => logger.emit(NAME, Severity::Warn, time, || {
                record_attributes! {
                    [exception.type] Some(exception_type),
                    [exception.message] message,
                }
            }),
            None => tracing::event!(
                name: "gen_ai.client.operation.exception",
                target: TARGET,
                parent: None,
                tracing::Level::WARN,
                exception.type = exception_type,
                exception.message = message,
                "gen_ai.client.operation.exception"
            ),
        }
    }
}
