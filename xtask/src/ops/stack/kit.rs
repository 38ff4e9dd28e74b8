//! The files of the operations kit.

use std::fs;
use std::path::PathBuf;

use crate::ops::output::FOLDER;
use crate::workspace_root;

/// Reads a file of the kit. `name` is relative to `docs/ops`.
pub(super) fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(path(name)).map_err(|error| format!("{FOLDER}/{name}: {error}"))
}

/// Returns the path of a file of the kit.
pub(super) fn path(name: &str) -> PathBuf {
    workspace_root().join(FOLDER).join(name)
}
