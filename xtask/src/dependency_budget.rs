//! `cargo xtask weight`: checks how many crates a user builds for `llmobs` with its default features, and with those of
//! the pipeline.

use std::collections::BTreeSet;
use std::fs;

use cargo_metadata::DependencyKind;
use cargo_metadata::Metadata;
use cargo_metadata::MetadataCommand;

use crate::workspace_root;

/// Maximum number of crates in the tree with the default features and these, including procedural macros and dependencies
/// of build scripts, excluding llmobs itself.
const BUDGETS: [(&[&str], usize); 4] =
    [(&[], 40), (&["otlp"], 110), (&["otlp-tls"], 122), (&["otlp-json", "otlp-tls", "otlp-zstd"], 138)];

/// Crates that must not be in the tree of the default features.
const FORBIDDEN_CRATES: [&str; 5] = ["hyper", "nvml-wrapper", "regex", "tonic", "tower"];

pub(crate) fn run() -> Result<(), String> {
    for (features, budget) in BUDGETS {
        let crates = user_metadata(features).and_then(|metadata| dependencies(&metadata))?;
        check_crates(&crates, features, budget)?;
        println!("weight: {} crates of {budget} allowed with the features {features:?}", crates.len());
    }
    Ok(())
}

/// Returns the metadata of a package outside the workspace that depends on llmobs with these features. In the metadata of the workspace,
/// llmobs has all features that any member enables.
fn user_metadata(features: &[&str]) -> Result<Metadata, String> {
    let root = workspace_root();
    let folder = std::env::temp_dir().join(format!("llmobs-weight-{}", std::process::id()));
    let manifest = format!(
        "[package]\nname = \"user\"\nedition = \"2024\"\n[dependencies]\nllmobs = {{ path = {:?}, \
         features = {features:?} }}\n[workspace]\n",
        root.join("llmobs")
    );
    let written = fs::create_dir_all(folder.join("src"))
        .and_then(|()| fs::write(folder.join("src/lib.rs"), ""))
        .and_then(|()| fs::write(folder.join("Cargo.toml"), manifest))
        .and_then(|()| fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")));
    let metadata = written.map_err(|error| error.to_string()).and_then(|_| {
        let mut command = MetadataCommand::new();
        let platform = ["--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned);
        command.current_dir(&folder).other_options(platform).exec().map_err(|error| error.to_string())
    });
    // The folder is no longer needed. An error is ignored: leftovers in the temporary folder are harmless.
    let _ = fs::remove_dir_all(&folder);
    metadata.map_err(|error| format!("weight: {error}"))
}

/// Returns the name and the version of each crate that llmobs needs to be built, excluding llmobs itself.
fn dependencies(metadata: &Metadata) -> Result<BTreeSet<String>, String> {
    let resolve = metadata.resolve.as_ref().ok_or("weight: cargo metadata has no dependency tree")?;
    let llmobs = metadata.packages.iter().find(|package| package.name.as_str() == "llmobs");
    let llmobs = &llmobs.ok_or("weight: cargo metadata does not contain llmobs")?.id;
    let (mut found, mut pending) = (BTreeSet::from([llmobs]), vec![llmobs]);
    while let Some(id) = pending.pop() {
        for dependency in resolve.nodes.iter().filter(|node| node.id == *id).flat_map(|node| &node.deps) {
            let is_built = |kind: DependencyKind| matches!(kind, DependencyKind::Normal | DependencyKind::Build);
            if dependency.dep_kinds.iter().any(|info| is_built(info.kind)) && found.insert(&dependency.pkg) {
                pending.push(&dependency.pkg);
            }
        }
    }
    found.remove(llmobs);
    let crates = metadata.packages.iter().filter(|package| found.contains(&package.id));
    Ok(crates.map(|package| format!("{} v{}", package.name, package.version)).collect())
}

fn check_crates(crates: &BTreeSet<String>, features: &[&str], budget: usize) -> Result<(), String> {
    let list = || crates.iter().map(|name| format!("\n  {name}")).collect::<String>();
    if crates.is_empty() {
        return Err("weight: the tree of llmobs is empty, so nothing was counted".to_owned());
    }
    let forbidden =
        FORBIDDEN_CRATES.iter().find(|name| crates.iter().any(|found| found.split(' ').next() == Some(**name)));
    if let Some(name) = forbidden.filter(|_| features.is_empty()) {
        return Err(format!("weight: `{name}` may not be in the tree of llmobs with default features:{}", list()));
    }
    if crates.len() > budget {
        let count = crates.len();
        return Err(format!("weight: {count} crates with {features:?}, but at most {budget} are allowed:{}", list()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once_and_two_versions_count_twice() {
        let package = |id: &str| {
            let (name, version) = id.split_once(' ').unwrap();
            format!(
                r#"{{"name":"{name}","version":"{version}","id":"{id}","dependencies":[],"targets":[],"features":{{}},"manifest_path":"/x"}}"#
            )
        };
        let node = |id: &str, dependencies: &[(&str, &str)]| {
            let dependencies = dependencies.iter().map(|(id, kind)| {
                format!(r#"{{"name":"x","pkg":"{id}","dep_kinds":[{{"kind":{kind},"target":null}}]}}"#)
            });
            let dependencies = dependencies.collect::<Vec<_>>().join(",");
            format!(r#"{{"id":"{id}","deps":[{dependencies}],"dependencies":[],"features":[]}}"#)
        };
        let (normal, build, dev) = ("null", r#""build""#, r#""dev""#);
        let nodes = [
            node("llmobs 0.1.0", &[("a 1.0.0", normal), ("b 1.0.0", build), ("c 1.0.0", dev)]),
            node("a 1.0.0", &[("b 1.0.0", normal)]),
            node("b 1.0.0", &[("a 2.0.0", normal)]),
        ];
        let packages = ["llmobs 0.1.0", "a 1.0.0", "a 2.0.0", "b 1.0.0", "c 1.0.0"].map(package).join(",");
        let metadata = format!(
            r#"{{"packages":[{packages}],"workspace_members":[],"resolve":{{"nodes":[{}],"root":null}},"workspace_root":"/x","target_directory":"/x","version":1}}"#,
            nodes.join(",")
        );
        let found = dependencies(&MetadataCommand::parse(metadata).unwrap()).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a v1.0.0", "a v2.0.0", "b v1.0.0"]);
    }

    #[test]
    fn too_many_crates_a_forbidden_crate_and_an_empty_tree_fail() {
        let many = |count: usize| (0..count).map(|index| format!("c{index} v1.0.0")).collect::<BTreeSet<_>>();
        let check = |crates: &BTreeSet<String>| check_crates(crates, &[], 40);
        assert_eq!(check(&many(40)), Ok(()));
        assert!(check(&many(41)).unwrap_err().contains("41 crates"));
        assert!(check(&many(0)).is_err());
        let mut with_tower = many(1);
        with_tower.insert("tower-service v0.3.3".to_owned());
        assert_eq!(check(&with_tower), Ok(()));
        with_tower.insert("tower v0.5.2".to_owned());
        assert!(check(&with_tower).unwrap_err().contains("`tower`"));
        assert_eq!(check_crates(&with_tower, &["otlp"], 40), Ok(()), "only the default features must not have it");
    }
}
