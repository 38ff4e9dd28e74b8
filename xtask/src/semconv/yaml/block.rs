//! Parses the block structure: maps, lists, and the lines of each scalar.

use std::collections::HashMap;

use super::Error;
use super::Node;
use super::Value;
use super::scalar;

/// A parser over the lines; `at` is the index of the next unread line.
pub(super) struct Parser {
    lines: Vec<String>,
    at: usize,
    anchors: HashMap<String, Node>,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_owned).collect(), at: 0, anchors: HashMap::new() }
    }

    pub(super) fn document(mut self) -> Result<Node, Error> {
        let Some(indent) = self.next_indent()? else {
            return Err(Error::at(1, "the document is empty"));
        };
        let node = self.block(indent)?;
        match self.next_indent()? {
            None => Ok(node),
            Some(_) => Err(self.error("nothing may follow the document")),
        }
    }

    fn block(&mut self, indent: usize) -> Result<Node, Error> {
        if is_item(self.rest(indent)) { self.list(indent) } else { self.map(indent) }
    }

    fn map(&mut self, indent: usize) -> Result<Node, Error> {
        let line = self.at + 1;
        let mut entries: Vec<(String, Node)> = Vec::new();
        while self.continues(indent)? && !is_item(self.rest(indent)) {
            let Some((key, rest)) = split_key(self.rest(indent)) else {
                return Err(self.error("a line `key: value` is wanted here"));
            };
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(self.error(format!("`{key}` is given twice")));
            }
            let value = self.value(&rest, indent)?;
            entries.push((key, value));
        }
        Ok(Node { line, value: Value::Map(entries) })
    }

    fn list(&mut self, indent: usize) -> Result<Node, Error> {
        let line = self.at + 1;
        let mut items = Vec::new();
        while self.continues(indent)? && is_item(self.rest(indent)) {
            let rest = self.rest(indent)[1..].trim_start().to_owned();
            if is_item(&rest) {
                return Err(self.error("a list directly inside a list is not understood"));
            }
            if split_key(&rest).is_some() {
                // `- key: value` opens a map with the indentation of the key: replace the dash by a space.
                self.lines[self.at].replace_range(indent..=indent, " ");
                let inner = indent_of(&self.lines[self.at]);
                items.push(self.map(inner)?);
            } else {
                items.push(self.value(&rest, indent)?);
            }
        }
        Ok(Node { line, value: Value::List(items) })
    }

    /// Parses the value after a key or dash at `indent`; `rest` is the remaining text of its line.
    fn value(&mut self, rest: &str, indent: usize) -> Result<Node, Error> {
        let line = self.at + 1;
        let mut rest = scalar::without_comment(rest);
        let mut anchor = None;
        if let Some(named) = rest.strip_prefix('&') {
            let (name, after) = named.split_once(' ').unwrap_or((named, ""));
            anchor = Some(name.to_owned());
            rest = after.trim_start();
        }
        let node = match rest.chars().next() {
            None => return self.below(indent, anchor.is_some()),
            Some('*') => self.alias(&rest[1..])?,
            Some('|' | '>') => {
                let header = rest.to_owned();
                self.at += 1;
                let lines = self.take_scalar_lines(indent);
                Node { line, value: Value::Scalar(scalar::block(&header, &lines).map_err(|m| Error::at(line, m))?) }
            }
            Some(_) => self.inline(rest.to_owned(), indent)?,
        };
        if let Some(name) = anchor {
            self.anchors.insert(name, node.clone());
        }
        Ok(node)
    }

    /// Parses the value of a key with no value on its own line.
    fn below(&mut self, indent: usize, anchored: bool) -> Result<Node, Error> {
        if anchored {
            return Err(self.error("an anchor is understood before a scalar on its own line only"));
        }
        let key_line = self.at + 1;
        self.at += 1;
        let found = self.next_indent()?;
        let Some(inner) = found.filter(|&i| i > indent || (i == indent && is_item(self.rest(i)))) else {
            return Err(Error::at(key_line, "the value is missing"));
        };
        let first = self.rest(inner).to_owned();
        if is_item(&first) || split_key(&first).is_some() {
            return self.block(inner);
        }
        self.inline(scalar::without_comment(&first).to_owned(), indent)
    }

    /// Parses a plain, quoted or flow value that begins on this line and may continue on lines with deeper indentation.
    fn inline(&mut self, mut text: String, indent: usize) -> Result<Node, Error> {
        let line = self.at + 1;
        self.at += 1;
        let flow = text.starts_with('[');
        while !flow || !scalar::is_balanced(&text) {
            match self.next_indent()? {
                Some(inner) if inner > indent => {
                    let next = self.rest(inner);
                    if !flow && (is_item(next) || split_key(next).is_some()) {
                        return Err(self.error("a map or list may not follow a scalar"));
                    }
                    text = format!("{text} {}", scalar::without_comment(next));
                    self.at += 1;
                }
                _ => break,
            }
        }
        let value = scalar::inline(&text, line).map_err(|message| Error::at(line, message))?;
        Ok(Node { line, value })
    }

    fn alias(&mut self, name: &str) -> Result<Node, Error> {
        let node = self.anchors.get(name).cloned();
        let node = node.ok_or_else(|| self.error(format!("`*{name}` has no anchor above it")))?;
        self.at += 1;
        Ok(node)
    }

    /// Takes the lines of a block scalar: all lines indented deeper than its key, and blank lines between them.
    fn take_scalar_lines(&mut self, indent: usize) -> Vec<String> {
        let start = self.at;
        while self.lines.get(self.at).is_some_and(|l| l.trim().is_empty() || indent_of(l) > indent) {
            self.at += 1;
        }
        self.lines[start..self.at].to_vec()
    }

    /// Returns whether the next line with content is indented by exactly `indent`. Fails if its indentation is deeper.
    fn continues(&mut self, indent: usize) -> Result<bool, Error> {
        match self.next_indent()? {
            Some(found) if found > indent => Err(self.error("this line is indented too deep")),
            found => Ok(found == Some(indent)),
        }
    }

    /// Skips blank lines and comments; returns the indentation of the next line, or `None` at the end.
    fn next_indent(&mut self) -> Result<Option<usize>, Error> {
        while let Some(line) = self.lines.get(self.at) {
            let text = line.trim_start();
            if line.contains('\t') {
                return Err(self.error("a tab is not understood"));
            }
            if !text.is_empty() && !text.starts_with('#') {
                return Ok(Some(indent_of(line)));
            }
            self.at += 1;
        }
        Ok(None)
    }

    fn rest(&self, indent: usize) -> &str {
        &self.lines[self.at][indent..]
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::at(self.at.min(self.lines.len().saturating_sub(1)) + 1, message)
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Splits `key: rest` or `key:`; a key consists of ASCII letters, digits, `_` and `.`.
fn split_key(text: &str) -> Option<(String, String)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))?;
    let rest = text[end..].strip_prefix(':')?;
    let is_key = end > 0 && (rest.is_empty() || rest.starts_with(' '));
    is_key.then(|| (text[..end].to_owned(), rest.trim().to_owned()))
}
