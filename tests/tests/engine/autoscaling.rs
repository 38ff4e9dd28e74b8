//! The queries of the guide `autoscaling`, run against the page of an engine.

use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::engine::WaitReason;

use super::fixture::observer;

const GUIDE: &str = include_str!("../../../llmobs/docs/guide/autoscaling.md");

/// Returns the page of an engine that has computed prompts, with waiting work and a KV cache that fills.
fn page() -> String {
    let (observer, hand) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    engine.set_kv_cache_limit(1_000);
    engine.set_running(1);
    engine.set_waiting(WaitReason::Capacity, 3);
    engine.set_waiting_tokens(500);
    for second in 0..20 {
        engine.set_kv_cache_usage(10 * second);
        let step = engine.step();
        hand.advance(Duration::from_secs(1));
        step.sequences(1).prefill_tokens(100).finish();
    }
    text(&observer)
}

fn text(observer: &Observer) -> String {
    llmobs::prometheus::page(observer, None).body
}

/// Returns the series of a page, each with its value.
fn series(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '))
}

#[test]
fn every_metric_of_the_guide_is_on_the_page() {
    let page = page();
    let words = GUIDE.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let mut names: Vec<_> = words.filter(|word| word.starts_with("llmobs_engine_")).collect();
    names.sort_unstable();
    names.dedup();
    // The guide also names the label by which engines of one model are distinguished.
    names.retain(|name| *name != "llmobs_engine_id");
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let found = series(&page).find(|(series, _)| series.split('{').next() == Some(name));
        assert!(found.is_some_and(|(_, value)| value.parse::<f64>().unwrap() > 0.0), "{name}");
    }
}

#[test]
fn each_specification_of_the_endpoint_picker_selects_one_series() {
    let page = page();
    let specifications: Vec<_> = GUIDE.lines().filter_map(|line| line.split_once("Spec: ")).collect();
    assert_eq!(specifications.len(), 3);
    let expected = [("queuedRequests", "3"), ("runningRequests", "1"), ("kvUsage", "0.19")];
    for ((key, specification), (expected_key, expected_value)) in specifications.into_iter().zip(expected) {
        assert_eq!(key.trim(), expected_key);
        let (name, labels) = specification.trim_end_matches('}').split_once('{').unwrap_or((specification, ""));
        let labels: Vec<_> = labels.split(',').filter_map(|label| label.split_once('=')).collect();
        let has_labels =
            |series: &str| labels.iter().all(|(name, value)| series.contains(&format!("{name}=\"{value}\"")));
        let selected: Vec<_> =
            series(&page).filter(|(series, _)| series.split('{').next() == Some(name) && has_labels(series)).collect();
        assert_eq!(selected.len(), 1, "{specification} selects {selected:?}");
        assert_eq!(selected[0].1, expected_value, "{specification}");
    }
}
