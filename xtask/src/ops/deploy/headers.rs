//! The rule that each file that a person wrote says what it must hold and how that is checked.

use super::list;
use super::read;
use super::report::Report;

/// The folders whose files an operator copies.
const FOLDERS: [&str; 10] = [
    "alertmanager",
    "collector",
    "compose",
    "kubernetes",
    "load",
    "prometheus",
    "prometheus/remote-write",
    "prometheus/semantics",
    "prometheus/targets",
    "systemd",
];

/// The endings of these files; that of the Dockerfile is its whole name.
const ENDINGS: [&str; 8] = [".csv", ".js", ".py", ".service", ".txt", ".yaml", ".yml", "Dockerfile"];

/// The phrases that each file contains, in any case.
const PHRASES: [&str; 2] = ["must hold", "checked by"];

pub(super) fn check(report: &mut Report) -> Result<(), String> {
    for folder in FOLDERS {
        for file in list(folder, &ENDINGS)? {
            check_text(&file, &read(&file)?, report);
        }
    }
    Ok(())
}

fn check_text(file: &str, text: &str, report: &mut Report) {
    let is_generated = text.lines().next().is_some_and(|line| line.contains("Do not edit"));
    if is_generated {
        return;
    }
    let text = text.to_lowercase();
    for phrase in PHRASES {
        report.require(text.contains(phrase), file, "conditions of a file", &format!("it does not say `{phrase}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_says_what_it_must_hold_and_how_that_is_checked() {
        let mut report = Report::default();
        check(&mut report).unwrap();
        assert_eq!(report.findings(), [""; 0]);
    }

    #[test]
    fn a_file_without_a_condition_or_a_check_is_refused_unless_it_is_generated() {
        let findings = |text: &str| {
            let mut report = Report::default();
            check_text("a.yml", text, &mut report);
            report.findings().len()
        };
        assert_eq!(findings("# Must hold: a. Checked by: b.\nx: 1\n"), 0);
        assert_eq!(findings("# Must hold: a.\nx: 1\n"), 1);
        assert_eq!(findings("x: 1\n"), 2);
        assert_eq!(findings("# Do not edit: generated.\nx: 1\n"), 0);
    }
}
