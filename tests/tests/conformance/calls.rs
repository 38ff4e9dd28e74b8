//! Model calls, the steps around them, and random traffic: every signal conforms to its profile.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::catalog::Group;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::catalog::Row;
use llmobs::clock::Clock;

use crate::in_memory_sdk::InMemorySdk;
use crate::scenario::MODEL;
use crate::scenario::Scenario;
use llmobs_tests::conventions::COMPLETE_EVENT;
use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::assert_none;
use llmobs_tests::semconv::definition::EventDefinition;
use llmobs_tests::semconv::definition::Requirement;
use llmobs_tests::semconv::definition::SpanAttribute;
use llmobs_tests::semconv::event;
use llmobs_tests::traffic::InFlightTraffic;
use llmobs_tests::traffic::Traffic;
use llmobs_tests::traffic::full_observer;

const PROFILES: [Profile; 3] = [Profile::V1_41, Profile::Latest, Profile::Dual];

#[test]
fn every_call_and_step_in_every_role_and_profile_conforms() {
    for profile in PROFILES {
        let (sdk, _observer) = run_scenario(profile);
        assert_none(&sdk.violations(conventions(profile).with_opt_in(CONTENT_ATTRIBUTES)), profile.as_str());
    }
}

#[test]
fn below_the_full_level_the_phases_of_a_call_are_events_of_its_span() {
    let (clock, manual_clock) = Clock::manual();
    let sdk = InMemorySdk::new();
    let observer = sdk.build_observer_at(Level::Standard, full_observer().model(MODEL).clock(clock), Profile::V1_41);
    Scenario { observer: &observer, manual_clock: &manual_clock }.run_all();
    assert_none(&sdk.violations(conventions(Profile::V1_41)), "standard");
    let events: BTreeSet<_> = sdk.spans().into_iter().flat_map(|span| span.events).map(|event| event.name).collect();
    assert_eq!(events, ["decode", "prefill", "queue"].map(str::to_owned).into());
}

#[test]
fn random_traffic_conforms() {
    for (seed, profile) in PROFILES.into_iter().enumerate() {
        let (clock, manual_clock) = Clock::manual();
        let sdk = InMemorySdk::new();
        let observer = sdk.build_observer(full_observer().clock(clock), profile);
        let mut traffic = Traffic::new(&observer, &manual_clock, 100 + seed as u64);
        traffic.run_operations(500);
        // One check with calls in flight, and one without.
        assert_none(&sdk.violations_ignoring_times(conventions(profile)), profile.as_str());
        traffic.running = InFlightTraffic::default();
        assert!(sdk.spans().len() > 500);
        assert_none(&sdk.violations_ignoring_times(conventions(profile)), profile.as_str());
    }
}

#[test]
fn the_scenario_reaches_every_metric_that_an_observer_records() {
    for profile in PROFILES {
        let (sdk, _observer) = run_scenario(profile);
        let recorded: BTreeSet<_> = sdk.metrics().into_iter().map(|metric| metric.name).collect();
        let is_recorded_by_observer = |row: &Row| {
            let is_excluded = EXCLUDED_GROUPS.contains(&row.group) || row.name == "llmobs.runtime.busy.time";
            !is_excluded && !is_pipeline_metric(row.name)
        };
        let missing: Vec<_> = ROWS
            .iter()
            .filter(|row| is_recorded_by_observer(row))
            .filter(|row| row.profile.is_none_or(|of| profile == Profile::Dual || of == profile))
            .filter(|row| !recorded.contains(row.name))
            .map(|row| row.name)
            .collect();
        assert_eq!(missing, [""; 0], "{}", profile.as_str());
    }
}

/// Rows that a server layer or a pipeline records; their tests check the same definitions.
const EXCLUDED_GROUPS: [Group; 2] = [Group::HTTP_SERVER, Group::PIPELINE];

/// Returns whether only a pipeline records the metric.
pub fn is_pipeline_metric(name: &str) -> bool {
    name == "llmobs.self.dropped" || name.starts_with("llmobs.self.export.")
}

#[test]
fn the_scenario_reaches_every_span_and_event_except_those_that_llmobs_does_not_emit() {
    for (profile, events, not_emitted) in [
        (Profile::V1_41, event::V1_41, &[][..]),
        (
            Profile::Latest,
            event::LATEST,
            &["gen_ai.fetch_response.client", "gen_ai.memory.client", "gen_ai.plan.internal"],
        ),
    ] {
        let (sdk, _observer) = run_scenario(profile);
        let spans = sdk.spans();
        let reached: BTreeSet<_> =
            spans.iter().filter_map(|span| conventions(profile).definition(span)).map(|span| span.id).collect();
        let all = conventions(profile).spans().map(|span| span.id);
        let missing: Vec<_> = all.filter(|id| !reached.contains(id) && !SERVER_SPANS.contains(id)).collect();
        assert_eq!(missing, not_emitted, "{}", profile.as_str());
        let names: BTreeSet<_> = spans.iter().map(|span| span.name.as_str()).collect();
        for name in ["queue", "prefill", "decode", "attempt"] {
            assert!(names.contains(name), "{name}");
        }
        let logs: BTreeSet<_> = sdk.logs().into_iter().map(|record| record.event_name).collect();
        let expected = events.iter().map(|EventDefinition { name, .. }| *name).chain([COMPLETE_EVENT]);
        assert_eq!(logs, expected.map(str::to_owned).collect(), "{}", profile.as_str());
    }
}

