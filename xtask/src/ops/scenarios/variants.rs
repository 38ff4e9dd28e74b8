//! The situations that are derived from a case.

use super::super::names::Names;
use super::super::names::Origin;
use super::series::Load;
use super::series::Series;
use super::situation::Situation;
use super::values::Value;

/// The number of minutes without scrapes in the situation [`Situation::Gap`].
const GAP: usize = 3;

/// The number of requests an hour in the situation [`Situation::FewRequests`], and the minutes between two of them.
pub(super) const FEW: f64 = 3.0;
const PAUSE: usize = 20;

/// Returns each situation of a fault with its series. `onset` is the minute at which the fault begins, `requests` the number of
/// requests an hour.
pub(super) fn of_fault(series: &[Series], onset: usize, requests: f64) -> Vec<(Situation, Vec<Series>)> {
    let mut situations = all(series, onset);
    situations.push((Situation::FewRequests, map(series, |one| with_few_requests(one, onset, FEW / requests))));
    situations.push((Situation::NoRequests, map(series, without_requests)));
    situations
}

/// Returns each situation with its series, except those about the number of requests.
pub(super) fn all(series: &[Series], onset: usize) -> Vec<(Situation, Vec<Series>)> {
    vec![
        (Situation::Otlp, otlp(series)),
        (Situation::Replicas, two_replicas(series, onset)),
        (Situation::Restart, map(series, |one| restarted(one, onset + 1))),
        (Situation::Gap, map(series, |one| with_gap(one, onset + 1))),
        (Situation::Core, series.iter().filter(|one| one.is_core).cloned().collect()),
        (Situation::First, map(series, |one| without_past(one, onset))),
    ]
}

/// Adds the series that every scraped process has, `up`, and `llmobs_build_info` for a process with series of llmobs.
pub(super) fn with_process(series: &[Series], names: &Names) -> Vec<Series> {
    let mut all = series.to_vec();
    let length = series.iter().map(|one| one.values.len()).max().unwrap_or_default();
    let is_own = |one: &Series| names.get(&one.name).is_some_and(|metric| matches!(metric.origin, Origin::Own { .. }));
    let own = series.iter().any(is_own).then_some("llmobs_build_info");
    for name in ["up"].into_iter().chain(own) {
        let has_it = series.iter().any(|one| one.selector().starts_with(&format!("{name}{{")));
        if let Ok(one) = Series::parse(name, vec![Some(1.0); length], names)
            && !has_it
        {
            all.push(one);
        }
    }
    all
}

fn map(series: &[Series], values: impl Fn(&Series) -> Vec<Value>) -> Vec<Series> {
    series.iter().map(|one| Series { values: values(one), ..one.clone() }).collect()
}

/// Returns the series as OTLP delivers them: `job` and `instance` from the resource, and no series of the scrape.
fn otlp(series: &[Series]) -> Vec<Series> {
    let mut delivered: Vec<Series> = series.iter().filter(|one| !one.is_of_scrape()).cloned().collect();
    for one in &mut delivered {
        one.labels.insert("job".to_owned(), "shop/chat".to_owned());
        one.labels.insert("instance".to_owned(), "627cc493-f310-47de-96bd-71410b7dec09".to_owned());
    }
    delivered
}

/// Adds a second replica that stays as it was before the fault.
fn two_replicas(series: &[Series], onset: usize) -> Vec<Series> {
    let healthy = series.iter().map(|one| {
        let mut twin = one.clone();
        twin.labels.insert("instance".to_owned(), "b:8080".to_owned());
        twin.values = continued(&one.values, onset);
        twin
    });
    series.iter().cloned().chain(healthy).collect()
}

/// Returns the values before the onset, and goes on in the same steps.
fn continued(values: &[Value], onset: usize) -> Vec<Value> {
    let before = &values[..onset.min(values.len())];
    let last = before.last().copied().flatten();
    let earlier = before.len().checked_sub(2).and_then(|index| before[index]);
    let step = match (earlier, last) {
        (Some(earlier), Some(last)) => last - earlier,
        _ => 0.0,
    };
    let mut value = last;
    let rest = values.len() - before.len();
    let mut all = before.to_vec();
    for _ in 0..rest {
        value = value.map(|value| value + step);
        all.push(value);
    }
    all
}

