//! The rules about the canary's module of the blackbox exporter.

use serde_json::Value;

use super::read;
use super::report::Report;
use super::yaml;

const FILE: &str = "load/blackbox.yml";

/// The module that sends a request of one token.
const CANARY: &str = "llm_canary";

pub(super) fn check(report: &mut Report) -> Result<(), String> {
    let modules = yaml::parse(FILE, &read(FILE)?)?;
    let config = "prometheus/prometheus.yml";
    check_canary(&modules, &yaml::parse(config, &read(config)?)?, report);
    Ok(())
}

/// The canary reads a whole answer of one token, and ends before the scrape does.
fn check_canary(modules: &Value, prometheus: &Value, report: &mut Report) {
    let Some(module) = yaml::at(modules, &["modules", CANARY]) else {
        return report.add(FILE, "canary", &format!("the module {CANARY} is missing"));
    };
    let body = yaml::text(module, &["http", "body"]).unwrap_or_default();
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    let tokens = request.get("max_tokens").and_then(Value::as_u64);
    report.require(tokens == Some(1), FILE, "canary", &format!("max_tokens is {tokens:?}, not 1"));
    let streams = request.get("stream").and_then(Value::as_bool) == Some(true);
    report.require(streams, FILE, "canary", "the answer is not a stream");
    let expected = yaml::texts(module, &["http", "fail_if_body_not_matches_regexp"]);
    let reads_end = expected.iter().any(|pattern| pattern.contains("DONE"));
    report.require(reads_end, FILE, "canary", "an answer without its end is a success");
    let jobs = yaml::items(prometheus, &["scrape_configs"]);
    let job = jobs.into_iter().find(|job| yaml::texts(job, &["params", "module"]).contains(&CANARY));
    let seconds = |text: &str| text.strip_suffix('s')?.parse::<u64>().ok();
    let limit = yaml::text(module, &["timeout"]).and_then(seconds);
    let scrape = job.and_then(|job| yaml::text(job, &["scrape_timeout"])).and_then(seconds);
    let fits = limit.zip(scrape).is_some_and(|(limit, scrape)| limit < scrape);
    report.require(
        fits,
        FILE,
        "canary",
        &format!("its limit {limit:?} s is not below that of the scrape {scrape:?} s"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(from: &str, to: &str) -> Vec<String> {
        let text = read(FILE).unwrap();
        assert!(text.contains(from), "{from}");
        let modules = yaml::parse(FILE, &text.replacen(from, to, 1)).unwrap();
        let prometheus = yaml::parse("test", &read("prometheus/prometheus.yml").unwrap()).unwrap();
        let mut report = Report::default();
        check_canary(&modules, &prometheus, &mut report);
        report.findings().to_vec()
    }

    #[test]
    fn a_canary_that_costs_more_or_sees_less_is_refused() {
        assert_eq!(findings("llm_canary:", "llm_canary:"), [""; 0]);
        assert!(findings("\"max_tokens\": 1,", "\"max_tokens\": 100,")[0].contains("max_tokens"));
        assert!(findings("\"stream\": true", "\"stream\": false")[0].contains("not a stream"));
        assert!(findings("        - 'data: \\[DONE\\]'\n", "")[0].contains("without its end"));
        assert!(findings("timeout: 50s", "timeout: 60s")[0].contains("not below"));
        assert!(findings("  llm_canary:", "  canary:")[0].contains("is missing"));
    }
}
