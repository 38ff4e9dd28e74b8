//! Texts designed to be slow: the work must grow about linearly with the length.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::redact::Redactor;

const MIB: usize = 1024 * 1024;

/// The prefix and the repeated part of each text.
const SLOW_TEXTS: [(&str, &str); 56] = [
    ("", "token=a"),
    ("", "password:a"),
    ("", "api_key=a/"),
    ("", "|token|a"),
    ("", "token=a)"),
    ("sid=", "sid=."),
    ("", "ATATT3xxxxxx%2B"),
    ("", "[0m"),
    ("", "a.1"),
    ("", "a"),
    ("", "1"),
    ("", "1 "),
    ("", "12-"),
    ("", "eyJ"),
    ("", "eyJ."),
    ("", "eyJ-"),
    ("", "eyJhbGciOiJ-"),
    ("-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA"),
    ("", "-----BEGIN PRIVATE KEY-----"),
    ("", "-----BEGIN PRIVATE KEY-----\n-----END"),
    ("", "@"),
    ("", "a@a."),
    ("", "a@"),
    ("", "password="),
    ("", "password=\""),
    ("", "password is "),
    ("", "sk-"),
    ("", "://a:"),
    ("", "://"),
    ("", "a:"),
    ("", "::1"),
    ("", "1.1."),
    ("", "+1 "),
    ("", "(0"),
    ("", "DE89 "),
    ("", "1A1z"),
    ("", "born "),
    ("", "00D"),
    ("", "a."),
    ("", "s."),
    ("", "<token>"),
    ("", "token.a"),
    ("", "A_KEY="),
    ("", "_mmk"),
    ("", ".atlasv1."),
    ("", "a.webhook.office.com/"),
    ("", "[A"),
    ("", "mysql -p"),
    ("", "1234567890123456|"),
    ("", "0123 456 "),
    ("", "card? It's "),
    ("", "sid="),
    ("", "1,"),
    ("a@", "\\u00fc"),
    ("", "a@\\u00fc."),
    ("", "2/1200000000000001/"),
];

fn redact_duration(redactor: &Redactor, text: &str) -> Duration {
    let clock = Clock::system();
    // The minimum of three runs, because other load on the machine can only add time.
    let measure = || {
        let start = clock.now();
        assert!(!redactor.redact(text).is_empty());
        clock.now().since(start)
    };
    measure().min(measure()).min(measure())
}

/// The test compares times and has no time limit: a text of four times the length may take eight times as long.
/// Quadratic work would take sixteen times as long.
#[test]
fn time_is_linear_in_the_length_of_slow_texts() {
    let redactor = Redactor::new();
    for (begin, repeated) in SLOW_TEXTS {
        let text = |length: usize| format!("{begin}{}", repeated.repeat(length / repeated.len()));
        let (short, long) = (text(MIB / 16), text(MIB / 4));
        redact_duration(&redactor, &short);
        // Other load can slow down the long run alone, but hardly in all of eight rounds.
        let mut durations = Vec::new();
        let linear = (0..8).any(|_| {
            let (short, long) = (redact_duration(&redactor, &short), redact_duration(&redactor, &long));
            durations.push((short, long));
            long < short * 8 + Duration::from_millis(5)
        });
        assert!(linear, "{begin:?} {repeated:?}: {durations:?}");
    }
}

#[test]
fn a_mebibyte_of_each_text_is_redacted() {
    let redactor = Redactor::new();
    for (begin, repeated) in SLOW_TEXTS {
        let text = format!("{begin}{}", repeated.repeat(MIB / repeated.len()));
        let redacted = redactor.redact(&text);
        assert!(redacted.len() <= text.len() * 4, "{begin:?} {repeated:?}");
    }
}
