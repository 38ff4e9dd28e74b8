//! A shell that ends the programs when this process ends without dropping them: by Ctrl-C, a signal or an abort.
//!
//! The shell reads lines from a pipe whose other end only this process holds, so the end of this process is the end of the
//! shell's input, whatever its cause. It ignores the signals of Ctrl-C itself.

use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;

/// Keeps the list of programs and folders, and removes what is left at the end of the input.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
pids=" "
while read -r verb value; do
    case "$verb" in
        add) pids="$pids$value " ;;
        forget) pids="${pids%% "$value" *} ${pids##* "$value" }" ;;
        folder) folder="$value" ;;
    esac
done
case "$pids" in *[0-9]*) kill $pids; sleep 1; kill -9 $pids ;; esac
[ -z "$folder" ] || rm -rf "$folder"
"#;

static INPUT: OnceLock<Mutex<Option<ChildStdin>>> = OnceLock::new();

/// Adds a program, by its process id.
pub(super) fn add(pid: u32) {
    tell(&format!("add {pid}"));
}

/// Removes a program that has ended.
pub(super) fn forget(pid: u32) {
    tell(&format!("forget {pid}"));
}

/// Sets the temporary folder to remove.
pub(super) fn folder(path: &Path) {
    tell(&format!("folder {}", path.display()));
}

fn tell(line: &str) {
    let input = INPUT.get_or_init(|| Mutex::new(start(SCRIPT)));
    if let Ok(mut input) = input.lock()
        && let Some(pipe) = input.as_mut()
    {
        // Without the shell, programs are still ended by their values.
        let _ = writeln!(pipe, "{line}");
    }
}

/// Starts the shell. Returns `None` if there is none.
fn start(script: &str) -> Option<ChildStdin> {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()?.stdin.take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn programs_end_with_the_input_except_those_that_were_forgotten() {
        let sleepers = [0; 3].map(|_| Command::new("sleep").arg("30").spawn().unwrap());
        let mut pipe = start(SCRIPT).unwrap();
        for sleeper in &sleepers {
            writeln!(pipe, "add {}", sleeper.id()).unwrap();
        }
        writeln!(pipe, "forget {}", sleepers[1].id()).unwrap();
        drop(pipe);
        let [mut first, mut forgotten, mut last] = sleepers;
        for sleeper in [&mut first, &mut last] {
            let ended = (0..200).any(|_| {
                thread::sleep(Duration::from_millis(20));
                sleeper.try_wait().unwrap().is_some()
            });
            let _ = sleeper.kill();
            assert!(ended, "a program outlived the input");
        }
        let runs = forgotten.try_wait().unwrap().is_none();
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
        assert!(runs, "the forgotten program was ended");
    }
}
