//! The rules whose results are known to differ on VictoriaMetrics, each with its reason.

/// The name of the rule and the reason.
pub(super) const KNOWN: &[(&str, &str)] = &[
    ("llmobs:objective_bad:ratio5m", "a share of few events, whose rates Prometheus extrapolates"),
    (
        "llmobs:first_token_band:mad",
        "the median of small deviations, from quantiles of rates that Prometheus extrapolates",
    ),
    (
        "llmobs:objective_budget_left:ratio30d",
        "the sums of an hour, which promtool and the replay of vmalert record at different minutes",
    ),
];
