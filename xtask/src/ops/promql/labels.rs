//! The labels of the result of an expression, and the check that each name, label and label value is known.

use std::collections::BTreeSet;

use promql_parser::label::MatchOp;
use promql_parser::label::Matcher;
use promql_parser::parser::AggregateExpr;
use promql_parser::parser::BinaryExpr;
use promql_parser::parser::Call;
use promql_parser::parser::Expr;
use promql_parser::parser::LabelModifier;
use promql_parser::parser::VectorMatchCardinality;
use promql_parser::parser::VectorSelector;
use promql_parser::parser::value::ValueType;

use crate::ops::names::Metric;
use crate::ops::names::Names;

type Labels = BTreeSet<String>;

/// Returns the labels that the result can have. Fails if a metric, a label or the value of a label is not in the tables.
pub(super) fn of(expression: &Expr, names: &Names) -> Result<Labels, String> {
    match expression {
        Expr::Aggregate(aggregate) => aggregated(aggregate, names),
        Expr::Binary(binary) => combined(binary, names),
        Expr::Call(call) => called(call, names),
        Expr::Unary(unary) => of(&unary.expr, names),
        Expr::Paren(paren) => of(&paren.expr, names),
        Expr::Subquery(subquery) => of(&subquery.expr, names),
        Expr::VectorSelector(selector) => selected(selector, names),
        Expr::MatrixSelector(matrix) => selected(&matrix.vs, names),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Ok(Labels::new()),
    }
}

fn selected(selector: &VectorSelector, names: &Names) -> Result<Labels, String> {
    let matchers = &selector.matchers;
    if !matchers.or_matchers.is_empty() {
        return Err("a selector with `or` is not in Prometheus".to_owned());
    }
    let metrics: Vec<&Metric> = match &selector.name {
        Some(name) => vec![names.get(name).ok_or_else(|| unknown(name, names))?],
        None => by_pattern(&matchers.matchers, names)?,
    };
    for matcher in matchers.matchers.iter().filter(|matcher| matcher.name != "__name__") {
        for metric in &metrics {
            check_matcher(matcher, metric)?;
        }
    }
    Ok(metrics.iter().flat_map(|metric| metric.labels.keys().cloned()).collect())
}

fn unknown(name: &str, names: &Names) -> String {
    match names.similar(name)[..] {
        [] => format!("no table contains the metric {name}"),
        ref similar => format!("no table contains the metric {name}; similar: {}", similar.join(", ")),
    }
}

/// Returns the metrics whose name matches a pattern such as `{__name__=~"a|b"}`. Each alternative must match one.
fn by_pattern<'a>(matchers: &[Matcher], names: &'a Names) -> Result<Vec<&'a Metric>, String> {
    let Some(pattern) = matchers.iter().find(|matcher| matcher.name == "__name__") else {
        return Err("a selector needs the name of a metric".to_owned());
    };
    let found: Vec<_> =
        names.series().filter(|name| pattern.is_match(name)).filter_map(|name| names.get(name)).collect();
    if found.is_empty() {
        return Err(format!("no table contains a metric with the name {}", pattern.value));
    }
    Ok(found)
}

fn check_matcher(matcher: &Matcher, metric: &Metric) -> Result<(), String> {
    let Some(values) = metric.labels.get(&matcher.name) else {
        return Err(format!("{} has no label {}", metric.name, matcher.name));
    };
    // Grafana replaces a variable before the query is run.
    let Some(values) = values.as_ref().filter(|_| !matcher.value.contains('$')) else { return Ok(()) };
    let wrong = match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => (!values.contains(&matcher.value)).then(|| matcher.value.clone()),
        MatchOp::Re(_) | MatchOp::NotRe(_) => unmatched_alternative(&matcher.value, values),
    };
    match wrong {
        None => Ok(()),
        Some(wrong) => Err(format!("the label {} of {} has no value `{wrong}`", matcher.name, metric.name)),
    }
}

