//! `gen_ai.client.operation.exception`: the exception that ended a model call, emitted as a log event and never as a
//! span event.

use crate::span::TARGET;

/// Emits the event in the current trace. `message` may quote a prompt, so it must have passed the gate.
pub(crate) fn emit_exception(exception_type: &str, message: Option<&str>) {
    tracing::event!(
        name: "gen_ai.client.operation.exception",
        target: TARGET,
        parent: None,
        tracing::Level::WARN,
        exception.type = exception_type,
        exception.message = message,
        "gen_ai.client.operation.exception"
    );
}
