//! The check of the page `docs/ops/semantics.md`: the tests that it names exist, and each test is named.

use std::collections::BTreeSet;
use std::fs;

use super::output::FOLDER;
use crate::workspace_root;

const PAGE: &str = "semantics.md";

/// The tests, which `promtool` runs.
const TESTS: &str = "prometheus/semantics/semantics.yml";

/// Checks the page.
pub(crate) fn check() -> Result<(), String> {
    check_page(&read(PAGE)?, &read(TESTS)?)
}

fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(workspace_root().join(FOLDER).join(name)).map_err(|error| format!("{FOLDER}/{name}: {error}"))
}

fn check_page(page: &str, tests: &str) -> Result<(), String> {
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let named: BTreeSet<&str> = page.split("Test: *").skip(1).filter_map(|rest| rest.split('*').next()).collect();
    let existing: BTreeSet<&str> = tests.lines().filter_map(|line| line.trim().strip_prefix("- name: ")).collect();
    if let Some(name) = named.difference(&existing).next() {
        return Err(format!("{FOLDER}/{TESTS} has no test `{name}`, which {PAGE} names"));
    }
    match existing.difference(&named).next() {
        None => Ok(()),
        Some(name) => Err(format!("{FOLDER}/{PAGE} does not name the test `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_each_test_and_no_other() {
        let (page, tests) = (read(PAGE).unwrap(), read(TESTS).unwrap());
        assert_eq!(check_page(&page, &tests), Ok(()));
        assert!(tests.matches("- name: ").count() >= 9);
        let other = page.replacen("only the canary sees", "only a canary sees", 1);
        assert!(check_page(&other, &tests).unwrap_err().contains("has no test `only a canary"));
        let more = tests + "  - name: one more\n";
        assert!(check_page(&page, &more).unwrap_err().contains("does not name the test `one more`"));
    }
}
