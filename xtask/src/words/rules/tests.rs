use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::workspace_root;

/// Returns the row of the table in CONTRIBUTING.md.
fn row(name: &str, words: &[&str], except: &[&str], reason: &str) -> String {
    let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let except = if except.is_empty() { String::new() } else { format!("; not {}", quoted(except)) };
    format!("| `{name}` | {}{except} | {reason} |", quoted(words))
}

#[test]
fn contributing_lists_every_rule_with_its_words_and_its_reason() {
    let page = fs::read_to_string(workspace_root().join("CONTRIBUTING.md")).unwrap();
    let phrases = PHRASES.iter().map(|rule| row(rule.name, rule.phrases, rule.except, rule.reason));
    let openings = [&FUNCTION_OPENING, &ITEM_OPENING].map(|rule| row(rule.name, rule.words, &[], rule.reason));
    let rows: Vec<_> = phrases.chain(openings).collect();
    let missing: Vec<_> = rows.iter().filter(|row| !page.lines().any(|line| line == *row)).collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md should have these rows:\n{missing:#?}");
    let listed = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(listed, rows.len(), "CONTRIBUTING.md lists a rule that does not exist");
}

#[test]
fn names_are_unique_and_each_exception_contains_a_phrase_of_its_rule() {
    let names: BTreeSet<_> = PHRASES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), PHRASES.len());
    for rule in PHRASES {
        assert_eq!(reason(rule.name), Some(rule.reason));
        for longer in rule.except {
            assert!(rule.phrases.iter().any(|phrase| longer.contains(phrase)), "{longer}");
        }
        for phrase in rule.phrases {
            assert_eq!(*phrase, phrase.to_lowercase(), "phrases are compared in lower case");
        }
    }
    assert_eq!(reason("unknown"), None);
}
