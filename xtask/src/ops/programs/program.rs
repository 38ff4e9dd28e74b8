//! A program that ends when its value is dropped.

use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::guardian;
use super::http;

/// A running program.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
}

impl Program {
    /// Starts a program without input. `name` is for the error.
    pub(super) fn start(name: &str, command: &mut Command) -> Result<Self, String> {
        let child = command.stdin(Stdio::null()).spawn().map_err(|error| format!("{name}: {error}"))?;
        guardian::add(child.id());
        Ok(Self { child })
    }

    /// Returns the process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the output, if it is a pipe that was not taken before.
    pub(super) fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        guardian::forget(self.child.id());
    }
}

/// Waits until the page `/-/ready` of Prometheus or Alertmanager answers with 200, at most 20 s. Returns whether it did.
pub(super) fn wait_until_ready(address: &str) -> bool {
    (0..100).any(|_| {
        let is_ready = http::exchange(address, "GET", "/-/ready", "text/plain", "")
            .is_ok_and(|body| body.contains("Ready") || body.contains("OK"));
        if !is_ready {
            thread::sleep(Duration::from_millis(200));
        }
        is_ready
    })
}
