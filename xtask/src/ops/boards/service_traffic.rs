//! The rows of the service's board about traffic, errors and limits.

use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::quantiles;
use super::panel::stacked;
use super::shared_panels::response_cache_hits;

/// Tokens in a second.
pub(super) const TOKENS: &str = "suffix: tok/s";

pub(super) fn traffic() -> Vec<Panel> {
    vec![
        stacked("Operations started", "reqps")
            .query("{{gen_ai_request_model}}", "sum by (gen_ai_request_model) (rate(llmobs_operation_started_total{<S>}[<R>]))")
            .says("Operations started in a second, by model."),
        stacked("Operations by kind", "reqps")
            .query(
                "{{gen_ai_operation_name}}",
                "sum by (gen_ai_operation_name) (rate(llmobs_operation_started_total{<S>}[<R>]))",
            )
            .says("Operations started in a second, by the name of the operation."),
        stacked("Tokens", TOKENS)
            .query(
                "{{llmobs_token_direction}} {{llmobs_token_kind}}",
                "sum by (llmobs_token_direction, llmobs_token_kind) (rate(llmobs_token_processed_total{<S>}[<R>]))",
            )
            .says("Tokens in a second, by direction and kind: cached and uncached input, text and reasoning. The kinds do not overlap."),
        stacked("Output tokens by model", TOKENS)
            .query(
                "{{gen_ai_request_model}}",
                "sum by (gen_ai_request_model) (rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[<R>]))",
            )
            .says("Output tokens in a second, by model."),
        lines("Tokens of one operation", "short")
            .query("input", "sum(rate(llmobs_operation_input_tokens_sum{<S>}[<R>])) / (sum(rate(llmobs_operation_input_tokens_count{<S>}[<R>])) > 0)")
            .query("output", "sum(rate(llmobs_operation_output_tokens_sum{<S>}[<R>])) / (sum(rate(llmobs_operation_output_tokens_count{<S>}[<R>])) > 0)")
            .says("Mean number of input and of output tokens of one operation."),
        quantiles("Output length", "short", "llmobs_operation_output_tokens", "<S>")
            .says("Output tokens of one operation."),
        quantiles("Input length", "short", "llmobs_operation_input_tokens", "<S>").says("Input tokens of one operation."),
        quantiles("Requested output length", "short", "llmobs_request_max_tokens", "<S>")
            .under(Load::History)
            .no_value("needs the level full")
            .says("Limit of output tokens that callers requested. Recorded at level full."),
        stacked("Tokens in streams", TOKENS)
            .query("{{gen_ai_request_model}}", "sum by (gen_ai_request_model) (rate(llmobs_token_streamed_total{<S>}[<R>]))")
            .under(Load::History)
            .says("Output tokens counted as they pass, where the exact number is reported at the end. It shows that tokens flow while long streams run."),
    ]
}

pub(super) fn errors() -> Vec<Panel> {
    vec![
        stacked("Outcomes", "reqps")
            .query(
                "{{llmobs_operation_outcome}}",
                "sum by (llmobs_operation_outcome) (rate(llmobs_operation_ended_total{<S>}[<R>]))",
            )
            .says("Operations ended in a second, by outcome: completed, failed, cancelled by the caller, or rejected."),
        stacked("Errors by type", "reqps")
            .query(
                "{{error_type}}",
                "sum by (error_type) (rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=~\"failed|rejected\"}[<R>]))",
            )
            .says("Operations that failed or were rejected, by error type."),
        lines("HTTP status 5xx", "percentunit")
            .query(
                "5xx",
                "sum(rate(http_server_request_duration_seconds_count{<P>,http_response_status_code=~\"5..\"}[<R>])) \
                 / (sum(rate(http_server_request_duration_seconds_count{<P>}[<R>])) > 0)",
            )
            .says("Share of HTTP responses with a status 5xx. A stream that fails after its first byte has status 200 and is not in it; see the outcomes."),
        stacked("Finish reasons", "reqps")
            .query(
                "{{llmobs_finish_reason}}",
                "sum by (llmobs_finish_reason) (rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"completed\"}[<R>]))",
            )
            .says("Completed operations in a second, by finish reason."),
        lines("Truncated and filtered answers", "percentunit")
            .query(
                "truncated",
                "sum(rate(llmobs_operation_ended_total{<S>,llmobs_finish_reason=\"length\"}[<R>])) \
                 / (sum(rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"completed\"}[<R>])) > 0)",
            )
            .query(
                "filtered",
                "sum(rate(llmobs_operation_ended_total{<S>,llmobs_finish_reason=\"content_filter\"}[<R>])) \
                 / (sum(rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"completed\"}[<R>])) > 0)",
            )
            .under(Load::History)
            .says("Share of completed operations that ended at a limit of tokens, and of those that a filter stopped."),
        lines("Cancelled and abandoned", "reqps")
            .query("cancelled", "sum(rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"cancelled\"}[<R>]))")
            .query("abandoned before the first token", "sum(rate(llmobs_operation_abandoned_total{<S>}[<R>]))")
            .says("Operations whose caller left. Abandoned ones had no token yet and had missed no objective."),
        stacked("Wasted tokens by reason", TOKENS)
            .query(
                "{{llmobs_token_direction}} {{llmobs_token_waste}}",
                "sum by (llmobs_token_direction, llmobs_token_waste) (rate(llmobs_token_wasted_total{<S>}[<R>]))",
            )
            .says("Processed tokens of operations that did not complete, or of attempts that another attempt superseded."),
        stacked("Attempts by kind", "reqps")
            .query("{{llmobs_attempt_kind}}", "sum by (llmobs_attempt_kind) (rate(llmobs_operation_attempts_total{<S>}[<R>]))")
            .under(Load::History)
            .no_value("clients and gateways only")
            .says("Attempts in a second: first attempts, retries, fallbacks and hedges. Clients and gateways only."),
        stacked("Stalls by cause", "cps")
            .query("{{llmobs_stall_cause}}", "sum by (llmobs_stall_cause) (rate(llmobs_stall_events_total{<S>}[<R>]))")
            .under(Load::History)
            .no_value("needs the level full")
            .says("Pauses of one second or more within a stream, by cause. Recorded at level full."),
        response_cache_hits(),
    ]
}

