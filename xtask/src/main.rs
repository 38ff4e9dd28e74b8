//! `cargo xtask`: commands for developers and CI.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

use std::path::Path;
use std::process::ExitCode;

mod cargo;
mod ci;
mod generated;
mod licence;
mod metrics_doc;
mod semconv;
mod weight;
mod words;

const USAGE: &str = "\
cargo xtask ci [--skip-tests]      everything that must hold before a change lands
cargo xtask metrics-doc [--check]  docs/metrics.md, from the catalog
cargo xtask semconv [--check]      the constants of the conventions, from semconv/
cargo xtask weight                 the crates that llmobs brings, against their budget
cargo xtask words [PATH]           the language of docs and comments, against its baseline; with PATH all findings there
cargo xtask words --summary        the number of findings by rule and by folder
cargo xtask words --bless          lowers the baseline to the present numbers";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["ci"] => ci::run(false),
        ["ci", "--skip-tests"] => ci::run(true),
        ["metrics-doc"] => metrics_doc::run(false),
        ["metrics-doc", "--check"] => metrics_doc::run(true),
        ["semconv"] => semconv::run(false),
        ["semconv", "--check"] => semconv::run(true),
        ["weight"] => weight::run(),
        ["words"] => words::check(),
        ["words", "--summary"] => words::summary(),
        ["words", "--bless"] => words::bless(),
        ["words", path] if !path.starts_with('-') => words::list(path),
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the folder of the workspace.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
