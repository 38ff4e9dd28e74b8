//! Recall and precision of the redactor, on texts generated from a seed.
//!
//! The same figures on independent texts are in `llmobs/docs/guide/privacy.md`, with instructions to reproduce them.

use std::collections::BTreeMap;

use llmobs::redact::Redactor;

use crate::random::Dice;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The text around a finding: prose, brackets, JSON, code, scripts without spaces.
const FRAMES: [(&str, &str); 17] = [
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

fn some(dice: &mut Dice, alphabet: &str, length: usize) -> String {
    (0..length).map(|_| char::from(alphabet.as_bytes()[dice.below(alphabet.len())])).collect()
}

fn luhn(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0');
            if place % 2 == 1 { value } else { value * 2 - if value > 4 { 9 } else { 0 } }
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

fn card(dice: &mut Dice) -> String {
    let (prefix, length, groups): (&str, usize, &[usize]) = match dice.below(7) {
        0 | 1 => ("4", 16, &[4, 4, 4, 4]),
        2 => ("53", 16, &[4, 4, 4, 4]),
        3 => ("2305", 16, &[4, 4, 4, 4]),
        4 => ("37", 15, &[4, 6, 5]),
        5 => ("6011", 16, &[4, 4, 4, 4]),
        _ => ("36", 14, &[4, 6, 4]),
    };
    let number = luhn(&format!("{prefix}{}", some(dice, DIGITS, length - 1 - prefix.len())));
    match dice.below(3) {
        0 => grouped(&number, groups, " "),
        1 => grouped(&number, groups, "-"),
        _ => number,
    }
}

fn iban(dice: &mut Dice) -> String {
    let (country, body) = match dice.below(3) {
        0 => ("DE", some(dice, DIGITS, 18)),
        1 => ("GB", format!("{}{}", some(dice, &LETTERS[..26], 4), some(dice, DIGITS, 14))),
        _ => ("FR", some(dice, DIGITS, 23)),
    };
    let rest = format!("{body}{country}00").bytes().fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    let number = format!("{country}{:02}{body}", 98 - rest);
    if dice.below(2) == 0 {
        number
    } else {
        number.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect::<Vec<_>>().join(" ")
    }
}

fn email(dice: &mut Dice) -> String {
    let words = ["jane", "o'brien", "max.mustermann", "li_wei", "a-b", "jörg", "info+x"];
    let hosts = ["example.org", "mail.example.co.uk", "bücher.example", "x.io", "sub.domain.museum", "example.com"];
    format!("{}{}@{}", dice.one_of(&words), some(dice, DIGITS, 2), dice.one_of(&hosts))
}

fn phone(dice: &mut Dice) -> String {
    match dice.below(5) {
        0 => format!("+44 20 7946 0{}", some(dice, DIGITS, 3)),
        1 => format!("+49 (0)30 23125 {}", some(dice, DIGITS, 3)),
        2 => format!("(415) 555-01{}", some(dice, DIGITS, 2)),
        3 => format!("+33199001{}", some(dice, DIGITS, 3)),
        _ => format!("415-555-01{}", some(dice, DIGITS, 2)),
    }
}

fn key(dice: &mut Dice) -> String {
    let body = |dice: &mut Dice, length: usize| some(dice, WORD, length);
    match dice.below(12) {
        0 => format!("sk-{}T3BlbkFJ{}", body(dice, 20), body(dice, 20)),
        1 => format!("sk-ant-api03-{}AA", body(dice, 93)),
        2 => format!("AIza{}", body(dice, 35)),
        3 => format!("AQ.Ab8RN6{}", body(dice, 44)),
        4 => format!("AKIA{}", some(dice, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        5 => format!("ghp_{}", body(dice, 36)),
        6 => format!("hf_{}", some(dice, LETTERS, 34)),
        7 => format!("gsk_{}", body(dice, 52)),
        8 => format!("sk_live_{}", body(dice, 24)),
        9 => format!("glpat-{}", body(dice, 20)),
        10 => format!("xoxb-{}-{}-{}", some(dice, DIGITS, 12), some(dice, DIGITS, 13), body(dice, 24)),
        _ => format!("sk-or-v1-{}", some(dice, HEX, 64)),
    }
}

fn network(dice: &mut Dice) -> String {
    let pairs = |dice: &mut Dice| (0..6).map(|_| some(dice, HEX, 2)).collect::<Vec<_>>();
    match dice.below(4) {
        0 => format!("203.0.113.{}", 100 + dice.below(155)),
        1 => format!("2001:db8:{}::{}:8a2e", some(dice, "123456789abcdef", 4), some(dice, "123456789abcdef", 4)),
        2 => format!("a{}", &pairs(dice).join(":")[1..]),
        _ => format!("{}d-{}", dice.below(9), &pairs(dice).join("-")[3..]),
    }
}

fn credential(dice: &mut Dice) -> String {
    format!("app{}:{}", dice.below(99), some(dice, WORD, 14))
}

fn jwt(dice: &mut Dice) -> String {
    format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI{}.{}", some(dice, WORD, 40), some(dice, WORD, 43))
}

/// Returns a Unix time in seconds, milliseconds, microseconds or nanoseconds.
fn epoch(dice: &mut Dice) -> String {
    let rest = [8, 11, 14, 17][dice.below(4)];
    format!("1{}{}", 6 + dice.below(2), some(dice, DIGITS, rest))
}

type Make = fn(&mut Dice) -> String;

const GOLD: [(&str, Make, &str, &str); 8] = [
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
const DECOYS: [(&str, Make); 20] = [
    ("version", |dice| format!("version {}.{}.{}.{}", dice.below(20), dice.below(50), dice.below(90), dice.below(9))),
    ("object identifier", |dice| format!("1.3.6.1.4.1.{}.{}", dice.below(9_999), dice.below(99))),
    ("imei", |dice| luhn(&format!("35{}", some(dice, DIGITS, 12)))),
    ("no issuer", |dice| luhn(&format!("{}{}", dice.one_of(&["1", "7", "8", "9"]), some(dice, DIGITS, 14)))),
    ("base58", |dice| format!("1{}", some(dice, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 33))),
    ("fingerprint", |dice| (0..20).map(|_| some(dice, HEX, 2)).collect::<Vec<_>>().join(":")),
    ("epoch", epoch),
    ("never an ssn", |dice| format!("9{}-{}-{}", some(dice, DIGITS, 2), some(dice, DIGITS, 2), some(dice, DIGITS, 4))),
    ("like a mail", |dice| {
        dice.one_of(&["logo@2x.png", "react@18.2.0", "git@host.org:team/repo", "user@localhost", "@media"]).to_owned()
    }),
    ("path with an at", |dice| format!("https://medium.com/@{}/{}", some(dice, LETTERS, 8), some(dice, DIGITS, 6))),
    ("uuid", |dice| grouped(&some(dice, HEX, 32), &[8, 4, 4, 4, 12], "-")),
    ("commit", |dice| some(dice, HEX, 40)),
    ("order", |dice| format!("order {}", some(dice, "123456789", 11))),
    ("name of something", |dice| {
        let names = ["msg_01", "toolu_01", "call_", "chatcmpl-", "resp_", "req_", "run_", "cus_"];
        format!("{}{}", dice.one_of(&names), some(dice, WORD, 24))
    }),
    ("account with a wrong check digit", |dice| {
        let number = iban(dice);
        format!("{}99{}", &number[..2], &number[4..])
    }),
    ("article", |dice| {
        let digits = format!("40{}", some(dice, DIGITS, 10));
        let sum: u32 = digits.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * [1, 3][at % 2]).sum();
        format!("{digits}{}", (10 - sum % 10) % 10)
    }),
    ("number with a word before it", |dice| {
        format!("ID-{}-{}-{}", some(dice, "23456789", 3), some(dice, "23456789", 3), some(dice, DIGITS, 4))
    }),
    ("decimal", |dice| format!("0.{}", some(dice, DIGITS, 16))),
    ("path of modules", |dice| dice.one_of(&["std::io", "a::b", "dead::beef", "12:34:56", "fe::ed::be"]).to_owned()),
    ("like a key", |dice| {
        dice.one_of(&["sk-learn", "sk-SK", "hf_transfer", "disk-usage-report-2024", "ghp_tokens", "AKIA"]).to_owned()
    }),
];

/// Returns whether one finding covers the piece, the number of findings that overlap the piece, and the number of all
/// findings.
fn covers(redactor: &Redactor, before: &str, piece: &str, after: &str) -> (bool, usize, usize) {
    let text = format!("{before}{piece}{after}");
    let (start, end) = (before.len(), before.len() + piece.len());
    let found = redactor.find(&text);
    let right = found.iter().filter(|finding| finding.range.start < end && finding.range.end > start).count();
    (found.iter().any(|finding| finding.range.start <= start && finding.range.end >= end), right, found.len())
}

#[test]
fn what_can_be_decided_by_shape_is_found_and_little_else_is() {
    let (redactor, mut dice) = (Redactor::new(), Dice(0x1234_5678_9abc_def1));
    let mut recall: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let (mut right, mut all) = (0, 0);
    for _ in 0..150 {
        for (name, make, before, after) in GOLD {
            for (open, close) in FRAMES {
                let piece = make(&mut dice);
                let (whole, inside, found) =
                    covers(&redactor, &format!("{open}{before}"), &piece, &format!("{after}{close}"));
                let entry = recall.entry(name).or_default();
                *entry = (entry.0 + u32::from(whole), entry.1 + 1);
                right += inside;
                all += found;
            }
        }
    }
    for (name, (found, of)) in &recall {
        assert!(f64::from(*found) >= 0.97 * f64::from(*of), "{name}: {found} of {of}");
    }
    assert!(right * 100 >= all * 97, "{right} of {all} finds were wanted");
}

#[test]
fn what_only_looks_like_it_stays() {
    let (redactor, mut dice) = (Redactor::new(), Dice(0x0fed_cba9_8765_4321));
    for (name, make) in DECOYS {
        let (mut stayed, mut of) = (0, 0);
        for _ in 0..150 {
            for (open, close) in FRAMES {
                let piece = make(&mut dice);
                let (_, inside, _) = covers(&redactor, open, &piece, close);
                stayed += u32::from(inside == 0);
                of += 1;
            }
        }
        assert!(f64::from(stayed) >= 0.95 * f64::from(of), "{name}: {stayed} of {of} stayed");
    }
}
