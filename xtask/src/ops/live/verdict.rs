//! The verdict on each panel: its queries run, at least one of its series is not zero, and one changes.

use std::collections::BTreeMap;
use std::thread;

use serde_json::Value;

use super::exceptions::EXCEPTIONS;
use crate::ops::boards::article_queries::ARTICLE_QUERIES;
use crate::ops::boards::board::Board;
use crate::ops::boards::panel::Load;
use crate::ops::boards::panel::Panel;
use crate::ops::boards::query::substitute;
use crate::ops::programs::prometheus::Prometheus;

/// The largest share of panels on the list of exceptions.
const MOST_EXCEPTIONS: usize = 20;

/// The periods of the loads, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods {
    pub(super) live: (u64, u64),
    pub(super) history: (u64, u64),
}

/// The result of a panel.
#[derive(Debug, Default)]
struct Seen {
    /// The queries without any value.
    empty: Vec<String>,
    is_not_zero: bool,
    moves: bool,
}

/// Runs the queries of all panels. Fails with the list of the panels that do not show their load.
pub(super) fn check(boards: &[Board], prometheus: &Prometheus, periods: Periods) -> Result<(), String> {
    let mut failures = check_exceptions(boards);
    failures.extend(check_exemplars(boards, prometheus, periods.live)?);
    let panels: Vec<_> = boards
        .iter()
        .flat_map(|board| board.panels().map(move |panel| (board, panel)))
        .filter(|(_, panel)| panel.load != Load::None)
        .collect();
    // Two queries at a time: Prometheus has as many cores.
    let halves = panels.split_at(panels.len() / 2);
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| halves.0.iter().map(|panel| look(panel, prometheus, periods)).collect::<Vec<_>>());
        let second: Vec<_> = halves.1.iter().map(|panel| look(panel, prometheus, periods)).collect();
        (first.join().unwrap_or_default(), second)
    });
    let results: Vec<_> = first.into_iter().chain(second).collect();
    if results.len() != panels.len() {
        return Err(format!("only {} of {} panels were looked at", results.len(), panels.len()));
    }
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut queries = 0;
    for ((board, panel), seen) in panels.iter().zip(results) {
        queries += panel.targets.len();
        let reason = if let Load::Synthetic(absent) = panel.load { absent.reason() } else { "runs here" };
        *counts.entry((format!("{:?}", panel.load), reason)).or_default() += 1;
        if let Some(fault) = fault(board, panel, seen) {
            failures.push(format!("{}, {} ({:?}): {fault}", board.uid, panel.title, panel.load));
        }
    }
    println!("{} panels, {queries} queries, {} exceptions", panels.len(), EXCEPTIONS.len());
    for ((load, reason), count) in counts {
        println!("{count:>5} {load}: {reason}");
    }
    for article in ARTICLE_QUERIES {
        let place = format!("{}, {} (", article.board, article.panel);
        let result = if failures.iter().any(|failure| failure.starts_with(&place)) { "FAILED" } else { "ok" };
        println!("query of the articles, {}: {result}", article.name);
    }
    if failures.is_empty() { Ok(()) } else { Err(format!("{} failures:\n{}", failures.len(), failures.join("\n"))) }
}

/// Returns what is wrong with a panel.
fn fault(board: &Board, panel: &Panel, seen: Result<Seen, String>) -> Option<String> {
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => return Some(error),
    };
    if let Some(query) = seen.empty.first() {
        return Some(format!("no value of {query}"));
    }
    let is_exception = EXCEPTIONS.iter().any(|(uid, title, _)| *uid == board.uid && *title == panel.title);
    match (seen.is_not_zero, seen.moves) {
        (false, _) => Some("all values are zero".to_owned()),
        (true, false) if !is_exception => Some("no value changes".to_owned()),
        (true, true) if is_exception => Some("it changes, so it is no exception".to_owned()),
        _ => None,
    }
}

