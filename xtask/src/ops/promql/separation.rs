//! The question whether a query keeps the values of a label apart.

use promql_parser::parser::AggregateExpr;
use promql_parser::parser::BinaryExpr;
use promql_parser::parser::Call;
use promql_parser::parser::Expr;
use promql_parser::parser::LabelModifier;
use promql_parser::parser::VectorSelector;
use promql_parser::parser::value::ValueType;

/// Returns whether each series of the result depends only on series with the same value of the label, and on no certain
/// value of it. A query of which this is not known has the answer no.
pub(super) fn is_by(expression: &Expr, label: &str) -> bool {
    match expression {
        Expr::VectorSelector(selector) => is_free(selector, label),
        Expr::MatrixSelector(matrix) => is_free(&matrix.vs, label),
        Expr::Aggregate(aggregate) => aggregated(aggregate, label),
        Expr::Binary(binary) => combined(binary, label),
        Expr::Call(call) => called(call, label),
        Expr::Unary(unary) => is_by(&unary.expr, label),
        Expr::Paren(paren) => is_by(&paren.expr, label),
        Expr::Subquery(subquery) => is_by(&subquery.expr, label),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => true,
        Expr::Extension(_) => false,
    }
}

fn is_free(selector: &VectorSelector, label: &str) -> bool {
    let matchers = &selector.matchers;
    matchers.or_matchers.is_empty() && matchers.matchers.iter().all(|matcher| matcher.name != label)
}

fn aggregated(aggregate: &AggregateExpr, label: &str) -> bool {
    let keeps = match &aggregate.modifier {
        Some(LabelModifier::Include(by)) => by.labels.iter().any(|one| one == label),
        Some(LabelModifier::Exclude(without)) => without.labels.iter().all(|one| one != label),
        None => false,
    };
    keeps && is_by(&aggregate.expr, label) && aggregate.param.as_deref().is_none_or(|param| is_by(param, label))
}

fn combined(binary: &BinaryExpr, label: &str) -> bool {
    let is_vector = |expression: &Expr| expression.value_type() == ValueType::Vector;
    let modifier = binary.modifier.as_ref();
    let matches_label = match modifier.and_then(|modifier| modifier.matching.as_ref()) {
        _ if !is_vector(&binary.lhs) || !is_vector(&binary.rhs) => true,
        Some(LabelModifier::Include(on)) => on.labels.iter().any(|one| one == label),
        Some(LabelModifier::Exclude(ignoring)) => ignoring.labels.iter().all(|one| one != label),
        None => true,
    };
    matches_label && is_by(&binary.lhs, label) && is_by(&binary.rhs, label)
}

fn called(call: &Call, label: &str) -> bool {
    let is_target = |expression: &&Expr| matches!(expression, Expr::StringLiteral(text) if text.val == label);
    let arguments: Vec<&Expr> = call.args.args.iter().map(AsRef::as_ref).collect();
    let loses = match call.func.name {
        "absent" | "absent_over_time" | "scalar" | "vector" => true,
        "label_replace" | "label_join" => arguments.get(1).is_some_and(is_target),
        _ => false,
    };
    !loses && arguments.into_iter().all(|argument| is_by(argument, label))
}

#[cfg(test)]
mod tests {
    use promql_parser::parser;

    use super::*;

    fn is_by_job(query: &str) -> bool {
        is_by(&parser::parse(query).unwrap(), "job")
    }

    #[test]
    fn queries_that_keep_the_label_everywhere_are_by_it() {
        for query in [
            "up == 0",
            "sum by (job, a) (rate(x[5m])) > 10 * avg_over_time(y[1h])",
            "x > on (job) group_left () max without (instance) (y)",
            "x unless x offset 10m",
            "time() - max by (job) (x)",
            "label_replace(x, \"a\", \"$1\", \"b\", \"(.*)\")",
        ] {
            assert!(is_by_job(query), "{query}");
        }
    }

    #[test]
    fn a_query_that_mixes_or_selects_values_is_not() {
        for query in [
            "sum(x)",
            "sum by (a) (x)",
            "max without (job) (x)",
            "x and on (a) y",
            "x / ignoring (job) y",
            "up{job=~\"a.*\"}",
            "rate(up{job=\"a\"}[5m])",
            "vector(1)",
            "absent(x)",
            "x > scalar(y)",
            "label_replace(x, \"job\", \"$1\", \"b\", \"(.*)\")",
            "max_over_time(sum(x)[1h:1m])",
        ] {
            assert!(!is_by_job(query), "{query}");
        }
    }
}
