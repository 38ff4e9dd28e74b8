//! Limits the arithmetic to one thread, unless the user chose otherwise.
//!
//! candle splits every product over all cores, and its threads spin between two products. In a server whose other
//! threads also need a core, that is slow and unsteady: on two busy cores, two threads produce a tenth of the tokens of
//! one thread. candle reads the number of threads only from the environment, and a process cannot change its own
//! environment safely. So the program executes itself again with the variable set, in the same process on Unix.

use std::ffi::OsStr;
use std::io;
use std::process::Command;

/// The variables that candle and rayon read, in the order in which candle reads them.
const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Returns when the number of threads is set; otherwise executes the program again with the variable set.
pub(crate) fn ensure_thread_count() -> io::Result<()> {
    if VARIABLES.iter().any(|variable| std::env::var_os(variable).is_some_and(|value| value != OsStr::new(""))) {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(VARIABLES[1], "1");
    replace_process(command)
}

/// Replaces this program: same process, same id, same signals.
#[cfg(unix)]
fn replace_process(mut command: Command) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Waits for the new process and exits with its status, where a process cannot be replaced.
#[cfg(not(unix))]
fn replace_process(mut command: Command) -> io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}
