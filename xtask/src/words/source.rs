//! Splits Rust source into comments and code, without the contents of strings.

/// The kinds of comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `///`: documents the item that follows.
    Item,
    /// `//!`: documents the module that contains it.
    Module,
    /// `//`.
    Plain,
}

/// One line of a comment.
#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) kind: Kind,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    /// The place in the source after the comment, in characters.
    pub(crate) end: usize,
    /// Only blanks and comments precede the comment on its line.
    pub(crate) alone: bool,
}

/// A source file, split.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) comments: Vec<Comment>,
    /// The source with a blank for each character of a comment or a literal.
    pub(crate) code: Vec<char>,
    line: usize,
    at: usize,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let mut source = Self { code: text.chars().collect(), line: 1, ..Self::default() };
        while let Some(&first) = source.code.get(source.at) {
            match (first, source.peek(1)) {
                ('/', Some('/')) => source.line_comment(),
                ('/', Some('*')) => source.block_comment(),
                ('"', _) => source.string(),
                ('r', Some('"' | '#')) => source.raw_string(),
                ('\'', _) => source.character(),
                ('\n', _) => {
                    source.line += 1;
                    source.at += 1;
                }
                _ => source.at += 1,
            }
        }
        source
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.code.get(self.at + ahead).copied()
    }

    fn line_comment(&mut self) {
        let end =
            self.code[self.at..].iter().position(|c| *c == '\n').map_or(self.code.len(), |length| self.at + length);
        let kind = match (self.peek(2), self.peek(3)) {
            (Some('/'), Some('/')) => Kind::Plain,
            (Some('/'), _) => Kind::Item,
            (Some('!'), _) => Kind::Module,
            _ => Kind::Plain,
        };
        let marker = if kind == Kind::Plain { 2 } else { 3 };
        self.push(kind, self.at + marker, end, self.line);
        self.blank(end);
    }

    fn block_comment(&mut self) {
        let (mut depth, mut end) = (0_usize, self.at);
        while end < self.code.len() {
            match (self.code[end], self.code.get(end + 1)) {
                ('/', Some('*')) => (depth, end) = (depth + 1, end + 2),
                ('*', Some('/')) => (depth, end) = (depth - 1, end + 2),
                _ => end += 1,
            }
            if depth == 0 {
                break;
            }
        }
        let kind = match (self.peek(2), self.peek(3)) {
            (Some('*'), Some('*' | '/')) => Kind::Plain,
            (Some('*'), _) => Kind::Item,
            (Some('!'), _) => Kind::Module,
            _ => Kind::Plain,
        };
        let (mut start, mut line) = ((self.at + 3).min(end), self.line);
        while start <= end {
            let length = self.code[start..end].iter().take_while(|c| **c != '\n').count();
            self.push(kind, start, start + length, line);
            (start, line) = (start + length + 1, line + 1);
        }
        self.blank(end);
    }

    fn string(&mut self) {
        let mut end = self.at + 1;
        while self.code.get(end).is_some_and(|c| *c != '"') {
            end += if self.code[end] == '\\' { 2 } else { 1 };
        }
        self.blank(end + 1);
    }

    /// Skips `r"..."` and `r#"..."#`, and steps into `r#name`.
    fn raw_string(&mut self) {
        let hashes = self.code[self.at + 1..].iter().take_while(|c| **c == '#').count();
        let start = self.at + 1 + hashes;
        if self.code.get(start) != Some(&'"') {
            self.at = start;
            return;
        }
        let closes = |end: &usize| {
            let tail = self.code.get(end + 1..=end + hashes);
            self.code[*end] == '"' && tail.is_some_and(|tail| tail.iter().all(|c| *c == '#'))
        };
        let end = (start + 1..self.code.len()).find(closes).unwrap_or(self.code.len());
        self.blank(end + 1 + hashes);
    }

    /// Skips `'x'` and `'\n'`, and steps over the quote of a lifetime.
    fn character(&mut self) {
        if self.peek(1) == Some('\\') {
            let tail = &self.code[(self.at + 3).min(self.code.len())..];
            let length = tail.iter().position(|c| *c == '\'').unwrap_or(tail.len());
            self.blank(self.at + 4 + length);
        } else if self.peek(2) == Some('\'') {
            self.blank(self.at + 3);
        } else {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize, line: usize) {
        let text = self.code[start..end].iter().collect();
        let before = self.code[..self.at].iter().rev().take_while(|c| **c != '\n');
        let alone = before.into_iter().all(|c| c.is_whitespace());
        self.comments.push(Comment { kind, line, text, end, alone });
    }

    /// Replaces everything up to `end` by blanks, except the ends of lines.
    fn blank(&mut self, end: usize) {
        let end = end.min(self.code.len());
        for c in &mut self.code[self.at..end] {
            match *c {
                '\n' => self.line += 1,
                _ => *c = ' ',
            }
        }
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_not_found_in_strings_and_characters() {
        let text = "let a = (\"// a \\\" //\", r#\"// \" b\"#, '\"', '\\'', b'/'); // real\nfn f<'a>(r#in: &'a str) {}\n/* x /* y */ z\n w */ //! m";
        let source = Source::new(text);
        let found: Vec<_> = source.comments.iter().map(|c| (c.kind, c.line, c.text.trim(), c.alone)).collect();
        let expected = [
            (Kind::Plain, 1, "real", false),
            (Kind::Plain, 3, "x /* y */ z", true),
            (Kind::Plain, 4, "w */", true),
            (Kind::Module, 4, "m", true),
        ];
        assert_eq!(found, expected);
        assert!(source.code.iter().collect::<String>().contains("fn f<'a>(r#in: &'a str) {}"));
        assert_eq!(source.code.len(), text.chars().count());
    }

    #[test]
    fn an_open_literal_or_comment_ends_with_the_file() {
        for text in ["\"", "r#\"", "'\\", "/*", "/* \n", "//", "r", "r#", "'", "\"\\", "/**"] {
            assert_eq!(Source::new(text).code.len(), text.chars().count(), "{text}");
        }
    }
}
