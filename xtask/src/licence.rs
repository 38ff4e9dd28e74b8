//! Checks the licence of every crate in the dependency tree against the list in `deny.toml`.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::CargoCommand;
use crate::workspace_root;

pub(crate) fn run() -> Result<(), String> {
    let deny_toml =
        fs::read_to_string(workspace_root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let allowed = parse_allowed(&deny_toml)?;
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
    let tree = CargoCommand::new(&format!("{} {{l}}|{{p}}", tree.join(" "))).output()?;
    let lines: BTreeSet<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    let mut rejected = String::new();
    for line in &lines {
        let (licence, name) = line.split_once('|').ok_or_else(|| format!("cargo tree printed `{line}`"))?;
        let verdict = is_allowed(licence, &allowed).map_err(|error| format!("licence of {name}: {error}"))?;
        if !verdict {
            rejected += &format!("\n  {name}: {licence}");
        }
    }
    if lines.is_empty() || !rejected.is_empty() {
        return Err(format!("licences that deny.toml does not allow:{rejected}"));
    }
    println!("licences: {} lines of the tree, all allowed", lines.len());
    Ok(())
}

/// Returns the strings of `allow = [...]` under `[licenses]`.
fn parse_allowed(deny_toml: &str) -> Result<Vec<String>, String> {
    let section = deny_toml.split("[licenses]").nth(1).and_then(|text| text.split("\n[").next());
    let list = section.and_then(|text| text.split("\nallow = [").nth(1)).and_then(|text| text.split(']').next());
    let list = list.ok_or("deny.toml has no `allow = [...]` under `[licenses]`")?;
    Ok(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Returns whether a user can satisfy the licence expression with allowed licences only. With MIT and ISC allowed: true
/// for `MIT OR GPL-3.0`, false for `MIT AND GPL-3.0`.
fn is_allowed(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().peekable();
    let verdict = parse_or(&mut tokens, allowed)?;
    match tokens.next() {
        None => Ok(verdict),
        Some(token) => Err(format!("unexpected `{token}` in `{expression}`")),
    }
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn parse_or(tokens: &mut Tokens<'_>, allowed: &[String]) -> Result<bool, String> {
    let mut verdict = parse_and(tokens, allowed)?;
    while tokens.next_if_eq(&"OR").is_some() {
        verdict |= parse_and(tokens, allowed)?;
    }
    Ok(verdict)
}

fn parse_and(tokens: &mut Tokens<'_>, allowed: &[String]) -> Result<bool, String> {
    let mut verdict = parse_term(tokens, allowed)?;
    while tokens.next_if_eq(&"AND").is_some() {
        verdict &= parse_term(tokens, allowed)?;
    }
    Ok(verdict)
}

fn parse_term(tokens: &mut Tokens<'_>, allowed: &[String]) -> Result<bool, String> {
    match tokens.next() {
        Some("(") => {
            let verdict = parse_or(tokens, allowed)?;
            tokens.next_if_eq(&")").map(|_| verdict).ok_or_else(|| "a bracket is not closed".to_owned())
        }
        Some(token) if !matches!(token, ")" | "AND" | "OR" | "WITH") => {
            let exception = tokens.next_if_eq(&"WITH").and_then(|_| tokens.next());
            let licence = exception.map_or_else(|| token.to_owned(), |exception| format!("{token} WITH {exception}"));
            Ok(allowed.contains(&licence))
        }
        found => Err(format!("expected a licence, found {found:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits_mit_and_zlib(expression: &str) -> Result<bool, String> {
        is_allowed(expression, &["MIT".to_owned(), "Zlib".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()])
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
    fn a_licence_with_an_exception_is_a_separate_licence() {
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
    fn the_allowed_licences_come_from_the_licenses_section() {
        let deny_toml =
            "[bans]\nallow = [\"x\"]\n[licenses]\n# why\nallow = [\n  \"MIT\",\n  \"Zlib\",\n]\n[sources]\n";
        assert_eq!(parse_allowed(deny_toml).unwrap(), ["MIT", "Zlib"]);
        assert!(parse_allowed("[bans]\nallow = [\"x\"]\n").is_err());
    }
}
