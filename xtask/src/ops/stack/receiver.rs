//! The webhook that receives what Alertmanager sends.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;

use crate::ops::programs::listener;

/// An alert in a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alert {
    /// The path of the webhook, such as `/page/serving`.
    pub(super) path: String,
    pub(super) name: String,
    /// `firing` or `resolved`.
    pub(super) status: String,
    pub(super) severity: String,
    pub(super) job: String,
}

/// A webhook on loopback that keeps all alerts it receives. Its threads end with the process.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) address: String,
    alerts: Arc<Mutex<Vec<Alert>>>,
}

impl Receiver {
    /// Starts the webhook. `on_alert` is called with each alert.
    pub(super) fn start(on_alert: impl Fn(&Alert) + Send + Sync + 'static) -> Result<Self, String> {
        let alerts = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&alerts);
        let address = listener::serve(move |request| {
            let Some(received) = parse(&request.path, &request.body) else { return "400 Bad Request" };
            received.iter().for_each(&on_alert);
            if let Ok(mut alerts) = shared.lock() {
                alerts.extend(received);
            }
            "200 OK"
        })?;
        Ok(Self { address, alerts })
    }

    /// Returns all alerts up to now, in the order of their arrival.
    pub(super) fn alerts(&self) -> Vec<Alert> {
        self.alerts.lock().map(|alerts| alerts.clone()).unwrap_or_default()
    }
}

/// Returns the alerts of a notification, or `None` if the body is not a notification.
fn parse(path: &str, body: &[u8]) -> Option<Vec<Alert>> {
    let message: Value = serde_json::from_slice(body).ok()?;
    let alerts = message["alerts"].as_array()?.iter().map(|alert| {
        let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
        Alert {
            path: path.to_owned(),
            name: label("alertname"),
            status: alert["status"].as_str().unwrap_or_default().to_owned(),
            severity: label("severity"),
            job: label("job"),
        }
    });
    Some(alerts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alert_of_a_notification_is_kept_with_its_receiver() {
        let body = br#"{"version":"4","alerts":[
            {"status":"firing","labels":{"alertname":"A","severity":"page","job":"x"}},
            {"status":"resolved","labels":{"alertname":"B","severity":"ticket"}}]}"#;
        let alerts = parse("/page/gpu", body).unwrap();
        assert_eq!((alerts[0].name.as_str(), alerts[0].job.as_str(), alerts[0].path.as_str()), ("A", "x", "/page/gpu"));
        assert_eq!((alerts[1].status.as_str(), alerts[1].severity.as_str()), ("resolved", "ticket"));
        assert!(parse("/", b"{}").is_none() && parse("/", b"no JSON").is_none());
    }
}
