//! The books: for every way to end, the record equals the metrics, field by field, and the log event.

use std::collections::BTreeMap;
use std::time::Duration;

use llmobs::Role;
use llmobs::assert_books;
use llmobs::record::Finished;
use llmobs::semconv::value::Outcome;
use llmobs::testing::Readings;
use serde_json::Map;
use serde_json::Value;

use crate::ways_to_end;
use crate::ways_to_end::Scene;
use crate::ways_to_end::Way;

/// The prefixes of the fields that only the record has, and of those that only the log event has.
const OF_RECORD: [&str; 4] =
    ["llmobs.record.instance", "llmobs.record.labels", "llmobs.record.sequence", "llmobs.record.start.timestamp"];
const OF_LOG: [&str; 2] = ["llmobs.log.ratio", "llmobs.log.reason"];

#[test]
fn every_way_to_end_makes_one_record_that_equals_the_metrics() {
    for way in ways_to_end::all() {
        let (_scene, record, page) = end(way);
        check_outcome(way, &record, &page);
        check_times(way, &record, &page);
        check_tokens(way, &record, &page);
        check_counts(way, &record, &page);
    }
}

#[test]
fn every_way_to_end_makes_one_record_with_the_fields_of_its_log_event() {
    let mut logged = 0;
    for way in ways_to_end::all() {
        let (scene, record, _) = end(way);
        let mut by_serde = object(&serde_json::to_string(&record).unwrap());
        assert_eq!(comparable(&object(&record.to_json())), comparable(&by_serde), "{}", way.name);
        for name in OF_RECORD {
            let is_expected = name != "llmobs.record.labels" || record.labels().next().is_some();
            assert_eq!(by_serde.remove(name).is_some(), is_expected, "{}: {name}", way.name);
        }
        let mut recent = object(&scene.observer.recent_operations());
        OF_LOG.iter().for_each(|name| drop(recent.remove(*name)));
        assert_eq!(comparable(&by_serde), comparable(&recent), "{}", way.name);
        // An operation that ended on another thread has its event there, without this subscriber.
        for event in scene.events.events_named("llm_request_complete") {
            logged += 1;
            let mut fields: Map<_, _> = event.fields.into_iter().collect();
            OF_LOG.iter().for_each(|name| drop(fields.remove(*name)));
            by_serde.remove("timestamp");
            assert_eq!(comparable(&by_serde), comparable(&fields), "{}", way.name);
        }
    }
    assert!(logged > 40, "{logged} of the ways end on this thread");
}

#[test]
fn the_ways_to_end_have_every_outcome_in_every_role() {
    let mut reached = BTreeMap::new();
    for way in ways_to_end::all() {
        *reached.entry(way.expected.0).or_insert(0) += 1;
    }
    assert_eq!(reached.len(), Outcome::ALL.len(), "{reached:?}");
    assert!(ways_to_end::all().count() > 50);
    for role in [Role::Server, Role::Gateway, Role::Client] {
        assert!(ways_to_end::all().any(|way| way.role == role));
    }
}

/// Ends an operation in one way. Returns its scene, its only record, and the metrics.
fn end(way: &Way) -> (Scene, Finished, Readings) {
    let scene = Scene::new(way.role);
    (way.run)(&scene);
    assert_books!(scene.observer);
    let page = Readings::new(&scene.observer);
    assert_eq!(page.count("llmobs.operation.ended", &[]), 1, "{}", way.name);
    let record = scene.records.borrow_mut().try_recv().unwrap_or_else(|| panic!("{}: no record", way.name));
    assert!(scene.records.borrow_mut().try_recv().is_none(), "{}: a second record", way.name);
    assert_eq!(record.sequence(), 1, "{}", way.name);
    (scene, record, page)
}

fn check_outcome(way: &Way, record: &Finished, page: &Readings) {
    let (outcome, reason) = way.expected;
    assert_eq!(record.outcome().as_str(), outcome, "{}", way.name);
    let labels = if outcome == "completed" {
        assert_eq!(record.error_type(), None, "{}", way.name);
        assert_eq!(record.finish_reasons().next().unwrap_or(""), reason, "{}", way.name);
        Some(("llmobs.finish_reason", reason)).filter(|_| !reason.is_empty())
    } else {
        assert_eq!(record.error_type().map(|error| error.as_str()), Some(reason), "{}", way.name);
        Some(("error.type", reason))
    };
    let labels: Vec<_> = labels.into_iter().chain([("llmobs.operation.outcome", outcome)]).collect();
    assert_eq!(page.count("llmobs.operation.ended", &labels), 1, "{}", way.name);
    assert_eq!(record.role(), way.role);
    let started = page.series("llmobs.operation.started");
    assert!(started.iter().any(|series| series["gen_ai_operation_name"] == record.operation()), "{}", way.name);
}

