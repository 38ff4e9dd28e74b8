//! Finds the places of a text that break a rule.

use super::blocks;
use super::blocks::Item;
use super::blocks::Syntax;
use super::prose;
use super::prose::Escape;
use super::prose::Gap;
use super::prose::Word;
use super::rules;
use super::rules::Phrases;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) text: String,
}

/// Returns the findings of a file, by line.
pub(crate) fn file(syntax: Syntax, text: &str) -> Vec<Finding> {
    let (mut found, mut escapes) = (Vec::new(), Vec::new());
    for block in blocks::of(syntax, text) {
        let (words, new) = prose::read(&block);
        escapes.extend(new);
        found.extend(rules::PHRASES.iter().flat_map(|rule| phrases(&words, rule)));
        let first = block.lines.first().map(|(line, _)| *line);
        let opening = words.first().filter(|word| word.gap == Gap::Start && Some(word.line) == first);
        found.extend(block.item.zip(opening).and_then(|(item, word)| check_opening(item, word)));
    }
    for escape in &escapes {
        if !apply(escape, &mut found) {
            let text = format!("words: allow({})", escape.rules.join(", "));
            found.push(Finding { line: escape.line, rule: rules::ESCAPE, text });
        }
    }
    found.sort();
    found
}

/// Removes the findings that the escape permits. Returns false if the escape is not in order.
fn apply(escape: &Escape, found: &mut Vec<Finding>) -> bool {
    let permits = |finding: &Finding, rule: &String| finding.line == escape.line + 1 && finding.rule == rule;
    let useful = escape.rules.iter().all(|rule| found.iter().any(|finding| permits(finding, rule)));
    if !escape.has_reason || !useful {
        return false;
    }
    found.retain(|finding| !escape.rules.iter().any(|rule| permits(finding, rule)));
    true
}

fn check_opening(item: Item, word: &Word) -> Option<Finding> {
    let rule = match item {
        Item::PublicFunction => rules::FUNCTION_OPENING,
        Item::Other => rules::ITEM_OPENING,
    };
    let bad = rule.words.iter().any(|opening| word.is(opening));
    bad.then(|| Finding { line: word.line, rule: rule.name, text: word.text.clone() })
}

fn phrases(words: &[Word], rule: &Phrases) -> Vec<Finding> {
    let mut found = Vec::new();
    for at in 0..words.len() {
        let longest = rule.phrases.iter().filter_map(|phrase| matches(words, at, phrase)).max();
        if let Some(end) = longest.filter(|end| !is_excepted(words, at, *end, rule.except)) {
            let text = words[at..end].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            found.push(Finding { line: words[at].line, rule: rule.name, text });
        }
    }
    found
}

/// Returns the end of the phrase if it begins at word `at`.
fn matches(words: &[Word], at: usize, phrase: &str) -> Option<usize> {
    let mut end = at;
    for part in phrase.split(' ') {
        let word = words.get(end)?;
        if !word.is(part) || (end > at && word.gap != Gap::Blank) {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// Returns true if a longer phrase around `at..end` is an exception.
fn is_excepted(words: &[Word], at: usize, end: usize, except: &[&str]) -> bool {
    let covers = |phrase: &&str| {
        let first = at.saturating_sub(phrase.split(' ').count());
        (first..=at).any(|start| matches(words, start, phrase).is_some_and(|last| last >= end))
    };
    except.iter().any(covers)
}

#[cfg(test)]
mod tests;
