//! `cargo xtask weight`: checks how many crates a user builds for `llmobs` with its default features.

use std::collections::BTreeSet;

use crate::cargo::CargoCommand;

/// Maximum number of crates in the tree, including procedural macros and dependencies of build scripts, excluding
/// llmobs itself.
const MAX_CRATES: usize = 40;

/// Crates that must not be in the tree of the default features.
const FORBIDDEN_CRATES: [&str; 5] = ["hyper", "nvml-wrapper", "regex", "tonic", "tower"];

const TREE_COMMAND: &str = "tree -p llmobs -e normal,build --prefix none --target x86_64-unknown-linux-gnu";

pub(crate) fn run() -> Result<(), String> {
    let crates = parse_crates(&CargoCommand::new(TREE_COMMAND).output()?);
    check_crates(&crates)?;
    println!("weight: {} crates of {MAX_CRATES} allowed", crates.len());
    Ok(())
}

/// Returns the `name version` of each line except the first, which is llmobs itself.
fn parse_crates(tree: &str) -> BTreeSet<String> {
    let lines = tree.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

fn check_crates(crates: &BTreeSet<String>) -> Result<(), String> {
    let list = || crates.iter().map(|name| format!("\n  {name}")).collect::<String>();
    if crates.is_empty() {
        return Err("weight: the tree of llmobs is empty, so nothing was counted".to_owned());
    }
    let forbidden =
        FORBIDDEN_CRATES.iter().find(|name| crates.iter().any(|found| found.split(' ').next() == Some(**name)));
    if let Some(name) = forbidden {
        return Err(format!("weight: `{name}` may not be in the tree of llmobs with default features:{}", list()));
    }
    if crates.len() > MAX_CRATES {
        return Err(format!("weight: {} crates, but at most {MAX_CRATES} are allowed:{}", crates.len(), list()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once_and_two_versions_count_twice() {
        let tree = "llmobs v0.1.0 (/x)\na v1.0.0\nb v1.0.0 (proc-macro)\na v1.0.0 (*)\na v2.0.0\n\n";
        let found = parse_crates(tree);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a v1.0.0", "a v2.0.0", "b v1.0.0"]);
    }

    #[test]
    fn too_many_crates_a_forbidden_crate_and_an_empty_tree_fail() {
        let many = |count: usize| (0..count).map(|index| format!("c{index} v1.0.0")).collect::<BTreeSet<_>>();
        assert_eq!(check_crates(&many(MAX_CRATES)), Ok(()));
        assert!(check_crates(&many(MAX_CRATES + 1)).unwrap_err().contains("41 crates"));
        assert!(check_crates(&many(0)).is_err());
        let mut with_tower = many(1);
        with_tower.insert("tower-service v0.3.3".to_owned());
        assert_eq!(check_crates(&with_tower), Ok(()));
        with_tower.insert("tower v0.5.2".to_owned());
        assert!(check_crates(&with_tower).unwrap_err().contains("`tower`"));
    }
}
