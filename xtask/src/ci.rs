//! `cargo xtask ci`: runs all checks that must pass before a change is merged, the cheapest first.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::cargo::CargoCommand;
use crate::dependency_budget;
use crate::metrics_doc;
use crate::ops;
use crate::semconv;
use crate::words;
use crate::workspace_root;

/// The subcommands of cargo that the checks call, with the versions that `.ci/run` installs.
const TOOLS: [(&str, &str); 2] = [("deny", "0.20.2"), ("hack", "0.6.46")];

pub(crate) fn run(skip_tests: bool) -> Result<(), String> {
    check_tools()?;
    CargoCommand::new("fmt --all --check").run()?;
    println!("$ cargo xtask words");
    words::check()?;
    check_generated_files()?;
    dependency_budget::run()?;
    check_dependencies()?;
    check_msrv()?;
    run_clippy()?;
    build_docs()?;
    run_tests(skip_tests)?;
    run_slow_tests()?;
    run_operations_kit()?;
    run_examples()?;
    run_benches()?;
    build_packages()?;
    println!("ci: all checks passed");
    Ok(())
}

/// Checks that the generated files are up to date.
fn check_generated_files() -> Result<(), String> {
    println!("$ cargo xtask semconv --check");
    semconv::run(true)?;
    println!("$ cargo xtask metrics-doc --check");
    metrics_doc::run(true)?;
    println!("$ cargo xtask ops --check");
    ops::run(true)
}

/// Fails with the command that installs the tools if one of them is missing.
fn check_tools() -> Result<(), String> {
    match TOOLS.iter().find(|(name, _)| !CargoCommand::new(&format!("{name} --version")).succeeds()) {
        None => Ok(()),
        Some((missing, _)) => Err(format!("cargo-{missing} is not installed; run `{}`", install_command())),
    }
}

fn install_command() -> String {
    format!("cargo install --locked{}", TOOLS.map(|(name, version)| format!(" cargo-{name}@{version}")).concat())
}

/// Checks the dependencies against `deny.toml`, and against the advisories of `RustSec` if their database can be
/// downloaded.
fn check_dependencies() -> Result<(), String> {
    CargoCommand::new("deny check --hide-inclusion-graph bans licenses sources").run()?;
    if !CargoCommand::new("deny fetch db").succeeds() {
        println!("skipped `cargo deny check advisories`: the database of advisories cannot be downloaded");
        return Ok(());
    }
    CargoCommand::new("deny check --hide-inclusion-graph advisories").run()
}

/// Compiles the published packages with the minimum supported Rust version. Needs that toolchain:
/// `rustup toolchain install 1.88 --profile minimal`.
fn check_msrv() -> Result<(), String> {
    let manifest = fs::read_to_string(workspace_root().join("Cargo.toml")).map_err(|error| error.to_string())?;
    let version = minimum_rust_version(&manifest).ok_or("Cargo.toml has no `rust-version`")?;
    let line = format!(
        "rustup run {version} cargo check --locked -p llmobs -p llmobs-gpu -p llmobs-macros -p llmobs-redact \
         --all-features"
    );
    println!("$ {line}");
    // Not with `CargoCommand`, which runs the cargo of the current toolchain.
    let status = Command::new("rustup").args(line.split(' ').skip(1)).current_dir(workspace_root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed: {status}")),
        Err(error) => Err(format!("`{line}`: {error}")),
    }
}

fn minimum_rust_version(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
}

/// Lints each package with each feature. cargo-hack builds each separately: built together, features that one package
/// enables would hide what another lacks. For the same reason, llmobs is linted without its dev-dependencies.
fn run_clippy() -> Result<(), String> {
    for arguments in [
        "hack clippy --workspace --exclude llmobs --each-feature --all-targets",
        "hack clippy -p llmobs --each-feature",
        "clippy -p llmobs --all-targets --all-features",
        "clippy -p llmobs --all-targets --no-default-features",
    ] {
        CargoCommand::new(&format!("{arguments} -- -D warnings")).run()?;
    }
    Ok(())
}

fn build_docs() -> Result<(), String> {
    let doc = |args: &str| CargoCommand::new(&format!("doc --no-deps {args}")).env("RUSTDOCFLAGS", "-Dwarnings").run();
    doc("-p llmobs -p llmobs-gpu -p llmobs-macros -p llmobs-redact --all-features")?;
    doc("-p llmobs --all-features --document-private-items")
}

