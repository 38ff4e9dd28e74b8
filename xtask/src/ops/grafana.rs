//! `cargo xtask ops-grafana`: checks the boards against Grafana's own types, and the queries of logs and traces, of boards and
//! of runbooks, against its own grammars. Needs Node.js and the packages of [`node`].

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::boards;
use super::names::Names;
use super::node;
use super::output;
use super::rules;
use super::rules::source::Alert;
use crate::workspace_root;

const SCRIPT: &str = include_str!("boards/validate.mjs");
const TYPES: &str = include_str!("boards/grafana_types.ts");

/// Runs the check.
pub(crate) fn run() -> Result<(), String> {
    let folder = prepare()?;
    let boards = workspace_root().join(output::FOLDER).join(boards::FOLDER);
    validate(&folder, &boards)?;
    break_a_board(&folder, &boards)
}

/// Installs the packages and writes the script, its types and the queries.
fn prepare() -> Result<PathBuf, String> {
    let folder = node::install()?;
    let queries = [boards::log_and_trace_queries(), runbook_queries()?].concat();
    let queries = serde_json::to_string(&queries).map_err(|error| error.to_string())?;
    for (name, text) in [("validate.mjs", SCRIPT), ("grafana_types.ts", TYPES), ("queries.json", &queries)] {
        fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(folder)
}

/// Returns the queries of log lines of the runbooks, as those of the boards.
fn runbook_queries() -> Result<Vec<Value>, String> {
    let files = rules::read(&mut Names::load()?)?;
    let query = |alert: &Alert| {
        let query = boards::query::substitute(alert.log.trim(), "1m", &[]);
        serde_json::json!({ "language": "logql", "place": alert.name, "query": query })
    };
    Ok(rules::alerts(&files).map(query).collect())
}

fn validate(folder: &Path, boards: &Path) -> Result<(), String> {
    let mut node = Command::new("node");
    node.arg("validate.mjs").arg(boards).arg("queries.json").current_dir(folder);
    succeed(&mut node, "the check against Grafana's types")
}

/// Verifies that the check finds a mistake: a board with a member that Grafana does not know must fail.
fn break_a_board(folder: &Path, boards: &Path) -> Result<(), String> {
    let broken = folder.join("broken");
    fs::create_dir_all(&broken).map_err(|error| error.to_string())?;
    let name = "llmobs-service.json";
    let text = fs::read_to_string(boards.join(name)).map_err(|error| format!("{name}: {error}"))?;
    let wrong = text.replacen("\"graphMode\"", "\"grafMode\"", 1);
    fs::write(broken.join(name), wrong).map_err(|error| error.to_string())?;
    let mut node = Command::new("node");
    node.arg("validate.mjs").arg(&broken).arg("queries.json").current_dir(folder);
    let output = node.output().map_err(|error| format!("node: {error}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !errors.contains("grafMode") {
        return Err(format!("a wrong member of a board was not found: {errors}"));
    }
    Ok(())
}

fn succeed(command: &mut Command, what: &str) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{what}: {error}"))?;
    status.success().then_some(()).ok_or_else(|| format!("{what} failed"))
}
