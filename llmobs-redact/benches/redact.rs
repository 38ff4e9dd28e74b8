//! Measures the speed of redaction on one thread: prose without matches, dense text, streams in token-sized chunks, and
//! your own texts with `-- file..`.

use std::hint::black_box;
use std::time::Duration;

use llmobs_benches::Table;
use llmobs_benches::is_quick;
use llmobs_benches::measure_time;
use llmobs_redact::Redactor;
use llmobs_redact::Truncation;

const MIB: usize = 1024 * 1024;

fn main() {
    let redactor = Redactor::new();
    let (prose, dense) = (prose(MIB), dense(MIB));
    assert!(redactor.find(&prose).is_empty(), "{:?}", redactor.find(&prose)[0]);
    let found = redactor.find(&dense).len();
    let mut table = Table::new(&["one thread, best of many rounds", "MB/s", "found per KiB"]);
    let mut row = |name: &str, speed: f64, found: usize| {
        let found = found / 1024;
        table.row(&[name, &format!("{speed:.0}"), &found.to_string()]);
        speed
    };
    let clean =
        row("clean prose, whole", megabytes_per_second(prose.len(), || drop(black_box(redactor.redact(&prose)))), 0);
    row("clean prose, by paragraph", megabytes_per_second(prose.len(), || redact_by_line(&redactor, &prose)), 0);
    row(
        "clean prose, streamed in pieces of a token",
        megabytes_per_second(prose.len(), || redact_stream(&redactor, &prose)),
        0,
    );
    let full =
        row("dense text, whole", megabytes_per_second(dense.len(), || drop(black_box(redactor.redact(&dense)))), found);
    row(
        "dense text, streamed in pieces of a token",
        megabytes_per_second(dense.len(), || redact_stream(&redactor, &dense)),
        found,
    );
    let short = || drop(black_box(redactor.redact_and_truncate(&prose, 8 * 1024, Truncation::None)));
    row("a prompt of 1 MiB, truncated to 8 KiB", megabytes_per_second(MIB, short), 0);
    for (name, text) in user_texts() {
        let found = redactor.find(&text).len();
        row(
            &name,
            megabytes_per_second(text.len(), || drop(black_box(redactor.redact(&text)))),
            found * 1024 * 1024 / text.len().max(1),
        );
    }
    table.print();
    report_minimum("redaction of clean prose", clean, 100.0);
    report_minimum("redaction of dense text", full, 40.0);
}

/// Returns the texts of the files named after `--`.
fn user_texts() -> Vec<(String, String)> {
    let files = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    files.filter_map(|file| Some((file.clone(), std::fs::read_to_string(&file).ok()?))).collect()
}

/// Prints whether a measured speed is within its budget.
#[expect(clippy::print_stdout, reason = "a bench prints its results")]
fn report_minimum(name: &str, measured: f64, minimum: f64) {
    let verdict = if measured >= minimum { "met" } else { "MISSED" };
    println!("budget: {name}: {measured:.0} MB/s of at least {minimum} MB/s: {verdict}");
}

#[expect(clippy::cast_precision_loss, reason = "a mebibyte")]
/// Returns the speed in MB/s of the fastest round, because other load on the machine only slows rounds down.
fn megabytes_per_second(bytes: usize, mut work: impl FnMut()) -> f64 {
    let rounds = if is_quick() { 2 } else { 40 };
    let best = (0..rounds).map(|_| measure_time(&mut work)).min().unwrap_or(Duration::MAX);
    bytes as f64 / 1e6 / best.as_secs_f64()
}

fn redact_by_line(redactor: &Redactor, text: &str) {
    text.lines().for_each(|line| drop(black_box(redactor.redact(line))));
}

fn redact_stream(redactor: &Redactor, text: &str) {
    let mut stream = redactor.stream();
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        stream.push(word, &mut out);
    }
    stream.finish(&mut out);
    black_box(&out);
}

/// Returns sentences with names, numbers, dates and prices, but without matches.
fn prose(bytes: usize) -> String {
    const SENTENCES: [&str; 12] = [
        "The model answered within two seconds, which surprised everybody in the room.",
        "In 2024 the team moved to a new office at the river, and the old one was let to a bakery.",
        "A token is a piece of a word; most words have one or two, and numbers such as 1,250 have more.",
        "She asked how the price of $3.50 had been found, and he said that it was an average of 12 months.",
        "Version 2.1 fixed the error that version 2.0 had brought, but at a cost of 15% in speed.",
        "Passwords should be long, and tokens short-lived; the key is that nobody writes them down.",
        "We met at noon, looked at the plans for the summer, and called it a day at half past four.",
        "The function returns a list of results: each has a name, a score between 0 and 1, and a reason.",
        "If the queue is longer than 64 requests, the server answers with status 429 and the client waits.",
        "Nothing in this paragraph is secret, and everything in it was made up on 5 March 2025.",
        "Der Zug nach Köln fährt um 7:45 Uhr, und niemand weiß, warum er so selten pünktlich ist.",
        "모델은 질문에 빠르게 답했고, 우리는 결과를 다시 확인했습니다. 今日は良い天気です。",
    ];
    repeat_to_length(bytes, |index| format!("{}{}", SENTENCES[index % 12], if index % 5 == 4 { "\n" } else { " " }))
}

/// Returns the same sentences with a match about every 150 bytes.
fn dense(bytes: usize) -> String {
    const MATCHES: [&str; 12] = [
        "jane.doe@example.org",
        "+44 20 7946 0958",
        "4242 4242 4242 4242",
        "DE89370400440532013000",
        "219-45-6789",
        "203.0.113.77",
        "2001:db8::8a2e:370:7334",
        "00:1B:44:11:3A:B7",
        "sk-ant-api03-a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGfa8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf",
        "postgres://app:s3cr3t@db.example.com:5432/x",
        "password=hunter2",
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ];
    let sentences = prose(4 * 1024);
    let sentences: Vec<&str> = sentences.split_inclusive(". ").collect();
    repeat_to_length(bytes, |index| format!("{}{} ", sentences[index % sentences.len()], MATCHES[index % 12]))
}

fn repeat_to_length(bytes: usize, part: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 256);
    let mut index = 0;
    while text.len() < bytes {
        text.push_str(&part(index));
        index += 1;
    }
    text
}
