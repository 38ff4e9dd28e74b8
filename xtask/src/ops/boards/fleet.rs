//! The board of all services: one row for each.

use super::board::Board;
use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::stacked;
use super::panel::table;
use super::panel::tile;
use super::variables;

const JOBS: &str = r#"job=~"$job""#;

pub(super) fn board() -> Board {
    let variables = [variables::DATASOURCE, variables::JOBS];
    Board::new(
        "llmobs-fleet",
        "LLM fleet",
        "All services, one row for each. A click opens the board of the service.",
        &variables,
    )
    .row("Now", now())
    .row("Services", [services()])
    .row("Comparison", comparison())
}

/// Returns the share of operations with this result, by job: of several objectives the worst.
fn worst(aggregate: &str, result: &str, window: &str) -> String {
    format!(
        "{aggregate} by (job) (sum by (job, llmobs_objective_name) (increase(llmobs_objective_events_total{{{JOBS},llmobs_objective_result=\"{result}\"}}[{window}])) \
         / (sum by (job, llmobs_objective_name) (increase(llmobs_objective_events_total{{{JOBS}}}[{window}])) > 0))"
    )
}

fn burn(window: &str) -> String {
    format!(
        "max by (job) (sum by (job, llmobs_objective_name) (increase(llmobs_objective_events_total{{{JOBS},llmobs_objective_result=\"bad\"}}[{window}])) \
         / (sum by (job, llmobs_objective_name) (increase(llmobs_objective_events_total{{{JOBS}}}[{window}])) > 0) \
         / (1 - max by (job, llmobs_objective_name) (last_over_time(llmobs_objective_target_ratio{{{JOBS}}}[1h]))))"
    )
}

const FIRST_TOKEN: &str = "histogram_quantile(0.95, sum by (le, job) (<first_token_bucket@job>))";
const QUEUE: &str = r#"sum by (job) (llmobs_operation_active{job=~"$job",llmobs_operation_state=~"queued|waiting"})"#;
const FAILED: &str = "sum by (job) (rate(llmobs_operation_ended_total{job=~\"$job\",llmobs_operation_outcome=\"failed\"}[<R>])) \
                      / (sum by (job) (rate(llmobs_operation_ended_total{job=~\"$job\"}[<R>])) > 0)";
const DOLLARS: &str = r#"sum by (job) (rate(llmobs_cost_usd_total{job=~"$job"}[<R>])) * 3600"#;

/// The targets that are down, of the jobs that had llmobs within an hour.
const DOWN: &str = "sum by (job) ((1 - up{job=~\"$job\"}) and on (job) \
                    count by (job) (last_over_time(llmobs_build_info{job=~\"$job\"}[1h])))";

fn now() -> Vec<Panel> {
    vec![
        tile("Targets down", "short", &format!("sum({DOWN})"))
            .says("Targets of services with llmobs whose last scrape failed.")
            .no_value("no scrape")
            .from(1.0, "red")
            .width(4),
        tile("Processes", "short", "count(llmobs_build_info{job=~\"$job\"})").says("Processes with llmobs.").width(4),
        tile("Requests per second", "reqps", "sum(rate(llmobs_operation_started_total{job=~\"$job\"}[<R>]))")
            .says("Operations started in a second, of all services. A call through a gateway counts in both.")
            .width(4),
        tile("Lowest goodput", "percentunit", &format!("min({})", worst("min", "good", "5m")))
            .says("Share of operations that met their objective in 5 minutes, of the worst service.")
            .from(f64::NEG_INFINITY, "red")
            .from(0.95, "yellow")
            .from(0.99, "green")
            .width(4),
        tile("Highest burn rate", "short", &format!("max({})", burn("1h")))
            .says("Burn rate of one hour of the worst service.")
            .from(1.0, "yellow")
            .from(14.4, "red")
            .width(4),
        tile("Dollars an hour", "currencyUSD", "sum(rate(llmobs_cost_usd_total{job=~\"$job\"}[<R>])) * 3600")
            .says("Cost of all services at the present rate.")
            .under(Load::History)
            .no_value("no prices")
            .width(4),
    ]
}

fn services() -> Panel {
    table("Services")
        .column("Requests/s", "reqps", "sum by (job) (rate(llmobs_operation_started_total{job=~\"$job\"}[<R>]))")
        .column("Goodput 5m", "percentunit", &worst("min", "good", "5m"))
        .column("Burn 1h", "short", &burn("1h"))
        .column("TTFT p95", "s", FIRST_TOKEN)
        .column("Queue", "short", QUEUE)
        .column("Failed", "percentunit", FAILED)
        .column("$ an hour", "currencyUSD", DOLLARS)
        .column("Targets down", "short", DOWN)
        .says("One row for each service: goodput and burn rate of the worst objective, time to first token, queue, failures, cost.")
}

fn comparison() -> Vec<Panel> {
    vec![
        lines("Goodput", "percentunit").query("{{job}}", &worst("min", "good", "5m")).says("Share of operations that met the worst objective, by service."),
        lines("Burn rate of one hour", "short").query("{{job}}", &burn("1h")).says("Burn rate of the worst objective, by service."),
        lines("TTFT p95", "s").query("{{job}}", FIRST_TOKEN).says("Time to first token, 95th percentile, by service."),
        lines("Duration p95", "s")
            .query("{{job}}", "histogram_quantile(0.95, sum by (le, job) (<duration_bucket@job>))")
            .says("Duration of operations, 95th percentile, by service."),
        lines("Queue", "short").query("{{job}}", QUEUE).says("Operations that wait, by service."),
        lines("Failed", "percentunit").query("{{job}}", FAILED).says("Share of operations that failed, by service."),
        stacked("Requests", "reqps")
            .query("{{job}}", "sum by (job) (rate(llmobs_operation_started_total{job=~\"$job\"}[<R>]))")
            .says("Operations started in a second, by service."),
        stacked("Output tokens", "suffix: tok/s")
            .query("{{job}}", "sum by (job) (rate(llmobs_token_processed_total{job=~\"$job\",llmobs_token_direction=\"output\"}[<R>]))")
            .says("Output tokens in a second, by service."),
        stacked("Dollars an hour", "currencyUSD")
            .query("{{job}}", DOLLARS)
            .under(Load::History)
            .no_value("no prices")
            .says("Cost at the present rate, by service."),
    ]
}
