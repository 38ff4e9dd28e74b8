// Shared with a test that evaluates these queries on a real metrics page.

/// Returns a Markdown section for a function's documentation: the queries for its operation, limited to one model if
/// known.
pub(crate) fn section(operation: &str, model: Option<&str>) -> String {
    let mut section = String::from("\n\n# Metrics\n\nPromQL for the series of this function");
    section += if model.is_some() { ":\n" } else { " and of others with this operation:\n" };
    for (description, query) in queries(operation, model) {
        section += &format!("\n{description}:\n\n```promql\n{query}\n```\n");
    }
    section
}

/// Returns pairs of a description and a PromQL query.
pub(crate) fn queries(operation: &str, model: Option<&str>) -> Vec<(&'static str, String)> {
    let mut labels = format!("gen_ai_operation_name=\"{operation}\"");
    if let Some(model) = model {
        let model = model.replace('\\', "\\\\").replace('"', "\\\"");
        labels += &format!(",gen_ai_request_model=\"{model}\"");
    }
    let rate = |name: &str, more: &str| format!("rate({name}{{{labels}{more}}}[5m])");
    let quantile = |name: &str| format!("histogram_quantile(0.95, sum by (le) ({}))", rate(name, ""));
    let mut queries = vec![
        ("Calls per second, by outcome", {
            format!("sum by (llmobs_operation_outcome) ({})", rate("llmobs_operation_ended_total", ""))
        }),
        ("Ratio of calls that failed", {
            let failed = rate("llmobs_operation_ended_total", ",llmobs_operation_outcome=\"failed\"");
            format!("sum({failed}) / sum({})", rate("llmobs_operation_ended_total", ""))
        }),
        ("In flight", format!("sum by (llmobs_operation_state) (llmobs_operation_active{{{labels}}})")),
    ];
    if operation != "embeddings" {
        queries
            .push(("Time to the first token, 95th percentile", quantile("llmobs_time_to_first_token_seconds_bucket")));
        queries.push(("Time between tokens, 95th percentile", quantile("llmobs_inter_token_duration_seconds_bucket")));
    }
    queries.push(("Tokens per second, by direction", {
        format!("sum by (llmobs_token_direction) ({})", rate("llmobs_token_processed_total", ""))
    }));
    queries
}
