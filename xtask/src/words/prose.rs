//! Reads the words of a block, without code, URLs and escapes.

use super::blocks::Block;

/// The text between a word and the word before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// The word is the first of its paragraph.
    Start,
    Blank,
    /// A sign or code.
    Break,
}

/// A word and its place.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) gap: Gap,
}

impl Word {
    /// Returns true if the word is `lower`, in any case and with or without a possessive `'s`.
    pub(crate) fn is(&self, lower: &str) -> bool {
        let plain = self.text.strip_suffix("'s").or_else(|| self.text.strip_suffix("'S")).unwrap_or(&self.text);
        plain.eq_ignore_ascii_case(lower)
    }
}

/// `words: allow(rule) reason`: permits the rule on the next line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Escape {
    pub(crate) line: usize,
    pub(crate) rules: Vec<String>,
    pub(crate) has_reason: bool,
}

/// Returns the words of a block and the escapes in it.
pub(crate) fn read(block: &Block) -> (Vec<Word>, Vec<Escape>) {
    let (mut words, mut escapes) = (Vec::new(), Vec::new());
    let mut paragraph: Vec<(usize, &str)> = Vec::new();
    let mut fence: Option<String> = None;
    for (number, text) in &block.lines {
        let trimmed = text.trim().trim_start_matches("> ");
        let marker: String =
            trimmed.chars().take_while(|c| trimmed.starts_with(*c) && matches!(c, '`' | '~')).collect();
        if let Some(open) = &fence {
            if marker == trimmed && marker.starts_with(open) {
                fence = None;
            }
            continue;
        }
        let escape = escape(*number, trimmed);
        if escape.is_none() && marker.len() < 3 && !trimmed.is_empty() {
            paragraph.push((*number, trimmed));
            continue;
        }
        words.extend(words_of(&paragraph));
        paragraph.clear();
        escapes.extend(escape);
        fence = Some(marker).filter(|marker| marker.len() >= 3);
    }
    words.extend(words_of(&paragraph));
    (words, escapes)
}

fn escape(line: usize, text: &str) -> Option<Escape> {
    let text = text.strip_prefix("<!--").and_then(|text| text.strip_suffix("-->")).unwrap_or(text);
    let rest = text.trim().strip_prefix("words: allow(")?;
    let (rules, reason) = rest.split_once(')').unwrap_or(("", ""));
    let rules = rules.split(',').map(|rule| rule.trim().to_owned()).collect();
    Some(Escape { line, rules, has_reason: !reason.trim().is_empty() })
}

fn words_of(paragraph: &[(usize, &str)]) -> Vec<Word> {
    let text: Vec<char> = paragraph.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n").chars().collect();
    let text = without_code(text);
    let (mut words, mut line, mut at, mut gap) = (Vec::new(), 0, 0, Gap::Start);
    while let Some(&c) = text.get(at) {
        if !c.is_alphanumeric() {
            line += usize::from(c == '\n');
            let harmless = c.is_whitespace() || matches!(c, '*' | '_');
            gap = if harmless { gap } else { Gap::Break };
            at += 1;
            continue;
        }
        let start = at;
        // A path, a file name or a compound is one word: `told.rs`, `stand-in`.
        let joins = |at: usize| {
            matches!(text[at], '\'' | '’' | '-' | '_' | '.' | '/' | ':' | '@')
                && text[at..].iter().take(3).any(|c| c.is_alphanumeric())
                && text[at..].iter().take_while(|c| !c.is_alphanumeric()).all(|c| !c.is_whitespace() && *c != CODE)
        };
        while at < text.len() && (text[at].is_alphanumeric() || joins(at)) {
            at += 1;
        }
        let word = text[start..at].iter().collect::<String>().replace('’', "'");
        words.push(Word { line: paragraph[line].0, text: word, gap });
        gap = Gap::Blank;
    }
    words
}

/// Replaces a character of code.
const CODE: char = '`';

/// Replaces code in backticks, link targets and URLs.
fn without_code(mut text: Vec<char>) -> Vec<char> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let run = rest.iter().take_while(|c| **c == '`').count();
        let until = |stop: &dyn Fn(char) -> bool| rest.iter().position(|c| stop(*c)).unwrap_or(rest.len());
        let length = if run > 0 {
            closing(rest, run).unwrap_or(run)
        } else if rest.starts_with(&[']', '(']) {
            until(&|c| c == ')')
        } else if rest.starts_with(&[']', ':']) {
            until(&|c| c == '\n')
        } else if is_url(rest) {
            until(&|c| c.is_whitespace() || matches!(c, ')' | '>' | ']' | '|'))
        } else {
            at += 1;
            continue;
        };
        for c in &mut text[at..at + length] {
            *c = if *c == '\n' { '\n' } else { CODE };
        }
        at += length;
    }
    text
}

/// Returns the length up to the end of the backticks that close a run at the start.
fn closing(text: &[char], run: usize) -> Option<usize> {
    let mut at = run;
    while at < text.len() {
        let here = text[at..].iter().take_while(|c| **c == '`').count();
        if here == run {
            return Some(at + run);
        }
        at += here.max(1);
    }
    None
}

fn is_url(text: &[char]) -> bool {
    let scheme = text.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    scheme > 1 && text[scheme..].starts_with(&[':', '/', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let lines = (1..).zip(text.lines().map(str::to_owned)).collect();
        let (words, _) = read(&Block { lines, item: None });
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn code_links_and_urls_are_not_words() {
        assert_eq!(words("a `b` ``c ` d`` e\n```rust\nf\n```\ng"), "a e g");
        assert_eq!(words("[a](b/c.md) <https://d.e/f> http://g h\n[i]: j\nk"), "a h i k");
        assert_eq!(words("one `two\nthree` four"), "one four");
        assert_eq!(words("an open ` backtick"), "an open backtick");
        assert_eq!(words("~~~\na\n```\nb\n~~~\nc"), "c");
    }

    #[test]
    fn paths_and_compounds_are_one_word() {
        assert_eq!(
            words("see told.rs, a/told: stand-in. crate::told it's (so) *much*."),
            "see told.rs a/told stand-in crate::told it's so much"
        );
    }

    #[test]
    fn an_escape_names_its_rules_and_may_lack_a_reason() {
        let found = |line, rules: &[&str], has_reason| {
            Some(Escape { line, rules: rules.iter().map(|rule| (*rule).to_owned()).collect(), has_reason })
        };
        assert_eq!(escape(3, "words: allow(a, b) quoted"), found(3, &["a", "b"], true));
        assert_eq!(escape(3, "<!-- words: allow(a) -->"), found(3, &["a"], false));
        assert_eq!(escape(3, "words: allow(a"), found(3, &[""], false));
        assert_eq!(escape(3, "the words: allow(a)"), None);
    }
}
