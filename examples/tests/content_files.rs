//! Tests the hook that writes content files as users copy it: from several processes, over several days, and where
//! files cannot be written.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "the example has its own `main`")]
#[path = "../content_files.rs"]
mod content_files;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llmobs::capture::ContentCapture;
use llmobs::capture::ContentReferences;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use llmobs::content::Message;
use serde_json::Value;

use crate::content_files::ContentFiles;

const TIMEOUT: Duration = Duration::from_secs(30);
const CHILD_FOLDER_VARIABLE: &str = "LLMOBS_TEST_FOLDER";

/// A folder that is removed when dropped.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("llmobs-content-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// Returns all captures by day, with the file names of each.
    fn captures(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let days = file_names(&self.0).into_iter().map(|day| {
            let captures = file_names(&self.0.join(&day));
            let files = captures.iter().map(|id| file_names(&self.0.join(&day).join(id))).collect();
            (day, files)
        });
        days.collect()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn gate(files: ContentFiles) -> Gate {
    Gate::builder().capture(ContentCapture::Hook).hook(files).hook_queue_capacity(1_000).build()
}

fn capture_text(gate: &Gate, text: &str) -> ContentReferences {
    let mut passage = gate.pass();
    let input = passage.input(&[Message::user(text)]);
    let output = passage.output(&[Message::assistant().part("Noted.")]);
    gate.send_to_hook(HookPayload::new().input(input).output(output))
}

/// Returns the path of a `file://` URL, with its percent-encoding decoded.
fn resolve_url(url: &str) -> PathBuf {
    let mut rest = url.strip_prefix("file://").unwrap().as_bytes();
    let mut path = Vec::new();
    while let [byte, after @ ..] = rest {
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (byte, after) {
            let digits = String::from_utf8(vec![*high, *low]).unwrap();
            path.push(u8::from_str_radix(&digits, 16).unwrap());
            rest = after;
        } else {
            path.push(*byte);
        }
    }
    String::from_utf8(path).unwrap().into()
}

#[test]
fn content_is_stored_redacted_at_its_url() {
    let folder = TempDir::new("umlaut ä");
    let files = ContentFiles::new(&folder.0, 10, 2).unwrap();
    let failures = files.failures();
    let gate = gate(files);
    let references = capture_text(&gate, "I am jane@example.org");
    assert!(gate.flush(TIMEOUT));
    let read = |url: Option<String>| -> Value {
        let path = resolve_url(&url.unwrap());
        assert!(path.starts_with(&folder.0), "{}", path.display());
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    assert_eq!(read(references.input)[0]["parts"][0]["content"], "I am [EMAIL]");
    assert_eq!(read(references.output)[0]["parts"][0]["content"], "Noted.");
    assert_eq!(references.system_instructions, None, "there were no system instructions");
    assert_eq!(failures.load(Ordering::Relaxed), 0);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = TempDir::new("rights");
    let gate = gate(ContentFiles::new(&folder.0.join("deep/er"), 10, 2).unwrap());
    let file = resolve_url(&capture_text(&gate, "x").input.unwrap());
    assert!(gate.flush(TIMEOUT));
    assert_eq!(mode(&file), 0o600);
    let mut directories: Vec<&Path> = file.ancestors().skip(1).take_while(|path| path.starts_with(&folder.0)).collect();
    assert_eq!(directories.len(), 5);
    assert!(directories.iter().all(|folder| mode(folder) == 0o700));

    let open = directories.pop().unwrap();
    fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    let error = ContentFiles::new(open, 10, 2).err().unwrap();
    assert!(error.to_string().ends_with("is accessible to other users: chmod 700"), "{error}");
    assert_eq!(mode(open), 0o755, "the permissions of an existing folder are not changed");
}

#[test]
fn the_oldest_captures_above_the_maximum_are_removed() {
    let folder = TempDir::new("many");
    let gate = gate(ContentFiles::new(&folder.0, 3, 2).unwrap());
    let paths: Vec<PathBuf> = (0..8).map(|_| resolve_url(&capture_text(&gate, "x").input.unwrap())).collect();
    assert!(gate.flush(TIMEOUT));
    let exists: Vec<bool> = paths.iter().map(|path| path.exists()).collect();
    assert_eq!(exists, [false, false, false, false, false, true, true, true]);
}

#[test]
fn old_captures_are_removed_and_other_files_stay() {
    let folder = TempDir::new("old");
    let gate = gate(ContentFiles::new(&folder.0, 100, 2).unwrap());
    let id = "0123456789abcdef".repeat(2);
    for name in [&format!("2020-02-29/{id}"), &format!("2020-03-01/.{id}"), "notes/x", "9999-12-31/y"] {
        fs::create_dir_all(folder.0.join(name)).unwrap();
    }
    fs::write(folder.0.join("2020-02-28"), "a file, not a folder").unwrap();
    let new = resolve_url(&capture_text(&gate, "x").input.unwrap());
    assert!(gate.flush(TIMEOUT));
    let today = new.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(file_names(&folder.0), ["2020-02-28", today, "9999-12-31", "notes"]);
}

#[test]
fn failed_writes_are_counted_and_do_not_stop_the_operation() {
    let folder = TempDir::new("broken");
    let files = ContentFiles::new(&folder.0, 10, 2).unwrap();
    let failures = files.failures();
    let gate = gate(files);
    // A file blocks the path where the folder of the day must be created.
    fs::remove_dir(&folder.0).unwrap();
    fs::write(&folder.0, "a file at the path").unwrap();
    let references: Vec<ContentReferences> = (0..3).map(|_| capture_text(&gate, "x")).collect();
    assert!(gate.flush(TIMEOUT));
    assert!(references.iter().all(|references| references.input.is_some()));
    assert!(failures.load(Ordering::Relaxed) >= 3);
    assert_eq!((gate.hook_stats().delivered, gate.hook_stats().panicked), (3, 0));

    fs::remove_file(&folder.0).unwrap();
    let path = resolve_url(&capture_text(&gate, "x").input.unwrap());
    assert!(gate.flush(TIMEOUT) && path.exists(), "captures are stored again when the folder is writable");
}

#[test]
fn two_processes_can_share_a_folder() {
    let folder = TempDir::new("shared");
    drop(ContentFiles::new(&folder.0, 1, 1).unwrap());
    let start = || {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "write_captures_in_child", "--nocapture"]).env(CHILD_FOLDER_VARIABLE, &folder.0);
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for child in [start(), start()] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("<0>"), "{output:?}");
    }
    let captures = folder.captures();
    let all: Vec<&Vec<String>> = captures.values().flatten().collect();
    assert_eq!(all.len(), 60, "each process writes 100 captures, and 60 remain");
    assert!(all.iter().all(|files| **files == ["input_messages.json", "output_messages.json"]));
}

#[test]
fn write_captures_in_child() {
    let Some(folder) = env::var_os(CHILD_FOLDER_VARIABLE) else { return };
    let files = ContentFiles::new(Path::new(&folder), 60, 2).unwrap();
    let failures = files.failures();
    let gate = gate(files);
    (0..100).for_each(|_| assert!(capture_text(&gate, "x").input.is_some()));
    assert!(gate.flush(TIMEOUT));
    println!("<{}>", failures.load(Ordering::Relaxed));
}

#[test]
fn the_example_writes_the_documented_files() {
    let folder = TempDir::new("example");
    content_files::run(&folder.0).unwrap();
    let captures = folder.captures();
    let all: Vec<_> = captures.values().flatten().collect();
    let files = ["input_messages.json", "output_messages.json", "system_instructions.json"];
    assert_eq!(all, [&files; 3]);
}
