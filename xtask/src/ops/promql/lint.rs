//! The lint of queries: shapes that Prometheus evaluates without an error and whose result is wrong or empty.

use promql_parser::label::MatchOp;
use promql_parser::label::Matcher;
use promql_parser::parser::AggregateExpr;
use promql_parser::parser::Call;
use promql_parser::parser::Expr;
use promql_parser::parser::LabelModifier;
use promql_parser::parser::VectorSelector;

use super::Purpose;
use super::labels;
use super::parts::all_parts;
use super::parts::selectors;
use crate::ops::names::Kind;
use crate::ops::names::Names;
use crate::ops::names::Origin;

/// The metric of completed operations only: in a hang it has no samples.
const COMPLETED_ONLY: &str = "gen_ai_server_time_to_first_token_seconds";

/// Checks every rule of the lint.
pub(super) fn check(expression: &Expr, names: &Names, purpose: Purpose) -> Result<(), String> {
    for part in all_parts(expression) {
        match part {
            Expr::Call(call) => {
                range_of_names(call)?;
                wrong_kind(call, names)?;
                quantile(call, names)?;
            }
            Expr::Aggregate(aggregate) => {
                buckets_across_jobs(aggregate, names)?;
                across_objectives(aggregate, names)?;
                not_additive(aggregate, names)?;
            }
            _ => {}
        }
    }
    for selector in selectors(expression) {
        for matcher in &selector.matchers.matchers {
            literal_bound(matcher)?;
            token_source(matcher)?;
        }
        if purpose == Purpose::Alert {
            completed_only(selector, names)?;
        }
    }
    Ok(())
}

/// Returns the selectors of the ranges that a function reads.
fn ranges(call: &Call) -> impl Iterator<Item = &VectorSelector> {
    call.args.args.iter().filter_map(|argument| match argument.as_ref() {
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    })
}

/// Refuses a function of a range over a pattern of names: the results have no name, and Prometheus fails as soon as those
/// of two names have the same labels. Allowed for the two spellings of one counter, `name(_total)?`.
fn range_of_names(call: &Call) -> Result<(), String> {
    let is_one = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let is_counter =
        |pattern: &Matcher| pattern.name == "__name__" && pattern.value.strip_suffix("(_total)?").is_some_and(is_one);
    let is_of_one =
        |selector: &VectorSelector| selector.name.is_some() || selector.matchers.matchers.iter().any(is_counter);
    if ranges(call).all(is_of_one) {
        return Ok(());
    }
    Err(format!(
        "`{}` over a pattern of names fails when two of them have the same labels; use one term for each name",
        call.func.name
    ))
}

/// Refuses the rate of a gauge, which takes each fall for a restart, and the slope of a counter, which takes a restart for
/// a fall.
fn wrong_kind(call: &Call, names: &Names) -> Result<(), String> {
    let is_of_counters = match call.func.name {
        "rate" | "irate" | "increase" => true,
        "deriv" | "delta" | "idelta" | "predict_linear" => false,
        _ => return Ok(()),
    };
    let of = |selector: &VectorSelector| selector.name.as_ref().and_then(|name| names.get(name)).cloned();
    match ranges(call).filter_map(of).find(|metric| (metric.kind != Kind::Gauge) != is_of_counters) {
        None => Ok(()),
        Some(metric) if is_of_counters => Err(format!(
            "`{}` of the gauge {} takes each fall for a restart; use `deriv`, or the counter behind it",
            call.func.name, metric.name
        )),
        Some(metric) => {
            Err(format!("`{}` of the counter {} falls at a restart; use `rate`", call.func.name, metric.name))
        }
    }
}

/// Refuses `histogram_quantile` over counters that are not a rate, or without the label `le`.
fn quantile(call: &Call, names: &Names) -> Result<(), String> {
    let buckets = call.args.args.last().filter(|_| call.func.name == "histogram_quantile");
    let Some(buckets) = buckets else { return Ok(()) };
    if !labels::of(buckets, names)?.contains("le") {
        return Err("`histogram_quantile` needs the label `le`: `sum by (le, ...)`".to_owned());
    }
    let is_rate = |part: &&Expr| matches!(part, Expr::Call(call) if matches!(call.func.name, "rate" | "increase"));
    let is_recorded = |selector: &VectorSelector| {
        let metric = selector.name.as_ref().and_then(|name| names.get(name));
        metric.is_some_and(|metric| matches!(metric.origin, Origin::Recorded { .. }))
    };
    if all_parts(buckets).iter().any(is_rate) || selectors(buckets).all(is_recorded) {
        return Ok(());
    }
    Err("`histogram_quantile` needs the `rate` of the buckets: their totals never forget".to_owned())
}

/// Refuses `le="2"`: scraped series have `le="2.0"` in Prometheus 3, series from OTLP have `le="2"`.
fn literal_bound(matcher: &Matcher) -> Result<(), String> {
    let is_portable = match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => matcher.value == "+Inf",
        MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').all(is_both_spellings),
    };
    if matcher.name != "le" || is_portable {
        return Ok(());
    }
    Err(format!(
        "`le` is compared with `{}`, which has another spelling over OTLP; use the counters of an objective, or \
         `le=~\"2(\\\\.0)?\"`",
        matcher.value
    ))
}

/// Returns whether a pattern matches a bound as OTLP and as a scrape spell it: `0.5`, `2(\.0)?` or `+Inf`.
fn is_both_spellings(alternative: &str) -> bool {
    let alternative = alternative.replace("\\.", ".");
    if alternative == "\\+Inf" {
        return true;
    }
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    match alternative.strip_suffix("(.0)?") {
        Some(whole) => is_number(whole) && !whole.contains('.'),
        None => is_number(&alternative) && alternative.contains('.') && !alternative.ends_with(".0"),
    }
}

