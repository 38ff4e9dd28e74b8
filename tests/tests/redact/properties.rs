//! Properties that hold for every text.

use std::sync::LazyLock;
use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::redact::Detector;
use llmobs::redact::Redactor;
use llmobs::redact::Region;
use proptest::prelude::*;

use crate::random_text::random_assignments;
use crate::random_text::random_text;
use llmobs_tests::fuzz::redact::check_bytes;
use llmobs_tests::fuzz::redact::check_cuts;
use llmobs_tests::fuzz::redact::check_text;
use llmobs_tests::random::Random;

static DEFAULT_REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);

/// A redactor with all regions and custom detectors, one of which has many matches.
static FULL_REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    let all = Region::ALL.into_iter().fold(Redactor::builder(), |builder, region| builder.region(region));
    let badge = Detector::new("BADGE", "EMP-[0-9]+").check(|found| found.len() > 5);
    all.detector(badge).detector(Detector::new("CAPITALS", "[A-Z]{3,}")).allow("jane.doe@example.org").build().unwrap()
});

fn random_texts() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(|seed| random_text(&mut Random::new(seed), 24))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn redacted_text_is_not_redacted_again(text in random_texts()) {
        check_text(&DEFAULT_REDACTOR, &text);
        check_text(&FULL_REDACTOR, &text);
    }

    #[test]
    fn a_stream_is_redacted_as_its_text_in_any_chunks(
        text in random_texts(), first_size in 1_usize..40, second_size in 1_usize..200,
    ) {
        check_cuts(&DEFAULT_REDACTOR, &text, first_size, second_size);
        check_cuts(&FULL_REDACTOR, &text, first_size, second_size);
    }

    #[test]
    fn keywords_and_values_in_any_order_are_redacted_once(
        seed in any::<u64>(), first_size in 1_usize..40, second_size in 1_usize..200,
    ) {
        let text = random_assignments(&mut Random::new(seed), 24);
        check_text(&DEFAULT_REDACTOR, &text);
        check_cuts(&DEFAULT_REDACTOR, &text, first_size, second_size);
    }

    #[test]
    fn any_characters_are_redacted_consistently(text in "\\PC{0,200}") {
        check_text(&FULL_REDACTOR, &text);
        check_cuts(&FULL_REDACTOR, &text, 1, 3);
    }
}

/// The text between a keyword and a value at some distance becomes a value itself once the first one is a placeholder.
#[test]
fn a_keyword_is_examined_again_after_a_match_at_a_distance() {
    for text in [
        "'passwordPRIVATE KEY-----00:1B:44:11: app",
        "password KEY-----00:1B:44:11",
        "passwd6pass5 asswdCA2 4..:16806a~:3361 3533",
        "the password for the staging database is Zx9!qqLm.",
    ] {
        check_text(&DEFAULT_REDACTOR, text);
        check_text(&FULL_REDACTOR, text);
        check_cuts(&DEFAULT_REDACTOR, text, 1, 3);
    }
    assert_eq!(DEFAULT_REDACTOR.redact("password KEY-----00:1B:44:11"), "password [SECRET]:[SECRET]");
}

/// A text that the fuzzer found: its first pass left a value that its second pass masked.
#[test]
fn a_text_of_the_fuzzer_is_redacted_once() {
    check_bytes(b"(\x7f7passwd6pass5 asswdCA2 4\xe0\xc9\x8f\x9e\x8c\x8b:16806a~:3361 3533");
}

/// A match at the end of a long word ends the value of a keyword before that word.
#[test]
fn a_keyword_is_examined_again_in_a_stream() {
    for length in [20, 40, 60, 80, 100] {
        let value = format!("3f9a8b7c6d5e4{}{}", "1".repeat(length), "/".repeat(35));
        let text = format!("| token | {value}{}o'brie@l.xa", ".".repeat(40));
        for first_size in [1, 2, 15, 39] {
            check_cuts(&DEFAULT_REDACTOR, &text, first_size, 105);
            check_cuts(&DEFAULT_REDACTOR, &text, first_size, 1);
        }
    }
}

#[test]
fn five_seconds_of_random_texts() {
    let clock = Clock::system();
    let end = clock.now().saturating_add(Duration::from_secs(5));
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    let mut rounds = 0;
    while clock.now() < end {
        let seed = random.next_u64().to_le_bytes();
        let text = random_text(&mut random, 30);
        check_bytes(&[&seed[..2], text.as_bytes()].concat());
        rounds += 1;
    }
    assert!(rounds > 100, "only {rounds} texts were redacted");
}
