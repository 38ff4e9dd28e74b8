//! Shows: a content hook that writes captured content to files, for applications that store content themselves and put
//! only references on their spans. `ContentFiles` uses only `std`: copy and adapt it.
//!
//! Run: `cargo run -p llmobs-examples --example content_files [FOLDER]`
//!
//! You will see: one folder for each of three questions, with the redacted content in `input_messages.json`,
//! `output_messages.json` and `system_instructions.json`. The address of each file is an attribute of the span of its
//! operation, such as `gen_ai.input.messages_ref`.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::collections::VecDeque;
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentHook;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use llmobs::content::Input;
use llmobs::content::Message;

const CHAT: [(&str, &str); 3] = [
    ("Who can help me with my bill?", "Write to billing@example.org or call +44 20 7946 0958."),
    ("I am jane@example.org. Is card 4242 4242 4242 4242 still yours?", "Yes, it is the one that we charge."),
    ("Then forget it, please.", "Done."),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map_or_else(|| env::temp_dir().join("llmobs-content"), PathBuf::from);
    run(&folder)
}

/// Answers three questions and prints the address of each captured folder.
pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let files = ContentFiles::new(folder, 1_000, 30)?;
    let failures = files.failures();
    let gate = Gate::builder().capture(ContentCapture::Hook).hook(files);
    let observer = Observer::builder().model("stand-in").capture(gate).build()?;

    for (question, answer) in CHAT {
        let operation = observer.chat("stand-in").start();
        operation.marker().input(|| Input::new().system("Be brief.").message(Message::user(question)));
        for word in answer.split_inclusive(' ') {
            operation.marker().output_text(0, word); // `operation.observe(stream)` does this automatically
        }
        operation.complete();
    }

    // Captures that wait for the hook are lost when the process ends.
    let written = observer.gate().is_none_or(|gate| gate.flush(Duration::from_secs(5)));
    for (_, day) in subfolders(&std::path::absolute(folder)?, is_date)? {
        subfolders(&day, is_capture_id)?.iter().for_each(|(_, capture)| println!("{}", file_url(capture)));
    }
    println!("all written: {written}, failures: {}", failures.load(Ordering::Relaxed));
    Ok(())
}

/// A content hook that writes each capture to a folder of JSON files, readable by the owner only:
/// `FOLDER/<day>/<id>/<name>.json`, with days in UTC. A capture is written completely or not at all. Captures older
/// than the limit are removed, and the oldest captures above the maximum number.
///
/// Several processes may share a folder. Each new capture lists the names of all stored captures on the hook's thread:
/// suitable for thousands of captures; store millions in a database or an object store.
pub(crate) struct ContentFiles {
    folder: PathBuf,
    /// The `file://` URL of the folder.
    base_url: String,
    max_captures: usize,
    max_age_days: u64,
    /// The day of each capture that already has an address. The file may be written after midnight.
    reserved_days: Mutex<VecDeque<(String, u64)>>,
    failures: Arc<AtomicU64>,
}

impl ContentFiles {
    /// Creates a hook that stores up to `max_captures` captures of the last `max_age_days` days, today included.
    /// Creates the folder if necessary. Fails if the folder exists and other users can access it.
    pub(crate) fn new(folder: &Path, max_captures: usize, max_age_days: u64) -> io::Result<Self> {
        let folder = std::path::absolute(folder)?;
        owner_only::make_folder(&folder)?;
        owner_only::check(&folder)?;
        let base_url = file_url(&folder);
        Ok(Self {
            folder,
            base_url,
            max_captures,
            max_age_days,
            reserved_days: Mutex::default(),
            failures: Arc::default(),
        })
    }

