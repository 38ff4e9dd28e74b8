use super::*;

fn query(text: &str) -> Result<Checked, String> {
    check(text, &Names::load().unwrap(), Purpose::Query)
}

/// Asserts that the query is refused with a message that contains `part`.
fn refused(text: &str, part: &str) {
    let error = query(text).expect_err(text);
    assert!(error.contains(part), "{error}");
    assert!(error.contains(text), "{error}");
}

fn labels(text: &str) -> Vec<String> {
    query(text).unwrap().labels.into_iter().collect()
}

#[test]
fn a_query_has_labels_and_series() {
    let checked = query("sum by (job, error_type) (rate(llmobs_operation_ended_total[5m]))").unwrap();
    assert_eq!(checked.labels.into_iter().collect::<Vec<_>>(), ["error_type", "job"]);
    assert_eq!(checked.series.into_iter().collect::<Vec<_>>(), ["llmobs_operation_ended_total"]);
    assert_eq!(labels("time()"), [""; 0]);
    assert_eq!(labels("absent(up{job=\"chat\"})"), ["job"]);
    assert_eq!(labels("sum without (instance) (up)"), ["job"]);
    assert_eq!(labels("topk(3, up)"), ["instance", "job"]);
}

#[test]
fn a_query_must_be_promql() {
    refused("sum by (job) (", "");
    refused("rate(up)", "");
}

#[test]
fn an_unknown_metric_is_refused() {
    refused("rate(llmobs_operation_endet_total[5m])", "similar: ");
    refused("{__name__=~\"nothing_.*\"}", "no table");
    refused("{job=\"chat\"}", "needs the name");
    assert!(query("{__name__=~\"llmobs_operation_started_total|up\"}").is_ok());
}

#[test]
fn an_unknown_label_is_refused() {
    refused("llmobs_operation_active{model=\"m\"}", "no label model");
    refused("sum by (model) (llmobs_operation_active)", "by (model)");
    refused("sum without (model) (llmobs_operation_active)", "without (model)");
    refused("up * on (model) up", "on (model)");
}

#[test]
fn an_unknown_value_of_a_closed_label_is_refused() {
    refused("llmobs_operation_ended_total{llmobs_operation_outcome=\"done\"}", "no value `done`");
    refused("llmobs_operation_ended_total{error_type=~\"timeout|oom\"}", "no value `oom`");
    assert!(query("llmobs_operation_ended_total{error_type=~\"timeout|internal\"}").is_ok());
    assert!(query("llmobs_operation_ended_total{error_type!=\"\"}").is_ok());
    assert!(query("llmobs_operation_ended_total{gen_ai_request_model=\"anything\"}").is_ok());
}

#[test]
fn sides_with_different_labels_need_a_match() {
    refused("llmobs_operation_active / llmobs_operation_limit", "different labels");
    assert!(query("sum by (job) (llmobs_operation_active) / sum by (job) (llmobs_operation_limit)").is_ok());
    assert_eq!(labels("sum by (job, instance) (up) * on (job) group_left () max by (job) (up)"), ["instance", "job"]);
}

#[test]
fn a_quantile_needs_the_rate_and_the_label_le() {
    const BUCKETS: &str = "llmobs_queue_duration_seconds_bucket";
    refused(&format!("histogram_quantile(0.9, sum by (job) (rate({BUCKETS}[5m])))"), "needs the label `le`");
    refused(&format!("histogram_quantile(0.9, sum by (job, le) ({BUCKETS}))"), "needs the `rate`");
    let labels = labels(&format!("histogram_quantile(0.9, sum by (job, le) (rate({BUCKETS}[5m])))"));
    assert_eq!(labels, ["job"]);
}

#[test]
fn a_literal_bound_is_refused() {
    const COUNT: &str = "sum by (job) (rate(llmobs_queue_duration_seconds_bucket{LE}[5m]))";
    for wrong in ["le=\"2\"", "le=\"2.0\"", "le=~\"2|5\"", "le=~\"2.0\""] {
        refused(&COUNT.replace("LE", wrong), "another spelling");
    }
    for right in ["le=\"+Inf\"", "le=~\"2(\\\\.0)?\"", "le=~\"0.5|2(\\\\.0)?\""] {
        assert!(query(&COUNT.replace("LE", right)).is_ok(), "{right}");
    }
}

#[test]
fn buckets_are_not_summed_across_jobs_except_the_common_bounds() {
    refused("sum by (le) (rate(llmobs_queue_duration_seconds_bucket[5m]))", "across jobs");
    refused("sum by (le) (rate(llmobs_queue_duration_seconds_bucket{le=~\"7(\\\\.0)?\"}[5m]))", "across jobs");
    for right in ["le=~\"0.5|1(\\\\.0)?\"", "job=\"chat\""] {
        assert!(query(&format!("sum by (le) (rate(llmobs_queue_duration_seconds_bucket{{{right}}}[5m]))")).is_ok());
    }
    assert!(query("sum by (le, job) (rate(llmobs_queue_duration_seconds_bucket[5m]))").is_ok());
}

