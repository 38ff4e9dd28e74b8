//! Recall and precision of the redactor, on texts generated from a seed.
//!
//! The same figures on independent texts are in `llmobs/docs/guide/privacy.md`, with instructions to reproduce them.

use std::collections::BTreeMap;

use llmobs::redact::Redactor;

use llmobs_tests::random::Random;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The text around a finding: prose, brackets, JSON, code, scripts without spaces.
const CONTEXTS: [(&str, &str); 17] = [
    ("It is ", "."),
    ("use ", ", please"),
    ("(", ")"),
    ("\"", "\""),
    ("{\"text\": \"see ", "\"}"),
    ("", ""),
    ("それは", "です。"),
    ("请看", "，谢谢"),
    ("> ", "\n"),
    ("| ", " |"),
    ("first\\n", "\\nlast"),
    ("`", "`"),
    ("see:", ";"),
    ("\t", "?"),
    ("[", "]"),
    ("**", "**"),
    ("_", "_"),
];

fn random_string(random: &mut Random, alphabet: &str, length: usize) -> String {
    (0..length).map(|_| char::from(alphabet.as_bytes()[random.index(alphabet.len())])).collect()
}

fn luhn(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0');
            if index % 2 == 1 { value } else { value * 2 - if value > 4 { 9 } else { 0 } }
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn grouped(text: &str, lengths: &[usize], separator: &str) -> String {
    let mut rest = text;
    let groups = lengths.iter().map(|length| {
        let (group, after) = rest.split_at(*length);
        rest = after;
        group
    });
    groups.collect::<Vec<_>>().join(separator)
}

fn card(random: &mut Random) -> String {
    let (prefix, length, groups): (&str, usize, &[usize]) = match random.index(7) {
        0 | 1 => ("4", 16, &[4, 4, 4, 4]),
        2 => ("53", 16, &[4, 4, 4, 4]),
        3 => ("2305", 16, &[4, 4, 4, 4]),
        4 => ("37", 15, &[4, 6, 5]),
        5 => ("6011", 16, &[4, 4, 4, 4]),
        _ => ("36", 14, &[4, 6, 4]),
    };
    let number = luhn(&format!("{prefix}{}", random_string(random, DIGITS, length - 1 - prefix.len())));
    match random.index(3) {
        0 => grouped(&number, groups, " "),
        1 => grouped(&number, groups, "-"),
        _ => number,
    }
}

fn iban(random: &mut Random) -> String {
    let (country, body) = match random.index(3) {
        0 => ("DE", random_string(random, DIGITS, 18)),
        1 => ("GB", format!("{}{}", random_string(random, &LETTERS[..26], 4), random_string(random, DIGITS, 14))),
        _ => ("FR", random_string(random, DIGITS, 23)),
    };
    let rest = format!("{body}{country}00").bytes().fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    let number = format!("{country}{:02}{body}", 98 - rest);
    if random.index(2) == 0 {
        number
    } else {
        number.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect::<Vec<_>>().join(" ")
    }
}

fn email(random: &mut Random) -> String {
    let words = ["jane", "o'brien", "max.mustermann", "li_wei", "a-b", "jörg", "info+x"];
    let hosts = ["example.org", "mail.example.co.uk", "bücher.example", "x.io", "sub.domain.museum", "example.com"];
    format!("{}{}@{}", random.word(&words), random_string(random, DIGITS, 2), random.word(&hosts))
}

fn phone(random: &mut Random) -> String {
    match random.index(5) {
        0 => format!("+44 20 7946 0{}", random_string(random, DIGITS, 3)),
        1 => format!("+49 (0)30 23125 {}", random_string(random, DIGITS, 3)),
        2 => format!("(415) 555-01{}", random_string(random, DIGITS, 2)),
        3 => format!("+33199001{}", random_string(random, DIGITS, 3)),
        _ => format!("415-555-01{}", random_string(random, DIGITS, 2)),
    }
}

fn key(random: &mut Random) -> String {
    let body = |random: &mut Random, length: usize| random_string(random, ALPHANUMERIC, length);
    match random.index(12) {
        0 => format!("sk-{}T3BlbkFJ{}", body(random, 20), body(random, 20)),
        1 => format!("sk-ant-api03-{}AA", body(random, 93)),
        2 => format!("AIza{}", body(random, 35)),
        3 => format!("AQ.Ab8RN6{}", body(random, 44)),
        4 => format!("AKIA{}", random_string(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        5 => format!("ghp_{}", body(random, 36)),
        6 => format!("hf_{}", random_string(random, LETTERS, 34)),
        7 => format!("gsk_{}", body(random, 52)),
        8 => format!("sk_live_{}", body(random, 24)),
        9 => format!("glpat-{}", body(random, 20)),
        10 => format!(
            "xoxb-{}-{}-{}",
            random_string(random, DIGITS, 12),
            random_string(random, DIGITS, 13),
            body(random, 24)
        ),
        _ => format!("sk-or-v1-{}", random_string(random, HEX, 64)),
    }
}

fn network(random: &mut Random) -> String {
    let pairs = |random: &mut Random| (0..6).map(|_| random_string(random, HEX, 2)).collect::<Vec<_>>();
    match random.index(4) {
        0 => format!("203.0.113.{}", 100 + random.index(155)),
        1 => format!(
            "2001:db8:{}::{}:8a2e",
            random_string(random, "123456789abcdef", 4),
            random_string(random, "123456789abcdef", 4)
        ),
        2 => format!("a{}", &pairs(random).join(":")[1..]),
        _ => format!("{}d-{}", random.index(9), &pairs(random).join("-")[3..]),
    }
}

fn credential(random: &mut Random) -> String {
    format!("app{}:{}", random.index(99), random_string(random, ALPHANUMERIC, 14))
}

fn jwt(random: &mut Random) -> String {
    format!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI{}.{}",
        random_string(random, ALPHANUMERIC, 40),
        random_string(random, ALPHANUMERIC, 43)
    )
}

/// Returns a Unix time in seconds, milliseconds, microseconds or nanoseconds.
fn epoch(random: &mut Random) -> String {
    let rest = [8, 11, 14, 17][random.index(4)];
    format!("1{}{}", 6 + random.index(2), random_string(random, DIGITS, rest))
}

type Generator = fn(&mut Random) -> String;

const POSITIVES: [(&str, Generator, &str, &str); 8] = [
    ("card", card, "", ""),
    ("iban", iban, "", ""),
    ("email", email, "", ""),
    ("phone", phone, "", ""),
    ("key", key, "", ""),
    ("network", network, "", ""),
    ("url credential", credential, "postgres://", "@db.example.org/x"),
    ("jwt", jwt, "", ""),
];

/// Texts that resemble personal data or secrets, and are neither.
const NEGATIVES: [(&str, Generator); 20] = [
    ("version", |random| {
        format!("version {}.{}.{}.{}", random.index(20), random.index(50), random.index(90), random.index(9))
    }),
    ("object identifier", |random| format!("1.3.6.1.4.1.{}.{}", random.index(9_999), random.index(99))),
    ("imei", |random| luhn(&format!("35{}", random_string(random, DIGITS, 12)))),
    ("no issuer", |random| {
        luhn(&format!("{}{}", random.word(&["1", "7", "8", "9"]), random_string(random, DIGITS, 14)))
    }),
    ("base58", |random| {
        format!("1{}", random_string(random, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 33))
    }),
    ("fingerprint", |random| (0..20).map(|_| random_string(random, HEX, 2)).collect::<Vec<_>>().join(":")),
    ("epoch", epoch),
    ("never an ssn", |random| {
        format!(
            "9{}-{}-{}",
            random_string(random, DIGITS, 2),
            random_string(random, DIGITS, 2),
            random_string(random, DIGITS, 4)
        )
    }),
    ("like a mail", |random| {
        random.word(&["logo@2x.png", "react@18.2.0", "git@host.org:team/repo", "user@localhost", "@media"]).to_owned()
    }),
    ("path with an at", |random| {
        format!("https://medium.com/@{}/{}", random_string(random, LETTERS, 8), random_string(random, DIGITS, 6))
    }),
    ("uuid", |random| grouped(&random_string(random, HEX, 32), &[8, 4, 4, 4, 12], "-")),
    ("commit", |random| random_string(random, HEX, 40)),
    ("order", |random| format!("order {}", random_string(random, "123456789", 11))),
    ("name of something", |random| {
        let names = ["msg_01", "toolu_01", "call_", "chatcmpl-", "resp_", "req_", "run_", "cus_"];
        format!("{}{}", random.word(&names), random_string(random, ALPHANUMERIC, 24))
    }),
    ("account with a wrong check digit", |random| {
        let number = iban(random);
        format!("{}99{}", &number[..2], &number[4..])
    }),
    ("article", |random| {
        let digits = format!("40{}", random_string(random, DIGITS, 10));
        let sum: u32 = digits.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * [1, 3][at % 2]).sum();
        format!("{digits}{}", (10 - sum % 10) % 10)
    }),
    ("number with a word before it", |random| {
        format!(
            "ID-{}-{}-{}",
            random_string(random, "23456789", 3),
            random_string(random, "23456789", 3),
            random_string(random, DIGITS, 4)
        )
    }),
    ("decimal", |random| format!("0.{}", random_string(random, DIGITS, 16))),
    ("path of modules", |random| random.word(&["std::io", "a::b", "dead::beef", "12:34:56", "fe::ed::be"]).to_owned()),
    ("like a key", |random| {
        random.word(&["sk-learn", "sk-SK", "hf_transfer", "disk-usage-report-2024", "ghp_tokens", "AKIA"]).to_owned()
    }),
];

/// Returns whether one finding covers the sample, the number of findings that overlap the sample, and the number of all
/// findings.
fn find_coverage(redactor: &Redactor, before: &str, sample: &str, after: &str) -> (bool, usize, usize) {
    let text = format!("{before}{sample}{after}");
    let (start, end) = (before.len(), before.len() + sample.len());
    let found = redactor.find(&text);
    let overlapping = found.iter().filter(|finding| finding.range.start < end && finding.range.end > start).count();
    (found.iter().any(|finding| finding.range.start <= start && finding.range.end >= end), overlapping, found.len())
}

#[test]
fn recall_and_precision_are_at_least_97_percent() {
    let (redactor, mut random) = (Redactor::new(), Random::new(0x1234_5678_9abc_def1));
    let mut recall: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let (mut overlapping, mut found_count) = (0, 0);
    for _ in 0..150 {
        for (name, generate, before, after) in POSITIVES {
            for (open, close) in CONTEXTS {
                let sample = generate(&mut random);
                let (is_covered, overlap_count, found) =
                    find_coverage(&redactor, &format!("{open}{before}"), &sample, &format!("{after}{close}"));
                let entry = recall.entry(name).or_default();
                *entry = (entry.0 + u32::from(is_covered), entry.1 + 1);
                overlapping += overlap_count;
                found_count += found;
            }
        }
    }
    for (name, (found, total)) in &recall {
        assert!(f64::from(*found) >= 0.97 * f64::from(*total), "{name}: {found} of {total}");
    }
    assert!(overlapping * 100 >= found_count * 97, "{overlapping} of {found_count} findings overlap a sample");
}

#[test]
fn texts_that_only_resemble_personal_data_are_left_unchanged() {
    let (redactor, mut random) = (Redactor::new(), Random::new(0x0fed_cba9_8765_4321));
    for (name, generate) in NEGATIVES {
        let (mut unchanged, mut total) = (0, 0);
        for _ in 0..150 {
            for (open, close) in CONTEXTS {
                let sample = generate(&mut random);
                let (_, overlap_count, _) = find_coverage(&redactor, open, &sample, close);
                unchanged += u32::from(overlap_count == 0);
                total += 1;
            }
        }
        assert!(f64::from(unchanged) >= 0.95 * f64::from(total), "{name}: {unchanged} of {total} are unchanged");
    }
}
