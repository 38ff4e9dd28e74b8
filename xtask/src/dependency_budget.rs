//! `cargo xtask weight`: checks how many crates a user builds for `llmobs` with its default features, and with those of
//! the pipeline.

use std::collections::BTreeSet;

use crate::cargo::CargoCommand;

/// Maximum number of crates in the tree with the default features and these, including procedural macros and dependencies
/// of build scripts, excluding llmobs itself.
const BUDGETS: [(&[&str], usize); 6] = [
    (&[], 40),
    (&["process", "tokio"], 42),
    (&["cost"], 52),
    (&["otlp"], 108),
    (&["otlp-tls"], 120),
    (&["otlp-json", "otlp-tls", "otlp-zstd"], 130),
];

/// Crates that must not be in the tree of the default features.
const FORBIDDEN_CRATES: [&str; 5] = ["hyper", "nvml-wrapper", "regex", "tonic", "tower"];

pub(crate) fn run() -> Result<(), String> {
    for (features, budget) in BUDGETS {
        let crates = dependencies(&tree(features)?);
        check_crates(&crates, features, budget)?;
        println!("weight: {} crates of {budget} allowed with the features {features:?}", crates.len());
    }
    Ok(())
}

/// Returns the output of `cargo tree` for llmobs with its default features and these, one crate on each line.
fn tree(features: &[&str]) -> Result<String, String> {
    let features = features.join(",");
    CargoCommand::new(&format!(
        "tree --package llmobs --features default,{features} --edges normal,build --prefix none --target \
         x86_64-unknown-linux-gnu"
    ))
    .output()
}

/// Returns the name and the version of each crate in the output of `cargo tree`, excluding the packages of this workspace,
/// which have a path.
fn dependencies(tree: &str) -> BTreeSet<String> {
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)").trim_end_matches(" (proc-macro)"));
    lines.filter(|line| !line.is_empty() && !line.contains('(')).map(str::to_owned).collect()
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
        let tree = "llmobs v0.1.0 (/src/llmobs)\na v1.0.0\nb v1.0.0 (proc-macro)\na v2.0.0\nllmobs-macros v0.1.0 \
                    (proc-macro) (/src/llmobs-macros)\na v1.0.0 (*)\nb v1.0.0 (proc-macro) (*)\n\n";
        assert_eq!(dependencies(tree).into_iter().collect::<Vec<_>>(), ["a v1.0.0", "a v2.0.0", "b v1.0.0"]);
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
