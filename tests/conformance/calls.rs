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
use llmobs::semconv::definition::EventDefinition;
use llmobs::semconv::definition::Requirement;
use llmobs::semconv::definition::SpanAttribute;
use llmobs::semconv::event;

use crate::drive::Drive;
use crate::drive::MODEL;
use crate::support::conventions::Conventions;
use crate::support::conventions::WIDE_EVENT;
use crate::support::conventions::assert_none;
use crate::support::traffic::Running;
use crate::support::traffic::Traffic;
use crate::support::traffic::everything;
use crate::wire::Wire;

const PROFILES: [Profile; 3] = [Profile::V1_41, Profile::Latest, Profile::Dual];

#[test]
fn every_call_and_step_in_every_role_and_profile_is_as_the_conventions_have_it() {
    for profile in PROFILES {
        let (wire, _observer) = driven(profile);
        assert_none(&wire.violations(conventions(profile).opted_in(CONTENT)), profile.as_str());
    }
}

#[test]
fn below_the_full_level_the_parts_of_a_call_are_events_of_its_span() {
    let (clock, hand) = Clock::manual();
    let wire = Wire::new();
    let observer = wire.observe_at(Level::Standard, everything().model(MODEL).clock(clock), Profile::V1_41);
    Drive { observer: &observer, hand: &hand }.everything();
    assert_none(&wire.violations(conventions(Profile::V1_41)), "standard");
    let events: BTreeSet<_> = wire.spans().into_iter().flat_map(|span| span.events).map(|event| event.name).collect();
    assert_eq!(events, ["decode", "prefill", "queue"].map(str::to_owned).into());
}

#[test]
fn random_traffic_is_as_the_conventions_have_it() {
    for (seed, profile) in PROFILES.into_iter().enumerate() {
        let (clock, hand) = Clock::manual();
        let wire = Wire::new();
        let observer = wire.observe(everything().clock(clock), profile);
        let mut traffic = Traffic::new(&observer, &hand, 100 + seed as u64);
        traffic.operations(500);
        // One check with calls in flight, and one without.
        assert_none(&wire.violations_but_times(conventions(profile)), profile.as_str());
        traffic.running = Running::default();
        assert!(wire.spans().len() > 500);
        assert_none(&wire.violations_but_times(conventions(profile)), profile.as_str());
    }
}

#[test]
fn the_drive_reaches_every_metric_that_an_observer_records_by_itself() {
    for profile in PROFILES {
        let (wire, _observer) = driven(profile);
        let seen: BTreeSet<_> = wire.metrics().into_iter().map(|metric| metric.name).collect();
        let by_itself = |row: &Row| !ELSEWHERE.contains(&row.group) && !is_of_pipeline(row.name);
        let silent: Vec<_> = ROWS
            .iter()
            .filter(|row| by_itself(row))
            .filter(|row| row.profile.is_none_or(|of| profile == Profile::Dual || of == profile))
            .filter(|row| !seen.contains(row.name))
            .map(|row| row.name)
            .collect();
        assert_eq!(silent, [""; 0], "{}", profile.as_str());
    }
}

/// Rows that a server layer, a GPU sampler or a pipeline records; their tests check the same definitions.
const ELSEWHERE: [Group; 3] = [Group::Gpu, Group::HttpServer, Group::Pipeline];

/// Returns whether only a pipeline records the metric.
pub fn is_of_pipeline(name: &str) -> bool {
    name == "llmobs.self.dropped" || name.starts_with("llmobs.self.export.")
}

#[test]
fn the_drive_reaches_every_span_and_event_but_those_that_llmobs_does_not_make() {
    for (profile, events, never) in [
        (Profile::V1_41, event::V1_41, &[][..]),
        (
            Profile::Latest,
            event::LATEST,
            &["gen_ai.fetch_response.client", "gen_ai.memory.client", "gen_ai.plan.internal"],
        ),
    ] {
        let (wire, _observer) = driven(profile);
        let spans = wire.spans();
        let reached: BTreeSet<_> =
            spans.iter().filter_map(|span| conventions(profile).definition(span)).map(|span| span.id).collect();
        let all = conventions(profile).spans().map(|span| span.id);
        let missed: Vec<_> = all.filter(|id| !reached.contains(id) && !SERVERS.contains(id)).collect();
        assert_eq!(missed, never, "{}", profile.as_str());
        let names: BTreeSet<_> = spans.iter().map(|span| span.name.as_str()).collect();
        for own in ["queue", "prefill", "decode", "attempt"] {
            assert!(names.contains(own), "{own}");
        }
        let logs: BTreeSet<_> = wire.logs().into_iter().map(|record| record.event_name).collect();
        let wanted = events.iter().map(|EventDefinition { name, .. }| *name).chain([WIDE_EVENT.0]);
        assert_eq!(logs, wanted.map(str::to_owned).collect(), "{}", profile.as_str());
    }
}

/// Spans of the server layer.
const SERVERS: [&str; 2] = ["http.server", "rpc.server"];

#[test]
fn what_the_drive_leaves_out_of_a_span_is_what_llmobs_never_tells() {
    for profile in [Profile::V1_41, Profile::Latest] {
        let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for span in driven(profile).0.spans() {
            let Some(definition) = conventions(profile).definition(&span) else { continue };
            told.entry(definition.id).or_default().extend(span.attributes.into_iter().map(|pair| pair.key));
        }
        for definition in conventions(profile).spans().filter(|span| told.contains_key(span.id)) {
            let never = NEVER.iter().find(|(id, _)| *id == definition.id).map_or(&[][..], |(_, never)| never);
            for SpanAttribute { name, requirement, .. } in definition.attributes {
                let (id, is_told) = (definition.id, told[definition.id].contains(*name));
                let left_out = *requirement == Requirement::OptIn && !CONTENT.contains(name)
                    || never.iter().any(|names| names.contains(name));
                assert_eq!(is_told, !left_out, "`{name}` of `{id}` in {}", profile.as_str());
            }
        }
    }
}

/// Attributes that are present because the drive captures content.
const CONTENT: &[&str] = &[
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
const NEVER: &[(&str, &[&[&str]])] = &[
    ("gen_ai.client.inference", &[MODALITIES]),
    ("gen_ai.invoke_agent.client", &[CALLS, MODALITIES]),
    ("gen_ai.invoke_agent.internal", &[CALLS]),
    ("db.client", &[QUERIES]),
];

/// A vector query: llmobs does not know the text of the query.
const QUERIES: &[&str] = &[
    "db.operation.batch.size",
    "db.query.summary",
    "db.query.text",
    "db.response.status_code",
    "db.stored_procedure.name",
    "network.peer.address",
    "network.peer.port",
];

/// llmobs counts tokens regardless of their modality, and does not know whether a conversation was compacted.
const MODALITIES: &[&str] = &[
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
const CALLS: &[&str] = &[
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

/// Runs the drive, and returns the exported telemetry and the observer, which must outlive the collection.
fn driven(profile: Profile) -> (Wire, Observer) {
    let (clock, hand) = Clock::manual();
    let wire = Wire::new();
    let builder = everything().model(MODEL).clock(clock).capture(ContentCapture::SpansAndEvents);
    let observer = wire.observe(builder, profile);
    Drive { observer: &observer, hand: &hand }.everything();
    (wire, observer)
}

pub fn conventions(profile: Profile) -> Conventions {
    Conventions::of(profile).with_labels(&["tier"])
}
