//! The configurations of Prometheus and Alertmanager: those of the kit, reduced to what runs here.

use serde_json::Value;
use serde_json::json;

/// The address of the webhooks in the kit's file.
const WEBHOOK: &str = "http://127.0.0.1:9099/";

/// The addresses and jobs to put into the kit's configuration of Prometheus.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) prometheus: String,
    pub(super) alertmanager: String,
    /// A pattern for the files of rules.
    pub(super) rules: String,
    /// The interval of scrapes and evaluations.
    pub(super) interval: &'static str,
    /// The jobs of services and the addresses of each. All of them are scraped like the kit's job `llmobs`.
    pub(super) jobs: Vec<(String, Vec<String>)>,
}

/// Returns the configuration of Prometheus, as JSON, which is YAML too. Of the jobs of the kit, those of engines, GPUs,
/// machines, the collector and the canary are left out: nothing of them runs here.
pub(super) fn prometheus(kit: &str, configuration: &Configuration) -> Result<String, String> {
    let mut file: Value = serde_saphyr::from_str(kit).map_err(|error| format!("prometheus.yml: {error}"))?;
    let jobs = file["scrape_configs"].as_array().ok_or("prometheus.yml has no scrape_configs")?;
    let job = |name: &str| {
        let job = jobs.iter().find(|job| job["job_name"] == name).cloned();
        job.ok_or_else(|| format!("prometheus.yml has no job `{name}`"))
    };
    let mut reduced = Vec::new();
    for (name, targets) in &configuration.jobs {
        reduced.push(with_targets(job("llmobs")?, name, targets)?);
    }
    for (name, address) in [("prometheus", &configuration.prometheus), ("alertmanager", &configuration.alertmanager)] {
        reduced.push(with_targets(job(name)?, name, std::slice::from_ref(address))?);
    }
    file["scrape_configs"] = Value::Array(reduced);
    for name in ["scrape_interval", "scrape_timeout", "evaluation_interval"] {
        file["global"][name] = json!(configuration.interval);
    }
    file["rule_files"] = json!([configuration.rules]);
    file["alerting"] = json!({"alertmanagers": [{"static_configs": [{"targets": [configuration.alertmanager]}]}]});
    serde_json::to_string_pretty(&file).map_err(|error| error.to_string())
}

/// Returns a job with another name and static targets.
fn with_targets(mut job: Value, name: &str, targets: &[String]) -> Result<Value, String> {
    let fields = job.as_object_mut().ok_or("a job of prometheus.yml is no mapping")?;
    fields.remove("file_sd_configs");
    fields.insert("job_name".to_owned(), json!(name));
    fields.insert("static_configs".to_owned(), json!([{"targets": targets}]));
    Ok(job)
}

/// Returns the kit's configuration of Alertmanager with the webhooks at this address.
pub(super) fn alertmanager(kit: &str, webhook: &str) -> Result<String, String> {
    if !kit.contains(WEBHOOK) {
        return Err(format!("alertmanager.yml has no webhook at {WEBHOOK}"));
    }
    Ok(kit.replace(WEBHOOK, &format!("http://{webhook}/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::stack::kit;

    #[test]
    fn the_jobs_that_run_are_scraped_as_in_the_kit_and_no_others() {
        let configuration = Configuration {
            prometheus: "127.0.0.1:1".to_owned(),
            alertmanager: "127.0.0.1:2".to_owned(),
            rules: "/rules/*.yml".to_owned(),
            interval: "5s",
            jobs: vec![("a".to_owned(), vec!["127.0.0.1:3".to_owned()]), ("b".to_owned(), Vec::new())],
        };
        let text = prometheus(&kit::read("prometheus/prometheus.yml").unwrap(), &configuration).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<_> = file["scrape_configs"].as_array().unwrap().iter().map(|job| &job["job_name"]).collect();
        assert_eq!(names, ["a", "b", "prometheus", "alertmanager"]);
        let first = &file["scrape_configs"][0];
        assert_eq!(first["static_configs"][0]["targets"][0], "127.0.0.1:3");
        assert!(first["sample_limit"] == 20_000 && first.get("file_sd_configs").is_none(), "{first}");
        assert_eq!(file["global"]["external_labels"]["cluster"], "main");
        assert_eq!(file["rule_files"][0], "/rules/*.yml");
    }

    #[test]
    fn every_webhook_is_at_the_receiver() {
        let text = alertmanager(&kit::read("alertmanager/alertmanager.yml").unwrap(), "127.0.0.1:4").unwrap();
        assert!(text.matches("http://127.0.0.1:4/").count() >= 9 && !text.contains("9099/"));
        assert!(alertmanager("receivers: []", "127.0.0.1:4").is_err());
    }
}
