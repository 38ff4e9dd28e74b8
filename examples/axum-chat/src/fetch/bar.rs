//! A progress bar on standard error, if that is a terminal.

use std::io;
use std::io::IsTerminal;
use std::io::Write;

/// The progress of a task.
#[derive(Debug)]
pub(crate) struct Bar {
    what: &'static str,
    total: u64,
    shown: Option<u64>,
}

impl Bar {
    const WIDTH: usize = 40;

    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        Self { what, total: total.max(1), shown: None }
    }

    /// Shows the progress, if the percentage has changed and standard error is a terminal.
    pub(crate) fn show(&mut self, done: u64) {
        let percent = (done.min(self.total) * 100) / self.total;
        if self.shown == Some(percent) || !io::stderr().is_terminal() {
            return;
        }
        self.shown = Some(percent);
        let _ = write!(io::stderr(), "\r{}", self.line(percent));
        if percent == 100 {
            let _ = writeln!(io::stderr());
        }
    }

    fn line(&self, percent: u64) -> String {
        let full = usize::try_from(percent).map_or(Self::WIDTH, |percent| percent * Self::WIDTH / 100);
        format!("{} [{}{}] {percent:>3} %", self.what, "#".repeat(full), " ".repeat(Self::WIDTH - full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_work_is_done() {
        let bar = Bar::new("unpacking", 200);
        assert_eq!(bar.line(0), format!("unpacking [{}]   0 %", " ".repeat(40)));
        assert_eq!(bar.line(50), format!("unpacking [{}{}]  50 %", "#".repeat(20), " ".repeat(20)));
        assert_eq!(bar.line(100), format!("unpacking [{}] 100 %", "#".repeat(40)));
    }
}
