//! The generated files of `docs/ops`.

use std::collections::BTreeMap;
use std::fs;

use crate::generated;
use crate::workspace_root;

/// The folder of the operations kit, relative to the workspace.
pub(crate) const FOLDER: &str = "docs/ops";

/// The generated files: path relative to `docs/ops`, and text.
#[derive(Debug, Default)]
pub(crate) struct Output {
    files: BTreeMap<String, String>,
}

impl Output {
    /// Adds a file. `path` is relative to `docs/ops`.
    pub(crate) fn add(&mut self, path: &str, text: String) -> Result<(), String> {
        match self.files.insert(path.to_owned(), text) {
            None => Ok(()),
            Some(_) => Err(format!("{FOLDER}/{path} is generated twice")),
        }
    }

    /// Returns the text of a file.
    #[cfg(test)]
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Writes the files; with `check`, compares them instead and fails with the first line that differs.
    pub(crate) fn write_or_check(&self, check: bool) -> Result<(), String> {
        for (path, text) in &self.files {
            let path = workspace_root().join(FOLDER).join(path);
            if let Some(folder) = path.parent().filter(|_| !check) {
                fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            generated::write_or_check(&path, text, check)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cannot_be_added_twice() {
        let mut output = Output::default();
        assert_eq!(output.add("a.yml", "x".to_owned()), Ok(()));
        assert!(output.add("a.yml", "y".to_owned()).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_check_fails_if_a_file_is_missing() {
        let mut output = Output::default();
        output.add("no/such/file.yml", "x".to_owned()).unwrap();
        assert!(output.write_or_check(true).unwrap_err().contains("no/such/file.yml"));
    }
}
