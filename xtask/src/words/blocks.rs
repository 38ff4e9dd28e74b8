//! The blocks of text of a file: a doc comment, a run of comment lines, a page.

use std::collections::BTreeMap;

use super::source::Kind;
use super::source::Source;

/// The languages that the check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Rust,
    Markdown,
    /// TOML, YAML and shell.
    Hash,
}

/// The item that a doc comment documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A `pub fn` with a return value.
    PublicFunction,
    Other,
}

/// Lines that are read as one text, with their numbers.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) lines: Vec<(usize, String)>,
    /// `None` for text that documents no item.
    pub(crate) item: Option<Item>,
}

/// Returns the blocks of a file.
pub(crate) fn of(syntax: Syntax, text: &str) -> Vec<Block> {
    match syntax {
        Syntax::Rust => rust(&Source::new(text)),
        Syntax::Markdown => vec![Block { lines: numbered(text).collect(), item: None }],
        Syntax::Hash => {
            let mut blocks = Vec::new();
            for (number, line) in numbered(text) {
                if let Some((before, comment)) = hash_comment(&line) {
                    push(&mut blocks, number, comment.to_owned(), before.trim().is_empty());
                }
            }
            blocks
        }
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, String)> {
    (1..).zip(text.lines().map(str::to_owned))
}

/// Returns the text on both sides of the `#` that begins a comment.
fn hash_comment(line: &str) -> Option<(&str, &str)> {
    let starts_comment = |at: usize| {
        let (before, after) = (&line[..at], &line[at + 1..]);
        let quoted = ['"', '\''].iter().any(|quote| before.matches(*quote).count() % 2 == 1);
        let parted = before.is_empty() || before.ends_with(char::is_whitespace);
        parted && !quoted && (after.is_empty() || after.starts_with(char::is_whitespace))
    };
    let at = line.match_indices('#').map(|(at, _)| at).find(|at| starts_comment(*at))?;
    Some((&line[..at], &line[at + 1..]))
}

/// Adds a comment line to the last block if it continues that block.
fn push(blocks: &mut Vec<Block>, number: usize, text: String, alone: bool) {
    let last =
        blocks.last_mut().filter(|block| alone && block.lines.last().is_some_and(|(last, _)| last + 1 == number));
    match last {
        Some(block) => block.lines.push((number, text)),
        None => blocks.push(Block { lines: vec![(number, text)], item: None }),
    }
}

fn rust(source: &Source) -> Vec<Block> {
    let (mut plain, mut module) = (Vec::new(), Vec::new());
    // All doc lines of one item have the same place of code after them, so attributes and comments between them do no harm.
    let mut items: BTreeMap<usize, Block> = BTreeMap::new();
    for comment in &source.comments {
        let text = comment.text.clone();
        match comment.kind {
            Kind::Plain => push(&mut plain, comment.line, text, comment.alone),
            Kind::Module => push(&mut module, comment.line, text, comment.alone),
            Kind::Item => {
                let at = item_start(&source.code, comment.end);
                items.entry(at).or_default().lines.push((comment.line, text));
            }
        }
    }
    for (at, block) in &mut items {
        let function = returns_value(&source.code[*at..]);
        block.item = Some(if function { Item::PublicFunction } else { Item::Other });
    }
    plain.into_iter().chain(module).chain(items.into_values()).collect()
}

/// Returns the place of the first code from `at` on that is not an attribute.
fn item_start(code: &[char], mut at: usize) -> usize {
    loop {
        at += code[at..].iter().take_while(|c| c.is_whitespace()).count();
        if code.get(at) != Some(&'#') {
            return at;
        }
        let mut depth = 0_usize;
        for c in &code[at..] {
            at += 1;
            match c {
                '[' => depth += 1,
                ']' if depth <= 1 => break,
                ']' => depth -= 1,
                _ => {}
            }
        }
    }
}

/// Returns true if the code begins with a `pub fn` that has a return type of its own.
fn returns_value(code: &[char]) -> bool {
    let mut words = Words { code, at: 0 };
    if words.next_word() != "pub" {
        return false;
    }
    loop {
        match words.next_word().as_str() {
            "const" | "async" | "unsafe" | "extern" => {}
            "fn" => break,
            _ => return false,
        }
    }
    // Outside of every bracket: `Fn() -> T` in the generics is not a return type of this function.
    let (mut depth, mut angles) = (0_usize, 0_usize);
    while let Some(&c) = code.get(words.at) {
        let outside = depth == 0 && angles == 0;
        match c {
            '-' if code.get(words.at + 1) == Some(&'>') => {
                if outside {
                    return true;
                }
                words.at += 1;
            }
            '<' => angles += 1,
            '>' => angles = angles.saturating_sub(1),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' | ';' if outside => return false,
            c if c.is_alphanumeric() => {
                if words.next_word() == "where" && outside {
                    return false;
                }
                continue;
            }
            _ => {}
        }
        words.at += 1;
    }
    false
}

struct Words<'a> {
    code: &'a [char],
    at: usize,
}

impl Words<'_> {
    /// Skips blanks and returns the identifier there, empty if there is none.
    fn next_word(&mut self) -> String {
        self.at += self.code[self.at..].iter().take_while(|c| c.is_whitespace()).count();
        let word: String = self.code[self.at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
        self.at += word.chars().count();
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_function(code: &str) -> bool {
        returns_value(&code.chars().collect::<Vec<_>>())
    }

    #[test]
    fn a_public_function_with_a_return_type_is_recognized() {
        for code in [
            "pub fn a() -> u8 {",
            "pub const fn show(&self, whole: w::Wide) -> u8;",
            "pub async fn a<F: Fn(u8) -> u8>(\n    f: F,\n)\n-> Vec<u8>\nwhere F: Copy {",
            "pub unsafe extern     fn wide(a: [u8; 3]) -> u8 {",
        ] {
            assert!(is_function(code), "{code}");
        }
        for code in [
            "fn a() -> u8 {",
            "pub(crate) fn a() -> u8 {",
            "pub fn a(f: fn() -> u8) { || -> u8 { 1 } }",
            "pub fn show(f: fn() -> u8) {",
            "pub fn a<F: Fn() -> u8>(f: F) {",
            "pub fn a<F>(f: F) where F: Fn() -> u8 {",
            "pub struct A;",
            "",
        ] {
            assert!(!is_function(code), "{code}");
        }
    }

    #[test]
    fn a_hash_begins_a_comment_at_a_blank_and_outside_quotes_only() {
        assert_eq!(hash_comment("# a"), Some(("", " a")));
        assert_eq!(hash_comment("x = 1 # a"), Some(("x = 1 ", " a")));
        for line in ["x = \"a # b\"", "#!/bin/sh", "echo $#", "x = 1"] {
            assert_eq!(hash_comment(line), None, "{line}");
        }
    }
}
