//! The board of one service: what its users feel, where the time goes, and what is near its limit.

use super::board::Board;
use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::logs;
use super::panel::table;
use super::panel::tile;
use super::panel::traces;
use super::service_latency;
use super::service_traffic;
use super::service_traffic::TOKENS;
use super::shared_panels::evaluation_results;
use super::variables;
use super::variables::Variable;

pub(super) fn board() -> Board {
    let more = [variables::LOKI, variables::TEMPO, variables::TRACE_ID];
    let variables: Vec<Variable> = variables::SERVICE.into_iter().chain(more).collect();
    Board::new("llmobs-service", "LLM service", "One service: load, latency, errors, tokens and limits.", &variables)
        .row("Now", now())
        .row("By model", [by_model(), duration_by_model(), first_token_by_model(), errors_by_model()])
        .row("Latency", service_latency::latency())
        .row("Heat maps", service_latency::heat_maps())
        .row("Where the time goes", service_latency::times())
        .row("Traffic and tokens", service_traffic::traffic())
        .row("Errors and waste", service_traffic::errors())
        .row("Saturation", service_traffic::saturation())
        .row("Against the usual", bands())
        .row("Evaluations", evaluations())
        .row("Logs and traces", logs_and_traces())
}

fn now() -> Vec<Panel> {
    vec![
        tile("Requests per second", "reqps", "sum(rate(llmobs_operation_started_total{<S>}[<R>]))")
            .says("Operations started in a second."),
        tile(
            "Goodput",
            "percentunit",
            "min(sum by (llmobs_objective_name) (rate(llmobs_objective_events_total{<S>,llmobs_objective_result=\"good\"}[<R>])) \
             / (sum by (llmobs_objective_name) (rate(llmobs_objective_events_total{<S>}[<R>])) > 0))",
        )
        .says("Share of operations that met the objective; with several objectives, the lowest share.")
        .from(f64::NEG_INFINITY, "red")
        .from(0.95, "yellow")
        .from(0.99, "green"),
        tile(
            "Failed",
            "percentunit",
            "sum(rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"failed\"}[<R>])) \
             / (sum(rate(llmobs_operation_ended_total{<S>}[<R>])) > 0)",
        )
        .says("Share of operations that failed, among all that ended. It counts failures within a stream too, which HTTP status 200 hides.")
        .from(0.01, "yellow")
        .from(0.05, "red"),
        tile("TTFT p95", "s", "histogram_quantile(0.95, sum by (le) (<first_token_bucket>))")
            .says("Time to first token, 95th percentile. Operations that ended before it have no sample."),
        tile(
            "TPOT p95",
            "s",
            "histogram_quantile(0.95, sum by (le) (rate(gen_ai_server_time_per_output_token_seconds_bucket{<S>}[<R>])))",
        )
        .says("Mean time per output token of one completed operation, 95th percentile over the operations. Servers only."),
        tile("Duration p95", "s", "histogram_quantile(0.95, sum by (le) (<duration_bucket>))")
            .says("Duration of operations, 95th percentile, in the role of the process."),
        tile(
            "Output tokens",
            TOKENS,
            "sum(rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[<R>]))",
        )
        .says("Output tokens in a second, counted when their operations end."),
        tile("Dollars an hour", "currencyUSD", "sum(rate(llmobs_cost_usd_total{<S>}[<R>])) * 3600")
            .says("Cost of the operations at the present rate. Operations without a price are not in it.")
            .no_value("no prices")
            .under(Load::History),
        tile("In flight", "short", "sum(llmobs_operation_active{<S>})").says("Operations that started and did not end yet."),
        tile("Queued", "short", "sum(llmobs_operation_active{<S>,llmobs_operation_state=~\"queued|waiting\"})")
            .says("Operations in the queue of the engine, or that wait for an upstream."),
        tile(
            "Error budget left",
            "percentunit",
            "min(1 - sum by (llmobs_objective_name) (increase(llmobs_objective_events_total{<S>,llmobs_objective_result=\"bad\"}[30d])) \
             / (sum by (llmobs_objective_name) (increase(llmobs_objective_events_total{<S>}[30d])) > 0) \
             / (1 - max by (llmobs_objective_name) (last_over_time(llmobs_objective_target_ratio{<E>}[1h]))))",
        )
        .says("Share of the error budget of 30 days that is left; with several objectives, the lowest. Below zero the objective is missed. Needs a retention of 30 days.")
        .from(f64::NEG_INFINITY, "red")
        .from(0.0, "yellow")
        .from(0.25, "green"),
        tile(
            "Prefix cache hits",
            "percentunit",
            "sum(rate(llmobs_engine_prefix_cache_tokens_total{<E>,llmobs_cache_result=\"hit\"}[<R>])) \
             / (sum(rate(llmobs_engine_prefix_cache_tokens_total{<E>}[<R>])) > 0)",
        )
        .says("Share of prompt tokens whose KV cache was reused."),
        tile(
            "Budget used",
            "percentunit",
            "max(sum by (llmobs_budget_name) (llmobs_budget_usage_usd{<P>}) / max by (llmobs_budget_name) (llmobs_budget_limit_usd{<P>}))",
        )
        .says("Share of the money budget that is spent in its period; with several budgets, the highest. Each process counts its own spending, so the usage is summed and the limit is not.")
        .no_value("no budget")
        .under(Load::History)
        .from(0.8, "yellow")
        .from(1.0, "red"),
        tile("Targets down", "short", "sum(1 - up{<P>})")
            .says("Targets of this job whose last scrape failed. Over OTLP there is no such series.")
            .no_value("no scrape")
            .from(1.0, "red"),
        tile("Longest silence", "s", "max(llmobs_operation_oldest_silence_seconds{<E>})")
            .says("Longest time without a token or a mark of an operation in flight, without the time for which its reader was away.")
            .from(10.0, "yellow")
            .from(60.0, "red"),
        tile(
            "Wasted tokens",
            "percentunit",
            "sum(rate(llmobs_token_wasted_total{<S>}[<R>])) / (sum(rate(llmobs_token_processed_total{<S>}[<R>])) > 0)",
        )
        .says("Share of processed tokens whose operation did not complete or was superseded.")
        .from(0.1, "yellow")
        .from(0.3, "red"),
    ]
}

