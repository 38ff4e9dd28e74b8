//! The file that holds the accounts of budgets over restarts.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use fs4::TryLockError;

use super::error::BudgetError;
use super::saved::Saved;

/// The maximum size of a state file that is read. 64 budgets with names of 128 bytes and 64 thresholds need less.
const MAX_BYTES: u64 = 256 * 1024;

/// A state file, locked for one observer of one process until it is dropped.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// The lock is on a file of its own, because the state file is replaced at each write.
    lock: File,
    /// The content when the file was opened; `None` if there was none.
    saved: Option<Saved>,
}

impl StateFile {
    /// Locks a state file and reads it. The file may not exist yet; its folder must.
    pub(super) fn open(path: PathBuf) -> Result<Self, BudgetError> {
        let unavailable =
            |error: io::Error| BudgetError::StateFileUnavailable { path: path.clone(), reason: error.to_string() };
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(with_suffix(&path, ".lock"));
        let lock = lock.map_err(unavailable)?;
        // Called as a function, because newer versions of Rust have a method of this name.
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BudgetError::StateFileInUse { path }),
            Err(TryLockError::Error(error)) => return Err(unavailable(error)),
        }
        let saved = match read(&path) {
            Ok(bytes) if bytes.len() as u64 > MAX_BYTES => Err("it is larger than a state file of budgets".to_owned()),
            Ok(bytes) => Saved::from_json(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        match saved {
            Ok(saved) => Ok(Self { path, lock, saved }),
            Err(reason) => Err(BudgetError::InvalidStateFile { path, reason }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the content when the file was opened.
    pub(super) const fn saved(&self) -> Option<&Saved> {
        self.saved.as_ref()
    }

    /// Replaces the content. After a failure or a crash at any moment, the file has its old or its new content.
    pub(super) fn write(&self, saved: &Saved) -> io::Result<()> {
        let json = saved.to_json()?;
        let temporary = with_suffix(&self.path, ".tmp");
        let written = write_synced(&temporary, &json).and_then(|()| fs::rename(&temporary, &self.path));
        if written.is_err() {
            // Part of a file only takes space on a full disk. If it cannot be removed, the next write truncates it.
            let _ = fs::remove_file(&temporary);
            return written;
        }
        sync_folder(&self.path)
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // Explicitly: a child process that is being started holds a copy of the file until it runs its program, and closing
        // this one would leave the lock in place until then.
        let _ = fs4::FileExt::unlock(&self.lock);
    }
}

/// Reads a file up to one byte more than the maximum.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the new name of a file durable, where the system can.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(OsStr::new(suffix));
    name.into()
}
