//! The board of agents and retrieval: steps around model calls, embeddings, and evaluations.

use super::board::Board;
use super::panel::Load;
use super::panel::Panel;
use super::panel::heatmap;
use super::panel::lines;
use super::panel::stacked;
use super::panel::tile;
use super::panel::traces;
use super::shared_panels::evaluation_results;
use super::shared_panels::response_cache_hits;
use super::variables;
use super::variables::Variable;

pub(super) fn board() -> Board {
    let variables: Vec<Variable> = variables::SERVICE.into_iter().chain([variables::TEMPO]).collect();
    Board::new(
        "llmobs-agents",
        "LLM agents and retrieval",
        "Phases of operations such as retrieval, tools and safety, embeddings, attempts and evaluations.",
        &variables,
    )
    .row("Now", now())
    .row("Phases", phases())
    .row("Operations by kind", operations())
    .row("Quality", quality())
    .row(
        "Traces",
        [
            traces("Agent runs", r#"{ span.gen_ai.operation.name = "invoke_agent" }"#)
                .says("Traces with a run of an agent."),
            traces("Failed tool calls", r#"{ span.gen_ai.operation.name = "execute_tool" && status = error }"#)
                .says("Traces with a tool call that failed."),
            traces("Slow retrieval", r#"{ span.gen_ai.operation.name = "retrieval" && duration > 1s }"#)
                .says("Traces with a retrieval that took longer than a second."),
            traces("Steps of traces", r#"{ span.gen_ai.operation.name != "" } | count() > 10"#)
                .says("Traces with more than ten steps: loops of agents."),
        ],
    )
}

fn now() -> Vec<Panel> {
    let phase = |name: &str| {
        format!(
            "histogram_quantile(0.95, sum by (le) (rate(llmobs_phase_duration_seconds_bucket{{<S>,llmobs_phase_name=\"{name}\"}}[<R>])))"
        )
    };
    vec![
        tile("Retrieval p95", "s", &phase("retrieval")).says("Duration of the phase `retrieval`, 95th percentile, if the application declares it."),
        tile("Tools p95", "s", &phase("tool")).says("Duration of the phase `tool`, 95th percentile, if the application declares it."),
        tile("Safety p95", "s", &phase("safety")).says("Duration of the phase `safety`, 95th percentile, if the application declares it."),
        tile(
            "Time outside the model",
            "percentunit",
            "sum(rate(llmobs_phase_duration_seconds_sum{<S>}[<R>])) / (sum(rate(llmobs_operation_state_time_seconds_total{<S>}[<R>])) > 0)",
        )
        .says("Time in declared phases as a share of the time of operations."),
        tile("Tool calls", "reqps", "sum(rate(llmobs_operation_ended_total{<S>,llmobs_finish_reason=\"tool_call\"}[<R>]))")
            .says("Operations in a second whose answer was a call of a tool."),
        tile("Embeddings", "reqps", "sum(rate(llmobs_operation_started_total{<S>,gen_ai_operation_name=\"embeddings\"}[<R>]))")
            .says("Embedding operations in a second."),
        tile(
            "Attempts per operation",
            "short",
            "sum(rate(llmobs_operation_attempts_total{<S>}[<R>])) / (sum(rate(llmobs_operation_started_total{<S>}[<R>])) > 0)",
        )
        .says("Attempts of one operation, with retries, fallbacks and hedges. Clients and gateways only.")
        .from(1.2, "yellow")
        .from(1.5, "red"),
        tile(
            "Evaluations passed",
            "percentunit",
            "sum(rate(llmobs_evaluation_results_total{<S>,gen_ai_evaluation_score_label=\"pass\"}[<R>])) \
             / (sum(rate(llmobs_evaluation_results_total{<S>}[<R>])) > 0)",
        )
        .says("Share of evaluation results with the label `pass`, if the application declares it."),
    ]
    .into_iter()
    .map(|panel| panel.under(Load::History))
    .collect()
}

fn phases() -> Vec<Panel> {
    vec![
        lines("Duration of phases p95", "s")
            .query(
                "{{llmobs_phase_name}}",
                "histogram_quantile(0.95, sum by (le, llmobs_phase_name) (rate(llmobs_phase_duration_seconds_bucket{<S>}[<R>])))",
            )
            .says("Duration of each declared phase, 95th percentile."),
        stacked("Phases per second", "cps")
            .query("{{llmobs_phase_name}}", "sum by (llmobs_phase_name) (rate(llmobs_phase_duration_seconds_count{<S>}[<R>]))")
            .says("Phases that ended in a second, by name."),
        stacked("Phases per operation", "short")
            .query(
                "{{llmobs_phase_name}}",
                "sum by (llmobs_phase_name) (rate(llmobs_phase_duration_seconds_count{<S>}[<R>])) \
                 / on () group_left () (sum(rate(llmobs_operation_ended_total{<S>}[<R>])) > 0)",
            )
            .says("Steps of one operation, by name: a rise shows loops."),
        heatmap("Retrieval, distribution", "s", "llmobs_phase_duration_seconds", "<S>,llmobs_phase_name=\"retrieval\"")
            .width(12)
            .under(Load::History)
            .says("Number of retrievals by duration."),
        heatmap("Tools, distribution", "s", "llmobs_phase_duration_seconds", "<S>,llmobs_phase_name=\"tool\"")
            .width(12)
            .under(Load::History)
            .says("Number of tool calls by duration."),
    ]
}

fn operations() -> Vec<Panel> {
    vec![
        lines("Duration p95 by operation", "s")
            .query(
                "{{gen_ai_operation_name}}",
                "histogram_quantile(0.95, sum by (le, gen_ai_operation_name) (<duration_bucket>))",
            )
            .says("Duration of operations, 95th percentile, by name."),
        stacked("Outcomes by operation", "reqps")
            .query(
                "{{gen_ai_operation_name}} {{llmobs_operation_outcome}}",
                "sum by (gen_ai_operation_name, llmobs_operation_outcome) (rate(llmobs_operation_ended_total{<S>}[<R>]))",
            )
            .says("Operations ended in a second, by name and outcome."),
        stacked("Attempts by kind", "reqps")
            .query("{{llmobs_attempt_kind}}", "sum by (llmobs_attempt_kind) (rate(llmobs_operation_attempts_total{<S>}[<R>]))")
            .under(Load::History)
            .no_value("clients and gateways only")
            .says("Attempts in a second, by kind."),
        lines("Duration of embeddings p95", "s")
            .query(
                "{{gen_ai_request_model}}",
                "histogram_quantile(0.95, sum by (le, gen_ai_request_model) (rate(gen_ai_client_embeddings_duration_seconds_bucket{<S>}[<R>]) \
                 or rate(gen_ai_client_operation_duration_seconds_bucket{<S>,gen_ai_operation_name=\"embeddings\"}[<R>])))",
            )
            .under(Load::History)
            .no_value("no embeddings")
            .says("Duration of embedding calls, 95th percentile, by model."),
        stacked("Tokens of embeddings", "suffix: tok/s")
            .query(
                "{{gen_ai_request_model}}",
                "sum by (gen_ai_request_model) (rate(llmobs_token_processed_total{<S>,gen_ai_operation_name=\"embeddings\",llmobs_token_direction=\"input\"}[<R>]))",
            )
            .under(Load::History)
            .no_value("no embeddings")
            .says("Input tokens of embedding calls in a second."),
        response_cache_hits(),
    ]
}

fn quality() -> Vec<Panel> {
    vec![
        evaluation_results(),
        lines("Finish reasons that need a look", "percentunit")
            .query(
                "{{llmobs_finish_reason}}",
                "sum by (llmobs_finish_reason) (rate(llmobs_operation_ended_total{<S>,llmobs_finish_reason=~\"length|content_filter|error\"}[<R>])) \
                 / on () group_left () (sum(rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"completed\"}[<R>])) > 0)",
            )
            .under(Load::History)
            .says("Share of completed operations that were truncated, filtered or ended by an error of the model."),
        lines("Abandoned operations", "percentunit")
            .query(
                "abandoned",
                "sum(rate(llmobs_operation_abandoned_total{<S>}[<R>])) / (sum(rate(llmobs_operation_started_total{<S>}[<R>])) > 0)",
            )
            .says("Share of operations whose caller left before the first token."),
    ]
}
