//! The pseudonym key from the environment and from files. Each case runs in a separate process.

use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;

use llmobs::pseudonym::MasterKey;
use llmobs::pseudonym::Pseudonymizer;
use llmobs_tests::temp_dir::TempDir;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;

const CHILD_VARIABLE: &str = "LLMOBS_TEST_CHILD";
const KEY_A: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const KEY_B: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf";

/// A layer that stores every event.
#[derive(Clone, Default)]
struct WarningRecorder(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for WarningRecorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// Writes a file with these access rights, and returns its path.
fn file(folder: &TempDir, name: &str, text: &str, mode: u32) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    set_mode(&path, mode);
    path.to_str().unwrap().to_owned()
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &std::path::Path, _: u32) {}

/// Starts a process with these variables, and returns its output: the pseudonym of one identity (or the error), and the
/// number of warnings.
fn run_in_child(variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "pseudonym::a_child_process_prints_its_pseudonym", "--nocapture"]).env(CHILD_VARIABLE, "1");
    for name in [Pseudonymizer::KEY_VARIABLE, Pseudonymizer::KEY_FILE_VARIABLE, Pseudonymizer::KEY_ID_VARIABLE] {
        child.env_remove(name);
    }
    let output = child.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap().to_owned()
}

#[test]
fn a_child_process_prints_its_pseudonym() {
    if env::var_os(CHILD_VARIABLE).is_none() {
        return;
    }
    let recorder = WarningRecorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    tracing::subscriber::with_default(subscriber, || {
        let results = [Pseudonymizer::from_environment(), Pseudonymizer::from_environment()];
        let text = match &results[0] {
            Ok(pseudonyms) => pseudonyms.pseudonymize("user.id", "jane").unwrap_or_else(|| "none".to_owned()),
            Err(error) => error.to_string(),
        };
        let warnings = recorder.0.lock().unwrap();
        assert!(warnings.iter().all(|line| !line.contains("canary") && !line.contains("0a0b0c")), "{warnings:?}");
        println!("<{text} {}>", warnings.len());
    });
}

fn expected_pseudonym(key: &str, name: &str) -> String {
    let pseudonyms = Pseudonymizer::new(MasterKey::from_text(key).unwrap()).key_id(name).unwrap();
    format!("{} 0", pseudonyms.pseudonymize("user.id", "jane").unwrap())
}

#[test]
fn without_a_key_there_is_no_pseudonym() {
    assert_eq!(run_in_child(&[]), "none 0");
    assert_eq!(run_in_child(&[(Pseudonymizer::KEY_VARIABLE, ""), (Pseudonymizer::KEY_FILE_VARIABLE, "")]), "none 0");
    assert_eq!(run_in_child(&[(Pseudonymizer::KEY_ID_VARIABLE, "k2")]), "none 0");
}

#[test]
fn the_file_overrides_the_variable_and_the_name_applies_to_both() {
    let temp_dir = TempDir::new("pseudonym-before");
    let file = file(&temp_dir, "key", &format!("{KEY_B}\n"), 0o600);
    assert_eq!(run_in_child(&[(Pseudonymizer::KEY_VARIABLE, KEY_A)]), expected_pseudonym(KEY_A, "k1"));
    let both = [(Pseudonymizer::KEY_VARIABLE, KEY_A), (Pseudonymizer::KEY_FILE_VARIABLE, &file)];
    assert_eq!(run_in_child(&both), expected_pseudonym(KEY_B, "k1"));
    let named = [(Pseudonymizer::KEY_FILE_VARIABLE, &file[..]), (Pseudonymizer::KEY_ID_VARIABLE, "k7")];
    assert_eq!(run_in_child(&named), expected_pseudonym(KEY_B, "k7"));
    let empty = [(Pseudonymizer::KEY_VARIABLE, KEY_A), (Pseudonymizer::KEY_FILE_VARIABLE, "")];
    assert_eq!(run_in_child(&empty), expected_pseudonym(KEY_A, "k1"));
}

#[test]
fn an_invalid_key_is_an_error_and_never_another_key() {
    let temp_dir = TempDir::new("pseudonym-wrong");
    let assert_refused = |file: &str, reason: &str| {
        let text = run_in_child(&[(Pseudonymizer::KEY_VARIABLE, KEY_A), (Pseudonymizer::KEY_FILE_VARIABLE, file)]);
        assert!(text.contains(reason), "{file}: {text}");
    };
    assert_refused("/no/such/canary", "cannot be read: entity not found");
    assert_refused(temp_dir.path().to_str().unwrap(), "cannot be read: is a directory");
    assert_refused(&file(&temp_dir, "empty", "", 0o600), "32 bytes or more");
    assert_refused(&file(&temp_dir, "two", &format!("{KEY_A}\n{KEY_B}\n"), 0o600), "hexadecimal digits or in base64");
    assert_refused(&file(&temp_dir, "weak", &"0".repeat(64), 0o600), "must be random");
    assert_refused(&file(&temp_dir, "long", &"0123456789abcdef".repeat(300), 0o600), "longer than 4 KiB");
    let key = run_in_child(&[(Pseudonymizer::KEY_VARIABLE, "canarycanary")]);
    assert!(key.contains("32 bytes or more"), "{key}");
    let name = run_in_child(&[(Pseudonymizer::KEY_VARIABLE, KEY_A), (Pseudonymizer::KEY_ID_VARIABLE, "a canary")]);
    assert!(name.contains("1 to 16 letters"), "{name}");
}

/// The file is an endless device, which must not fill the memory.
#[cfg(unix)]
#[test]
fn an_endless_file_is_refused() {
    let text = run_in_child(&[(Pseudonymizer::KEY_FILE_VARIABLE, "/dev/zero")]);
    assert!(text.contains("longer than 4 KiB"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_access_is_warned_about_once() {
    let temp_dir = TempDir::new("pseudonym-open");
    for (mode, warnings) in [(0o600, 0), (0o400, 0), (0o640, 0), (0o644, 1), (0o660, 1), (0o602, 1)] {
        let file = file(&temp_dir, &format!("key-{mode:o}"), KEY_A, mode);
        let text = run_in_child(&[(Pseudonymizer::KEY_FILE_VARIABLE, &file)]);
        assert!(text.ends_with(&format!(" {warnings}")), "{mode:o}: {text}");
    }
}
