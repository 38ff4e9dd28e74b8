//! Tracing back ends in memory: one of OpenTelemetry, and one that writes lines.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;

#[allow(dead_code, reason = "the tests of spans need all of it")]
#[path = "../spans/tracing_backend.rs"]
mod tracing_backend;

pub use self::tracing_backend::TracingBackend;
pub use self::tracing_backend::attributes;
pub use self::tracing_backend::span_id;

/// Runs code under a plain `tracing` subscriber without OpenTelemetry, and returns the lines that it wrote.
pub fn formatted_lines(body: impl FnOnce()) -> Vec<String> {
    llmobs_tests::callsites::ask_every_subscriber();
    let buffer = SharedBuffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, body);
    let buffer = buffer.0.lock().unwrap();
    String::from_utf8(buffer.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[derive(Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
