//! The files with which the kit is installed: Prometheus, collectors, Kubernetes, Compose, systemd, load. Generates those
//! that repeat others, and checks all.
//!
//! Each check has rules of its own, which need no program. `tools` runs the programs that are installed: `promtool`,
//! `systemd-analyze`, `kubernetes-validate`. A program that is missing is reported, and does not fail the check.

use std::fs;
use std::path::PathBuf;

use self::report::Report;
use super::names::Names;
use super::output::FOLDER;
use crate::workspace_root;

mod aggregation;
mod collector;
mod compose;
pub(crate) mod custom_resources;
mod generate;
mod headers;
mod kubernetes;
mod load;
mod prometheus;
mod report;
mod secrets;
mod sizes;
mod systemd;
mod tools;
pub(super) mod yaml;

/// Writes the generated files and checks all files; with `check`, compares the generated files instead.
pub(super) fn run(names: &Names, check: bool) -> Result<(), String> {
    generate::files(names)?.write_or_check(check)?;
    let mut report = Report::default();
    collector::check(&mut report)?;
    prometheus::check(names, &mut report)?;
    kubernetes::check(names, &mut report)?;
    compose::check(&mut report)?;
    systemd::check(&mut report)?;
    load::check(&mut report)?;
    secrets::check(&mut report)?;
    headers::check(&mut report)?;
    tools::check(&mut report)?;
    report.finish()
}

/// Returns the path of a file of the kit.
fn path(name: &str) -> PathBuf {
    workspace_root().join(FOLDER).join(name)
}

/// Reads a file of the kit.
fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(path(name)).map_err(|error| format!("{FOLDER}/{name}: {error}"))
}

/// Returns the names of the files of a folder of the kit with one of the endings, in order; each begins with the folder.
fn list(folder: &str, endings: &[&str]) -> Result<Vec<String>, String> {
    let failed = |error| format!("{FOLDER}/{folder}: {error}");
    let mut names = Vec::new();
    for entry in fs::read_dir(path(folder)).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if endings.iter().any(|ending| name.ends_with(ending)) {
            names.push(format!("{folder}/{name}"));
        }
    }
    names.sort();
    Ok(names)
}
