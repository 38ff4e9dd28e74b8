//! Tracing back ends in memory: one of OpenTelemetry, and one that writes lines.

use llmobs_tests::text_buffer::TextBuffer;

pub use llmobs_tests::tracing_backend::TracingBackend;
pub use llmobs_tests::tracing_backend::attributes;
pub use llmobs_tests::tracing_backend::span_id;

/// Runs code under a plain `tracing` subscriber without OpenTelemetry, and returns the lines that it wrote.
pub fn formatted_lines(body: impl FnOnce()) -> Vec<String> {
    llmobs_tests::callsites::ask_every_subscriber();
    let buffer = TextBuffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, body);
    buffer.text().lines().map(str::to_owned).collect()
}
