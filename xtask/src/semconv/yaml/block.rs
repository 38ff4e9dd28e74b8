//! Parses the block structure: maps, lists, and the lines of each scalar.

use std::collections::HashMap;

use super::Error;
use super::Node;
use super::Value;
use super::scalar;

/// A parser over the lines; `line_index` is the index of the next unread line.
pub(super) struct Parser {
    lines: Vec<String>,
    line_index: usize,
    anchors: HashMap<String, Node>,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_owned).collect(), line_index: 0, anchors: HashMap::new() }
    }

    pub(super) fn parse_document(mut self) -> Result<Node, Error> {
        let Some(indent) = self.next_indent()? else {
            return Err(Error::at(1, "the document is empty"));
        };
        let node = self.parse_block(indent)?;
        match self.next_indent()? {
            None => Ok(node),
            Some(_) => Err(self.error("unexpected text after the document")),
        }
    }

    fn parse_block(&mut self, indent: usize) -> Result<Node, Error> {
        if is_list_item(self.rest_of_line(indent)) { self.parse_list(indent) } else { self.parse_map(indent) }
    }

    fn parse_map(&mut self, indent: usize) -> Result<Node, Error> {
        let line = self.line_index + 1;
        let mut entries: Vec<(String, Node)> = Vec::new();
        while self.is_next_at(indent)? && !is_list_item(self.rest_of_line(indent)) {
            let Some((key, rest)) = split_key(self.rest_of_line(indent)) else {
                return Err(self.error("expected a line `key: value`"));
            };
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(self.error(format!("`{key}` is given twice")));
            }
            let value = self.parse_value(&rest, indent)?;
            entries.push((key, value));
        }
        Ok(Node { line, value: Value::Map(entries) })
    }

    fn parse_list(&mut self, indent: usize) -> Result<Node, Error> {
        let line = self.line_index + 1;
        let mut items = Vec::new();
        while self.is_next_at(indent)? && is_list_item(self.rest_of_line(indent)) {
            let rest = self.rest_of_line(indent)[1..].trim_start().to_owned();
            if is_list_item(&rest) {
                return Err(self.error("a list directly inside a list is not supported"));
            }
            if split_key(&rest).is_some() {
                // `- key: value` opens a map with the indentation of the key: replace the dash by a space.
                self.lines[self.line_index].replace_range(indent..=indent, " ");
                let inner = indent_of(&self.lines[self.line_index]);
                items.push(self.parse_map(inner)?);
            } else {
                items.push(self.parse_value(&rest, indent)?);
            }
        }
        Ok(Node { line, value: Value::List(items) })
    }

    /// Parses the value after a key or dash at `indent`; `rest` is the remaining text of its line.
    fn parse_value(&mut self, rest: &str, indent: usize) -> Result<Node, Error> {
        let line = self.line_index + 1;
        let mut rest = scalar::strip_comment(rest);
        let mut anchor = None;
        if let Some(named) = rest.strip_prefix('&') {
            let (name, after) = named.split_once(' ').unwrap_or((named, ""));
            anchor = Some(name.to_owned());
            rest = after.trim_start();
        }
        let node = match rest.chars().next() {
            None => return self.parse_nested(indent, anchor.is_some()),
            Some('*') => self.resolve_alias(&rest[1..])?,
            Some('|' | '>') => {
                let header = rest.to_owned();
                self.line_index += 1;
                let lines = self.take_scalar_lines(indent);
                Node {
                    line,
                    value: Value::Scalar(scalar::parse_block_scalar(&header, &lines).map_err(|m| Error::at(line, m))?),
                }
            }
            Some(_) => self.parse_inline(rest.to_owned(), indent)?,
        };
        if let Some(name) = anchor {
            self.anchors.insert(name, node.clone());
        }
        Ok(node)
    }

    /// Parses the value of a key with no value on its own line.
    fn parse_nested(&mut self, indent: usize, is_anchored: bool) -> Result<Node, Error> {
        if is_anchored {
            return Err(self.error("an anchor is supported only before a scalar on the same line"));
        }
        let key_line = self.line_index + 1;
        self.line_index += 1;
        let found = self.next_indent()?;
        let Some(inner) = found.filter(|&i| i > indent || (i == indent && is_list_item(self.rest_of_line(i)))) else {
            return Err(Error::at(key_line, "the value is missing"));
        };
        let first = self.rest_of_line(inner).to_owned();
        if is_list_item(&first) || split_key(&first).is_some() {
            return self.parse_block(inner);
        }
        self.parse_inline(scalar::strip_comment(&first).to_owned(), indent)
    }

    /// Parses a plain, quoted or flow value that begins on this line and may continue on lines with deeper indentation.
    fn parse_inline(&mut self, mut text: String, indent: usize) -> Result<Node, Error> {
        let line = self.line_index + 1;
        self.line_index += 1;
        let flow = text.starts_with('[');
        while !flow || !scalar::is_balanced(&text) {
            match self.next_indent()? {
                Some(inner) if inner > indent => {
                    let next = self.rest_of_line(inner);
                    if !flow && (is_list_item(next) || split_key(next).is_some()) {
                        return Err(self.error("a map or list may not follow a scalar"));
                    }
                    text = format!("{text} {}", scalar::strip_comment(next));
                    self.line_index += 1;
                }
                _ => break,
            }
        }
        let value = scalar::parse_inline(&text, line).map_err(|message| Error::at(line, message))?;
        Ok(Node { line, value })
    }

    fn resolve_alias(&mut self, name: &str) -> Result<Node, Error> {
        let node = self.anchors.get(name).cloned();
        let node = node.ok_or_else(|| self.error(format!("`*{name}` has no anchor above it")))?;
        self.line_index += 1;
        Ok(node)
    }

    /// Takes the lines of a block scalar: all lines indented deeper than its key, and blank lines between them.
    fn take_scalar_lines(&mut self, indent: usize) -> Vec<String> {
        let start = self.line_index;
        while self.lines.get(self.line_index).is_some_and(|l| l.trim().is_empty() || indent_of(l) > indent) {
            self.line_index += 1;
        }
        self.lines[start..self.line_index].to_vec()
    }

    /// Returns whether the next line with content is indented by exactly `indent`. Fails if its indentation is deeper.
    fn is_next_at(&mut self, indent: usize) -> Result<bool, Error> {
        match self.next_indent()? {
            Some(found) if found > indent => Err(self.error("this line is indented too deeply")),
            found => Ok(found == Some(indent)),
        }
    }

    /// Skips blank lines and comments; returns the indentation of the next line, or `None` at the end.
    fn next_indent(&mut self) -> Result<Option<usize>, Error> {
        while let Some(line) = self.lines.get(self.line_index) {
            let text = line.trim_start();
            if line.contains('\t') {
                return Err(self.error("a tab is not supported"));
            }
            if !text.is_empty() && !text.starts_with('#') {
                return Ok(Some(indent_of(line)));
            }
            self.line_index += 1;
        }
        Ok(None)
    }

    fn rest_of_line(&self, indent: usize) -> &str {
        &self.lines[self.line_index][indent..]
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::at(self.line_index.min(self.lines.len().saturating_sub(1)) + 1, message)
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_list_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Splits `key: rest` or `key:`; a key consists of ASCII letters, digits, `_` and `.`.
fn split_key(text: &str) -> Option<(String, String)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))?;
    let rest = text[end..].strip_prefix(':')?;
    let is_key = end > 0 && (rest.is_empty() || rest.starts_with(' '));
    is_key.then(|| (text[..end].to_owned(), rest.trim().to_owned()))
}
