//! Which processes are ours: this one, and those that it started. Of a process nothing is read but its parent's number,
//! and whether it holds the driver's file.

use std::fs;
use std::path::PathBuf;
use std::process;

/// Looks at the processes of this machine.
#[derive(Debug, Clone)]
pub(crate) struct ProcessTree {
    proc: PathBuf,
    me: u32,
}

/// The namespace of processes that a machine begins with. A driver counts processes in it, unless it is new enough to
/// count in that of whoever asks.
const FIRST: &str = "pid:[4026531836]";

/// The most generations: a number may be given anew while one looks.
const DEPTH: usize = 32;

impl Default for ProcessTree {
    fn default() -> Self {
        Self { proc: PathBuf::from("/proc"), me: process::id() }
    }
}

impl ProcessTree {
    /// In another tree of files, as another process.
    #[cfg(test)]
    pub(crate) fn at(proc: impl Into<PathBuf>, me: u32) -> Self {
        Self { proc: proc.into(), me }
    }

    /// Whether the numbers of a driver are those of this process's namespace for certain.
    pub(crate) fn counts_as_the_driver(&self) -> bool {
        fs::read_link(self.proc.join("self/ns/pid")).is_ok_and(|namespace| namespace.as_os_str() == FIRST)
    }

    pub(crate) fn is_ours(&self, process: u32) -> bool {
        let mut process = process;
        for _ in 0..DEPTH {
            if process == self.me {
                return true;
            }
            match self.parent(process) {
                Some(parent) if parent > 0 => process = parent,
                _ => return false,
            }
        }
        false
    }

    /// Whether a process holds the file by which programs compute on a GPU. One that only asks the driver does not.
    pub(crate) fn computes(&self, process: u32) -> bool {
        let files = fs::read_dir(self.proc.join(process.to_string()).join("fd"));
        files
            .into_iter()
            .flatten()
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == "/dev/nvidia-uvm"))
    }

    fn parent(&self, process: u32) -> Option<u32> {
        let stat = fs::read_to_string(self.proc.join(process.to_string()).join("stat")).ok()?;
        // The name before may hold anything, brackets too.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_ascii_whitespace().nth(1)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn this_process_and_what_it_started_is_ours_and_its_parent_is_not() {
        let kin = ProcessTree::default();
        assert!(kin.is_ours(process::id()));
        assert!(!kin.is_ours(0) && !kin.is_ours(u32::MAX));
        if cfg!(target_os = "linux") {
            // It waits for the end of its input, which comes when its handle is dropped.
            let mut child = Command::new("cat").stdin(process::Stdio::piped()).spawn().unwrap();
            assert!(kin.is_ours(child.id()));
            drop(child.stdin.take());
            child.wait().unwrap();
            let mine = fs::read_to_string("/proc/self/stat").unwrap();
            let parent = mine.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
            assert!(!kin.is_ours(parent));
        }
    }
}
