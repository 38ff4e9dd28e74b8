//! The board of service-level objectives: attainment, burn rates, the error budget and goodput.

use super::board::Board;
use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::stacked;
use super::panel::table;
use super::panel::tile;
use super::panel::timeline;
use super::variables;
use super::variables::Variable;

const OBJECTIVE: Variable = Variable::Values {
    name: "objective",
    label: "Objective",
    query: r#"label_values(llmobs_objective_target_ratio{job=~"$job"}, llmobs_objective_name)"#,
};

const SELECTED: &str = r#"<S>,llmobs_objective_name=~"$objective""#;

pub(super) fn board() -> Board {
    let variables: Vec<Variable> = variables::SERVICE.into_iter().chain([OBJECTIVE]).collect();
    Board::new(
        "llmobs-objectives",
        "LLM objectives",
        "Objectives of one service. Every operation is judged in the process, so an objective with several times is exact.",
        &variables,
    )
    .row("Now", now())
    .row("Attainment and burn", attainment())
    .row("In the processes", processes())
    .row("Goodput", goodput())
    .row("Limits against measured times", limits())
}

/// Returns the share of operations with this result in a window, by objective.
fn share(result: &str, window: &str) -> String {
    format!(
        "sum by (llmobs_objective_name) (increase(llmobs_objective_events_total{{{SELECTED},llmobs_objective_result=\"{result}\"}}[{window}])) \
         / (sum by (llmobs_objective_name) (increase(llmobs_objective_events_total{{{SELECTED}}}[{window}])) > 0)"
    )
}

/// Returns the share of operations that may be bad, by objective.
fn allowed() -> String {
    "(1 - max by (llmobs_objective_name) (last_over_time(llmobs_objective_target_ratio{<E>,llmobs_objective_name=~\"$objective\"}[1h])))".to_owned()
}

fn burn(window: &str) -> String {
    format!("{} / {}", share("bad", window), allowed())
}

fn left() -> String {
    format!("1 - {} / {}", share("bad", "30d"), allowed())
}

fn now() -> Vec<Panel> {
    vec![
        tile("Attainment of 5 minutes", "percentunit", &format!("min({})", share("good", "5m")))
            .says("Share of operations that met the objective in the last 5 minutes; the lowest of the selected objectives.")
            .width(6),
        tile("Burn rate of one hour", "short", &format!("max({})", burn("1h")))
            .says("Speed at which the error budget is used, 1 uses it in exactly 30 days; the highest of the selected objectives.")
            .from(1.0, "yellow")
            .from(6.0, "orange")
            .from(14.4, "red")
            .width(6),
        tile("Error budget left", "percentunit", &format!("min({})", left()))
            .says("Share of the error budget of 30 days that is left; the lowest of the selected objectives. Each operation has equal weight.")
            .from(f64::NEG_INFINITY, "red")
            .from(0.0, "yellow")
            .from(0.25, "green")
            .width(6),
        tile(
            "Good operations per second",
            "reqps",
            &format!("min(sum by (llmobs_objective_name) (rate(llmobs_objective_events_total{{{SELECTED},llmobs_objective_result=\"good\"}}[<R>])))"),
        )
        .says("Goodput: operations per second that met the objective; the lowest of the selected objectives.")
        .width(6),
        table("Objectives")
            .column(
                "Target",
                "percentunit",
                "max by (llmobs_objective_name) (llmobs_objective_target_ratio{<E>,llmobs_objective_name=~\"$objective\"})",
            )
            .column("5 minutes", "percentunit", &share("good", "5m"))
            .column("1 hour", "percentunit", &share("good", "1h"))
            .column("6 hours", "percentunit", &share("good", "6h"))
            .column("1 day", "percentunit", &share("good", "1d"))
            .column("30 days", "percentunit", &share("good", "30d"))
            .column("Budget left", "percentunit", &left())
            .says("Attainment of each objective in windows up to the length of the history."),
    ]
}

fn attainment() -> Vec<Panel> {
    vec![
        lines("Attainment", "percentunit")
            .query("{{llmobs_objective_name}}", &share("good", "<R>"))
            .query(
                "target of {{llmobs_objective_name}}",
                "max by (llmobs_objective_name) (llmobs_objective_target_ratio{<E>,llmobs_objective_name=~\"$objective\"})",
            )
            .width(12)
            .says("Share of operations that met each objective, and its target."),
        lines("Fast burn", "short")
            .query("{{llmobs_objective_name}} 5m", &burn("5m"))
            .query("{{llmobs_objective_name}} 1h", &burn("1h"))
            .query("page at 14.4", "vector(14.4)")
            .width(12)
            .says("Burn rates of the fast page: both windows above 14.4 use 2 % of the budget in an hour."),
        lines("Medium burn", "short")
            .query("{{llmobs_objective_name}} 30m", &burn("30m"))
            .query("{{llmobs_objective_name}} 6h", &burn("6h"))
            .query("page at 6", "vector(6)")
            .width(12)
            .says("Burn rates of the second page: both windows above 6 use 5 % of the budget in six hours."),
        lines("Slow burn", "short")
            .query("{{llmobs_objective_name}} 2h", &burn("2h"))
            .query("{{llmobs_objective_name}} 1d", &burn("1d"))
            .query("{{llmobs_objective_name}} 3d", &burn("3d"))
            .query("ticket at 3", "vector(3)")
            .query("ticket at 1", "vector(1)")
            .width(12)
            .says("Burn rates of the tickets: 3 over a day, 1 over three days."),
        lines("Error budget left over time", "percentunit")
            .query("{{llmobs_objective_name}}", &left())
            .width(12)
            .says("Share of the error budget of 30 days that is left. Needs a retention of 30 days."),
        stacked("Judged operations", "reqps")
            .query(
                "{{llmobs_objective_name}} {{llmobs_objective_result}}",
                &format!("sum by (llmobs_objective_name, llmobs_objective_result) (rate(llmobs_objective_events_total{{{SELECTED}}}[<R>]))"),
            )
            .width(12)
            .says("Operations that each objective judged. Every objective judges the same operations, so they have no sum over objectives."),
    ]
}

