//! The files that the check reads.

use std::fs;
use std::process::Command;

use super::blocks::Syntax;
use crate::workspace_root;

/// Files that are not read: how a path begins and ends, and the reason.
const EXCLUDED: &[(&str, &str, &str)] = &[
    ("", "Cargo.lock", "cargo writes it"),
    ("", "LICENSE-APACHE", "a legal text"),
    ("", "LICENSE-MIT", "a legal text"),
    ("semconv/LICENSE", "", "a legal text"),
    ("docs/glossary.md", "", "quotes the words that each term replaces"),
    ("semconv/", ".yaml", "data of the OpenTelemetry project in its own words"),
    ("tests/ui/", ".stderr", "the compiler's words; those that are ours come from `llmobs-macros`"),
    ("tests/tests/sse/transcripts/", ".txt", "answers of providers in their own words"),
];

/// The start of the first line of a generated file. Its words come from the source that it names.
const GENERATED: &str = "Do not edit:";

/// A file to judge.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) syntax: Syntax,
    pub(crate) text: String,
}

/// Returns the tracked files that have text to judge, by path.
pub(crate) fn read() -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for path in tracked()? {
        let Some(syntax) = syntax(&path).filter(|_| !is_excluded(&path)) else { continue };
        let full = workspace_root().join(&path);
        // A file that was removed is tracked until the commit.
        if !full.exists() {
            continue;
        }
        let text = fs::read_to_string(full).map_err(|error| format!("{path}: {error}"))?;
        if !is_generated(&text) {
            let text = if path == "CHANGELOG.md" { unreleased(&text) } else { text };
            files.push(File { path, syntax, text });
        }
    }
    match files.is_empty() {
        true => Err("git lists no file to check".to_owned()),
        false => Ok(files),
    }
}

fn tracked() -> Result<Vec<String>, String> {
    let failed = |why: String| format!("git ls-files: {why}");
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace_root()).output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))?;
    Ok(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// Returns the syntax of a file with text; `None` for every other file.
fn syntax(path: &str) -> Option<Syntax> {
    match path.rsplit(['.', '/']).next()? {
        "rs" => Some(Syntax::Rust),
        "md" => Some(Syntax::Markdown),
        "toml" | "yaml" | "yml" | "sh" | "gitignore" => Some(Syntax::Hash),
        _ => (path == ".ci/run").then_some(Syntax::Hash),
    }
}

fn is_excluded(path: &str) -> bool {
    EXCLUDED.iter().any(|(start, end, _)| path.starts_with(start) && path.ends_with(end))
}

fn is_generated(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches(['/', '#', '!', '<', '-', ' ']).starts_with(GENERATED)
}

/// Blanks the sections of released versions: a release is history.
fn unreleased(text: &str) -> String {
    let mut released = false;
    let unreleased_line = |line: &str| {
        if line.starts_with("## ") {
            released = line != "## Unreleased";
        }
        if released { "\n".to_owned() } else { format!("{line}\n") }
    };
    text.lines().map(unreleased_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy of the files without the repository has no list of tracked files.
    fn is_repository() -> bool {
        workspace_root().join(".git").exists()
    }

    #[test]
    fn every_exclusion_has_a_reason_and_a_file() {
        if !is_repository() {
            return;
        }
        let tracked = tracked().unwrap();
        for (start, end, reason) in EXCLUDED {
            assert!(!reason.is_empty());
            let found = tracked.iter().any(|path| path.starts_with(start) && path.ends_with(end));
            assert!(found, "no tracked file is `{start}*{end}`");
        }
    }

    #[test]
    fn generated_files_and_data_are_not_read() {
        if !is_repository() {
            return;
        }
        let files = read().unwrap();
        let has = |path: &str| files.iter().any(|file| file.path == path);
        assert!(has("README.md") && has("xtask/src/words.rs") && has("Cargo.toml") && has(".ci/run"));
        assert!(!has("llmobs/src/semconv/attribute.rs") && !has("semconv/core.yaml"));
        assert!(is_generated("// Do not edit: x\n") && !is_generated("// Words\n// Do not edit: x\n"));
    }

    #[test]
    fn released_versions_are_not_checked() {
        let text = "# Changelog\na\n## Unreleased\nb\n## 1.0.0\nc\n";
        assert_eq!(unreleased(text), "# Changelog\na\n## Unreleased\nb\n\n\n");
    }
}
