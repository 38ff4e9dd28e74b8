//! One thread of arithmetic, unless the user chose otherwise.
//!
//! candle splits every product over all cores and lets the threads spin between two products. In a server whose other
//! threads want a core too that is slow and unsteady: two threads on two busy cores make a tenth of the tokens of one.
//! candle takes its number of threads from the environment alone, and a process cannot change its own environment
//! safely. So the program starts itself again, in the same process, with the variable set.

use std::ffi::OsStr;
use std::io;
use std::process::Command;

/// What candle and rayon read, in the order in which candle does.
const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Returns when the number of threads is settled; the first time, it starts the program anew instead.
pub(crate) fn settle() -> io::Result<()> {
    if VARIABLES.iter().any(|variable| std::env::var_os(variable).is_some_and(|value| value != OsStr::new(""))) {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).env(VARIABLES[1], "1");
    replace(again)
}

/// The new program takes the place of this one: same process, same id, same signals.
#[cfg(unix)]
fn replace(mut again: Command) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(again.exec())
}

/// Where a process cannot be replaced, it waits for the new one and ends as it ended.
#[cfg(not(unix))]
fn replace(mut again: Command) -> io::Result<()> {
    let status = again.status()?;
    std::process::exit(status.code().unwrap_or(1))
}
