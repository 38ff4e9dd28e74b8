//! Tests that content does not leak. An application in a separate process passes a canary, a random text, to the
//! library in every place. Then a search looks for pieces of the canaries in everything that left the process: the
//! requests to a collector, the pages, standard output and error, and the flight recorder's files.

mod support;

#[path = "leaks/application.rs"]
mod application;
#[path = "leaks/classes.rs"]
mod classes;
#[path = "leaks/places.rs"]
mod places;
#[path = "leaks/run.rs"]
mod run;
#[path = "leaks/writings.rs"]
mod writings;

use std::collections::BTreeSet;

use llmobs::capture::ContentCapture;

use crate::places::may;
use crate::run::Run;
use crate::run::Settings;
use crate::support::leaks::Canaries;
use crate::support::leaks::GOLD;
use crate::support::leaks::Search;

#[test]
fn with_capture_off_no_piece_of_anything_leaves_at_any_level_in_any_profile() {
    for profile in ["", "gen_ai_latest_experimental"] {
        for level in ["core", "standard", "full"] {
            let run = Run::of(&Settings { profile, level, ..Settings::default() });
            nothing_leaks(&run);
            classes::hold(&run.leaves(), ContentCapture::Off);
        }
    }
}

#[test]
fn a_mode_that_nobody_knows_is_off() {
    let run = Run::of(&Settings { capture: Some("canary"), protocol: "grpc", ..Settings::default() });
    nothing_leaks(&run);
}

#[test]
fn an_application_that_prints_every_span_prints_no_content() {
    for capture in [None, Some("SPAN_ONLY")] {
        nothing_leaks(&Run::of(&Settings { capture, own_subscriber: true, ..Settings::default() }));
    }
}

#[test]
fn what_is_captured_is_in_the_attributes_of_content_and_nowhere_else() {
    for profile in ["", "gen_ai_latest_experimental"] {
        for capture in ["SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"] {
            let run = Run::of(&Settings { capture: Some(capture), profile, ..Settings::default() });
            nothing_leaks(&run);
            classes::hold(&run.leaves(), run.mode);
            let seen = run.seen();
            let missing: Vec<_> = places::SEEN.iter().filter(|place| may(place).be_seen(run.mode)).collect();
            let missing: Vec<_> = missing.into_iter().filter(|place| !seen.contains(**place)).collect();
            assert!(missing.is_empty(), "{capture}: {missing:?} was not captured");
            assert!(places::NOT_BY_DEFAULT.iter().all(|place| !seen.contains(place)), "{capture}: {seen:?}");
        }
    }
}

#[test]
fn no_secret_leaves_where_every_text_is_cut() {
    let run = Run::of(&Settings { capture: Some("SPAN_AND_EVENT"), tight: true, ..Settings::default() });
    nothing_leaks(&run);
    let seen = run.seen();
    assert!(places::NOT_BY_DEFAULT.iter().any(|place| seen.contains(place)), "{seen:?}");
}

#[test]
fn what_the_hook_gets_is_redacted_and_is_nowhere_else() {
    let run = Run::of(&Settings { hooked: true, ..Settings::default() });
    nothing_leaks(&run);
    classes::hold(&run.leaves(), ContentCapture::Hook);
    let taken = Search::for_all(run.canaries.all()).in_text(&run.hook);
    let taken: BTreeSet<_> = taken.into_iter().map(|found| found.place).collect();
    for place in ["input.user", "input.system", "output.whole", "output.stream", "output.reasoning"] {
        assert!(taken.contains(place), "the hook did not get {place}");
    }
    assert!(taken.iter().all(|place| !place.starts_with(GOLD)), "{taken:?}");
    assert!(run.leaves().iter().any(|leaf| leaf.signal == "span" && leaf.key == "gen_ai.input.messages_ref"));
}

/// Checks every output: each canary appears only where its place permits.
fn nothing_leaks(run: &Run) {
    let about = format!("{:?}, seed {}", run.settings, run.canaries.seed);
    let forbidden = run.canaries.all().iter().filter(|canary| !may(canary.place).be_seen(run.mode));
    let forbidden = Search::for_all(forbidden);
    for (name, bytes) in run.outlets() {
        let found = forbidden.in_bytes(bytes);
        assert!(found.is_empty(), "{about}: in {name} is {found:#?}");
    }
    let every = Search::for_all(run.canaries.all());
    let mut wrong = Vec::new();
    for leaf in run.leaves() {
        for found in every.in_text(&leaf.text) {
            if !may(found.place).be_in(&leaf, run.mode) {
                wrong.push((found.place, leaf.signal, leaf.owner.clone(), leaf.key.clone(), found.around));
            }
        }
    }
    assert!(wrong.is_empty(), "{about}: {wrong:#?}");
    let seen = run.seen();
    let missing: Vec<_> = places::ALWAYS_SEEN.iter().filter(|place| !seen.contains(**place)).collect();
    assert!(missing.is_empty(), "{about}: {missing:?} came out nowhere, so nobody looked");
}

#[test]
fn an_application_that_does_nothing_says_no_piece_of_a_canary_by_chance() {
    let run = Run::of(&Settings { idle: true, ..Settings::default() });
    let search = Search::for_all(run.canaries.all().iter().filter(|canary| canary.place != "model.declared"));
    for (name, bytes) in run.outlets() {
        assert_eq!(search.in_bytes(bytes), [], "in {name}, seed {}", run.canaries.seed);
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
fn two_processes_make_the_same_canaries_and_no_two_of_them_have_a_piece_in_common() {
    let seed = Canaries::seed();
    let (one, other) = (places::canaries(seed), places::canaries(seed));
    assert!(one.all().iter().zip(other.all()).all(|(one, other)| one.text == other.text));
    assert_ne!(places::canaries(!seed).of("input.user"), one.of("input.user"));
    let gold = one.gold();
    for canary in one.all() {
        let others = Search::for_all(one.all().iter().filter(|other| other.place != canary.place));
        assert_eq!(others.in_text(&canary.text), [], "seed {seed}");
    }
    let found = Search::for_all(one.all()).in_text(&gold);
    assert_eq!(found.len(), one.all().iter().filter(|canary| canary.place.starts_with(GOLD)).count(), "{found:?}");
}