fn run_tests(skip: bool) -> Result<(), String> {
    if !skip {
        CargoCommand::new("test --workspace").run()?;
    }
    CargoCommand::new("test -p llmobs --all-features").run()?;
    CargoCommand::new("test -p llmobs-ui --features content").run()?;
    // The pipeline feature binds the instruments. This run repeats the tests that read OpenTelemetry data, with unbound
    // instruments.
    let unbound = ["allocations", "metrics", "observer"].map(|name| format!(" --test {name}")).concat();
    CargoCommand::new(&format!("test -p llmobs-tests --no-default-features{unbound}")).run()
}

/// Runs the tests that need minutes, or programs and models to install or download. `tests/README.md` lists them.
fn run_slow_tests() -> Result<(), String> {
    for line in [
        "test -p llmobs-tests --features slow --test slow",
        "test -p axum-chat --features slow --test service -- model::",
        "test -p llmobs-examples --features slow --test gateway -- llama::",
    ] {
        CargoCommand::new(line).run()?;
    }
    Ok(())
}

/// Runs the operations kit: each page from a real fault, the load of Locust, the queries of the dashboards under load, and
/// the dashboards against Grafana's types. `.ci/run` installs the programs.
fn run_operations_kit() -> Result<(), String> {
    println!("$ cargo xtask stack --pages");
    match ops::stack::has_programs() {
        true => ops::stack::run(&["--pages"])?,
        false => {
            println!("skipped: Prometheus or Alertmanager is missing (Debian's prometheus, prometheus-alertmanager)")
        }
    }
    println!("$ cargo xtask stack --locust");
    match ops::stack::has_locust() {
        true => ops::stack::run(&["--locust"])?,
        false => println!("skipped: Locust is missing (`pip install locust`)"),
    }
    println!("$ cargo xtask ops-live");
    match ops::live::has_programs() {
        true => ops::live::run()?,
        false => println!("skipped: Prometheus is missing (Debian's prometheus)"),
    }
    println!("$ cargo xtask ops-grafana, ops-crds");
    if !ops::node::has_programs() {
        println!("skipped: Node.js or npm is missing (Debian's nodejs, npm)");
        return Ok(());
    }
    ops::grafana::run()?;
    ops::deploy::custom_resources::run()
}

/// Runs each bench briefly, to check that it works. The measured times are not meaningful.
fn run_benches() -> Result<(), String> {
    CargoCommand::new("bench -p llmobs-benches -- --quick").run()
}

/// Builds each package from its published files, in a separate folder. Removes sources that an earlier run unpacked:
/// the version is unchanged, so cargo would use the old code.
fn build_packages() -> Result<(), String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let sources = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()).into_iter().flatten().flatten();
    // The source folder of a registry in a local directory has no host name before the dash.
    let local = sources.filter(|source| source.file_name().to_string_lossy().starts_with('-'));
    for package in local.filter_map(|source| fs::read_dir(source.path()).ok()).flatten().flatten() {
        if package.file_name().to_string_lossy().starts_with("llmobs") {
            fs::remove_dir_all(package.path()).map_err(|error| format!("{}: {error}", package.path().display()))?;
        }
    }
    let folder = std::env::temp_dir().join(format!("llmobs-packing-{}", std::process::id()));
    let line = format!(
        "package -p llmobs -p llmobs-macros -p llmobs-gpu -p llmobs-redact --allow-dirty --target-dir {}",
        folder.display()
    );
    let result = CargoCommand::new(&line).run();
    // The folder is no longer needed. An error is ignored: leftovers in the temporary folder are harmless.
    let _ = fs::remove_dir_all(&folder);
    result
}

/// Runs each example to its end, except `otlp_check`, which fails without a collector.
fn run_examples() -> Result<(), String> {
    let folder = fs::read_dir(workspace_root().join("examples")).map_err(|error| format!("examples: {error}"))?;
    let mut names = Vec::new();
    for entry in folder {
        let path = entry.map_err(|error| format!("examples: {error}"))?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let is_example = path.extension().is_some_and(|extension| extension == "rs");
        if let Some(name) = name.filter(|name| is_example && *name != "otlp_check") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    names.iter().try_for_each(|name| CargoCommand::new(&format!("run -p llmobs-examples --example {name}")).run())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_installs_the_tools_that_the_checks_call() {
        let script = fs::read_to_string(workspace_root().join(".ci/run")).unwrap();
        for (name, version) in TOOLS {
            assert!(script.contains(&format!("cargo-{name}@{version}")), "cargo-{name}");
        }
    }
}