/// Returns the first alternative of a pattern such as `a|b` that is not a value. Other patterns, such as `.+`, are
/// accepted.
fn unmatched_alternative(pattern: &str, values: &[String]) -> Option<String> {
    let is_word = |part: &str| part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let mut alternatives = pattern.split('|').filter(|part| is_word(part));
    alternatives.find(|part| !values.iter().any(|value| value == part)).map(str::to_owned)
}

fn aggregated(aggregate: &AggregateExpr, names: &Names) -> Result<Labels, String> {
    let inner = of(&aggregate.expr, names)?;
    let keeps_all = matches!(aggregate.op.to_string().as_str(), "topk" | "bottomk");
    match &aggregate.modifier {
        Some(LabelModifier::Include(by)) => {
            require(&by.labels, &inner, "by")?;
            Ok(if keeps_all { inner } else { by.labels.iter().cloned().collect() })
        }
        Some(LabelModifier::Exclude(without)) => {
            require(&without.labels, &inner, "without")?;
            let without = &without.labels;
            Ok(if keeps_all { inner } else { inner.into_iter().filter(|label| !without.contains(label)).collect() })
        }
        None => Ok(if keeps_all { inner } else { Labels::new() }),
    }
}

fn require(labels: &[String], available: &Labels, word: &str) -> Result<(), String> {
    match labels.iter().find(|label| !available.contains(*label)) {
        None => Ok(()),
        Some(label) => Err(format!("`{word} ({label})` names a label that the expression does not have")),
    }
}

fn combined(binary: &BinaryExpr, names: &Names) -> Result<Labels, String> {
    let (left, right) = (of(&binary.lhs, names)?, of(&binary.rhs, names)?);
    let is_scalar = |expression: &Expr| expression.value_type() == ValueType::Scalar;
    if is_scalar(&binary.lhs) {
        return Ok(right);
    }
    if is_scalar(&binary.rhs) {
        return Ok(left);
    }
    let operator = binary.op.to_string();
    let modifier = binary.modifier.as_ref();
    let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
    if let Some(matching) = matching {
        let labels = &matching.labels().labels;
        // A label that only one side has matches nothing, unless it is ignored.
        let both = if matching.is_include() { &left & &right } else { &left | &right };
        require(labels, &both, if matching.is_include() { "on" } else { "ignoring" })?;
    }
    if matching.is_none() && !matches!(operator.as_str(), "or") && left != right {
        return Err(format!("the sides of `{operator}` have different labels: {left:?} and {right:?}; use `on`"));
    }
    let included = modifier.and_then(|modifier| modifier.card.labels()).map(|labels| labels.labels.clone());
    let included: Labels = included.into_iter().flatten().collect();
    Ok(match modifier.map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToOne(_)) => &left | &included,
        Some(VectorMatchCardinality::OneToMany(_)) => &right | &included,
        _ if operator == "or" => &left | &right,
        _ if matches!(operator.as_str(), "and" | "unless") => left,
        _ => match matching {
            Some(LabelModifier::Include(on)) => on.labels.iter().cloned().collect(),
            Some(LabelModifier::Exclude(ignoring)) => {
                left.into_iter().filter(|label| !ignoring.labels.contains(label)).collect()
            }
            None => left,
        },
    })
}

fn called(call: &Call, names: &Names) -> Result<Labels, String> {
    let arguments: Vec<&Expr> = call.args.args.iter().map(AsRef::as_ref).collect();
    let mut labels = Labels::new();
    for argument in &arguments {
        labels.extend(of(argument, names)?);
    }
    let text = |index: usize| match arguments.get(index) {
        Some(Expr::StringLiteral(literal)) => Some(literal.val.clone()),
        _ => None,
    };
    match call.func.name {
        "label_replace" | "label_join" => labels.extend(text(1)),
        "absent" | "absent_over_time" => {
            let selectors = super::parts::selectors(arguments[0]);
            let equal = selectors.flat_map(|selector| selector.matchers.matchers.iter());
            labels = equal.filter(|m| m.op == MatchOp::Equal).map(|m| m.name.clone()).collect();
        }
        "histogram_quantile" => {
            labels.remove("le");
        }
        _ => {}
    }
    Ok(labels)
}
