//! The processes of this application: this process and its descendants. Of other processes, only the parent's id and
//! the use of the driver's device file are read.

use std::fs;
use std::path::PathBuf;
use std::process;

/// A reader of the process tree in `/proc`.
#[derive(Debug, Clone)]
pub(crate) struct ProcessTree {
    proc_root: PathBuf,
    pid: u32,
}

/// The initial PID namespace. A driver reports process ids of this namespace, unless it is new enough to report ids of
/// the caller's namespace.
const INITIAL_PID_NAMESPACE: &str = "pid:[4026531836]";

/// The maximum number of ancestors, since process ids may be reused during the search.
const MAX_DEPTH: usize = 32;

impl Default for ProcessTree {
    fn default() -> Self {
        Self { proc_root: PathBuf::from("/proc"), pid: process::id() }
    }
}

impl ProcessTree {
    /// Creates a reader for another directory and process.
    #[cfg(test)]
    pub(crate) fn at(proc_root: impl Into<PathBuf>, pid: u32) -> Self {
        Self { proc_root: proc_root.into(), pid }
    }

    /// Returns whether the driver's process ids are certainly those of this process's namespace.
    pub(crate) fn is_in_initial_pid_namespace(&self) -> bool {
        fs::read_link(self.proc_root.join("self/ns/pid"))
            .is_ok_and(|namespace| namespace.as_os_str() == INITIAL_PID_NAMESPACE)
    }

    pub(crate) fn is_ours(&self, process: u32) -> bool {
        let mut process = process;
        for _ in 0..MAX_DEPTH {
            if process == self.pid {
                return true;
            }
            match self.parent(process) {
                Some(parent) if parent > 0 => process = parent,
                _ => return false,
            }
        }
        false
    }

    /// Returns whether a process holds the device file that CUDA programs use for computation. Programs that only query
    /// the driver do not hold it.
    pub(crate) fn is_using_gpu(&self, process: u32) -> bool {
        let files = fs::read_dir(self.proc_root.join(process.to_string()).join("fd"));
        files
            .into_iter()
            .flatten()
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == "/dev/nvidia-uvm"))
    }

    fn parent(&self, process: u32) -> Option<u32> {
        let stat = fs::read_to_string(self.proc_root.join(process.to_string()).join("stat")).ok()?;
        // The process name before the bracket may contain any character, including brackets.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_ascii_whitespace().nth(1)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn this_process_and_its_children_are_ours_and_its_parent_is_not() {
        let tree = ProcessTree::default();
        assert!(tree.is_ours(process::id()));
        assert!(!tree.is_ours(0) && !tree.is_ours(u32::MAX));
        if cfg!(target_os = "linux") {
            // `cat` runs until its input ends, which happens when the handle is dropped.
            let mut child = Command::new("cat").stdin(process::Stdio::piped()).spawn().unwrap();
            assert!(tree.is_ours(child.id()));
            drop(child.stdin.take());
            child.wait().unwrap();
            let own_stat = fs::read_to_string("/proc/self/stat").unwrap();
            let parent = own_stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
            assert!(!tree.is_ours(parent));
        }
    }
}
