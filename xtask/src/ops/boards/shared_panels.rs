//! Panels of more than one board.

use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::stacked;

/// The share of lookups in a cache of responses that were answered.
pub(super) fn response_cache_hits() -> Panel {
    lines("Response cache hits", "percentunit")
        .query(
            "{{llmobs_cache_kind}}",
            "sum by (llmobs_cache_kind) (rate(llmobs_response_cache_lookups_total{<S>,llmobs_cache_result=\"hit\"}[<R>])) \
             / (sum by (llmobs_cache_kind) (rate(llmobs_response_cache_lookups_total{<S>}[<R>])) > 0)",
        )
        .under(Load::History)
        .no_value("no response cache")
        .says("Share of lookups in a cache of complete responses that found one, by kind of cache.")
}

/// The results of evaluations by label.
pub(super) fn evaluation_results() -> Panel {
    stacked("Evaluation results", "cps")
        .query(
            "{{gen_ai_evaluation_name}} {{gen_ai_evaluation_score_label}}",
            "sum by (gen_ai_evaluation_name, gen_ai_evaluation_score_label) (rate(llmobs_evaluation_results_total{<S>}[<R>]))",
        )
        .under(Load::History)
        .no_value("no evaluations")
        .says("Results of evaluations in a second, by evaluation and label.")
}