/// Runs the queries of a panel in the period of its load. A query without any value there must have one in the period of
/// the history: the example service records no cost.
fn look((board, panel): &(&Board, &Panel), prometheus: &Prometheus, periods: Periods) -> Result<Seen, String> {
    let live = ("axum-chat", "8s", periods.live, 1);
    let history = ("chat|gateway", "1m", periods.history, 60);
    // A panel of all kinds of engines with the load of the history must show the engine of llmobs.
    let engine_job = if panel.load == Load::History { "chat|gateway" } else { ".*" };
    let places = if panel.load == Load::Live { vec![live, history] } else { vec![history] };
    let mut seen = Seen::default();
    for target in &panel.targets {
        // A variable with one value is compared with `=`; for the test of both services it becomes a pattern.
        let query = board.with_texts(&target.query).replace("job=\"$job\"", "job=~\"$job\"");
        let mut values = Vec::new();
        for (job, interval, period, step) in &places {
            let query = substitute(&query, interval, &[("job", job), ("engine_job", engine_job)]);
            values = prometheus.query(&query, *period, *step)?.iter().map(points).collect();
            values.retain(|points: &Vec<f64>| !points.is_empty());
            if !values.is_empty() {
                break;
            }
        }
        if values.is_empty() {
            seen.empty.push(query);
        }
        for points in &values {
            let low = points.iter().copied().fold(f64::INFINITY, f64::min);
            let high = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            seen.is_not_zero |= low.abs().max(high.abs()) > 1e-9;
            seen.moves |= high - low > 1e-9;
        }
    }
    Ok(seen)
}

/// Returns the values of a series that are numbers.
pub(super) fn points(series: &Value) -> Vec<f64> {
    let values = series["values"].as_array().into_iter().flatten();
    values.filter_map(|point| point[1].as_str()?.parse().ok()).filter(|value: &f64| value.is_finite()).collect()
}

/// The heat maps whose histograms have exemplars: those of the times of whole operations.
const WITH_EXEMPLARS: [&str; 2] = ["Time to first token, distribution", "Duration of operations, distribution"];

/// Verifies that these heat maps have exemplars with the ids of traces.
fn check_exemplars(boards: &[Board], prometheus: &Prometheus, period: (u64, u64)) -> Result<Vec<String>, String> {
    let mut failures = Vec::new();
    let mut count = 0;
    let panels = boards.iter().flat_map(Board::panels);
    for panel in panels.filter(|panel| WITH_EXEMPLARS.contains(&panel.title)) {
        let query = panel.targets.first().map(|target| substitute(&target.query, "8s", &[("job", "axum-chat")]));
        let ids = prometheus.trace_ids(&query.unwrap_or_default(), period)?;
        count += ids.len();
        if !ids.iter().any(|id| id.len() == 32) {
            failures.push(format!("the heat map `{}` has no exemplars", panel.title));
        }
    }
    println!("{count} exemplars of heat maps");
    Ok(failures)
}

/// Verifies that the exceptions name panels, that no tile is among them, and that they are few.
fn check_exceptions(boards: &[Board]) -> Vec<String> {
    let mut failures = Vec::new();
    for (uid, title, reason) in EXCEPTIONS {
        let board = boards.iter().find(|board| board.uid == *uid);
        match board.and_then(|board| board.panels().find(|panel| panel.title == *title)) {
            None => failures.push(format!("the exception `{title}` of {uid} is no panel")),
            Some(panel) if panel.is_tile() => {
                failures.push(format!("the exception `{title}` of {uid} is a tile: {reason}"))
            }
            Some(_) => {}
        }
    }
    let panels: usize = boards.iter().map(|board| board.panels().count()).sum();
    if EXCEPTIONS.len() * MOST_EXCEPTIONS > panels {
        failures.push(format!("{} of {panels} panels are exceptions", EXCEPTIONS.len()));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::boards;

    #[test]
    fn the_exceptions_are_few_and_no_tiles() {
        assert_eq!(check_exceptions(&boards::all()), Vec::<String>::new());
    }

    #[test]
    fn an_empty_a_zero_and_a_constant_panel_are_faults() {
        let boards = boards::all();
        let panel = boards[0].panels().next().unwrap();
        let judge = |seen| fault(&boards[0], panel, Ok(seen));
        assert!(
            judge(Seen { empty: vec!["x".to_owned()], is_not_zero: true, moves: true })
                .unwrap()
                .contains("no value of")
        );
        assert!(judge(Seen { is_not_zero: false, moves: true, ..Seen::default() }).unwrap().contains("zero"));
        assert!(judge(Seen { is_not_zero: true, moves: false, ..Seen::default() }).unwrap().contains("changes"));
        assert_eq!(judge(Seen { is_not_zero: true, moves: true, ..Seen::default() }), None);
    }
}
