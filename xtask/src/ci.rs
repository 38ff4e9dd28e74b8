//! `cargo xtask ci`: runs all checks that must pass before a change is merged, the cheapest first.

use std::fs;
use std::path::PathBuf;

use crate::cargo::Cargo;
use crate::licence;
use crate::metrics_doc;
use crate::root;
use crate::semconv;
use crate::weight;
use crate::words;

pub(crate) fn run(skip_tests: bool) -> Result<(), String> {
    Cargo::new("fmt --all --check").run()?;
    println!("$ cargo xtask words");
    words::check()?;
    generated()?;
    weight::run()?;
    licences()?;
    lints()?;
    docs()?;
    tests(skip_tests)?;
    examples()?;
    benches()?;
    packages_alone()?;
    println!("ci: everything holds");
    Ok(())
}

/// Checks that the generated files are up to date.
fn generated() -> Result<(), String> {
    println!("$ cargo xtask semconv --check");
    semconv::run(true)?;
    println!("$ cargo xtask metrics-doc --check");
    metrics_doc::run(true)
}

/// Checks the licences with our own code. If cargo-deny is installed, also runs its checks that need no network.
fn licences() -> Result<(), String> {
    licence::run()?;
    if Cargo::new("deny --version").works() {
        return Cargo::new("deny check bans licenses sources").run();
    }
    println!("cargo-deny is not installed: bans and sources of deny.toml are not checked");
    Ok(())
}

/// Lints each package separately: built together, features that one package enables would hide what another lacks.
fn lints() -> Result<(), String> {
    for package in packages()? {
        let all = if package == "llmobs" { " --all-features" } else { "" };
        Cargo::new(&format!("clippy -p {package} --all-targets{all} -- -D warnings")).run()?;
    }
    Cargo::new("clippy -p llmobs --all-targets --no-default-features -- -D warnings").run()?;
    for package in [
        "llmobs-benches --features otel-bound",
        "llmobs-examples --features tls",
        "llmobs-gpu --no-default-features",
        "llmobs-tests --no-default-features",
    ] {
        Cargo::new(&format!("clippy -p {package} --all-targets -- -D warnings")).run()?;
    }
    let manifest = fs::read_to_string(root().join("llmobs/Cargo.toml")).map_err(|error| error.to_string())?;
    for feature in features(&manifest) {
        let line = format!("clippy -p llmobs --no-default-features --features {feature} -- -D warnings");
        Cargo::new(&line).run()?;
    }
    Ok(())
}

fn docs() -> Result<(), String> {
    let doc = |what: &str| Cargo::new(&format!("doc --no-deps {what}")).env("RUSTDOCFLAGS", "-Dwarnings").run();
    doc("-p llmobs -p llmobs-gpu -p llmobs-macros --all-features")?;
    doc("-p llmobs --all-features --document-private-items")
}

fn tests(skip: bool) -> Result<(), String> {
    if !skip {
        Cargo::new("test --workspace").run()?;
    }
    Cargo::new("test -p llmobs --all-features").run()?;
    Cargo::new("test -p llmobs-ui --features content").run()?;
    // The pipeline feature binds the instruments. This run repeats the tests that read OpenTelemetry data, with unbound
    // instruments.
    let unbound =
        ["allocations", "backends", "exemplars", "naming", "observer"].map(|name| format!(" --test {name}")).concat();
    Cargo::new(&format!("test -p llmobs-tests --no-default-features{unbound}")).run()
}

/// Runs each bench briefly, to check that it works. The measured times are not meaningful.
fn benches() -> Result<(), String> {
    Cargo::new("bench -p llmobs-benches -- --quick").run()
}

/// Builds each package from its published files, in a separate folder. Removes sources that an earlier run unpacked:
/// the version is unchanged, so cargo would use the old code.
fn packages_alone() -> Result<(), String> {
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
    let packed = Cargo::new(&line).run();
    // The folder is no longer needed. An error is ignored: leftovers in the temporary folder are harmless.
    let _ = fs::remove_dir_all(&folder);
    packed
}

/// Runs each example to its end, except `doctor`, which fails without a collector.
fn examples() -> Result<(), String> {
    let folder = fs::read_dir(root().join("examples")).map_err(|error| format!("examples: {error}"))?;
    let mut names = Vec::new();
    for entry in folder {
        let path = entry.map_err(|error| format!("examples: {error}"))?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let is_example = path.extension().is_some_and(|extension| extension == "rs");
        if let Some(name) = name.filter(|name| is_example && *name != "doctor") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    names.iter().try_for_each(|name| Cargo::new(&format!("run -p llmobs-examples --example {name}")).run())
}

fn packages() -> Result<Vec<String>, String> {
    let tree = Cargo::new("tree --workspace --depth 0 --prefix none").output()?;
    let names: Vec<_> =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect();
    match names.contains(&"llmobs") {
        true => Ok(names.into_iter().map(str::to_owned).collect()),
        false => Err(format!("the workspace should hold llmobs, and cargo tree printed:\n{tree}")),
    }
}

/// Returns the keys of `[features]` except `default`.
fn features(manifest: &str) -> Vec<&str> {
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
        assert_eq!(features(manifest), ["a", "b-c"]);
        let ours = fs::read_to_string(root().join("llmobs/Cargo.toml")).unwrap();
        assert!(features(&ours).contains(&"prometheus"));
    }

    #[test]
    fn every_member_of_the_workspace_is_a_package() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let members = manifest.split("\nmembers = [").nth(1).and_then(|text| text.split(']').next()).unwrap();
        assert_eq!(packages().unwrap().len(), members.matches('"').count() / 2);
    }
}
