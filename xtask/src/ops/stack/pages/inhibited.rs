//! The alerts that must not be sent while a page fires: Alertmanager reports what inhibits them.

use serde_json::Value;

use crate::ops::programs::http;
use crate::ops::stack::receiver::Alert;

/// A job, the alert that is inhibited in it, and the page that does it.
type Inhibited = (&'static str, &'static str, &'static str);

/// The alerts that the faults cause beside the expected pages.
const EXPECTED: [Inhibited; 6] = [
    ("hung", "LlmobsStreamsStalled", "LlmobsEngineHung"),
    ("hung", "LlmobsNoTokens", "LlmobsEngineHung"),
    ("down", "LlmobsTargetDown", "LlmobsAllTargetsDown"),
    ("panics", "LlmobsFewOperationsFail", "LlmobsServerErrors"),
    ("gateway-of-nothing", "LlmobsServerErrors", "LlmobsNoBackendLeft"),
    ("gateway-of-nothing", "LlmobsFewOperationsFail", "LlmobsNoBackendLeft"),
];

/// Returns the expected alerts that Alertmanager does not report as inhibited by their page.
pub(super) fn missing(alertmanager: &str) -> Result<Vec<Inhibited>, String> {
    let answer = http::exchange(alertmanager, "GET", "/api/v2/alerts", "application/json", "");
    let answer = answer.map_err(|error| format!("Alertmanager: {error}"))?;
    let alerts: Value = serde_json::from_str(&answer).map_err(|error| format!("Alertmanager: {error}: {answer}"))?;
    Ok(EXPECTED.into_iter().filter(|one| !is_inhibited(&alerts, *one)).collect())
}

/// Returns whether the alert of a job is inhibited by the page of the same job.
fn is_inhibited(alerts: &Value, (job, alert, page): Inhibited) -> bool {
    let find = |name: &str| {
        let is_one = |one: &&Value| one["labels"]["alertname"] == name && one["labels"]["job"] == job;
        alerts.as_array().into_iter().flatten().find(is_one).cloned().unwrap_or_default()
    };
    let page = find(page);
    find(alert)["status"]["inhibitedBy"].as_array().is_some_and(|by| by.contains(&page["fingerprint"]))
}

/// Returns a failure for each inhibited ticket that arrived. Of the pages, the list of expected ones decides.
pub(super) fn failures(alerts: &[Alert]) -> Vec<String> {
    let is_one = |alert: &&Alert| {
        alert.status == "firing"
            && alert.severity == "ticket"
            && EXPECTED.iter().any(|(job, name, _)| *job == alert.job && *name == alert.name)
    };
    alerts.iter().filter(is_one).map(|alert| format!("a ticket arrived while its page fires: {alert:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_alert_is_inhibited_by_the_fingerprint_of_its_page() {
        let alerts = |by: &str| {
            json!([
                { "labels": { "alertname": "P", "job": "x" }, "fingerprint": "f", "status": { "inhibitedBy": [] } },
                { "labels": { "alertname": "T", "job": "x" }, "fingerprint": "g", "status": { "inhibitedBy": [by] } },
            ])
        };
        assert!(is_inhibited(&alerts("f"), ("x", "T", "P")));
        assert!(!is_inhibited(&alerts("other"), ("x", "T", "P")) && !is_inhibited(&alerts("f"), ("y", "T", "P")));
        assert!(!is_inhibited(&json!([]), ("x", "T", "P")));
    }

    #[test]
    fn a_ticket_that_arrives_while_its_page_fires_is_a_failure() {
        let text = str::to_owned;
        let ticket = Alert {
            path: text("/ticket/platform"),
            name: text("LlmobsTargetDown"),
            status: text("firing"),
            severity: text("ticket"),
            job: text("down"),
        };
        assert_eq!(failures(std::slice::from_ref(&ticket)).len(), 1);
        assert!(failures(&[Alert { job: text("healthy"), ..ticket }]).is_empty());
    }
}