/// Spans of the server layer.
const SERVER_SPANS: [&str; 2] = ["http.server", "rpc.server"];

#[test]
fn the_scenario_sets_every_span_attribute_except_those_that_llmobs_never_sets() {
    for profile in [Profile::V1_41, Profile::Latest] {
        let mut attributes_by_span: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for span in run_scenario(profile).0.spans() {
            let Some(definition) = conventions(profile).definition(&span) else { continue };
            attributes_by_span
                .entry(definition.id)
                .or_default()
                .extend(span.attributes.into_iter().map(|pair| pair.key));
        }
        for definition in conventions(profile).spans().filter(|span| attributes_by_span.contains_key(span.id)) {
            let never_set =
                NEVER_SET.iter().find(|(id, _)| *id == definition.id).map_or(&[][..], |(_, never_set)| never_set);
            for SpanAttribute { name, requirement, .. } in definition.attributes {
                let (id, is_set) = (definition.id, attributes_by_span[definition.id].contains(*name));
                let is_excluded = *requirement == Requirement::OptIn && !CONTENT_ATTRIBUTES.contains(name)
                    || never_set.iter().any(|names| names.contains(name));
                assert_eq!(is_set, !is_excluded, "`{name}` of `{id}` in {}", profile.as_str());
            }
        }
    }
}

/// Attributes that are present because the scenario captures content.
const CONTENT_ATTRIBUTES: &[&str] = &[
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.retrieval.documents",
    "gen_ai.retrieval.query.text",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.tool.definitions",
];

/// Attributes that llmobs cannot know, by span. Opt-in attributes are not listed.
const NEVER_SET: &[(&str, &[&[&str]])] = &[
    ("gen_ai.client.inference", &[MODALITY_ATTRIBUTES]),
    ("gen_ai.invoke_agent.client", &[CALL_ATTRIBUTES, MODALITY_ATTRIBUTES]),
    ("gen_ai.invoke_agent.internal", &[CALL_ATTRIBUTES]),
    ("db.client", &[QUERY_ATTRIBUTES]),
];

/// A vector query: llmobs does not know the text of the query.
const QUERY_ATTRIBUTES: &[&str] = &[
    "db.operation.batch.size",
    "db.query.summary",
    "db.query.text",
    "db.response.status_code",
    "db.stored_procedure.name",
    "network.peer.address",
    "network.peer.port",
];

/// llmobs counts tokens regardless of their modality, and does not know whether a conversation was compacted.
const MODALITY_ATTRIBUTES: &[&str] = &[
    "gen_ai.conversation.compacted",
    "gen_ai.usage.audio.cache_read.input_tokens",
    "gen_ai.usage.audio.input_tokens",
    "gen_ai.usage.audio.output_tokens",
    "gen_ai.usage.image.cache_read.input_tokens",
    "gen_ai.usage.image.input_tokens",
    "gen_ai.usage.image.output_tokens",
    "gen_ai.usage.text.cache_read.input_tokens",
    "gen_ai.usage.text.input_tokens",
    "gen_ai.usage.text.output_tokens",
];

/// Attributes of an agent's model calls, which have separate spans.
const CALL_ATTRIBUTES: &[&str] = &[
    "gen_ai.output.type",
    "gen_ai.request.choice.count",
    "gen_ai.request.frequency_penalty",
    "gen_ai.request.max_tokens",
    "gen_ai.request.presence_penalty",
    "gen_ai.request.previous_response.id",
    "gen_ai.request.seed",
    "gen_ai.request.stop_sequences",
    "gen_ai.request.temperature",
    "gen_ai.request.top_p",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
];

/// Runs the scenario, and returns the exported telemetry and the observer, which must outlive the collection.
fn run_scenario(profile: Profile) -> (InMemorySdk, Observer) {
    let (clock, manual_clock) = Clock::manual();
    let sdk = InMemorySdk::new();
    let builder = full_observer().model(MODEL).clock(clock).capture(ContentCapture::SpansAndEvents);
    let observer = sdk.build_observer(builder, profile);
    Scenario { observer: &observer, manual_clock: &manual_clock }.run_all();
    (sdk, observer)
}

pub fn conventions(profile: Profile) -> Conventions {
    Conventions::new(profile).with_labels(&["tier"])
}
