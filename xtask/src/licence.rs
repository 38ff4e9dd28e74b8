//! Checks the licence of every crate in the dependency tree against the list in `deny.toml`.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::Cargo;
use crate::root;

pub(crate) fn run() -> Result<(), String> {
    let settings = fs::read_to_string(root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let allowed = allowed(&settings)?;
    let tree = [
        "tree",
        "--workspace",
        "--all-features",
        "--edges",
        "normal,build",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
    ];
    // `{l}|{p}`: a licence expression contains spaces, so the separator is `|`.
    let tree = Cargo::new(&format!("{} {{l}}|{{p}}", tree.join(" "))).output()?;
    let lines: BTreeSet<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    let mut refused = String::new();
    for line in &lines {
        let (licence, name) = line.split_once('|').ok_or_else(|| format!("cargo tree printed `{line}`"))?;
        let verdict = permits(licence, &allowed).map_err(|error| format!("licence of {name}: {error}"))?;
        if !verdict {
            refused += &format!("\n  {name}: {licence}");
        }
    }
    if lines.is_empty() || !refused.is_empty() {
        return Err(format!("licences that deny.toml does not allow:{refused}"));
    }
    println!("licences: {} lines of the tree, all allowed", lines.len());
    Ok(())
}

/// Returns the strings of `allow = [...]` under `[licenses]`.
fn allowed(settings: &str) -> Result<Vec<String>, String> {
    let section = settings.split("[licenses]").nth(1).and_then(|text| text.split("\n[").next());
    let list = section.and_then(|text| text.split("\nallow = [").nth(1)).and_then(|text| text.split(']').next());
    let list = list.ok_or("deny.toml has no `allow = [...]` under `[licenses]`")?;
    Ok(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Returns whether a user can satisfy the licence expression with allowed licences only. With MIT and ISC allowed: true
/// for `MIT OR GPL-3.0`, false for `MIT AND GPL-3.0`.
fn permits(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let verdict = either(&mut words, allowed)?;
    match words.next() {
        None => Ok(verdict),
        Some(word) => Err(format!("`{word}` is out of place in `{expression}`")),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[String]) -> Result<bool, String> {
    let mut verdict = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        verdict |= all(words, allowed)?;
    }
    Ok(verdict)
}

fn all(words: &mut Words<'_>, allowed: &[String]) -> Result<bool, String> {
    let mut verdict = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        verdict &= one(words, allowed)?;
    }
    Ok(verdict)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Result<bool, String> {
    match words.next() {
        Some("(") => {
            let verdict = either(words, allowed)?;
            words.next_if_eq(&")").map(|_| verdict).ok_or_else(|| "a bracket does not close".to_owned())
        }
        Some(word) if !matches!(word, ")" | "AND" | "OR" | "WITH") => {
            let exception = words.next_if_eq(&"WITH").and_then(|_| words.next());
            let licence = exception.map_or_else(|| word.to_owned(), |exception| format!("{word} WITH {exception}"));
            Ok(allowed.contains(&licence))
        }
        found => Err(format!("a licence is wanted where {found:?} stands")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits_mit_and_zlib(expression: &str) -> Result<bool, String> {
        permits(expression, &["MIT".to_owned(), "Zlib".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()])
    }

    #[test]
    fn one_side_of_or_suffices_and_both_sides_of_and_are_needed() {
        assert_eq!(permits_mit_and_zlib("MIT OR GPL-3.0"), Ok(true));
        assert_eq!(permits_mit_and_zlib("GPL-3.0/MIT"), Ok(true));
        assert_eq!(permits_mit_and_zlib("MIT AND GPL-3.0"), Ok(false));
        assert_eq!(permits_mit_and_zlib("MIT AND (GPL-3.0 OR Zlib)"), Ok(true));
        assert_eq!(permits_mit_and_zlib("GPL-3.0 OR MIT AND BSD-3-Clause"), Ok(false));
    }

    #[test]
    fn an_exception_is_a_licence_of_its_own() {
        assert_eq!(permits_mit_and_zlib("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(permits_mit_and_zlib("Apache-2.0"), Ok(false));
    }

    #[test]
    fn a_missing_or_broken_expression_is_an_error() {
        for broken in ["", "MIT OR", "(MIT", "MIT Zlib", "MIT)"] {
            assert!(permits_mit_and_zlib(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn the_list_is_read_from_the_section_of_licences() {
        let settings = "[bans]\nallow = [\"x\"]\n[licenses]\n# why\nallow = [\n  \"MIT\",\n  \"Zlib\",\n]\n[sources]\n";
        assert_eq!(allowed(settings).unwrap(), ["MIT", "Zlib"]);
        assert!(allowed("[bans]\nallow = [\"x\"]\n").is_err());
    }
}