fn by_model() -> Panel {
    table("Models")
        .column("Requests/s", "reqps", "sum by (gen_ai_request_model) (rate(llmobs_operation_started_total{<S>}[<R>]))")
        .column(
            "Goodput, lowest objective",
            "percentunit",
            "min by (gen_ai_request_model) (sum by (gen_ai_request_model, llmobs_objective_name) (rate(llmobs_objective_events_total{<S>,llmobs_objective_result=\"good\"}[<R>])) \
             / (sum by (gen_ai_request_model, llmobs_objective_name) (rate(llmobs_objective_events_total{<S>}[<R>])) > 0))",
        )
        .column("TTFT p95", "s", "histogram_quantile(0.95, sum by (le, gen_ai_request_model) (<first_token_bucket>))")
        .column(
            "TPOT p95",
            "s",
            "histogram_quantile(0.95, sum by (le, gen_ai_request_model) (rate(gen_ai_server_time_per_output_token_seconds_bucket{<S>}[<R>])))",
        )
        .column("Duration p95", "s", "histogram_quantile(0.95, sum by (le, gen_ai_request_model) (<duration_bucket>))")
        .column(
            "Failed",
            "percentunit",
            "sum by (gen_ai_request_model) (rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"failed\"}[<R>])) \
             / (sum by (gen_ai_request_model) (rate(llmobs_operation_ended_total{<S>}[<R>])) > 0)",
        )
        .column(
            "Output tokens/s",
            TOKENS,
            "sum by (gen_ai_request_model) (rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[<R>]))",
        )
        .column(
            "$ per 1,000 output tokens",
            "currencyUSD",
            "sum by (gen_ai_request_model) (rate(llmobs_cost_usd_total{<S>}[1h])) * 1000 \
             / (sum by (gen_ai_request_model) (rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[1h])) > 0)",
        )
        .column(
            "Prefix cache hits",
            "percentunit",
            "sum by (gen_ai_request_model) (rate(llmobs_engine_prefix_cache_tokens_total{<E>,llmobs_cache_result=\"hit\"}[<R>])) \
             / (sum by (gen_ai_request_model) (rate(llmobs_engine_prefix_cache_tokens_total{<E>}[<R>])) > 0)",
        )
        .says("Compares the models of the service. A click on a model selects it.")
}

