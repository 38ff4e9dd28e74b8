//! The check of the Alertmanager configuration: the receiver of every alert with amtool, and inhibition and groups on a running
//! Alertmanager.

use std::fs;
use std::process::Command;

use super::names::Names;
use super::output::FOLDER;
use super::programs;
use super::programs::alertmanager::Alertmanager;
use super::programs::alertmanager::Labels;
use super::programs::folder::Folder;
use super::programs::is_installed;
use super::promql;
use super::promql::Purpose;
use super::rules::File;
use super::rules::alerts;
use super::rules::source::Severity;
use crate::workspace_root;

mod grouping;
mod inhibition;

const CONFIG: &str = "alertmanager/alertmanager.yml";

/// The address of the webhooks in the file.
const WEBHOOKS: &str = "127.0.0.1:9099";

/// Checks the configuration. Prints a line and returns if amtool is not installed.
pub(super) fn run(files: &[File], names: &Names) -> Result<(), String> {
    let config = workspace_root().join(FOLDER).join(CONFIG);
    if !is_installed("amtool") {
        println!("skipped the check of the routes: amtool is not installed (Debian package `prometheus-alertmanager`)");
        return Ok(());
    }
    amtool(Command::new("amtool").arg("check-config").arg(&config))?;
    for alert in alerts(files) {
        let labels = [format!("severity={}", alert.severity.as_str()), format!("team={}", alert.team)];
        let mut command = Command::new("amtool");
        command.args(["config", "routes", "test"]).arg(format!("--config.file={}", config.display()));
        command.arg(format!("--verify.receivers={}", receiver(alert.severity, &alert.team))).args(labels);
        amtool(&mut command).map_err(|error| format!("{}: {error}", alert.name))?;
    }
    if Alertmanager::program().is_none() {
        println!("skipped the checks of inhibition and groups: Alertmanager is not installed");
        return Ok(());
    }
    let text = fs::read_to_string(&config).map_err(|error| format!("{}: {error}", config.display()))?;
    let known = labels_of_alerts(files, names)?;
    let folder = Folder::create("alertmanager")?;
    // No webhook listens: the checks ask for states and not for notifications.
    let alertmanager = Alertmanager::start(&folder, &text.replace(WEBHOOKS, &programs::free_address()?))?;
    grouping::check(&alertmanager, &known)?;
    inhibition::check(&alertmanager, &text, &known)
}

/// Returns the labels of each alert: those of its expression and those that its rule adds.
fn labels_of_alerts(files: &[File], names: &Names) -> Result<Vec<Labels>, String> {
    let mut all = Vec::new();
    for alert in alerts(files) {
        let checked = promql::check(&alert.expr, names, Purpose::Alert)?;
        let mut labels: Labels = checked.labels.into_iter().map(|label| (label, "x".to_owned())).collect();
        for (label, value) in
            [("alertname", alert.name.as_str()), ("severity", alert.severity.as_str()), ("team", alert.team.as_str())]
        {
            labels.insert(label.to_owned(), value.to_owned());
        }
        all.push(labels);
    }
    Ok(all)
}

/// Returns the receiver that an alert must reach.
fn receiver(severity: Severity, team: &str) -> String {
    match (severity, team) {
        (Severity::Watchdog, _) => "watchdog".to_owned(),
        (Severity::Page, team) => format!("page-{team}"),
        (Severity::Ticket, "serving") => "tickets".to_owned(),
        (Severity::Ticket, team) => format!("tickets-{team}"),
    }
}

fn amtool(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("amtool: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}