pub(super) fn saturation() -> Vec<Panel> {
    vec![
        lines("Running and their limit", "short")
            .query("running", "sum(llmobs_operation_active{<S>,llmobs_operation_state=~\"prefill|decode|streaming\"})")
            .query("limit", "sum(llmobs_operation_limit{<E>,llmobs_operation_state=\"decode\"})")
            .says("Operations that generate, and the limit of the service."),
        lines("Queue and its limit", "short")
            .query("queued", "sum(llmobs_operation_active{<S>,llmobs_operation_state=~\"queued|waiting\"})")
            .query("limit", "sum(llmobs_operation_limit{<E>,llmobs_operation_state=\"queued\"})")
            .says("Operations in the queue, and the limit above which new ones are rejected."),
        stacked("Exits of the queue", "reqps")
            .query("{{llmobs_queue_exit}}", "sum by (llmobs_queue_exit) (rate(llmobs_queue_duration_seconds_count{<S>}[<R>]))")
            .says("Operations that left the queue in a second, by exit: scheduled, cancelled, timed out or shed."),
        stacked("Admission decisions", "reqps")
            .query(
                "{{llmobs_admission_priority}} {{llmobs_admission_decision}}",
                "sum by (llmobs_admission_priority, llmobs_admission_decision) (rate(llmobs_admission_decisions_total{<E>}[<R>]))",
            )
            .no_value("no admission handle")
            .says("Requests that the admission control of the service decided about in a second, by priority: admitted at once, admitted out of its queue, or shed."),
        lines("Admission queue by priority", "short")
            .query(
                "{{llmobs_admission_priority}}",
                "sum by (llmobs_admission_priority) (llmobs_admission_queue_length{<E>})",
            )
            .query(
                "limit {{llmobs_admission_priority}}",
                "sum by (llmobs_admission_priority) (llmobs_admission_limit{<E>})",
            )
            .no_value("no admission handle")
            .says("Requests in the queue of the admission control, and its current limit, by priority. The service defines what its limit counts."),
        lines("HTTP requests in progress", "short")
            .query("{{instance}}", "sum by (instance) (http_server_active_requests{<P>})")
            .says("HTTP requests in progress, by instance."),
        lines("Delay of the async runtime p99", "s")
            .query(
                "{{llmobs_runtime_name}}",
                "histogram_quantile(0.99, sum by (le, llmobs_runtime_name) (rate(llmobs_runtime_lag_seconds_bucket{<P>}[<R>])))",
            )
            .says("Time by which a task of the async runtime ran too late: blocking code in a handler, or too little CPU."),
        lines("CPU and busy threads", "short")
            .query("CPU", "sum(rate(process_cpu_time_seconds_total{<P>}[<R>]))")
            .query("runtime threads busy", "sum(rate(llmobs_runtime_busy_time_seconds_total{<P>}[<R>]))")
            .says("CPUs that the process uses, and busy worker threads of the async runtime."),
    ]
}
