//! A temporary folder.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::guardian;

/// A temporary folder, removed on drop.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Creates a folder whose name has `name` in it.
    pub(crate) fn create(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("llmobs-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        guardian::folder(&path);
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
