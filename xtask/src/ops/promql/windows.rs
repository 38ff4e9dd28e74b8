//! The periods of the past that a query reads.

use promql_parser::parser::Expr;
use promql_parser::parser::Offset;
use promql_parser::parser::VectorSelector;

use super::parts::children;

/// Seconds for which Prometheus shows the last value of a series.
const LOOKBACK: u64 = 300;

/// A period of the past that a query reads of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) series: String,
    /// The ages of the oldest and of the newest sample, in seconds.
    pub(crate) oldest: u64,
    pub(crate) newest: u64,
}

/// Returns the periods that an expression reads.
pub(super) fn of(expression: &Expr) -> Vec<Window> {
    let mut windows = Vec::new();
    collect(expression, (0, 0), &mut windows);
    windows
}

/// Adds the periods of an expression that is evaluated at each age from `newest` to `oldest`.
fn collect(expression: &Expr, (oldest, newest): (u64, u64), windows: &mut Vec<Window>) {
    let mut add = |selector: &VectorSelector, range: u64| {
        let offset = seconds_of(selector.offset.as_ref());
        if let Some(series) = selector.name.clone() {
            windows.push(Window { series, oldest: oldest + offset + range, newest: newest + offset });
        }
    };
    match expression {
        Expr::VectorSelector(selector) => add(selector, LOOKBACK),
        Expr::MatrixSelector(matrix) => add(&matrix.vs, matrix.range.as_secs()),
        Expr::Subquery(subquery) => {
            let offset = seconds_of(subquery.offset.as_ref());
            let period = (oldest + offset + subquery.range.as_secs(), newest + offset);
            collect(&subquery.expr, period, windows);
        }
        _ => children(expression).into_iter().for_each(|part| collect(part, (oldest, newest), windows)),
    }
}

/// Returns the seconds of an offset. One into the future counts as none.
fn seconds_of(offset: Option<&Offset>) -> u64 {
    match offset {
        Some(Offset::Pos(duration)) => duration.as_secs(),
        Some(Offset::Neg(_)) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use promql_parser::parser;

    use super::*;

    fn windows(query: &str) -> Vec<(String, u64, u64)> {
        of(&parser::parse(query).unwrap()).into_iter().map(|one| (one.series, one.oldest, one.newest)).collect()
    }

    #[test]
    fn ranges_offsets_and_subqueries_add_up() {
        assert_eq!(windows("a > 1"), [("a".to_owned(), 300, 0)]);
        assert_eq!(windows("sum(rate(a[1h] offset 1d))"), [("a".to_owned(), 90_000, 86_400)]);
        assert_eq!(windows("avg_over_time(rate(a[5m])[1h:5m] offset 10m)"), [("a".to_owned(), 4_500, 600)]);
    }

    #[test]
    fn each_selector_has_its_period() {
        let found = windows("a unless b offset 10m");
        assert_eq!(found, [("a".to_owned(), 300, 0), ("b".to_owned(), 900, 600)]);
    }
}