/// Returns the values of a process that restarts at `minute`: its counters begin at zero again.
fn restarted(series: &Series, minute: usize) -> Vec<Value> {
    let base = series.values.get(minute).copied().flatten().filter(|_| series.is_counter).unwrap_or_default();
    let restart =
        |(index, value): (usize, &Value)| value.map(|value| if index >= minute { value - base } else { value });
    series.values.iter().enumerate().map(restart).collect()
}

fn with_gap(series: &Series, minute: usize) -> Vec<Value> {
    let hide = |(index, value): (usize, &Value)| value.filter(|_| !(minute..minute + GAP).contains(&index));
    series.values.iter().enumerate().map(hide).collect()
}

/// Returns the series as if it were created by its first event: a counter that does not change before the onset has no
/// samples before its first change.
#[expect(clippy::float_cmp, reason = "a counter without events keeps exactly its value")]
fn without_past(series: &Series, onset: usize) -> Vec<Value> {
    let before = &series.values[..onset.min(series.values.len())];
    let is_new = series.is_counter && !series.is_of_process() && before.iter().all(|value| *value == before[0]);
    let first = series.values.first().copied().flatten().unwrap_or_default();
    let changed = series.values.iter().position(|value| value.is_some_and(|value| value != first));
    match changed {
        Some(changed) if is_new => {
            series.values.iter().enumerate().map(|(index, value)| value.filter(|_| index >= changed)).collect()
        }
        _ => series.values.clone(),
    }
}

/// Returns the values with one request every [`PAUSE`] minutes, one of them at `minute`. A counter grows by the `share` of its
/// growth; a count has whole numbers, and its first event happens with the first request. At most one request is in work.
fn with_few_requests(series: &Series, minute: usize, share: f64) -> Vec<Value> {
    match series.load {
        Load::Independent | Load::Age => series.values.clone(),
        Load::Active => series.values.iter().map(|value| value.map(|value| value.min(1.0))).collect(),
        Load::Count | Load::Amount => {
            let start = start(series).unwrap_or_default();
            let grown = |index: usize| {
                // The last minute with a request: those before `minute` are counted back from it.
                let last = index.checked_sub((index + PAUSE - minute % PAUSE) % PAUSE)?;
                series.values[last].map(|value| (value - start) * share)
            };
            let at = |(index, value): (usize, &Value)| {
                let growth = grown(index).unwrap_or_default();
                // A sum such as 0.1 + 0.2 can be above the whole number by the last digit.
                let whole = if series.load == Load::Count { (growth - 1e-6).ceil() } else { growth };
                value.map(|_| start + whole)
            };
            series.values.iter().enumerate().map(at).collect()
        }
    }
}

/// Returns the values of a process that gets no requests. A counter that requests create does not exist.
fn without_requests(series: &Series) -> Vec<Value> {
    let keep = |value: &Value| match series.load {
        Load::Independent => *value,
        Load::Count | Load::Amount => value.and(start(series)),
        Load::Active | Load::Age => value.and(Some(0.0)),
    };
    series.values.iter().map(keep).collect()
}

