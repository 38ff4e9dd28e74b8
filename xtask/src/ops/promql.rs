//! The check of PromQL queries: the syntax, the names of metrics, labels and label values, and the lint.

use std::collections::BTreeSet;

use promql_parser::parser;

use self::parts::selectors;
use self::windows::Window;
use super::names::Names;

mod labels;
mod lint;
mod parts;
mod separation;
#[cfg(test)]
mod tests;
pub(crate) mod windows;

/// A query that passed the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The labels that the result can have.
    pub(crate) labels: BTreeSet<String>,
    /// The series that the query reads.
    pub(crate) series: BTreeSet<String>,
}

/// The use of a query. An alert has one more rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A panel or a recording rule.
    Query,
    /// The condition of an alert.
    Alert,
}

/// Checks a query.
pub(crate) fn check(query: &str, names: &Names, purpose: Purpose) -> Result<Checked, String> {
    let failed = |error: String| format!("{error}\n  in the query: {query}");
    let expression = parser::parse(query).map_err(failed)?;
    let labels = labels::of(&expression, names).map_err(failed)?;
    lint::check(&expression, names, purpose).map_err(failed)?;
    let series = selectors(&expression).filter_map(|selector| selector.name.clone()).collect();
    Ok(Checked { labels, series })
}

/// Checks the query of a panel, in which Grafana replaces variables such as `$__rate_interval` and `$model`. The value
/// of a label may contain a variable.
pub(crate) fn check_panel(query: &str, names: &Names) -> Result<Checked, String> {
    let intervals = [("$__rate_interval", "5m"), ("$__interval", "1m"), ("$__range", "1h")];
    let query = intervals.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
    check(&query, names, Purpose::Query)
}

/// Returns the periods of the past that a query reads.
pub(crate) fn windows(query: &str) -> Result<Vec<Window>, String> {
    let expression = parser::parse(query).map_err(|error| format!("{error}\n  in the query: {query}"))?;
    Ok(windows::of(&expression))
}

/// Returns whether each series of the result depends only on series with the same value of the label.
pub(crate) fn is_by(query: &str, label: &str) -> bool {
    parser::parse(query).is_ok_and(|expression| separation::is_by(&expression, label))
}
