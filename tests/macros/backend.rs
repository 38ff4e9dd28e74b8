//! Tracing back ends in memory: one of OpenTelemetry, and one that writes lines.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;

#[allow(dead_code, reason = "the tests of spans need all of it")]
#[path = "../spans/kit.rs"]
mod kit;

pub use self::kit::Backend;
pub use self::kit::attributes;
pub use self::kit::id;

/// Runs code under a plain `tracing` subscriber without OpenTelemetry, and returns the lines that it wrote.
pub fn lines(code: impl FnOnce()) -> Vec<String> {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, code);
    let page = page.0.lock().unwrap();
    String::from_utf8(page.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