/// Returns the first value of a series that exists from the start.
fn start(series: &Series) -> Value {
    series.values.first().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;

    /// Returns a counter with an error at minute 3, a gauge, and a counter of the level standard.
    fn series() -> Vec<Series> {
        let names = Names::load().unwrap();
        let one = |text: &str, values: &str| Series::parse(text, values::parse(values, 6).unwrap(), &names).unwrap();
        let failed =
            "llmobs_operation_ended_total{OPERATION,llmobs_operation_outcome=\"failed\",error_type=\"timeout\"}";
        let series = [
            one(failed, "0x3 2+2x3"),
            one("llmobs_engine_step_age_seconds{ENGINE}", "0x3 40x3"),
            one("llmobs_token_unmeasured_total{OPERATION}", "0+1x6"),
        ];
        with_process(&series, &names)
    }

    fn derived(situation: Situation) -> Vec<Series> {
        of_fault(&series(), 3, 60.0).into_iter().find(|(other, _)| *other == situation).unwrap().1
    }

    fn written(series: &Series) -> String {
        values::write(&series.values)
    }

    #[test]
    fn a_process_without_llmobs_has_no_series_of_it() {
        let names = Names::load().unwrap();
        let text = "otelcol_exporter_send_failed_spans_total{exporter=\"a\"}";
        let series = with_process(&[Series::parse(text, vec![Some(0.0); 3], &names).unwrap()], &names);
        let added: Vec<_> = series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(added, ["otelcol_exporter_send_failed_spans_total", "up"]);
    }

    #[test]
    fn otlp_has_the_labels_of_the_resource_and_no_series_of_the_scrape() {
        assert!(series().iter().any(Series::is_of_scrape));
        let delivered = derived(Situation::Otlp);
        assert!(delivered.iter().all(|one| one.labels["job"] == "shop/chat" && !one.is_of_scrape()));
    }

    #[test]
    fn the_second_replica_stays_healthy() {
        let both = derived(Situation::Replicas);
        let twin = both.iter().filter(|one| one.labels["instance"] == "b:8080").collect::<Vec<_>>();
        assert_eq!(written(twin[0]), "0+0x5");
        assert_eq!(written(twin[2]), "0+1x5");
        assert_eq!(both.len(), 2 * series().len());
    }

    #[test]
    fn counters_restart_at_zero_and_gauges_do_not() {
        let restarted = derived(Situation::Restart);
        assert_eq!(restarted[0].values, [Some(0.0), Some(0.0), Some(0.0), Some(2.0), Some(0.0), Some(2.0)]);
        assert_eq!(written(&restarted[1]), "0+0x2 40+0x2");
    }

    #[test]
    fn requests_become_few_and_none() {
        let names = Names::load().unwrap();
        let one = |text: &str, values: &str| Series::parse(text, values::parse(values, 61).unwrap(), &names).unwrap();
        let completed = one("llmobs_operation_started_total{OPERATION}", "0+6x61");
        let cost = one("llmobs_cost_usd_total{OPERATION}", "0+6x61");
        // The requests come at the minutes 1, 21 and 41.
        let few = |one: &Series| with_few_requests(one, 21, 1.0 / 64.0);
        let at = |values: &[Value]| [0, 1, 20, 21, 40, 41, 60].map(|minute: usize| values[minute]);
        assert_eq!(at(&few(&completed)), [0.0, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0].map(Some));
        assert_eq!(at(&few(&cost)), [0.0, 0.09375, 0.09375, 1.96875, 1.96875, 3.84375, 3.84375].map(Some));
        let active = one("llmobs_operation_active{OPERATION,llmobs_operation_state=\"decode\"}", "0x5 4x56");
        let age = one("llmobs_operation_oldest_age_seconds{llmobs_operation_state=\"decode\"}", "0x5 70x56");
        let xid = one("llmobs_gpu_xid_errors_total{llmobs_gpu_xid_code=\"79\"}", "0x5 1x56");
        assert_eq!(few(&active), values::parse("0x5 1x56", 61).unwrap());
        assert_eq!(few(&age), age.values);
        assert!([&completed, &cost, &active, &age].iter().all(|one| without_requests(one) == [Some(0.0); 61]));
        assert_eq!([few(&xid), without_requests(&xid)], [xid.values.clone(), xid.values]);
    }

    #[test]
    fn a_gap_a_level_and_a_first_event_remove_samples() {
        assert_eq!(derived(Situation::Gap)[0].values[4..], [None, None]);
        assert!(derived(Situation::Core).iter().all(|one| one.name != "llmobs_token_unmeasured_total"));
        assert_eq!(derived(Situation::First)[0].values[..4], [None, None, None, Some(2.0)]);
        assert_eq!(written(&derived(Situation::First)[2]), "0+1x5");
    }
}
