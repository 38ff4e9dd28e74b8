//! Runs promtool: the check of the rules, and the tests of the alerts.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use super::programs::is_installed;
use super::rules;
use super::scenarios::TestFile;

/// Checks the rules and runs the tests, several at a time. Prints a line and returns if promtool is not installed.
pub(super) fn run(tests: Vec<TestFile>) -> Result<(), String> {
    if !is_installed("promtool") {
        println!("skipped the tests of the rules: promtool is not installed (Debian package `prometheus`)");
        return Ok(());
    }
    promtool(Command::new("promtool").args(["check", "rules"]).args(rules::paths()?))?;
    let folder = std::env::temp_dir().join(format!("llmobs-ops-{}", std::process::id()));
    let result = run_in(&folder, tests);
    if result.is_ok() {
        // An error is ignored: leftovers in the temporary folder are harmless. After a failure they show the tests.
        let _ = fs::remove_dir_all(&folder);
    }
    result
}

fn run_in(folder: &Path, tests: Vec<TestFile>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for file in &tests {
        fs::write(folder.join(format!("{}.rules.yml", file.name)), &file.rules).map_err(failed)?;
        fs::write(folder.join(format!("{}.yml", file.name)), &file.tests).map_err(failed)?;
    }
    let count = tests.len();
    // The largest files come last in the list, and are taken first.
    let queue = Mutex::new(tests);
    let next = || queue.lock().ok()?.pop();
    let workers = thread::available_parallelism().map_or(1, Into::into);
    let errors: Vec<String> = thread::scope(|scope| {
        let worker = || {
            let mut errors = Vec::new();
            while let Some(file) = next() {
                let path = folder.join(format!("{}.yml", file.name));
                errors.extend(promtool(Command::new("promtool").args(["test", "rules"]).arg(path)).err());
            }
            errors
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).flatten().collect()
    });
    if errors.is_empty() {
        println!("promtool: {count} files of tests passed");
        return Ok(());
    }
    Err(errors.join("\n"))
}

fn promtool(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("promtool: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&text).into_owned())
}
