//! The pseudonym key from the environment and from files. Each case runs in a separate process.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;

use llmobs::pseudonym::MasterKey;
use llmobs::pseudonym::Pseudonymizer;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;

const CHILD: &str = "LLMOBS_TEST_CHILD";
const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf";

/// A layer that stores every event.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Logged {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("llmobs-pseudonym-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        permit(&path, mode);
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn permit(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn permit(_: &std::path::Path, _: u32) {}

/// Starts a process with these variables, and returns its output: the pseudonym of one identity (or the error), and the
/// number of warnings.
fn said(variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "a_process_says_its_pseudonym", "--nocapture"]).env(CHILD, "1");
    for name in [Pseudonymizer::KEY_VARIABLE, Pseudonymizer::FILE_VARIABLE, Pseudonymizer::NAME_VARIABLE] {
        child.env_remove(name);
    }
    let output = child.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap().to_owned()
}

#[test]
fn a_process_says_its_pseudonym() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let logged = Logged::default();
    let subscriber = tracing_subscriber::registry().with(logged.clone());
    tracing::subscriber::with_default(subscriber, || {
        let twice = [Pseudonymizer::from_environment(), Pseudonymizer::from_environment()];
        let text = match &twice[0] {
            Ok(pseudonyms) => pseudonyms.of("user.id", "jane").unwrap_or_else(|| "none".to_owned()),
            Err(error) => error.to_string(),
        };
        let lines = logged.0.lock().unwrap();
        assert!(lines.iter().all(|line| !line.contains("canary") && !line.contains("0a0b0c")), "{lines:?}");
        println!("<{text} {}>", lines.len());
    });
}

fn expected(key: &str, name: &str) -> String {
    let pseudonyms = Pseudonymizer::new(MasterKey::from_text(key).unwrap()).key_id(name).unwrap();
    format!("{} 0", pseudonyms.of("user.id", "jane").unwrap())
}

#[test]
fn without_a_key_there_is_no_pseudonym() {
    assert_eq!(said(&[]), "none 0");
    assert_eq!(said(&[(Pseudonymizer::KEY_VARIABLE, ""), (Pseudonymizer::FILE_VARIABLE, "")]), "none 0");
    assert_eq!(said(&[(Pseudonymizer::NAME_VARIABLE, "k2")]), "none 0");
}

#[test]
fn the_file_goes_before_the_variable_and_the_name_goes_with_either() {
    let folder = Folder::new("before");
    let file = folder.file("key", &format!("{OTHER}\n"), 0o600);
    assert_eq!(said(&[(Pseudonymizer::KEY_VARIABLE, ONE)]), expected(ONE, "k1"));
    let both = [(Pseudonymizer::KEY_VARIABLE, ONE), (Pseudonymizer::FILE_VARIABLE, &file)];
    assert_eq!(said(&both), expected(OTHER, "k1"));
    let named = [(Pseudonymizer::FILE_VARIABLE, &file[..]), (Pseudonymizer::NAME_VARIABLE, "k7")];
    assert_eq!(said(&named), expected(OTHER, "k7"));
    let empty = [(Pseudonymizer::KEY_VARIABLE, ONE), (Pseudonymizer::FILE_VARIABLE, "")];
    assert_eq!(said(&empty), expected(ONE, "k1"));
}

#[test]
fn what_is_wrong_is_an_error_and_never_another_key() {
    let folder = Folder::new("wrong");
    let refused = |file: &str, why: &str| {
        let text = said(&[(Pseudonymizer::KEY_VARIABLE, ONE), (Pseudonymizer::FILE_VARIABLE, file)]);
        assert!(text.contains(why), "{file}: {text}");
    };
    refused("/no/such/canary", "cannot be read: entity not found");
    refused(folder.0.to_str().unwrap(), "cannot be read: is a directory");
    refused(&folder.file("empty", "", 0o600), "32 bytes or more");
    refused(&folder.file("two", &format!("{ONE}\n{OTHER}\n"), 0o600), "hexadecimal digits or in base64");
    refused(&folder.file("weak", &"0".repeat(64), 0o600), "made by chance");
    refused(&folder.file("long", &"0123456789abcdef".repeat(300), 0o600), "longer than 4 KiB");
    let key = said(&[(Pseudonymizer::KEY_VARIABLE, "canarycanary")]);
    assert!(key.contains("32 bytes or more"), "{key}");
    let name = said(&[(Pseudonymizer::KEY_VARIABLE, ONE), (Pseudonymizer::NAME_VARIABLE, "a canary")]);
    assert!(name.contains("1 to 16 letters"), "{name}");
}

/// The file is an endless device, which must not fill the memory.
#[cfg(unix)]
#[test]
fn a_file_that_never_ends_is_refused() {
    let text = said(&[(Pseudonymizer::FILE_VARIABLE, "/dev/zero")]);
    assert!(text.contains("longer than 4 KiB"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_open_to_others_is_said_once() {
    let folder = Folder::new("open");
    for (mode, warnings) in [(0o600, 0), (0o400, 0), (0o640, 0), (0o644, 1), (0o660, 1), (0o602, 1)] {
        let file = folder.file(&format!("key-{mode:o}"), ONE, mode);
        let text = said(&[(Pseudonymizer::FILE_VARIABLE, &file)]);
        assert!(text.ends_with(&format!(" {warnings}")), "{mode:o}: {text}");
    }
}