    /// Returns the counter of failed writes and removals. The first failure is printed on standard error.
    pub(crate) fn failures(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.failures)
    }

    /// Returns the day of a capture: the day of the first request for its address.
    fn day(&self, id: &str) -> String {
        let mut reserved_days = self.reserved_days.lock().unwrap_or_else(PoisonError::into_inner);
        let known = reserved_days.iter().rev().find(|(known, _)| known == id).map(|(_, day)| *day);
        date(known.unwrap_or_else(|| {
            // Far more captures than ever wait for a hook.
            if reserved_days.len() >= 256 {
                reserved_days.pop_front();
            }
            reserved_days.push_back((id.to_owned(), today()));
            today()
        }))
    }

    fn write(&self, payload: &HookPayload) -> io::Result<()> {
        let day = self.folder.join(self.day(payload.id()));
        let partial = day.join(format!(".{}", payload.id()));
        owner_only::make_folder(&partial)?;
        let files = payload.iter().try_for_each(|(name, value)| {
            owner_only::new_file(&partial.join(format!("{name}.json")))?.write_all(value.to_string().as_bytes())
        });
        let result = files.and_then(|()| fs::rename(&partial, day.join(payload.id())));
        if result.is_err() {
            let _ = fs::remove_dir_all(&partial);
        }
        result
    }

    /// Removes captures that are too old and the oldest captures above the maximum number.
    fn prune(&self) -> io::Result<()> {
        let first = date(today().saturating_sub(self.max_age_days.saturating_sub(1)));
        let mut captures = Vec::new();
        for (name, day) in subfolders(&self.folder, is_date)? {
            if name < first {
                remove(&day)?;
            } else {
                captures.extend(subfolders(&day, is_capture_id)?.into_iter().map(|(_, path)| (name.clone(), path)));
            }
        }
        let excess = captures.len().saturating_sub(self.max_captures);
        if excess > 0 {
            let written = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
            captures.sort_by_cached_key(|(day, path)| (day.clone(), written(path), path.clone()));
        }
        captures[..excess].iter().try_for_each(|(_, path)| remove(path))
    }
}

impl ContentHook for ContentFiles {
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        Some(format!("{}/{}/{id}/{name}.json", self.base_url, self.day(id)))
    }

    fn on_content(&self, payload: HookPayload) {
        for result in [self.write(&payload), self.prune()] {
            if let Err(error) = result
                && self.failures.fetch_add(1, Ordering::Relaxed) == 0
            {
                // The message contains no content: an error of the operating system does not quote the data.
                let _ = writeln!(io::stderr(), "content cannot be stored in {}: {error}", self.folder.display());
            }
        }
    }
}

/// Returns the subfolders whose names match `kind`, with their names. No other folder is ever removed.
fn subfolders(parent: &Path, kind: fn(&str) -> bool) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(parent) {
        // Another process removed the folder.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if kind(&name) && entry.file_type()?.is_dir() {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn is_date(name: &str) -> bool {
    name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Returns whether `name` is the id of a finished capture: 32 hexadecimal digits. While a capture is written, its
/// folder name begins with a dot. A folder that a crash left unfinished is removed with its day.
fn is_capture_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Returns the days since 1970-01-01, in UTC.
#[expect(clippy::disallowed_methods, reason = "a date is required, not a duration")]
fn today() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400)
}

/// Formats a day as `2026-11-22`. Years begin in March in this calculation, so a leap day is the last day of its year.
fn date(days: u64) -> String {
    let days = days + 719_468; // days since 0000-03-01
    let (era, day) = (days / 146_097, days % 146_097); // eras of 400 years
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

/// Returns the URL of a folder, such as `file:///var/lib/content`.
fn file_url(folder: &Path) -> String {
    let path = folder.to_string_lossy().replace('\\', "/");
    let mut url = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// Creates folders and files that only their owner can read. On systems other than Unix they inherit the rights of the
/// parent folder.
mod owner_only {
    use std::fs;
    use std::fs::File;
    use std::io;
    #[cfg(unix)]
    use std::os::unix::fs::DirBuilderExt;
    #[cfg(unix)]
    use std::os::unix::fs::OpenOptionsExt;
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    pub(super) fn make_folder(path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        builder.mode(0o700);
        builder.recursive(true).create(path)
    }

    pub(super) fn new_file(path: &Path) -> io::Result<File> {
        let mut options = fs::OpenOptions::new();
        #[cfg(unix)]
        options.mode(0o600);
        options.write(true).create_new(true).open(path)
    }

    pub(super) fn check(folder: &Path) -> io::Result<()> {
        let data = fs::metadata(folder)?;
        #[cfg(unix)]
        if data.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::other(format!("{} is accessible to other users: chmod 700", folder.display())));
        }
        if data.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }
}
