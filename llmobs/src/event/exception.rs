//! `gen_ai.client.operation.exception`: what broke a model call, as a log event and never as an event of a span.

use crate::span::TARGET;

/// Writes the event in the trace that is current. The text of an exception may quote a prompt, so it is there only as far
/// as it passed the gate.
pub(crate) fn exception(kind: &str, message: Option<&str>) {
    tracing::event!(
        name: "gen_ai.client.operation.exception",
        target: TARGET,
        parent: None,
        tracing::Level::WARN,
        exception.type = kind,
        exception.message = message,
        "gen_ai.client.operation.exception"
    );
}
