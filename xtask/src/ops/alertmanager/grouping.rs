//! The groups in which Alertmanager notifies: a page has one for each service, a ticket one for each model of a service.
//!
//! Each alert is posted for two services, of which the first has two replicas and two models.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::super::programs::alertmanager::Alertmanager;
use super::super::programs::alertmanager::Labels;

/// The service, the replica and the model of each alert that is posted, as values of [`LABELS`].
const POSTED: [[&str; 3]; 4] = [["one", "a", "x"], ["one", "b", "x"], ["one", "a", "y"], ["two", "a", "x"]];
const LABELS: [&str; 3] = ["job", "instance", "gen_ai_request_model"];

/// Checks the groups of the alerts with these labels.
pub(super) fn check(alertmanager: &Alertmanager, known: &[Labels]) -> Result<(), String> {
    let posted: BTreeSet<Labels> = known.iter().flat_map(variants).collect();
    alertmanager.post(posted.iter())?;
    alertmanager
        .wait_for("/api/v2/alerts/groups", |groups| known.iter().try_for_each(|labels| compare(labels, groups)))?;
    println!("Alertmanager: {} alerts of replicas and models are in groups by service and model", posted.len());
    Ok(())
}

/// Returns the labels of an alert for each service, replica and model, where it has these labels.
fn variants(labels: &Labels) -> Vec<Labels> {
    let variant = |values: [&str; 3]| {
        let mut labels = labels.clone();
        for (label, value) in LABELS.into_iter().zip(values) {
            if let Some(old) = labels.get_mut(label) {
                value.clone_into(old);
            }
        }
        labels
    };
    POSTED.map(variant).to_vec()
}

/// Returns the labels by which the alerts of a severity are grouped.
fn grouped_by(severity: &str) -> &'static [&'static str] {
    match severity {
        "page" => &["alertname", "job"],
        "watchdog" => &["alertname"],
        _ => &["alertname", "job", "gen_ai_request_model"],
    }
}

/// Fails if an alert is in other groups than expected.
fn compare(labels: &Labels, groups: &Value) -> Result<(), String> {
    let keys = grouped_by(&labels["severity"]);
    let key = |labels: &Labels| -> Labels {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), labels.get(*key)?.clone()))).collect()
    };
    let mut expected: BTreeMap<Labels, BTreeSet<Labels>> = BTreeMap::new();
    for variant in variants(labels) {
        expected.entry(key(&variant)).or_default().insert(variant);
    }
    for (key, alerts) in expected {
        let found: Vec<BTreeSet<Labels>> = groups
            .as_array()
            .into_iter()
            .flatten()
            .filter(|group| read(&group["labels"]) == key)
            .map(|group| group["alerts"].as_array().into_iter().flatten().map(|alert| read(&alert["labels"])).collect())
            .collect();
        if found != [alerts] {
            return Err(format!("alertmanager/alertmanager.yml: the alerts of the group {key:?} are {found:?}"));
        }
    }
    Ok(())
}

fn read(labels: &Value) -> Labels {
    let pairs = labels.as_object().into_iter().flatten();
    pairs.map(|(label, value)| (label.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels(text: &[(&str, &str)]) -> Labels {
        text.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
    }

    fn group(key: &Value, alerts: &[Labels]) -> Value {
        let alerts: Vec<_> = alerts.iter().map(|labels| json!({ "labels": labels })).collect();
        json!({ "labels": key, "alerts": alerts })
    }

    #[test]
    fn a_page_has_one_group_for_each_service() {
        let page = labels(&[("alertname", "A"), ("severity", "page"), ("job", ""), ("instance", "")]);
        let all = variants(&page);
        let [one, two] = ["one", "two"].map(|job| json!({ "alertname": "A", "job": job }));
        let right = json!([group(&one, &all[..3]), group(&two, &all[3..])]);
        assert_eq!(compare(&page, &right), Ok(()));
        let by_replica = json!([group(&one, &all[..1]), group(&one, &all[1..2]), group(&two, &all[3..])]);
        assert!(compare(&page, &by_replica).unwrap_err().contains("\"one\""));
    }
}
