//! The pages that must arrive, and what is wrong with those that did.

use crate::ops::stack::receiver::Alert;

/// A page: its alert, the job with the fault, and the webhook that must receive it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Page {
    pub(super) alert: &'static str,
    pub(super) job: &'static str,
    pub(super) path: &'static str,
}

const fn page(alert: &'static str, job: &'static str, path: &'static str) -> Page {
    Page { alert, job, path }
}

/// The pages of all faults. Alerts that another page of the same service explains are not among them: the routes inhibit
/// `LlmobsStreamsStalled` and `LlmobsNoTokens` of the hung engine, `LlmobsServerErrors` of the gateway without a backend, and
/// `LlmobsObjectiveBurnsFast` of the service whose engine panics.
pub(super) const EXPECTED: [Page; 10] = [
    page("LlmobsObjectiveBurnsFast", "slow", "/page/serving"),
    page("LlmobsEngineHung", "hung", "/page/serving"),
    page("LlmobsStreamsStalled", "gateway-of-hung", "/page/serving"),
    page("LlmobsNoTokens", "gateway-of-hung", "/page/serving"),
    page("LlmobsAllTargetsDown", "down", "/page/serving"),
    page("LlmobsServerErrors", "panics", "/page/serving"),
    page("LlmobsNoBackendLeft", "gateway-of-nothing", "/page/serving"),
    page("LlmobsQueueBreaksObjective", "queue", "/page/serving"),
    page("LlmobsGpuLost", "gpu", "/page/gpu"),
    page("LlmobsMoneyRunsAway", "gateway-of-money", "/page/money"),
];

/// Returns the expected pages that fire in these alerts.
pub(super) fn arrived(alerts: &[Alert]) -> Vec<Page> {
    EXPECTED.into_iter().filter(|page| alerts.iter().any(|alert| is(page, alert))).collect()
}

/// Returns the expected pages that did not arrive and the pages that were not expected.
pub(super) fn failures(alerts: &[Alert]) -> Vec<String> {
    let missing = EXPECTED.iter().filter(|page| !alerts.iter().any(|alert| is(page, alert)));
    let mut failures: Vec<_> = missing.map(|page| format!("no page {page:?}")).collect();
    let pages = alerts.iter().filter(|alert| alert.severity == "page" && alert.status == "firing");
    for alert in pages.filter(|alert| !EXPECTED.iter().any(|page| is(page, alert))) {
        let text = format!("an unexpected page: {alert:?}");
        if !failures.contains(&text) {
            failures.push(text);
        }
    }
    failures
}

fn is(page: &Page, alert: &Alert) -> bool {
    (page.alert, page.job, page.path, "firing")
        == (alert.name.as_str(), alert.job.as_str(), alert.path.as_str(), alert.status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::names::Names;
    use crate::ops::rules;
    use crate::ops::rules::source::Severity;

    fn alert(page: Page) -> Alert {
        let text = str::to_owned;
        Alert {
            path: text(page.path),
            name: text(page.alert),
            status: text("firing"),
            severity: text("page"),
            job: text(page.job),
        }
    }

    #[test]
    fn every_alert_of_the_kit_that_pages_is_expected() {
        let files = rules::read(&mut Names::load().unwrap()).unwrap();
        let pages = rules::alerts(&files).filter(|alert| alert.severity == Severity::Page);
        let mut names: Vec<_> = pages.map(|alert| alert.name.clone()).collect();
        let mut expected: Vec<_> = EXPECTED.iter().map(|page| page.alert.to_owned()).collect();
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn missing_and_unexpected_pages_are_failures_and_tickets_are_not() {
        let all: Vec<_> = EXPECTED.into_iter().map(alert).collect();
        assert_eq!((failures(&all), arrived(&all).len()), (Vec::new(), EXPECTED.len()));
        assert!(failures(&all[1..])[0].starts_with("no page"));
        let healthy = Alert { job: "healthy".to_owned(), ..all[0].clone() };
        assert!(failures(&[all.clone(), vec![healthy.clone()]].concat())[0].contains("healthy"));
        let ticket = Alert { severity: "ticket".to_owned(), ..healthy };
        assert!(failures(&[all.clone(), vec![ticket]].concat()).is_empty());
        let misrouted = Alert { path: "/page/gpu".to_owned(), ..all[0].clone() };
        assert_eq!(failures(&[&[misrouted], &all[1..]].concat()).len(), 2, "missing there, unexpected here");
        let resolved = Alert { status: "resolved".to_owned(), ..all[0].clone() };
        assert_eq!(arrived(&[resolved]), []);
    }
}