fn check_times(way: &Way, record: &Finished, page: &Readings) {
    let is_remote = way.role != Role::Server;
    let completed = record.outcome() == Outcome::Completed;
    let duration = if is_remote { "gen_ai.client.operation.duration" } else { "gen_ai.server.request.duration" };
    check_time(way, duration, Some(record.duration()), page);
    check_time(way, "llmobs.queue.duration", record.queue_time(), page);
    check_time(way, "llmobs.decode.duration", record.decode_time().filter(|_| !is_remote), page);
    check_time(way, "llmobs.time_to_first_token", record.time_to_first_token(), page);
    check_time(way, "llmobs.operation.longest_gap.duration", record.longest_gap(), page);
    check_time(way, "llmobs.consumer_wait.duration", record.consumer_wait(), page);
    if is_remote {
        check_time(way, "gen_ai.client.operation.time_to_first_chunk", record.time_to_first_chunk(), page);
    } else {
        check_time(way, "llmobs.prefill.duration", record.prefill_time(), page);
        let per_token = record.time_per_output_token().filter(|_| completed);
        check_time(way, "gen_ai.server.time_per_output_token", per_token, page);
    }
    assert_eq!(record.ended_at().duration_since(record.started_at()).unwrap(), record.duration(), "{}", way.name);
}

/// Checks that a histogram has the time of a record as its only sample, or none.
fn check_time(way: &Way, metric: &str, time: Option<Duration>, page: &Readings) {
    let recorded = page.histogram(metric, &[]);
    assert_eq!(recorded.count, u64::from(time.is_some()), "{}: {metric}, {time:?}", way.name);
    let seconds = time.unwrap_or_default().as_secs_f64();
    assert!((recorded.sum - seconds).abs() < 1e-8, "{}: {metric}, {} and {seconds}", way.name, recorded.sum);
}

fn check_tokens(way: &Way, record: &Finished, page: &Readings) {
    let tokens = record.tokens();
    let late = if record.late_tokens_possible() { way_late_tokens(way) } else { 0 };
    let processed = |direction: &str| page.count("llmobs.token.processed", &[("llmobs.token.direction", direction)]);
    let input = record.input_tokens().unwrap_or(0) + record.superseded_input_tokens();
    let output = record.output_tokens().unwrap_or(0) + record.superseded_output_tokens();
    assert_eq!(processed("input"), input, "{}", way.name);
    assert_eq!(processed("output"), output + late, "{}", way.name);
    assert_eq!(tokens.input(), record.input_tokens().unwrap_or(0), "{}", way.name);
    assert_eq!(tokens.output(), record.output_tokens().unwrap_or(0), "{}", way.name);
    if record.attempts() == 1 {
        let of_kind = |kind: &str| page.count("llmobs.token.processed", &[("llmobs.token.kind", kind)]);
        let kinds = ["uncached", "cache_read", "cache_write"];
        assert_eq!(kinds.map(of_kind), [tokens.uncached, tokens.cache_read, tokens.cache_write], "{}", way.name);
        assert_eq!(["text", "reasoning"].map(of_kind), [tokens.text + late, tokens.reasoning], "{}", way.name);
        let of_source = |direction, source: &str| {
            let labels = [("llmobs.token.direction", direction), ("llmobs.token.source", source)];
            page.count("llmobs.token.processed", &labels)
        };
        assert_eq!(of_source("input", record.input_token_source().as_str()), input, "{}", way.name);
        if late == 0 {
            assert_eq!(of_source("output", record.output_token_source().as_str()), output, "{}", way.name);
        }
    }
    let wasted = |waste: &str, direction: &str| {
        page.count("llmobs.token.wasted", &[("llmobs.token.waste", waste), ("llmobs.token.direction", direction)])
    };
    for outcome in ["cancelled", "failed"] {
        let is_wasted = record.outcome().as_str() == outcome;
        let of_record = |tokens: u64| if is_wasted { tokens } else { 0 };
        assert_eq!(wasted(outcome, "input"), of_record(tokens.input()), "{}", way.name);
        assert_eq!(wasted(outcome, "output"), of_record(tokens.output() + late), "{}", way.name);
    }
    assert_eq!(wasted("superseded", "input"), record.superseded_input_tokens(), "{}", way.name);
    assert_eq!(wasted("superseded", "output"), record.superseded_output_tokens(), "{}", way.name);
}

/// Returns the tokens that the engine reports after the end: the metrics have them, and the record says that they are
/// possible.
fn way_late_tokens(way: &Way) -> u64 {
    if way.name == "cancel, with late tokens" { ways_to_end::LATE_TOKENS } else { 0 }
}

fn check_counts(way: &Way, record: &Finished, page: &Readings) {
    if way.role != Role::Server {
        assert_eq!(page.count("llmobs.operation.attempts", &[]), u64::from(record.attempts()), "{}", way.name);
        let started_at_fallback = page.series("gen_ai.client.operation.duration");
        let answered = started_at_fallback.iter().any(|series| {
            series["gen_ai_provider_name"] == record.provider()
                && series["gen_ai_request_model"] == record.request_model()
        });
        assert!(answered, "{}: {} {}", way.name, record.provider(), record.request_model());
    }
    let preemptions = page.histogram("llmobs.operation.preemptions", &[]);
    assert!((preemptions.sum - f64::from(record.preemptions())).abs() < 1e-9, "{}", way.name);
}

/// Parses an object of JSON.
fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text.trim_end()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns fields with every number as a float: 1 and 1.0 are one number in JSON.
fn comparable(fields: &Map<String, Value>) -> BTreeMap<String, Value> {
    let as_float = |value: &Value| value.as_f64().map_or_else(|| value.clone(), Value::from);
    fields.iter().map(|(name, value)| (name.clone(), as_float(value))).collect()
}
