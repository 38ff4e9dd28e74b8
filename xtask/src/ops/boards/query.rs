//! Queries of panels: the shorthands that they are written with, and Grafana's variables in them.

/// The selectors of series with all labels of an operation.
const OPERATION: &str =
    r#"job="$job",instance=~"$instance",gen_ai_request_model=~"$model",gen_ai_provider_name=~"$provider""#;

/// The selectors of series with a model, but without a provider: those of engines and objectives' targets.
const MODEL: &str = r#"job="$job",instance=~"$instance",gen_ai_request_model=~"$model""#;

/// The selectors of series of a process.
const PROCESS: &str = r#"job="$job",instance=~"$instance""#;

/// The histograms of whole operations, one for each role and profile of the conventions. A process has one of them, or
/// with the profile `dual` two with equal values, of which `or` takes the first.
const DURATIONS: [&str; 3] = [
    "gen_ai_server_request_duration_seconds",
    "gen_ai_client_operation_duration_seconds",
    "gen_ai_client_inference_duration_seconds",
];

/// The histograms of the time to the first token: at level `core`, a server has only the second one.
const FIRST_TOKENS: [&str; 2] = ["llmobs_time_to_first_token_seconds", "gen_ai_server_time_to_first_token_seconds"];

/// Expands the shorthands of a query:
///
/// - `<S>`, `<E>` and `<P>` are the selectors of operations, of engines and of processes.
/// - `<R>` is Grafana's interval for rates.
/// - `<duration_bucket>`, `<duration_sum>` and `<duration_count>` are the rates of the durations of operations in any
///   role; `<first_token_bucket>`, `<first_token_sum>` and `<first_token_count>` those of the time to the first token.
///   With `@job` before the `>`, they select all jobs.
pub(super) fn expand(query: &str) -> String {
    let mut text = query.to_owned();
    for (name, metrics) in [("duration", &DURATIONS[..]), ("first_token", &FIRST_TOKENS[..])] {
        for suffix in ["bucket", "sum", "count"] {
            for (scope, selectors) in [("", "<S>"), ("@job", r#"job=~"$job""#)] {
                let rates: Vec<_> =
                    metrics.iter().map(|metric| format!("rate({metric}_{suffix}{{{selectors}}}[<R>])")).collect();
                text = text.replace(&format!("<{name}_{suffix}{scope}>"), &format!("({})", rates.join(" or ")));
            }
        }
    }
    text.replace("<S>", OPERATION).replace("<E>", MODEL).replace("<P>", PROCESS).replace("<R>", "$__rate_interval")
}

/// Replaces Grafana's variables in a query, longest names first. `interval` is the duration of rates; `values` gives the
/// values of the variables of the board, and every other variable becomes `.*`.
pub(crate) fn substitute(query: &str, interval: &str, values: &[(&str, &str)]) -> String {
    let built_in = [("__rate_interval", interval), ("__interval", interval), ("__range", "1h")];
    let mut known: Vec<_> = built_in.iter().chain(values).copied().collect();
    known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut text = query.to_owned();
    for (name, value) in known {
        text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    replace_unknown(&text)
}

/// Replaces each `$name` that is left by `.*`.
fn replace_unknown(text: &str) -> String {
    variables_in(text).iter().fold(text.to_owned(), |text, name| text.replace(&format!("${name}"), ".*"))
}

/// Returns the names of the variables in a query, longest names first.
pub(super) fn variables_in(text: &str) -> Vec<String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = text.split('$').skip(1).map(|rest| rest.chars().take_while(|c| is_letter(*c)).collect::<String>());
    let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorthands_become_selectors_of_variables() {
        assert_eq!(expand("rate(x{<P>}[<R>])"), r#"rate(x{job="$job",instance=~"$instance"}[$__rate_interval])"#);
        let durations = expand("<duration_count@job>");
        assert!(
            durations.starts_with(r#"(rate(gen_ai_server_request_duration_seconds_count{job=~"$job"}["#),
            "{durations}"
        );
        assert_eq!(durations.matches(" or ").count(), 2);
    }

    #[test]
    fn every_variable_gets_a_value() {
        let query = r#"rate(x{job="$job",a=~"$other",b=~"end$"}[$__rate_interval])"#;
        let expected = r#"rate(x{job="chat",a=~".*",b=~"end$"}[10s])"#;
        assert_eq!(substitute(query, "10s", &[("job", "chat")]), expected);
        assert_eq!(substitute("$job_name $job", "1m", &[("job", "a"), ("job_name", "b")]), "b a");
    }
}
