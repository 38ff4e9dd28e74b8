//! Parses scalars: plain, quoted and block; and flow lists.

use super::Node;
use super::Value;

/// Returns the text before a comment: a `#` after a space and outside quotes. `a # b` becomes `a`; `a#b` is unchanged.
pub(super) fn strip_comment(text: &str) -> &str {
    let mut quotes = QuoteState::default();
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        if c == '#' && before == ' ' && !quotes.is_inside() {
            return text[..index].trim_end();
        }
        quotes.advance(c, before);
        before = c;
    }
    text.trim_end()
}

/// Returns whether all `[` and `]` outside quotes are balanced.
pub(super) fn is_balanced(text: &str) -> bool {
    let mut quotes = QuoteState::default();
    let mut depth = 0_i32;
    let mut before = ' ';
    for c in text.chars() {
        quotes.advance(c, before);
        if !quotes.is_inside() {
            depth += i32::from(c == '[') - i32::from(c == ']');
        }
        if depth < 0 {
            return false;
        }
        before = c;
    }
    depth == 0
}

/// Parses an inline value: quoted text, plain text, or a flow list.
pub(super) fn parse_inline(text: &str, line: usize) -> Result<Value, String> {
    match text.chars().next() {
        Some('[') => parse_flow_list(text, line),
        Some('"' | '\'') => parse_quoted(text).map(Value::Scalar),
        Some('{' | '!' | '%' | '@' | '`' | '&' | '*' | '|' | '>' | '?' | ',' | ']' | '}') => {
            Err(format!("a value that begins like `{text}` is not supported"))
        }
        _ if text.contains(": ") || text.ends_with(':') => Err(format!("`: ` inside the plain text `{text}`")),
        _ => Ok(Value::Scalar(text.to_owned())),
    }
}

/// Parses a block scalar from its header (`|` or `>`, with `-` to drop the final line break) and its lines.
pub(super) fn parse_block_scalar(header: &str, lines: &[String]) -> Result<String, String> {
    let (folded, chomp) = match header {
        "|" => (false, false),
        "|-" => (false, true),
        ">" => (true, false),
        ">-" => (true, true),
        _ => return Err(format!("the block header `{header}` is not supported")),
    };
    let first = lines.iter().find(|line| !line.trim().is_empty()).ok_or("the block scalar is empty")?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    let mut stripped = Vec::with_capacity(lines.len());
    for line in lines {
        match line.get(indent..) {
            _ if line.trim().is_empty() => stripped.push(""),
            Some(text) if line[..indent].trim().is_empty() => stripped.push(text),
            _ => {
                return Err(format!("`{}` is indented less than its block", line.trim()));
            }
        }
    }
    while stripped.last().is_some_and(|line| line.is_empty()) {
        stripped.pop();
    }
    let mut text = if folded { fold_lines(&stripped) } else { stripped.join("\n") };
    if !chomp {
        text.push('\n');
    }
    Ok(text)
}

/// Joins lines with spaces. A blank line becomes a line break, and a line that begins with a space keeps its line
/// breaks.
fn fold_lines(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut blanks = 0;
    let mut before: Option<&str> = None;
    for &line in lines {
        if line.is_empty() {
            blanks += 1;
            continue;
        }
        if let Some(before) = before {
            let keeps_break = before.starts_with(' ') || line.starts_with(' ');
            match blanks + usize::from(keeps_break) {
                0 => text.push(' '),
                ends => text.push_str(&"\n".repeat(ends)),
            }
        }
        text.push_str(line);
        blanks = 0;
        before = Some(line);
    }
    text
}

fn parse_flow_list(text: &str, line: usize) -> Result<Value, String> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let inner = inner
        .filter(|inner| is_balanced(inner))
        .ok_or_else(|| format!("the list `{text}` is not closed or has text after its end"))?;
    let mut items = Vec::new();
    for item in split_items(inner) {
        items.push(Node { line, value: parse_inline(item, line)? });
    }
    Ok(Value::List(items))
}

/// Splits the outermost list at its commas; a trailing comma adds no item.
fn split_items(inner: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut start = 0;
    for (index, _) in inner.match_indices(',') {
        if is_balanced(&inner[start..index]) && !ends_inside_quotes(&inner[start..index]) {
            items.push(inner[start..index].trim());
            start = index + 1;
        }
    }
    let last = inner[start..].trim();
    if !last.is_empty() {
        items.push(last);
    }
    items
}

fn ends_inside_quotes(text: &str) -> bool {
    let mut quotes = QuoteState::default();
    let mut before = ' ';
    for c in text.chars() {
        quotes.advance(c, before);
        before = c;
    }
    quotes.is_inside()
}

fn parse_quoted(text: &str) -> Result<String, String> {
    let mark = if text.starts_with('"') { '"' } else { '\'' };
    let inner = text.strip_prefix(mark).and_then(|t| t.strip_suffix(mark));
    let inner = inner.ok_or_else(|| format!("the quotes of `{text}` are not closed"))?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let plain = match (mark, c) {
            ('\'', '\'') => chars.next().filter(|&next| next == '\''),
            ('"', '\\') => chars.next().filter(|next| matches!(next, '"' | '\\')),
            ('"', '"') => None,
            _ => Some(c),
        };
        out.push(plain.ok_or_else(|| format!("an escape in `{text}` is not supported"))?);
    }
    Ok(out)
}

/// The quotes at a position of a line: the open quote, if any. A quote opens only where a value can begin.
#[derive(Default)]
struct QuoteState {
    open_quote: Option<char>,
    is_escaped: bool,
}

impl QuoteState {
    fn is_inside(&self) -> bool {
        self.open_quote.is_some()
    }

    fn advance(&mut self, c: char, before: char) {
        let escaped = std::mem::take(&mut self.is_escaped);
        match self.open_quote {
            Some('"') if c == '\\' => self.is_escaped = !escaped,
            Some(mark) if c == mark && !escaped => self.open_quote = None,
            // A doubled single quote closes and reopens the quoted text.
            None if c == '\'' && before == c => self.open_quote = Some(c),
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | '[' | ',') => self.open_quote = Some(c),
            _ => {}
        }
    }
}
