//! The page `docs/ops/roles.md`: for each alert that pages and each role, the recording from which its test is made, or the
//! reason why there is none.

use std::fmt::Write;

use super::super::output::Output;
use super::super::rules::File;
use super::super::rules::alerts;
use super::super::rules::source::Alert;
use super::super::rules::source::Severity;
use super::cases::Case;
use super::cases::Source;
use super::page;

const PAGE: &str = "roles.md";

/// The page up to the rows of its table.
const HEAD: &str = "\
# Alerts that page, by role

Do not edit: `cargo xtask ops` writes this page from `src/tests.toml`.

Each cell names the recordings in `src/pages` from which the tests of the alert are made. Gateways and clients are recorded at
the level core; of a server, the rows above the level core are left out for one of the tests.

| alert | server | gateway | client |
|---|---|---|---|
";

/// The roles, and the beginnings of the names of their recordings. A recording of a server has none of them.
const ROLES: [(&str, &str); 3] = [("server", ""), ("gateway", "gateway-"), ("client", "client-")];

/// Adds the page. Fails if an alert that pages has neither a recording nor a reason in a role, if it has both, or if the
/// recording of a gateway or a client is not at level core.
pub(super) fn add(source: &Source, files: &[File], output: &mut Output) -> Result<(), String> {
    let is_page = |case: &&Case| pages(files).any(|alert| alert.name == case.alert);
    for case in source.case.iter().filter(is_page) {
        let Some(name) = &case.page else { continue };
        if role_of(name) != "server" {
            check_level(name)?;
        }
    }
    let mut text = String::from(HEAD);
    for alert in pages(files) {
        let _ = write!(text, "| {} |", alert.name);
        for (role, _) in ROLES {
            let _ = write!(text, " {} |", cell(source, &alert.name, role)?);
        }
        text.push('\n');
    }
    output.add(PAGE, text)
}

/// Returns the alerts that page.
fn pages(files: &[File]) -> impl Iterator<Item = &Alert> {
    alerts(files).filter(|alert| alert.severity == Severity::Page)
}

/// Returns the cell of an alert and a role.
fn cell(source: &Source, alert: &str, role: &str) -> Result<String, String> {
    let is_recorded = |case: &&Case| case.alert == alert && !case.silent.contains_key("level core");
    let pages = source.case.iter().filter(is_recorded).filter_map(|case| case.page.as_deref());
    let mut pages: Vec<_> = pages.filter(|name| role_of(name) == role).map(|name| format!("`{name}`")).collect();
    pages.dedup();
    let reason = source.unrecorded.iter().find(|one| one.alert == alert && one.role == role);
    match reason {
        None if pages.is_empty() => Err(format!("{alert} has neither a recording nor a reason in the role {role}")),
        Some(_) if !pages.is_empty() => Err(format!("{alert} has a recording and a reason in the role {role}")),
        Some(one) => Ok(one.reason.clone()),
        None => Ok(pages.join(", ")),
    }
}

/// Returns the role of a recording.
fn role_of(name: &str) -> &'static str {
    let found = ROLES.into_iter().rev().find(|(_, start)| name.starts_with(start));
    found.map_or("server", |(role, _)| role)
}

fn check_level(name: &str) -> Result<(), String> {
    let samples = page::samples(&format!("{name}.before"))?;
    let is_core = |(selector, _): &(String, f64)| {
        selector.starts_with("llmobs_build_info{") && selector.contains("llmobs_build_level=\"core\"")
    };
    if samples.iter().any(is_core) { Ok(()) } else { Err(format!("the recording {name} is not at the level core")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(unrecorded: &str) -> Source {
        let text = format!(
            "quiet = []\n{unrecorded}\n[[case]]\nalert = \"A\"\npage = \"gateway-of-x\"\nonset = 1\nat = 2\n[[case]]\nalert = \
             \"A\"\nwritten = \"r\"\nonset = 1\nat = 2\n"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn each_role_needs_a_recording_or_a_reason_and_not_both() {
        let none = source("unrecorded = []");
        assert_eq!(cell(&none, "A", "gateway"), Ok("`gateway-of-x`".to_owned()));
        assert!(cell(&none, "A", "client").unwrap_err().contains("neither"));
        let reason =
            |role: &str| source(&format!("unrecorded = [{{ alert = \"A\", role = \"{role}\", reason = \"why\" }}]"));
        assert_eq!(cell(&reason("client"), "A", "client"), Ok("why".to_owned()));
        assert!(cell(&reason("gateway"), "A", "gateway").unwrap_err().contains("a recording and a reason"));
    }

    #[test]
    fn the_role_is_the_beginning_of_the_name() {
        assert_eq!(["gateway-of-x", "client-down", "gpu-lost"].map(role_of), ["gateway", "client", "server"]);
    }
}
