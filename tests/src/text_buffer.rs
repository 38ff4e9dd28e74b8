//! A text file in memory.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;

/// A writer whose clones write to one text.
#[derive(Clone, Default)]
pub struct TextBuffer(Arc<Mutex<Vec<u8>>>);

impl TextBuffer {
    /// Returns the text that all clones have written. Panics if it is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for TextBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