#[test]
fn a_sum_over_objectives_is_refused() {
    refused("sum by (job) (rate(llmobs_objective_events_total[5m]))", "once for each objective");
    refused("sum without (llmobs_objective_name) (rate(llmobs_objective_events_total[5m]))", "once for each");
    assert!(query("sum by (llmobs_objective_name) (rate(llmobs_objective_events_total[5m]))").is_ok());
    assert!(query("sum(rate(llmobs_objective_events_total{llmobs_objective_name=\"chat\"}[5m]))").is_ok());
    assert!(query("max by (job) (llmobs_objective_target_ratio)").is_ok());
}

#[test]
fn a_filter_on_the_source_of_tokens_is_refused() {
    refused("rate(llmobs_token_processed_total{llmobs_token_source=\"reported\"}[5m])", "loses the tokens");
    assert!(query("sum by (llmobs_token_source) (rate(llmobs_token_processed_total[5m]))").is_ok());
}

#[test]
fn sums_and_means_of_ages_and_ratios_are_refused() {
    for metric in
        ["llmobs_engine_step_age_seconds", "llmobs_engine_kv_cache_utilization_ratio", "vllm:kv_cache_usage_perc"]
    {
        refused(&format!("sum({metric})"), "means nothing");
        refused(&format!("avg by (job) (max_over_time({metric}[5m]))"), "means nothing");
        assert!(query(&format!("max by (job) ({metric})")).is_ok());
        assert!(query(&format!("count({metric} > 3)")).is_ok());
    }
}

#[test]
fn the_rate_of_a_gauge_and_the_slope_of_a_counter_are_refused() {
    refused("rate(llmobs_budget_usage_usd[6h])", "takes each fall for a restart");
    refused("sum(increase(llmobs_operation_active[5m]))", "takes each fall for a restart");
    refused("predict_linear(llmobs_cost_usd_total[6h], 3600)", "falls at a restart");
    refused("deriv(llmobs_queue_duration_seconds_count[5m])", "falls at a restart");
    for right in ["increase(llmobs_cost_usd_total[6h])", "deriv(llmobs_operation_active[5m])", "changes(up[5m])"] {
        assert!(query(right).is_ok(), "{right}");
    }
}

#[test]
fn a_function_of_a_range_over_a_pattern_of_names_is_refused() {
    const PATTERN: &str = "{__name__=~\"otelcol_receiver_refused_(spans|metric_points)_total\"}";
    refused(&format!("sum by (receiver) (rate({PATTERN}[5m]))"), "the same labels");
    refused(&format!("max_over_time({PATTERN}[5m])"), "the same labels");
    assert!(query(&format!("count({PATTERN})")).is_ok());
    assert!(query("sum(rate({__name__=~\"otelcol_receiver_refused_spans(_total)?\"}[5m]))").is_ok());
}

#[test]
fn an_alert_on_completed_operations_only_is_refused() {
    const RATE: &str = "sum by (job) (rate(gen_ai_server_time_to_first_token_seconds_count[5m])) > 1";
    let names = Names::load().unwrap();
    assert!(check(RATE, &names, Purpose::Query).is_ok());
    assert!(check(RATE, &names, Purpose::Alert).unwrap_err().contains("completed operations only"));
    let other = RATE.replace("gen_ai_server_time", "llmobs_time");
    assert!(check(&other, &names, Purpose::Alert).is_ok());
}

#[test]
fn an_alert_does_not_read_completed_operations_through_a_recording_rule() {
    let mut names = Names::load().unwrap();
    let expr = "sum by (job) (rate(gen_ai_server_time_to_first_token_seconds_count[5m]))";
    let checked = check(expr, &names, Purpose::Query).unwrap();
    names.record("llmobs:ttft:rate5m", &checked.labels, &checked.series).unwrap();
    assert!(check("llmobs:ttft:rate5m > 1", &names, Purpose::Query).is_ok());
    assert!(check("llmobs:ttft:rate5m > 1", &names, Purpose::Alert).unwrap_err().contains("completed operations only"));
}

#[test]
fn variables_of_a_panel_are_accepted() {
    let names = Names::load().unwrap();
    let text = "sum by (job) (rate(llmobs_operation_ended_total{job=~\"$job\",llmobs_operation_outcome=\"$outcome\"}[$__rate_interval]))";
    assert!(check_panel(text, &names).is_ok());
    assert!(check(text, &names, Purpose::Query).is_err());
}
