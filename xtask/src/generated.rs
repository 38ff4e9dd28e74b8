//! Writes or compares generated files.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use crate::workspace_root;

/// Writes the file; with `check_only`, compares it instead and fails with the first line that differs.
pub(crate) fn write_or_check(path: &Path, text: &str, check_only: bool) -> Result<(), String> {
    let shown = path.strip_prefix(workspace_root()).unwrap_or(path).display();
    if check_only {
        let found = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        return match first_difference(&found, text) {
            None => Ok(()),
            Some((line, have, want)) => Err(format!(
                "{shown}:{line} differs from the generated text\n  in the file: {have}\n  expected:    {want}"
            )),
        };
    }
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| format!("{shown}: {error}"))
}

/// Formats the text with rustfmt, so that generated code passes the format check.
pub(crate) fn rustfmt(source: &str) -> Result<String, String> {
    let failed = |error| format!("rustfmt: {error}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(workspace_root().join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // rustfmt reads its whole input before it writes output, so this write cannot block on a full pipe.
    let sent = child.stdin.take().map(|mut pipe| pipe.write_all(source.as_bytes()));
    let output = child.wait_with_output().map_err(failed)?;
    sent.transpose().map_err(failed)?;
    if !output.status.success() {
        return Err("rustfmt does not accept the generated source".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}

/// Returns the line number (from 1) and both versions of the first line that differs; a missing line is `(no line)`.
fn first_difference<'a>(found: &'a str, expected: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if found == expected {
        return None;
    }
    let (mut have, mut want) = (found.split('\n'), expected.split('\n'));
    (1..)
        .map(|line| (line, have.next(), want.next()))
        .find(|(_, have, want)| have != want)
        .map(|(line, have, want)| (line, have.unwrap_or("(no line)"), want.unwrap_or("(no line)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
        assert_eq!(first_difference("a\n", "a\nc\n"), Some((2, "", "c")));
        assert_eq!(first_difference("a", "a\n"), Some((2, "(no line)", "")));
    }

    #[test]
    fn a_check_fails_if_the_file_is_missing_or_outdated_and_writes_nothing() {
        let path = std::env::temp_dir().join(format!("llmobs-generated-{}", std::process::id()));
        assert!(write_or_check(&path, "new\n", true).is_err());
        write_or_check(&path, "old\n", false).unwrap();
        assert!(write_or_check(&path, "new\n", true).unwrap_err().contains(":1 "));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
        write_or_check(&path, "new\n", false).unwrap();
        assert_eq!(write_or_check(&path, "new\n", true), Ok(()));
        fs::remove_file(&path).unwrap();
    }
}
