//! Writes rules as YAML.

use std::fmt::Write;

use super::Alert;
use super::File;
use super::source::Record;

const HEADER: &str = "# Do not edit: `cargo xtask ops` writes this file from docs/ops/src/rules. Every query was checked against the\n\
                      # tables of metrics.\n";

/// Returns the text of the rules whose name `is_needed`.
pub(super) fn write(files: &[File], is_needed: impl Fn(&str) -> bool) -> String {
    let mut text = format!("{HEADER}groups:\n");
    for group in files.iter().flat_map(|file| &file.groups) {
        let records = group.records.iter().filter(|rule| is_needed(&rule.name)).map(record);
        let rules: String =
            records.chain(group.alerts.iter().filter(|rule| is_needed(&rule.name)).map(alert)).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = writeln!(text, "  - name: {}", group.name);
        if let Some(interval) = &group.interval {
            let _ = writeln!(text, "    interval: {interval}");
        }
        let _ = write!(text, "    rules:\n{rules}");
    }
    text
}

fn record(rule: &Record) -> String {
    let mut text = format!("      - record: {}\n        expr: |\n{}", rule.name, block(&rule.expr, 10));
    if !rule.labels.is_empty() {
        text += "        labels:\n";
    }
    for (label, value) in &rule.labels {
        let _ = writeln!(text, "          {label}: {value}");
    }
    text
}

fn alert(rule: &Alert) -> String {
    let mut text = format!("      - alert: {}\n        expr: |\n{}", rule.name, block(&rule.expr, 10));
    if let Some(hold) = &rule.hold {
        let _ = writeln!(text, "        for: {hold}");
    }
    let _ = write!(
        text,
        "        labels:\n          severity: {}\n          team: {}\n        annotations:\n          summary: {}\n          \
         runbook_url: runbooks/{}.md\n",
        rule.severity.as_str(),
        rule.team,
        quoted(&rule.summary),
        rule.page_name(),
    );
    text
}

/// Returns the lines with an indent; empty lines are left out.
fn block(text: &str, indent: usize) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| format!("{:indent$}{}\n", "", line.trim_end())).collect()
}

/// Returns the text as a YAML string in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_quotes_is_one_string() {
        assert_eq!(quoted("it's {{ $value }}"), "'it''s {{ $value }}'");
        assert_eq!(block("a\n\n  b", 2), "  a\n    b\n");
    }
}
