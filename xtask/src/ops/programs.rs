//! The programs that `ops-live` and `stack` run on loopback, and what speaks with them: HTTP, a load, receivers.
//!
//! [`program`] ends a program when its value is dropped, and [`guardian`] ends all of them when this process ends in another
//! way, such as Ctrl-C.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use crate::cargo::CargoCommand;
use crate::workspace_root;

pub(super) mod alertmanager;
pub(super) mod folder;
mod guardian;
pub(super) mod http;
pub(super) mod listener;
pub(super) mod load;
pub(super) mod locust;
mod program;
pub(super) mod prometheus;
pub(super) mod rotel;
pub(super) mod service;
pub(super) mod sink;
pub(super) mod victoria;

/// Builds packages; each argument is the part of a cargo command after `build`. Returns the folder of the programs.
pub(super) fn build(packages: &[&str]) -> Result<PathBuf, String> {
    for package in packages {
        CargoCommand::new(&format!("build -q {package}")).output()?;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from);
    let folder = target.join("debug");
    folder.is_dir().then_some(folder).ok_or_else(|| "cargo built nothing".to_owned())
}

/// Returns whether a program is on the path.
pub(super) fn is_installed(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok()
}

/// Returns an address of loopback with a port that was free a moment ago, which is unlikely to be taken.
pub(super) fn free_address() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.to_string())
}

/// Returns a command of the Python interpreter: the one that `LLMOBS_PYTHON` names, or `python3`.
fn python() -> Command {
    Command::new(std::env::var_os("LLMOBS_PYTHON").unwrap_or_else(|| "python3".into()))
}
