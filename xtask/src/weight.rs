//! `cargo xtask weight`: checks how many crates a user builds for `llmobs` with its default features.

use std::collections::BTreeSet;

use crate::cargo::Cargo;

/// Maximum number of crates in the tree, including procedural macros and dependencies of build scripts, excluding
/// llmobs itself.
const BUDGET: usize = 40;

/// Crates that must not be in the tree of the default features.
const REFUSED: [&str; 5] = ["hyper", "nvml-wrapper", "regex", "tonic", "tower"];

const TREE: &str = "tree -p llmobs -e normal,build --prefix none --target x86_64-unknown-linux-gnu";

pub(crate) fn run() -> Result<(), String> {
    let crates = crates(&Cargo::new(TREE).output()?);
    judge(&crates)?;
    println!("weight: {} crates of {BUDGET} allowed", crates.len());
    Ok(())
}

/// Returns the `name version` of each line except the first, which is llmobs itself.
fn crates(tree: &str) -> BTreeSet<String> {
    let lines = tree.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

fn judge(crates: &BTreeSet<String>) -> Result<(), String> {
    let list = || crates.iter().map(|name| format!("\n  {name}")).collect::<String>();
    if crates.is_empty() {
        return Err("weight: the tree of llmobs is empty, so nothing was counted".to_owned());
    }
    let refused = REFUSED.iter().find(|name| crates.iter().any(|found| found.split(' ').next() == Some(**name)));
    if let Some(name) = refused {
        return Err(format!("weight: `{name}` may not be in the tree of llmobs with default features:{}", list()));
    }
    if crates.len() > BUDGET {
        return Err(format!("weight: {} crates, and {BUDGET} are allowed:{}", crates.len(), list()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once_and_two_versions_count_twice() {
        let tree = "llmobs v0.1.0 (/x)\na v1.0.0\nb v1.0.0 (proc-macro)\na v1.0.0 (*)\na v2.0.0\n\n";
        let found = crates(tree);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a v1.0.0", "a v2.0.0", "b v1.0.0"]);
    }

    #[test]
    fn too_many_crates_a_refused_one_and_none_at_all_fail() {
        let many = |count: usize| (0..count).map(|at| format!("c{at} v1.0.0")).collect::<BTreeSet<_>>();
        assert_eq!(judge(&many(BUDGET)), Ok(()));
        assert!(judge(&many(BUDGET + 1)).unwrap_err().contains("41 crates"));
        assert!(judge(&many(0)).is_err());
        let mut with_tower = many(1);
        with_tower.insert("tower-service v0.3.3".to_owned());
        assert_eq!(judge(&with_tower), Ok(()));
        with_tower.insert("tower v0.5.2".to_owned());
        assert!(judge(&with_tower).unwrap_err().contains("`tower`"));
    }
}
