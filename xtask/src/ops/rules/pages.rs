//! The alerts that wake a person: a fixed list. All other alerts are tickets.

use super::File;
use super::alerts;
use super::source::Severity;

/// The alerts that page.
const PAGES: [&str; 10] = [
    "LlmobsObjectiveBurnsFast",
    "LlmobsEngineHung",
    "LlmobsStreamsStalled",
    "LlmobsNoTokens",
    "LlmobsAllTargetsDown",
    "LlmobsServerErrors",
    "LlmobsNoBackendLeft",
    "LlmobsQueueBreaksObjective",
    "LlmobsGpuLost",
    "LlmobsMoneyRunsAway",
];

/// Fails if another alert pages, or if one of the list does not.
pub(super) fn check(files: &[File]) -> Result<(), String> {
    for alert in alerts(files) {
        let is_listed = PAGES.contains(&alert.name.as_str());
        if is_listed != (alert.severity == Severity::Page) {
            return Err(format!("{}: exactly the alerts of `PAGES` have the severity page", alert.name));
        }
    }
    match PAGES.iter().find(|name| !alerts(files).any(|alert| alert.name == **name)) {
        None => Ok(()),
        Some(name) => Err(format!("no rule defines the alert {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::names::Names;
    use super::super::read;
    use super::*;

    #[test]
    fn exactly_the_ten_listed_alerts_page() {
        let mut files = read(&mut Names::load().unwrap()).unwrap();
        assert_eq!(alerts(&files).filter(|alert| alert.severity == Severity::Page).count(), 10);
        let is_idle_gpu = |alert: &&mut super::super::Alert| alert.name == "LlmobsGpuWasted";
        let mut all = files.iter_mut().flat_map(|file| &mut file.groups).flat_map(|group| &mut group.alerts);
        all.find(is_idle_gpu).unwrap().severity = Severity::Page;
        assert!(check(&files).unwrap_err().contains("LlmobsGpuWasted"));
    }

    #[test]
    fn an_alert_of_the_list_cannot_be_removed_or_become_a_ticket() {
        let mut files = read(&mut Names::load().unwrap()).unwrap();
        for group in files.iter_mut().flat_map(|file| &mut file.groups) {
            group.alerts.retain(|alert| alert.name != "LlmobsEngineHung");
        }
        assert!(check(&files).unwrap_err().contains("LlmobsEngineHung"));
    }
}
