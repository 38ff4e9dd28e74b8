//! `cargo xtask ops`: generates the files of `docs/ops` from the catalog of metrics and the table of foreign metrics, and
//! checks every query in them.

use self::names::Names;
use self::output::Output;

mod alertmanager;
mod boards;
pub(crate) mod deploy;
mod documents;
pub(crate) mod grafana;
mod history;
pub(crate) mod live;
pub(crate) mod load;
mod names;
pub(crate) mod node;
mod output;
mod programs;
mod promql;
mod promtool;
mod rules;
mod runbooks;
mod scenarios;
mod semantics;
pub(crate) mod stack;
mod troubleshooting;
pub(crate) mod victoria;

/// Writes the files; with `check`, compares them instead and fails with the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let mut names = Names::load()?;
    let rules = rules::read(&mut names)?;
    let scenarios = scenarios::read(&rules, &names)?;
    let mut output = Output::default();
    rules::add(&rules, &mut output)?;
    boards::add(&names, &mut output)?;
    runbooks::add(&rules, &scenarios.outcomes, &mut output)?;
    scenarios::add_roles(&rules, &mut output)?;
    output.write_or_check(check)?;
    deploy::run(&names, check)?;
    troubleshooting::check(&rules, &names)?;
    documents::check(&names)?;
    semantics::check()?;
    alertmanager::run(&rules, &names)?;
    promtool::run(scenarios.files)
}

/// Checks one query, such as that of a board of the reader: a name, a label or a value that no table has, and shapes whose
/// result is wrong.
pub(crate) fn check_query(query: &str) -> Result<(), String> {
    let mut names = Names::load()?;
    // The rules add the names that they record.
    rules::read(&mut names)?;
    promql::check_panel(query, &names).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_of_a_reader_is_checked_with_the_recorded_names() {
        assert_eq!(check_query("max by (job) (llmobs:engine_waiting{job=~\"$job\"})"), Ok(()));
        let misuse = "histogram_quantile(0.95, sum by (job) (rate(llmobs_queue_duration_seconds_bucket[5m])))";
        assert!(check_query(misuse).unwrap_err().contains("needs the label `le`"));
        assert!(check_query("llmobs_operation_active{model=\"m\"}").unwrap_err().contains("no label model"));
    }
}
