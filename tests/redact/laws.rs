//! Laws that hold for every text.

use std::sync::LazyLock;
use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::redact::Detector;
use llmobs::redact::Redactor;
use llmobs::redact::Region;
use proptest::prelude::*;

use crate::fuzzed::any_bytes;
use crate::fuzzed::any_cut;
use crate::fuzzed::any_text;
use crate::random::Dice;
use crate::random::text;

static PLAIN: LazyLock<Redactor> = LazyLock::new(Redactor::new);

/// A redactor with all regions and custom detectors, one of which has many matches.
static FULL: LazyLock<Redactor> = LazyLock::new(|| {
    let all = Region::ALL.into_iter().fold(Redactor::builder(), |builder, region| builder.region(region));
    let badge = Detector::new("BADGE", "EMP-[0-9]+").check(|found| found.len() > 5);
    all.detector(badge).detector(Detector::new("CAPITALS", "[A-Z]{3,}")).allow("jane.doe@example.org").build().unwrap()
});

fn texts() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(|seed| text(&mut Dice(seed | 1), 24))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_redacted_stays_as_it_is(text in texts()) {
        any_text(&PLAIN, &text);
        any_text(&FULL, &text);
    }

    #[test]
    fn a_stream_is_redacted_as_the_whole_however_it_is_cut(text in texts(), one in 1_usize..40, other in 1_usize..200) {
        any_cut(&PLAIN, &text, one, other);
        any_cut(&FULL, &text, one, other);
    }

    #[test]
    fn any_characters_at_all_are_redacted(text in "\\PC{0,200}") {
        any_text(&FULL, &text);
        any_cut(&FULL, &text, 1, 3);
    }
}

#[test]
fn five_seconds_of_random_texts() {
    let clock = Clock::system();
    let end = clock.now().saturating_add(Duration::from_secs(5));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut rounds = 0;
    while clock.now() < end {
        let seed = dice.roll().to_le_bytes();
        let text = text(&mut dice, 30);
        any_bytes(&[&seed[..2], text.as_bytes()].concat());
        rounds += 1;
    }
    assert!(rounds > 100, "only {rounds} texts were redacted");
}
