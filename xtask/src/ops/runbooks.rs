//! The runbook pages, one for each page name of the alerts, written from the texts of the alerts.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::boards;
use super::boards::board::Board;
use super::output::Output;
use super::rules::File;
use super::rules::alerts;
use super::rules::source::Alert;
use super::rules::source::Severity;
use super::scenarios::Outcome;

mod situations;

const HEADER: &str = "<!-- Do not edit: `cargo xtask ops` writes this page from docs/ops/src/rules. -->\n\n";

/// The first look at a service. `NAME` is replaced by the reader.
const FIRST: &str = "kubectl -n NAMESPACE port-forward deploy/SERVICE 8080:8080\ncurl -s localhost:8080/debug/llmobs";

/// The text that the page `errors` has in addition.
const ERRORS: &str = "\
## When a retry helps

| `error.type` | A retry |
|---|---|
| `overloaded`, `rate_limited` | helps after a pause: use the time of `Retry-After`, or double the pause each time |
| `budget_exceeded` | does not help before the period of the budget ends, which `Retry-After` names |
| `upstream`, `timeout` | helps once, if nothing was sent to the caller yet; better with another backend |
| `shutdown` | helps at once, on another replica |
| `out_of_memory`, `inference` | helps on another replica; the same request fails again if it is too long |
| `internal` | helps rarely: report it |
| `invalid_request`, `authentication`, `content_filter` | never helps |
| `cancelled` | the caller left: nobody waits for the answer |

A stream that has begun cannot be retried without the caller seeing the first part twice.

**More than 1.5 attempts for each operation** mean that most operations fail once. Then the retries are a part of the load
that makes the upstream fail: limit them to one, with a budget of 10 % of the operations.

";

/// Adds the pages, and the list of all alerts.
pub(crate) fn add(files: &[File], outcomes: &[Outcome], output: &mut Output) -> Result<(), String> {
    check_first_commands(files)?;
    let boards = boards::all();
    let mut pages: BTreeMap<String, Vec<&Alert>> = BTreeMap::new();
    for alert in alerts(files) {
        pages.entry(alert.page_name()).or_default().push(alert);
    }
    for (name, alerts) in &pages {
        output.add(&format!("runbooks/{name}.md"), page(name, alerts, &boards, outcomes)?)?;
    }
    output.add("runbooks/README.md", list(files))
}

/// Fails if an alert that reads nothing of llmobs has the command that looks at a service with llmobs.
fn check_first_commands(files: &[File]) -> Result<(), String> {
    let is_own = |series: &String| ["llmobs", "gen_ai_", "hw_"].iter().any(|start| series.starts_with(start));
    let reads_own = |name: &str| files.iter().filter_map(|file| file.reads.get(name)).flatten().any(is_own);
    match alerts(files).find(|alert| alert.first.is_none() && !reads_own(&alert.name)) {
        None => Ok(()),
        Some(alert) => Err(format!("{} is not about a service with llmobs and needs a `first` command", alert.name)),
    }
}

/// Returns the title of the panel and its board. Fails if no board has the panel.
fn panel(alert: &Alert, boards: &[Board]) -> Result<String, String> {
    let found = alert.panel.split_once(": ").and_then(|(uid, title)| {
        let board = boards.iter().find(|board| board.uid == uid)?;
        board.panels().any(|panel| panel.title == title).then_some((board, title))
    });
    match found {
        Some((board, title)) => Ok(format!("\"{title}\" on the board {} (`/d/{}`)", board.title(), board.uid)),
        None => Err(format!("{}: no board has the panel `{}`", alert.name, alert.panel)),
    }
}

