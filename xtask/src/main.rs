//! `cargo xtask`: commands for developers and CI.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

use std::path::Path;
use std::process::ExitCode;

mod cargo;
mod ci;
mod dependency_budget;
mod generated;
mod metrics_doc;
mod ops;
mod semconv;
mod words;

const USAGE: &str = "\
cargo xtask ci [--skip-tests]      every check that a change must pass
cargo xtask metrics-doc [--check]  docs/metrics.md and semconv/registry/metrics.yaml, from the catalog
cargo xtask semconv [--check]      the names and tables of the conventions, from semconv/
cargo xtask ops [--check]          docs/ops: dashboards, rules and their tests, from the catalog and docs/ops/foreign.toml
cargo xtask ops-live               the queries of the dashboards on a real Prometheus, under load; needs prometheus, promtool
cargo xtask ops-load               the time of the rules for 40 services of 5 replicas on a real Prometheus (9 minutes)
cargo xtask stack [--seconds N]    a service, a collector, Prometheus and Alertmanager on loopback, under load, for 300 s or N s
cargo xtask stack --pages          each paging alert from a fault to a webhook; needs prometheus, prometheus-alertmanager
cargo xtask stack --locust         docs/ops/load/locustfile.py on a service, whose counts must be equal; needs locust
cargo xtask stack --record         the pages of docs/ops/src/pages, from services under faults (two minutes)
cargo xtask ops-grafana            the boards against Grafana's own types and grammars; needs Node.js
cargo xtask ops-crds               the manifests of operators against the types of their resources; needs Node.js
cargo xtask ops-victoria           the rules on VictoriaMetrics by vmalert, compared with Prometheus; needs both
cargo xtask ops-query QUERY        one query of yours: unknown names and labels, and shapes with a wrong result
cargo xtask weight                 the number of crates that llmobs depends on, against its budget
cargo xtask words [PATH]           the language of docs and comments, against its baseline; with PATH all findings there
cargo xtask words --summary        the number of findings by rule and by folder
cargo xtask words --bless          lowers the baseline to the present numbers";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["ci"] => ci::run(false),
        ["ci", "--skip-tests"] => ci::run(true),
        ["metrics-doc"] => metrics_doc::run(false),
        ["metrics-doc", "--check"] => metrics_doc::run(true),
        ["semconv"] => semconv::run(false),
        ["semconv", "--check"] => semconv::run(true),
        ["ops"] => ops::run(false),
        ["ops", "--check"] => ops::run(true),
        ["stack", ref arguments @ ..] => ops::stack::run(arguments),
        ["ops-live"] => ops::live::run(),
        ["ops-load"] => ops::load::run(),
        ["ops-victoria"] => ops::victoria::run(),
        ["ops-grafana"] => ops::grafana::run(),
        ["ops-crds"] => ops::deploy::custom_resources::run(),
        ["ops-query", query] => ops::check_query(query),
        ["weight"] => dependency_budget::run(),
        ["words"] => words::check(),
        ["words", "--summary"] => words::summary(),
        ["words", "--bless"] => words::bless(),
        ["words", path] if !path.starts_with('-') => words::list(path),
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the folder of the workspace.
fn workspace_root() -> &'static Path {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.parent().unwrap_or(manifest_dir)
}
