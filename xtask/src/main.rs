//! `cargo xtask`: commands for developers and CI.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

use std::path::Path;
use std::process::ExitCode;

mod cargo;
mod ci;
mod dependency_budget;
mod generated;
mod metrics_doc;
mod semconv;
mod words;

const USAGE: &str = "\
cargo xtask ci [--skip-tests]      every check that a change must pass
cargo xtask metrics-doc [--check]  docs/metrics.md and semconv/registry/metrics.yaml, from the catalog
cargo xtask semconv [--check]      the names and tables of the conventions, from semconv/
cargo xtask weight                 the number of crates that llmobs depends on, against its budget
cargo xtask words [PATH]           the language of docs and comments, against its baseline; with PATH all findings there
cargo xtask words --summary        the number of findings by rule and by folder
cargo xtask words --bless          lowers the baseline to the present numbers";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["ci"] => ci::run(false),
        ["ci", "--skip-tests"] => ci::run(true),
        ["metrics-doc"] => metrics_doc::run(false),
        ["metrics-doc", "--check"] => metrics_doc::run(true),
        ["semconv"] => semconv::run(false),
        ["semconv", "--check"] => semconv::run(true),
        ["weight"] => dependency_budget::run(),
        ["words"] => words::check(),
        ["words", "--summary"] => words::summary(),
        ["words", "--bless"] => words::bless(),
        ["words", path] if !path.starts_with('-') => words::list(path),
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the folder of the workspace.
fn workspace_root() -> &'static Path {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.parent().unwrap_or(manifest_dir)
}