/// Refuses sums of buckets over jobs: objectives add bounds, so two jobs can have different bounds, and the sum is then not
/// cumulative. Allowed if `le` is limited to default bounds of the metric, which all jobs have.
fn buckets_across_jobs(aggregate: &AggregateExpr, names: &Names) -> Result<(), String> {
    let grouping = grouping(aggregate);
    if !grouping.keeps("le") || grouping.keeps("job") {
        return Ok(());
    }
    for selector in selectors(&aggregate.expr) {
        let Some(metric) = selector.name.as_ref().and_then(|name| names.get(name)) else { continue };
        let has_one_job = selector.matchers.matchers.iter().any(|m| m.name == "job" && m.op == MatchOp::Equal);
        if !metric.labels.contains_key("le") || has_one_job {
            continue;
        }
        let bounds = selector.matchers.matchers.iter().find(|matcher| matcher.name == "le");
        let is_common = |bound: &str| bound == "+Inf" || metric.bounds.iter().any(|common| common == bound);
        let plain = |alternative: &str| alternative.replace("(\\.0)?", "").replace('\\', "");
        if !bounds.is_some_and(|bounds| bounds.value.split('|').all(|bound| is_common(&plain(bound)))) {
            return Err(format!(
                "the buckets of {} are summed across jobs, whose bounds can differ; add `job` to `by`, or limit `le` to \
                 the default bounds",
                metric.name
            ));
        }
    }
    Ok(())
}

/// Refuses sums over objectives: each objective judges the same operations.
fn across_objectives(aggregate: &AggregateExpr, names: &Names) -> Result<(), String> {
    const LABEL: &str = "llmobs_objective_name";
    if !is_sum(aggregate) || grouping(aggregate).keeps(LABEL) {
        return Ok(());
    }
    let inner = labels::of(&aggregate.expr, names)?;
    let has_one = |selector: &VectorSelector| {
        selector.matchers.matchers.iter().any(|m| m.name == LABEL && m.op == MatchOp::Equal)
    };
    if !inner.contains(LABEL) || selectors(&aggregate.expr).all(has_one) {
        return Ok(());
    }
    Err(format!("a sum over {LABEL} counts an operation once for each objective; keep the label or select one value"))
}

/// Refuses a selection of `llmobs_token_source`: the sources share the tokens, so any filter loses some.
fn token_source(matcher: &Matcher) -> Result<(), String> {
    if matcher.name == "llmobs_token_source" {
        return Err("a filter on llmobs_token_source loses the tokens of the other sources; use `by`".to_owned());
    }
    Ok(())
}

/// Refuses the sum or the mean of ratios, ages and points in time.
fn not_additive(aggregate: &AggregateExpr, names: &Names) -> Result<(), String> {
    if !is_sum(aggregate) || aggregate.op.to_string() == "count" {
        return Ok(());
    }
    let Some(selector) = plain_selector(&aggregate.expr) else { return Ok(()) };
    match selector.name.as_ref().and_then(|name| names.get(name)) {
        Some(metric) if metric.is_not_additive() => Err(format!(
            "the {} of {} over series means nothing: it is a ratio, an age or a point in time; use `max`, `min` or a \
             quotient of sums",
            aggregate.op, metric.name
        )),
        _ => Ok(()),
    }
}

/// Refuses alerts on times of completed operations, read directly or through recording rules.
fn completed_only(selector: &VectorSelector, names: &Names) -> Result<(), String> {
    let is_it = |series: &str| series.starts_with(COMPLETED_ONLY);
    let Some(name) = &selector.name else { return Ok(()) };
    let through = match names.get(name).map(|metric| &metric.origin) {
        Some(Origin::Recorded { sources }) => sources.iter().any(|source| is_it(source)),
        _ => false,
    };
    if is_it(name) || through {
        return Err(format!(
            "{COMPLETED_ONLY} has samples of completed operations only, so an alert on it is silent in a hang; use the \
             counters of an objective or llmobs_time_to_first_token_seconds"
        ));
    }
    Ok(())
}

/// Returns the selector of `x`, `(x)` or `max_over_time(x[5m])`: the values themselves, not their rate.
fn plain_selector(expression: &Expr) -> Option<&VectorSelector> {
    match expression {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        Expr::Paren(paren) => plain_selector(&paren.expr),
        Expr::Call(call) if call.func.name.ends_with("_over_time") => plain_selector(call.args.args.last()?),
        _ => None,
    }
}

fn is_sum(aggregate: &AggregateExpr) -> bool {
    matches!(aggregate.op.to_string().as_str(), "sum" | "avg" | "count")
}

/// The labels that an aggregation keeps.
enum Grouping<'a> {
    By(&'a [String]),
    Without(&'a [String]),
}

impl Grouping<'_> {
    fn keeps(&self, label: &str) -> bool {
        match self {
            Self::By(labels) => labels.iter().any(|by| by == label),
            Self::Without(labels) => !labels.iter().any(|without| without == label),
        }
    }
}

fn grouping(aggregate: &AggregateExpr) -> Grouping<'_> {
    match &aggregate.modifier {
        Some(LabelModifier::Include(labels)) => Grouping::By(&labels.labels),
        Some(LabelModifier::Exclude(labels)) => Grouping::Without(&labels.labels),
        None => Grouping::By(&[]),
    }
}
