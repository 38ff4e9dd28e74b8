//! The check of the page `docs/ops/troubleshooting.md`: each step names what finds the fault and the test that causes it, and
//! all of these exist.

use std::fs;
use std::path::Path;

use super::names::Names;
use super::output::FOLDER;
use super::promql;
use super::promql::Purpose;
use super::rules::File;
use super::rules::alerts;
use crate::workspace_root;

const PAGE: &str = "docs/ops/troubleshooting.md";

/// The tests of the queries of the page, which `promtool` runs.
const QUERY_TESTS: &str = "prometheus/semantics/troubleshooting.yml";

/// The steps of the article that this project grew from.
const STEPS: [&str; 7] = [
    "Ingestion health",
    "Schema mismatch",
    "Cardinality",
    "Histogram misuse",
    "Sampling gaps",
    "Span metrics",
    "GPU metrics are absent",
];

/// The paragraphs of a step.
const PARTS: [&str; 4] = ["**Symptom.**", "**Found by.**", "**Tests.**", "**Mend.**"];

/// Checks the page.
pub(crate) fn check(files: &[File], names: &Names) -> Result<(), String> {
    let root = workspace_root();
    let page = fs::read_to_string(root.join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    let tests = root.join(FOLDER).join(QUERY_TESTS);
    let tests = fs::read_to_string(tests).map_err(|error| format!("{QUERY_TESTS}: {error}"))?;
    check_page(&page, &tests, files, names, root).map_err(|error| format!("{PAGE}: {error}"))
}

fn check_page(page: &str, query_tests: &str, files: &[File], names: &Names, root: &Path) -> Result<(), String> {
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let titles: Vec<&str> = sections.iter().filter_map(|section| section.lines().next()).collect();
    if titles != STEPS {
        return Err(format!("the sections are {titles:?}, not {STEPS:?}"));
    }
    for (title, section) in titles.iter().zip(&sections) {
        check_section(section, query_tests, files, names, root).map_err(|error| format!("{title}: {error}"))?;
    }
    Ok(())
}

fn check_section(section: &str, query_tests: &str, files: &[File], names: &Names, root: &Path) -> Result<(), String> {
    if let Some(part) = PARTS.iter().find(|part| !section.contains(**part)) {
        return Err(format!("the paragraph {part} is missing"));
    }
    let mut tests = 0;
    for code in section.split('`').skip(1).step_by(2) {
        let is_alert = code.starts_with("Llmobs") && code.chars().all(char::is_alphanumeric);
        if is_alert && !alerts(files).any(|alert| alert.name == code) {
            return Err(format!("no alert is named {code}"));
        }
        let is_file = |file: &str| [".rs", ".toml", ".yml"].iter().any(|end| file.ends_with(end));
        if let Some((file, test)) = code.split_once("::").filter(|(file, _)| is_file(file)) {
            check_test(file, test, root)?;
            tests += 1;
        }
    }
    if tests == 0 {
        return Err("no test causes the fault".to_owned());
    }
    for block in section.split("```promql\n").skip(1) {
        let query = block.split("```").next().unwrap_or_default().trim();
        promql::check(query, names, Purpose::Query)?;
        // A query over several lines is a block (`expr: |`).
        let tested = one_line(query_tests).replace("expr: | ", "expr: ");
        if !tested.contains(&format!("expr: {} eval_time:", one_line(query))) {
            return Err(format!("{QUERY_TESTS} does not test the query: {query}"));
        }
    }
    Ok(())
}

/// Verifies that a file has a test: a function in Rust, a case for an alert or an engine in TOML, a name in YAML.
fn check_test(file: &str, test: &str, root: &Path) -> Result<(), String> {
    let text = fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
    let lines = match file.rsplit_once('.') {
        Some((_, "rs")) => vec![format!("fn {test}()")],
        Some((_, "toml")) => vec![format!("alert = \"{test}\"\n"), format!("name = \"{test}\"\n")],
        _ => vec![format!("- name: {test}\n")],
    };
    if lines.iter().any(|line| text.contains(line)) { Ok(()) } else { Err(format!("{file} has no test named {test}")) }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::rules;
    use super::*;

    /// Returns the error of the check after a part of the page was replaced.
    #[track_caller]
    fn error_after(from: &str, to: &str) -> String {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        let page = fs::read_to_string(workspace_root().join(PAGE)).unwrap();
        assert!(page.contains(from), "the page does not contain {from:?}");
        let tests = fs::read_to_string(workspace_root().join(FOLDER).join(QUERY_TESTS)).unwrap();
        check_page(&page.replacen(from, to, 1), &tests, &rules, &names, workspace_root()).unwrap_err()
    }

    #[test]
    fn the_page_names_alerts_queries_and_tests_that_exist() {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        assert_eq!(check(&rules, &names), Ok(()));
    }

    #[test]
    fn a_page_with_a_missing_step_alert_test_or_query_is_refused() {
        assert!(error_after("## Cardinality", "## Series").contains("the sections are"));
        assert!(error_after("**Mend.**", "**Fix.**").contains("**Mend.**"));
        assert!(
            error_after("`LlmobsNamesDiffer`", "`LlmobsNamesDifer`").contains("no alert is named LlmobsNamesDifer")
        );
        assert!(error_after("rs::an_unknown_metric_is", "rs::an_unknown_metric_was").contains("no test named"));
        assert!(error_after("toml::LlmobsExportStale", "toml::LlmobsExportLate").contains("no test named"));
        assert!(error_after("(llmobs_build_info)\n", "(llmobs_build_inf)\n").contains("similar"));
        assert!(error_after("(llmobs_build_info)\n", "(llmobs_build_info) > 1\n").contains("does not test the query"));
    }
}
