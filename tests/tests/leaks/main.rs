//! Tests that content does not leak. An application in a separate process passes a canary, a random text, to the
//! library in every place. Then a search looks for parts of the canaries in everything that the process exported: the
//! requests to a collector, the pages, standard output and error, and the flight recorder's files.

#![cfg(feature = "otlp")]

mod application;
mod encodings;
mod exposure;
mod run;
mod sensitivity;

use std::collections::BTreeSet;

use llmobs::capture::ContentCapture;

use crate::exposure::exposure_of;
use crate::run::Run;
use crate::run::RunSettings;
use llmobs_tests::leaks::Canaries;
use llmobs_tests::leaks::CanarySearch;
use llmobs_tests::leaks::SECRET_PREFIX;

#[test]
fn with_capture_off_no_content_is_exported_at_any_level_in_any_profile() {
    for profile in ["", "gen_ai_latest_experimental"] {
        for level in ["core", "standard", "full"] {
            let run = Run::execute(&RunSettings { profile, level, ..RunSettings::default() });
            assert_no_leaks(&run);
            sensitivity::assert_sensitivity(&run.text_fields(), ContentCapture::Off);
        }
    }
}

#[test]
fn an_unknown_capture_mode_is_off() {
    let run = Run::execute(&RunSettings { capture: Some("canary"), protocol: "grpc", ..RunSettings::default() });
    assert_no_leaks(&run);
}

#[test]
fn an_application_that_prints_every_span_prints_no_content() {
    for capture in [None, Some("SPAN_ONLY")] {
        assert_no_leaks(&Run::execute(&RunSettings {
            capture,
            has_printing_subscriber: true,
            ..RunSettings::default()
        }));
    }
}

#[test]
fn captured_content_is_only_in_the_content_attributes() {
    for profile in ["", "gen_ai_latest_experimental"] {
        for capture in ["SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"] {
            let run = Run::execute(&RunSettings { capture: Some(capture), profile, ..RunSettings::default() });
            assert_no_leaks(&run);
            sensitivity::assert_sensitivity(&run.text_fields(), run.mode);
            let exposed = run.exposed_places();
            let missing: Vec<_> =
                exposure::SEEN_WITH_CAPTURE.iter().filter(|place| exposure_of(place).is_allowed(run.mode)).collect();
            let missing: Vec<_> = missing.into_iter().filter(|place| !exposed.contains(**place)).collect();
            assert!(missing.is_empty(), "{capture}: {missing:?} was not captured");
            assert!(exposure::OPT_IN_PLACES.iter().all(|place| !exposed.contains(place)), "{capture}: {exposed:?}");
        }
    }
}

#[test]
fn no_secret_is_exported_when_every_text_is_truncated() {
    let run = Run::execute(&RunSettings {
        capture: Some("SPAN_AND_EVENT"),
        has_tight_limits: true,
        ..RunSettings::default()
    });
    assert_no_leaks(&run);
    let exposed = run.exposed_places();
    assert!(exposure::OPT_IN_PLACES.iter().any(|place| exposed.contains(place)), "{exposed:?}");
}

#[test]
fn content_for_the_hook_is_redacted_and_is_exported_nowhere_else() {
    let run = Run::execute(&RunSettings { has_hook: true, ..RunSettings::default() });
    assert_no_leaks(&run);
    sensitivity::assert_sensitivity(&run.text_fields(), ContentCapture::Hook);
    let exported = CanarySearch::for_all(run.canaries.all()).find_in_text(&run.hook_output);
    let exported: BTreeSet<_> = exported.into_iter().map(|found| found.place).collect();
    for place in ["input.user", "input.system", "output.whole", "output.stream", "output.reasoning"] {
        assert!(exported.contains(place), "the hook did not receive {place}");
    }
    assert!(exported.iter().all(|place| !place.starts_with(SECRET_PREFIX)), "{exported:?}");
    assert!(run.text_fields().iter().any(|field| field.signal == "span" && field.key == "gen_ai.input.messages_ref"));
}

/// Checks every output: each canary appears only where its place permits.
fn assert_no_leaks(run: &Run) {
    let about = format!("{:?}, seed {}", run.settings, run.canaries.seed);
    let forbidden = run.canaries.all().iter().filter(|canary| !exposure_of(canary.place).is_allowed(run.mode));
    let forbidden = CanarySearch::for_all(forbidden);
    for (name, bytes) in run.outlets() {
        let found = forbidden.find_in_bytes(bytes);
        assert!(found.is_empty(), "{about}: in {name} is {found:#?}");
    }
    let all = CanarySearch::for_all(run.canaries.all());
    let mut leaks = Vec::new();
    for field in run.text_fields() {
        for found in all.find_in_text(&field.text) {
            if !exposure_of(found.place).is_allowed_in(&field, run.mode) {
                leaks.push((found.place, field.signal, field.owner.clone(), field.key.clone(), found.context));
            }
        }
    }
    assert!(leaks.is_empty(), "{about}: {leaks:#?}");
    let exposed = run.exposed_places();
    let missing: Vec<_> = exposure::ALWAYS_SEEN.iter().filter(|place| !exposed.contains(**place)).collect();
    assert!(missing.is_empty(), "{about}: {missing:?} appeared in no output, so the search proves nothing");
}

#[test]
fn an_idle_application_prints_no_part_of_a_canary_by_chance() {
    let run = Run::execute(&RunSettings { is_idle: true, ..RunSettings::default() });
    let search = CanarySearch::for_all(run.canaries.all().iter().filter(|canary| canary.place != "model.declared"));
    for (name, bytes) in run.outlets() {
        assert_eq!(search.find_in_bytes(bytes), [], "in {name}, seed {}", run.canaries.seed);
    }
}

/// Runs the application in the child process. In a normal test run, without the variable, nothing happens.
#[test]
fn the_application() {
    if let Some(seed) = std::env::var(application::SEED).ok().and_then(|seed| seed.parse().ok()) {
        // Ends the line that the test harness began.
        println!();
        application::run(seed);
    }
}

#[test]
fn two_processes_generate_the_same_canaries_and_no_two_canaries_share_a_part() {
    let seed = Canaries::seed();
    let (one, other) = (exposure::canaries(seed), exposure::canaries(seed));
    assert!(one.all().iter().zip(other.all()).all(|(one, other)| one.text == other.text));
    assert_ne!(exposure::canaries(!seed).text("input.user"), one.text("input.user"));
    let secrets = one.secrets_text();
    for canary in one.all() {
        let others = CanarySearch::for_all(one.all().iter().filter(|other| other.place != canary.place));
        assert_eq!(others.find_in_text(&canary.text), [], "seed {seed}");
    }
    let found = CanarySearch::for_all(one.all()).find_in_text(&secrets);
    assert_eq!(
        found.len(),
        one.all().iter().filter(|canary| canary.place.starts_with(SECRET_PREFIX)).count(),
        "{found:?}"
    );
}