fn processes() -> Vec<Panel> {
    let worst = |function: &str, metric: &str| {
        format!(
            "{function} by (llmobs_objective_name, llmobs_window) ({metric}{{<E>,llmobs_objective_name=~\"$objective\"}})"
        )
    };
    vec![
        timeline("Backends")
            .query(
                "{{gen_ai_provider_name}} {{gen_ai_request_model}}",
                "max by (gen_ai_provider_name, gen_ai_request_model) (\
                 llmobs_backend_status{<S>,llmobs_backend_state=\"degraded\"} or 2 * llmobs_backend_status{<S>,llmobs_backend_state=\"open\"})",
            )
            .state("healthy", "green")
            .state("degraded", "yellow")
            .state("open", "red")
            .under(Load::History)
            .no_value("no backends")
            .says("State of each provider of a model in the process where it is the worst. Only probes are sent to an open one."),
        lines("Attainment in the process", "percentunit")
            .query("{{llmobs_objective_name}} {{llmobs_window}}", &worst("min", "llmobs_objective_attainment_ratio"))
            .under(Load::History)
            .says("Share of operations that met each objective, as the process that is the worst reads it for its own decisions."),
        lines("Burn rate in the process", "short")
            .query("{{llmobs_objective_name}} {{llmobs_window}}", &worst("max", "llmobs_objective_burn_rate_ratio"))
            .under(Load::History)
            .says("Speed at which the error budget is used, as the process that is the worst reads it. 1 uses it in exactly 30 days."),
    ]
}

fn goodput() -> Vec<Panel> {
    vec![
        lines("Goodput", "reqps")
            .query(
                "{{llmobs_objective_name}}",
                &format!("sum by (llmobs_objective_name) (rate(llmobs_objective_events_total{{{SELECTED},llmobs_objective_result=\"good\"}}[<R>]))"),
            )
            .query("started", "sum(rate(llmobs_operation_started_total{<S>}[<R>]))")
            .says("Operations per second that met each objective, and those that started."),
        lines("Tokens of good operations", "suffix: tok/s")
            .query(
                "{{llmobs_objective_name}}",
                &format!("sum by (llmobs_objective_name) (rate(llmobs_objective_tokens_total{{{SELECTED},llmobs_objective_result=\"good\"}}[<R>]))"),
            )
            .says("Output tokens per second of operations that met each objective."),
        lines("Goodput per GPU", "reqps")
            .query(
                "{{llmobs_objective_name}}",
                &format!(
                    "sum by (llmobs_objective_name) (rate(llmobs_objective_events_total{{{SELECTED},llmobs_objective_result=\"good\"}}[<R>])) \
                     / on () group_left () count(count by (instance, hw_id) (hw_gpu_memory_limit_bytes{{<P>}}))"
                ),
            )
            .no_value("no GPU")
            .says("Operations per second that met each objective, divided by the number of GPUs that the processes sample."),
    ]
}

fn limits() -> Vec<Panel> {
    vec![
        lines("TTFT against its limits", "s")
            .query("p95", "histogram_quantile(0.95, sum by (le) (<first_token_bucket>))")
            .query("p99", "histogram_quantile(0.99, sum by (le) (<first_token_bucket>))")
            .query(
                "limit of {{llmobs_objective_name}}",
                "max by (llmobs_objective_name) (llmobs_objective_threshold_seconds{<E>,llmobs_objective_name=~\".+time_to_first_token\"})",
            )
            .width(12)
            .says("Time to first token, and the limits of the objectives that contain it. The limits are exact bounds of the histogram."),
        lines("TPOT against its limits", "s")
            .query(
                "p95",
                "histogram_quantile(0.95, sum by (le) (rate(gen_ai_server_time_per_output_token_seconds_bucket{<S>}[<R>])))",
            )
            .query(
                "p99",
                "histogram_quantile(0.99, sum by (le) (rate(gen_ai_server_time_per_output_token_seconds_bucket{<S>}[<R>])))",
            )
            .query(
                "limit of {{llmobs_objective_name}}",
                "max by (llmobs_objective_name) (llmobs_objective_threshold_seconds{<E>,llmobs_objective_name=~\".+time_per_output_token\"})",
            )
            .width(12)
            .says("Mean time per output token, and the limits of the objectives that contain it."),
        lines("Attainment by model", "percentunit")
            .query(
                "{{gen_ai_request_model}} {{llmobs_objective_name}}",
                &format!(
                    "sum by (gen_ai_request_model, llmobs_objective_name) (increase(llmobs_objective_events_total{{{SELECTED},llmobs_objective_result=\"good\"}}[1h])) \
                     / (sum by (gen_ai_request_model, llmobs_objective_name) (increase(llmobs_objective_events_total{{{SELECTED}}}[1h])) > 0)"
                ),
            )
            .width(24)
            .under(Load::Live)
            .says("Share of operations of each model that met each objective in the last hour."),
    ]
}