fn page(name: &str, alerts: &[&Alert], boards: &[Board], outcomes: &[Outcome]) -> Result<String, String> {
    let mut text = format!(
        "{HEADER}# {}\n\n",
        alerts.first().map_or(name, |alert| if name == "errors" { "Errors" } else { &alert.name })
    );
    for alert in alerts {
        if alerts.len() > 1 {
            let _ = writeln!(text, "## {}\n", alert.name);
        }
        section(&mut text, alert, &panel(alert, boards)?);
        let of_alert: Vec<_> = outcomes.iter().filter(|outcome| outcome.alert == alert.name).collect();
        situations::add(&mut text, &of_alert);
    }
    if name == "errors" {
        text += ERRORS;
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn section(text: &mut String, alert: &Alert, panel: &str) {
    let urgency = match alert.severity {
        Severity::Page => "Pages",
        Severity::Ticket => "Opens a ticket",
        Severity::Watchdog => "Fires always",
    };
    let hold = alert.hold.as_ref().map_or_else(String::new, |hold| format!(", after {hold}"));
    let _ = writeln!(text, "{urgency} for the team {}{hold}. {}\n", alert.team, alert.feel);
    let _ = writeln!(text, "**First command**\n\n```sh\n{}\n```\n", alert.first.as_deref().unwrap_or(FIRST).trim());
    let _ = writeln!(text, "**Panel:** {panel}\n");
    let _ = writeln!(text, "**Query**\n\n```promql\n{}\n```\n", alert.query.trim());
    let _ = writeln!(text, "**Log lines**\n\n```logql\n{}\n```\n", alert.log.trim());
    let _ = writeln!(text, "**Stop the harm.** {}\n", alert.stop);
    let _ = writeln!(text, "**Escalate.** {}\n", alert.escalate);
    let _ = writeln!(text, "**Condition**\n\n```promql\n{}\n```\n", alert.expr.trim());
}

/// Returns the list of all alerts, the ones that page first.
fn list(files: &[File]) -> String {
    let mut text = format!("{HEADER}# Runbooks\n\n| Alert | Severity | Team | Page |\n|---|---|---|---|\n");
    for severity in [Severity::Page, Severity::Ticket, Severity::Watchdog] {
        for alert in alerts(files).filter(|alert| alert.severity == severity) {
            let page = alert.page_name();
            let _ = writeln!(text, "| {} | {} | {} | [{page}]({page}.md) |", alert.name, severity.as_str(), alert.team);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::names::Names;
    use super::super::rules;
    use super::super::scenarios;
    use super::super::scenarios::Scenarios;
    use super::super::scenarios::Situation;
    use super::*;

    fn scenarios() -> (Vec<File>, Scenarios) {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        let scenarios = scenarios::read(&rules, &names).unwrap();
        (rules, scenarios)
    }

    fn pages() -> (Vec<File>, Output) {
        let (rules, scenarios) = scenarios();
        let mut output = Output::default();
        add(&rules, &scenarios.outcomes, &mut output).unwrap();
        (rules, output)
    }

    #[test]
    fn each_alert_has_each_situation_on_its_page_and_in_its_tests() {
        let (rules, scenarios) = scenarios();
        let (_, output) = pages();
        for alert in alerts(&rules) {
            let page = output.text(&format!("runbooks/{}.md", alert.page_name())).unwrap();
            let is_of_alert = |name: &str| name.starts_with(&format!("{}-", alert.name));
            let tests: String =
                scenarios.files.iter().filter(|file| is_of_alert(&file.name)).map(|file| &*file.tests).collect();
            for situation in Situation::ALL {
                let is_it = |one: &&Outcome| one.alert == alert.name && one.situation == situation;
                let outcomes: Vec<_> = scenarios.outcomes.iter().filter(is_it).collect();
                assert!(!outcomes.is_empty(), "{} has no outcome in the situation {}", alert.name, situation.name());
                for outcome in outcomes {
                    assert!(page.contains(&format!("| {} |", outcome.why)), "{outcome:?}");
                    assert!(tests.contains(situation.name()), "{outcome:?}");
                }
            }
        }
    }

    #[test]
    fn each_alert_has_a_page_with_its_condition_and_the_list_names_it() {
        let (rules, output) = pages();
        let list = output.text("runbooks/README.md").unwrap();
        for alert in alerts(&rules) {
            let page = output.text(&format!("runbooks/{}.md", alert.page_name())).unwrap();
            assert!(page.contains(alert.expr.trim()) && page.contains(&alert.feel), "{}", alert.name);
            assert!(list.contains(&format!("| {} |", alert.name)), "{}", alert.name);
        }
    }

    /// Returns the error of the pages after a change of one alert.
    fn error_after(name: &str, change: impl Fn(&mut Alert)) -> String {
        let mut files = rules::read(&mut Names::load().unwrap()).unwrap();
        let mut all = files.iter_mut().flat_map(|file| &mut file.groups).flat_map(|group| &mut group.alerts);
        change(all.find(|alert| alert.name == name).unwrap());
        add(&files, &[], &mut Output::default()).unwrap_err()
    }

    #[test]
    fn a_panel_that_no_board_has_is_refused() {
        for wrong in ["llmobs-engine: Age of the steps", "llmobs-motor: Memory", "engine and GPU"] {
            assert!(error_after("LlmobsEngineHung", |alert| alert.panel = wrong.to_owned()).contains(wrong));
        }
    }

    #[test]
    fn an_alert_about_another_program_has_a_first_command_of_its_own() {
        let error = error_after("LlmobsCollectorLoses", |alert| alert.first = None);
        assert!(error.contains("LlmobsCollectorLoses"), "{error}");
    }

    #[test]
    fn the_page_errors_says_when_a_retry_helps_and_covers_attempts() {
        let (_, output) = pages();
        let page = output.text("runbooks/errors.md").unwrap();
        let parts = ["## When a retry helps", "1.5 attempts", "LlmobsServerErrors", "LlmobsAttemptsPerOperation"];
        assert!(parts.iter().all(|part| page.contains(part)));
        assert!(!output.text("runbooks/engine-hung.md").unwrap().contains("When a retry helps"));
    }
}
