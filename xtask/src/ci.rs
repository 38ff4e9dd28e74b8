//! `cargo xtask ci`: runs all checks that must pass before a change is merged, the cheapest first.

use std::fs;
use std::path::PathBuf;

use crate::cargo::CargoCommand;
use crate::dependency_budget;
use crate::licence;
use crate::metrics_doc;
use crate::semconv;
use crate::words;
use crate::workspace_root;

pub(crate) fn run(skip_tests: bool) -> Result<(), String> {
    CargoCommand::new("fmt --all --check").run()?;
    println!("$ cargo xtask words");
    words::check()?;
    check_generated_files()?;
    dependency_budget::run()?;
    check_licences()?;
    run_clippy()?;
    build_docs()?;
    run_tests(skip_tests)?;
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
    metrics_doc::run(true)
}

/// Checks the licences with our own code. If cargo-deny is installed, also runs its checks that need no network.
fn check_licences() -> Result<(), String> {
    licence::run()?;
    if CargoCommand::new("deny --version").succeeds() {
        return CargoCommand::new("deny check bans licenses sources").run();
    }
    println!("cargo-deny is not installed: bans and sources of deny.toml are not checked");
    Ok(())
}

/// Lints each package separately: built together, features that one package enables would hide what another lacks.
fn run_clippy() -> Result<(), String> {
    for package in workspace_packages()? {
        let features = if package == "llmobs" { " --all-features" } else { "" };
        CargoCommand::new(&format!("clippy -p {package} --all-targets{features} -- -D warnings")).run()?;
    }
    CargoCommand::new("clippy -p llmobs --all-targets --no-default-features -- -D warnings").run()?;
    for package in [
        "llmobs-benches --features otel-bound",
        "llmobs-examples --features tls",
        "llmobs-gpu --no-default-features",
        "llmobs-tests --no-default-features",
    ] {
        CargoCommand::new(&format!("clippy -p {package} --all-targets -- -D warnings")).run()?;
    }
    let manifest = fs::read_to_string(workspace_root().join("llmobs/Cargo.toml")).map_err(|error| error.to_string())?;
    for feature in feature_names(&manifest) {
        let line = format!("clippy -p llmobs --no-default-features --features {feature} -- -D warnings");
        CargoCommand::new(&line).run()?;
    }
    Ok(())
}

fn build_docs() -> Result<(), String> {
    let doc = |args: &str| CargoCommand::new(&format!("doc --no-deps {args}")).env("RUSTDOCFLAGS", "-Dwarnings").run();
    doc("-p llmobs -p llmobs-gpu -p llmobs-macros --all-features")?;
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
    let unbound = ["allocations", "backends", "exemplars", "metric_naming", "observer"]
        .map(|name| format!(" --test {name}"))
        .concat();
    CargoCommand::new(&format!("test -p llmobs-tests --no-default-features{unbound}")).run()
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
    let line =
        format!("package -p llmobs -p llmobs-macros -p llmobs-gpu --allow-dirty --target-dir {}", folder.display());
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

fn workspace_packages() -> Result<Vec<String>, String> {
    let tree = CargoCommand::new("tree --workspace --depth 0 --prefix none").output()?;
    let names: Vec<_> =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect();
    match names.contains(&"llmobs") {
        true => Ok(names.into_iter().map(str::to_owned).collect()),
        false => Err(format!("the workspace should contain llmobs, but cargo tree printed:\n{tree}")),
    }
}

/// Returns the keys of `[features]` except `default`.
fn feature_names(manifest: &str) -> Vec<&str> {
    let section = manifest.split("\n[features]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        .filter_map(|line| line.split_once(" ="))
        .map(|(name, _)| name)
        .filter(|name| *name != "default")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_the_keys_of_their_section_without_default() {
        let manifest = "[package]\nname = \"x\"\n\n[features]\ndefault = []\n# why\na = []\nb-c = [\n    \"d\",\n]\n\n[dependencies]\ne = 1\n";
        assert_eq!(feature_names(manifest), ["a", "b-c"]);
        let llmobs_manifest = fs::read_to_string(workspace_root().join("llmobs/Cargo.toml")).unwrap();
        assert!(feature_names(&llmobs_manifest).contains(&"prometheus"));
    }

    #[test]
    fn every_member_of_the_workspace_is_a_package() {
        let manifest = fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        let members = manifest.split("\nmembers = [").nth(1).and_then(|text| text.split(']').next()).unwrap();
        assert_eq!(workspace_packages().unwrap().len(), members.matches('"').count() / 2);
    }
}
