//! The parts of an expression.

use promql_parser::parser::Expr;
use promql_parser::parser::VectorSelector;

/// Returns the direct parts of an expression.
pub(super) fn children(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Aggregate(aggregate) => aggregate.param.as_deref().into_iter().chain([aggregate.expr.as_ref()]).collect(),
        Expr::Unary(unary) => vec![&unary.expr],
        Expr::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        Expr::Paren(paren) => vec![&paren.expr],
        Expr::Subquery(subquery) => vec![&subquery.expr],
        Expr::Call(call) => call.args.args.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    }
}

/// Returns the expression and all its parts.
pub(super) fn all_parts(expression: &Expr) -> Vec<&Expr> {
    let parts = children(expression).into_iter().flat_map(all_parts);
    [expression].into_iter().chain(parts).collect()
}

/// Returns the selectors of an expression.
pub(super) fn selectors(expression: &Expr) -> impl Iterator<Item = &VectorSelector> {
    all_parts(expression).into_iter().filter_map(|part| match part {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    })
}
