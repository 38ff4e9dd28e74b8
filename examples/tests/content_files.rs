//! Tests the hook that writes content files as users copy it: from several processes, over several days, and where
//! files cannot be written.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "it has a `main` of its own")]
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

const LONG: Duration = Duration::from_secs(30);
const CHILD: &str = "LLMOBS_TEST_FOLDER";

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("llmobs-content-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// Returns all captures by day, with the file names of each.
    fn captures(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let days = names(&self.0).into_iter().map(|day| {
            let captures = names(&self.0.join(&day));
            let files = captures.iter().map(|id| names(&self.0.join(&day).join(id))).collect();
            (day, files)
        });
        days.collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn gate(files: ContentFiles) -> Gate {
    Gate::builder().capture(ContentCapture::Hook).hook(files).hook_queue(1_000).build()
}

fn say(gate: &Gate, text: &str) -> ContentReferences {
    let mut passage = gate.passage();
    let input = passage.input(&[Message::user(text)]);
    let output = passage.output(&[Message::assistant().part("Noted.")]);
    gate.send_to_hook(HookPayload::new().input(input).output(output))
}

/// Returns the path of a `file://` address, with its percent-encoding decoded.
fn resolve(address: &str) -> PathBuf {
    let mut rest = address.strip_prefix("file://").unwrap().as_bytes();
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
fn what_was_said_lies_redacted_where_its_address_says() {
    let folder = Folder::new("what was sägt");
    let files = ContentFiles::new(&folder.0, 10, 2).unwrap();
    let failures = files.failures();
    let gate = gate(files);
    let references = say(&gate, "I am jane@example.org");
    assert!(gate.flush(LONG));
    let read = |address: Option<String>| -> Value {
        let path = resolve(&address.unwrap());
        assert!(path.starts_with(&folder.0), "{}", path.display());
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    assert_eq!(read(references.input)[0]["parts"][0]["content"], "I am [EMAIL]");
    assert_eq!(read(references.output)[0]["parts"][0]["content"], "Noted.");
    assert_eq!(references.system_instructions, None, "there were none");
    assert_eq!(failures.load(Ordering::Relaxed), 0);
}

#[cfg(unix)]
#[test]
fn nobody_but_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = Folder::new("rights");
    let gate = gate(ContentFiles::new(&folder.0.join("deep/er"), 10, 2).unwrap());
    let file = resolve(&say(&gate, "x").input.unwrap());
    assert!(gate.flush(LONG));
    assert_eq!(mode(&file), 0o600);
    let mut folders: Vec<&Path> = file.ancestors().skip(1).take_while(|path| path.starts_with(&folder.0)).collect();
    assert_eq!(folders.len(), 5);
    assert!(folders.iter().all(|folder| mode(folder) == 0o700));

    let open = folders.pop().unwrap();
    fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    let error = ContentFiles::new(open, 10, 2).err().unwrap();
    assert!(error.to_string().ends_with("is open to others: chmod 700"), "{error}");
    assert_eq!(mode(open), 0o755, "it is not ours to change");
}

#[test]
fn the_oldest_goes_first_and_no_more_are_kept_than_were_wanted() {
    let folder = Folder::new("many");
    let gate = gate(ContentFiles::new(&folder.0, 3, 2).unwrap());
    let addresses: Vec<PathBuf> = (0..8).map(|_| resolve(&say(&gate, "x").input.unwrap())).collect();
    assert!(gate.flush(LONG));
    let kept: Vec<bool> = addresses.iter().map(|path| path.exists()).collect();
    assert_eq!(kept, [false, false, false, false, false, true, true, true]);
}

#[test]
fn what_is_too_old_goes_and_what_is_not_ours_stays() {
    let folder = Folder::new("old");
    let gate = gate(ContentFiles::new(&folder.0, 100, 2).unwrap());
    let id = "0123456789abcdef".repeat(2);
    for name in [&format!("2020-02-29/{id}"), &format!("2020-03-01/.{id}"), "notes/x", "9999-12-31/y"] {
        fs::create_dir_all(folder.0.join(name)).unwrap();
    }
    fs::write(folder.0.join("2020-02-28"), "a file, and no folder").unwrap();
    let new = resolve(&say(&gate, "x").input.unwrap());
    assert!(gate.flush(LONG));
    let today = new.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(names(&folder.0), ["2020-02-28", today, "9999-12-31", "notes"]);
}

#[test]
fn what_cannot_be_written_is_counted_and_stops_nobody() {
    let folder = Folder::new("broken");
    let files = ContentFiles::new(&folder.0, 10, 2).unwrap();
    let failures = files.failures();
    let gate = gate(files);
    // A file blocks the path where the folder of the day must be created.
    fs::remove_dir(&folder.0).unwrap();
    fs::write(&folder.0, "in the way").unwrap();
    let lost: Vec<ContentReferences> = (0..3).map(|_| say(&gate, "x")).collect();
    assert!(gate.flush(LONG));
    assert!(lost.iter().all(|references| references.input.is_some()));
    assert!(failures.load(Ordering::Relaxed) >= 3);
    assert_eq!((gate.hook_stats().delivered, gate.hook_stats().panicked), (3, 0));

    fs::remove_file(&folder.0).unwrap();
    let path = resolve(&say(&gate, "x").input.unwrap());
    assert!(gate.flush(LONG) && path.exists(), "it goes on as soon as it can");
}

#[test]
fn two_processes_share_a_folder_and_lose_nothing() {
    let folder = Folder::new("shared");
    drop(ContentFiles::new(&folder.0, 1, 1).unwrap());
    let start = || {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "a_process_of_several", "--nocapture"]).env(CHILD, &folder.0);
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for child in [start(), start()] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("<0>"), "{output:?}");
    }
    let captures = folder.captures();
    let all: Vec<&Vec<String>> = captures.values().flatten().collect();
    assert_eq!(all.len(), 60, "100 each were written, and 60 are kept");
    assert!(all.iter().all(|files| **files == ["input_messages.json", "output_messages.json"]));
}

#[test]
fn a_process_of_several() {
    let Some(folder) = env::var_os(CHILD) else { return };
    let files = ContentFiles::new(Path::new(&folder), 60, 2).unwrap();
    let failures = files.failures();
    let gate = gate(files);
    (0..100).for_each(|_| assert!(say(&gate, "x").input.is_some()));
    assert!(gate.flush(LONG));
    println!("<{}>", failures.load(Ordering::Relaxed));
}

#[test]
fn the_example_writes_what_it_says() {
    let folder = Folder::new("example");
    content_files::run(&folder.0).unwrap();
    let captures = folder.captures();
    let all: Vec<_> = captures.values().flatten().collect();
    let files = ["input_messages.json", "output_messages.json", "system_instructions.json"];
    assert_eq!(all, [&files; 3]);
}
