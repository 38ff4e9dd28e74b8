//! A progress bar on standard error, if that is a terminal.

use std::io;
use std::io::IsTerminal;
use std::io::Write;

/// The progress of a task.
#[derive(Debug)]
pub(crate) struct ProgressBar {
    label: &'static str,
    total: u64,
    shown_percent: Option<u64>,
}

impl ProgressBar {
    const WIDTH: usize = 40;

    pub(crate) fn new(label: &'static str, total: u64) -> Self {
        Self { label, total: total.max(1), shown_percent: None }
    }

    /// Shows the progress, if the percentage has changed and standard error is a terminal.
    pub(crate) fn show(&mut self, done: u64) {
        let percent = (done.min(self.total) * 100) / self.total;
        if self.shown_percent == Some(percent) || !io::stderr().is_terminal() {
            return;
        }
        self.shown_percent = Some(percent);
        let _ = write!(io::stderr(), "\r{}", self.line(percent));
        if percent == 100 {
            let _ = writeln!(io::stderr());
        }
    }

    fn line(&self, percent: u64) -> String {
        let full = usize::try_from(percent).map_or(Self::WIDTH, |percent| percent * Self::WIDTH / 100);
        format!("{} [{}{}] {percent:>3} %", self.label, "#".repeat(full), " ".repeat(Self::WIDTH - full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_in_proportion_to_the_work_done() {
        let bar = ProgressBar::new("unpacking", 200);
        assert_eq!(bar.line(0), format!("unpacking [{}]   0 %", " ".repeat(40)));
        assert_eq!(bar.line(50), format!("unpacking [{}{}]  50 %", "#".repeat(20), " ".repeat(20)));
        assert_eq!(bar.line(100), format!("unpacking [{}] 100 %", "#".repeat(40)));
    }
}
