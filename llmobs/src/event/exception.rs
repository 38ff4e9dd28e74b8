//! `gen_ai.client.operation.exception`: what broke a model call, as a log event and never as an event of a span.

use crate::span::TARGET;

/// Writes the event in the trace that is current. The text of an exception may quote a prompt, so its type stands
/// alone.
pub(crate) fn exception(kind: &str) {
    tracing::event!(
        name: "gen_ai.client.operation.exception",
        target: TARGET,
        parent: None,
        tracing::Level::WARN,
        exception.type = kind,
        "gen_ai.client.operation.exception"
    );
}