fn duration_by_model() -> Panel {
    lines("Duration p95 by model", "s")
        .query(
            "{{gen_ai_request_model}}",
            "histogram_quantile(0.95, sum by (le, gen_ai_request_model) (<duration_bucket>))",
        )
        .says("Duration of operations, 95th percentile, by model.")
}

fn first_token_by_model() -> Panel {
    lines("TTFT p95 by model", "s")
        .query(
            "{{gen_ai_request_model}}",
            "histogram_quantile(0.95, sum by (le, gen_ai_request_model) (<first_token_bucket>))",
        )
        .says("Time to first token, 95th percentile, by model.")
}

fn errors_by_model() -> Panel {
    lines("Failed by model", "percentunit")
        .query(
            "{{gen_ai_request_model}}",
            "sum by (gen_ai_request_model) (rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"failed\"}[<R>])) \
             / (sum by (gen_ai_request_model) (rate(llmobs_operation_ended_total{<S>}[<R>])) > 0)",
        )
        .says("Share of operations that failed, by model.")
}

fn bands() -> Vec<Panel> {
    let of_job = |metric: &str| format!("llmobs:first_token{metric}{{job=\"$job\",gen_ai_request_model=~\"$model\"}}");
    let (center, mad) = (of_job("_band:center"), of_job("_band:mad"));
    let band = |sign: char| format!("{center} {sign} on (job, gen_ai_request_model) 3 * 1.4826 * {mad}");
    vec![
        lines("TTFT p95 and its band of a day", "s")
            .query("{{gen_ai_request_model}}", &of_job(":p95"))
            .query("upper bound {{gen_ai_request_model}}", &band('+'))
            .query("lower bound {{gen_ai_request_model}}", &band('-'))
            .width(12)
            .under(Load::History)
            .no_value("needs the rules `baselines.yml`")
            .says("Time to first token, 95th percentile, and the range in which it is on most days: the median of a day, plus and minus three deviations."),
        lines("Traffic against one hour before", "reqps")
            .query("now", "sum(rate(llmobs_operation_started_total{<S>}[<R>]))")
            .query("one hour before", "sum(rate(llmobs_operation_started_total{<S>}[<R>] offset 1h))")
            .width(12)
            .under(Load::History)
            .says("Operations started in a second, now and one hour before."),
    ]
}

fn evaluations() -> Vec<Panel> {
    vec![
        evaluation_results().width(12),
        lines("Share of each label", "percentunit")
            .query(
                "{{gen_ai_evaluation_name}} {{gen_ai_evaluation_score_label}}",
                "sum by (gen_ai_evaluation_name, gen_ai_evaluation_score_label) (rate(llmobs_evaluation_results_total{<S>}[<R>])) \
                 / on (gen_ai_evaluation_name) group_left () \
                 (sum by (gen_ai_evaluation_name) (rate(llmobs_evaluation_results_total{<S>}[<R>])) > 0)",
            )
            .under(Load::History)
            .no_value("no evaluations")
            .width(12)
            .says("Share of each label in the results of its evaluation."),
    ]
}

fn logs_and_traces() -> Vec<Panel> {
    vec![
        logs("Failed operations", r#"{service_name=~"$job"} |= "llm_request_complete" | error_type != """#)
            .says("Log events of operations with an error. The trace id of a line links to its trace."),
        logs("Operations of a trace", r#"{service_name=~"$job"} |= "llm_request_complete" | trace_id = "$trace_id""#)
            .says("Log events of the trace whose id is in the variable of the board."),
        traces("Slow model calls", r#"{ span.gen_ai.operation.name != "" && duration > 10s }"#)
            .says("Traces with a model call that took longer than ten seconds."),
        traces("Failed model calls", r#"{ span.gen_ai.operation.name != "" && status = error }"#)
            .says("Traces with a model call that failed."),
    ]
}
