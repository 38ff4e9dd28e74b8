//! The rows of the service's board about time: quantiles, heat maps, phases.

use super::panel::Load;
use super::panel::Panel;
use super::panel::bars;
use super::panel::heatmap;
use super::panel::lines;
use super::panel::quantiles;
use super::panel::quantiles_of_rates;
use super::panel::stacked;

pub(super) fn latency() -> Vec<Panel> {
    vec![
        quantiles_of_rates(
            "Time to first token",
            "s",
            "<first_token_bucket>",
            "<first_token_sum>",
            "<first_token_count>",
        )
        .says("From the start of the operation to its first token. A quantile above the highest bound is shown as this bound."),
        quantiles("Inter-token latency", "s", "llmobs_inter_token_duration_seconds", "<S>")
            .says("From one token to the next. Every token has equal weight; a slow reader has no effect."),
        quantiles("Time per output token", "s", "gen_ai_server_time_per_output_token_seconds", "<S>")
            .says("Mean time per token of one operation. Every completed operation with two or more tokens has equal weight. Servers only."),
        quantiles_of_rates("Duration of operations", "s", "<duration_bucket>", "<duration_sum>", "<duration_count>")
            .says("From the start of the operation to its end, whatever its outcome."),
        quantiles("Time in the queue", "s", "llmobs_queue_duration_seconds", "<S>")
            .says("From the entry to the queue to the first schedule, or to the end of an operation that ended in the queue."),
        quantiles("Longest gap of an operation", "s", "llmobs_operation_longest_gap_duration_seconds", "<S>")
            .says("Longest time between two tokens of one operation: the pause that its user saw."),
        lines("Duration p95 against one hour before", "s")
            .query("now", "histogram_quantile(0.95, sum by (le) (<duration_bucket>))")
            .query(
                "one hour before",
                "histogram_quantile(0.95, sum by (le) (rate(gen_ai_server_request_duration_seconds_bucket{<S>}[<R>] offset 1h) \
                 or rate(gen_ai_client_operation_duration_seconds_bucket{<S>}[<R>] offset 1h)))",
            )
            .under(Load::History)
            .says("A jump of the inference time against the hour before. Histograms are compared, since the increase of a gauge means nothing."),
        bars("Operations within each bound of TTFT", "percentunit")
            .query(
                "{{le}}",
                "sum by (le) (increase(llmobs_time_to_first_token_seconds_bucket{<S>}[$__range])) \
                 / on () group_left () (sum(increase(llmobs_time_to_first_token_seconds_count{<S>}[$__range])) > 0)",
            )
            .says("Share of operations with a time to first token up to each bound, over the time range of the board: the attainment that a limit at this bound would have."),
        quantiles("Reader away", "s", "llmobs_consumer_wait_duration_seconds", "<S>")
            .says("Time for which the reader of a stream was away, summed over one operation. It slows the user down without a fault of the engine."),
    ]
}

pub(super) fn heat_maps() -> Vec<Panel> {
    vec![
        heatmap("Time to first token, distribution", "s", "llmobs_time_to_first_token_seconds", "<S>")
            .width(12)
            .says("Number of operations by time to first token. Dots are exemplars, which link to traces."),
        heatmap("Inter-token latency, distribution", "s", "llmobs_inter_token_duration_seconds", "<S>")
            .width(12)
            .says("Number of tokens by the time since the token before."),
        heatmap("Time per output token, distribution", "s", "gen_ai_server_time_per_output_token_seconds", "<S>")
            .width(12)
            .says("Number of operations by mean time per token."),
        heatmap("Duration of operations, distribution", "s", "gen_ai_server_request_duration_seconds", "<S>")
            .width(12)
            .says("Number of operations of a server by duration."),
        heatmap("Input length, distribution", "short", "llmobs_operation_input_tokens", "<S>")
            .width(12)
            .says("Number of operations by input tokens."),
        heatmap("Output length, distribution", "short", "llmobs_operation_output_tokens", "<S>")
            .width(12)
            .says("Number of operations by output tokens."),
    ]
}

pub(super) fn times() -> Vec<Panel> {
    let mean = |part: &str| {
        format!(
            "sum(rate(llmobs_{part}_duration_seconds_sum{{<S>}}[<R>])) / (sum(rate(llmobs_operation_ended_total{{<S>}}[<R>])) > 0)"
        )
    };
    vec![
        stacked("Mean time per phase", "s")
            .query("queue", &mean("queue"))
            .query("prefill", &mean("prefill"))
            .query("decode", &mean("decode"))
            .width(12)
            .says("Mean time of an operation in the queue, in prefill and in decode: the sum over all operations divided by those that ended."),
        stacked("Mean time per declared phase", "s")
            .query(
                "{{llmobs_phase_name}}",
                "sum by (llmobs_phase_name) (rate(llmobs_phase_duration_seconds_sum{<S>}[<R>])) \
                 / on () group_left () (sum(rate(llmobs_operation_ended_total{<S>}[<R>])) > 0)",
            )
            .width(12)
            .says("Mean time of an operation in the phases that the application declared, such as tokenization, retrieval or safety. They can overlap with each other and with the other phases."),
        stacked("Concurrency by state", "short")
            .query(
                "{{llmobs_operation_state}}",
                "sum by (llmobs_operation_state) (rate(llmobs_operation_state_time_seconds_total{<S>}[<R>]))",
            )
            .says("Mean number of operations in each state, operations in flight included."),
        lines("Oldest operation by state", "s")
            .query("{{llmobs_operation_state}}", "max by (llmobs_operation_state) (llmobs_operation_oldest_age_seconds{<E>})")
            .says("Age of the oldest operation in each state. It rises in a hang, when the histograms get no samples."),
        quantiles("Duration of HTTP requests", "s", "http_server_request_duration_seconds", "<P>")
            .says("From the arrival of an HTTP request to the end of its response body, of all routes."),
    ]
}
