//! Blocks and inline code of Markdown.

/// A block between two fences.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The number of its first line.
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) text: String,
}

impl Block {
    /// Returns the parts that empty lines separate, with the number of their first line.
    pub(super) fn parts(&self) -> Vec<(usize, String)> {
        let mut parts: Vec<(usize, String)> = Vec::new();
        let mut is_open = false;
        for (index, line) in self.text.lines().enumerate() {
            let is_empty = line.trim().is_empty();
            match parts.last_mut().filter(|_| is_open) {
                _ if is_empty => {}
                Some((_, part)) => *part += &format!("\n{line}"),
                None => parts.push((self.line + index, line.to_owned())),
            }
            is_open = !is_empty;
        }
        parts
    }
}

/// Returns the blocks of a page.
pub(super) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block { line: index + 2, language: language.trim().to_owned(), text: String::new() });
            }
            (None, Some(block)) => {
                if !block.text.is_empty() {
                    block.text.push('\n');
                }
                block.text += line;
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Returns the inline code outside blocks, with the number of its line. In a table, `\|` is a `|`.
pub(super) fn inline_code(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_block = false;
    let mut paragraph: Vec<(usize, &str)> = Vec::new();
    for (index, line) in page.lines().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        if is_fence || is_block || line.trim().is_empty() || line.starts_with('|') {
            found.extend(spans(&paragraph));
            paragraph.clear();
        }
        is_block ^= is_fence;
        if is_fence || is_block {
            continue;
        }
        if line.starts_with('|') {
            let codes = spans(&[(index + 1, line)]);
            found.extend(codes.into_iter().map(|(line, code)| (line, code.replace("\\|", "|"))));
        } else {
            paragraph.push((index + 1, line));
        }
    }
    found.extend(spans(&paragraph));
    found
}

/// Returns the code of a paragraph. Code may go on in the next line.
fn spans(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
    let text: Vec<_> = lines.iter().map(|(_, line)| line.trim()).collect();
    let text = text.join("\n");
    let parts: Vec<_> = text.split('`').collect();
    let mut line = lines.first().map_or(0, |(line, _)| *line);
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 && !part.is_empty() {
            found.push((line, part.replace('\n', " ")));
        }
        line += part.matches('\n').count();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_a_language_and_a_line() {
        let found = blocks("a\n```promql\nup\n  > 1\n```\n```\nx\n```\n");
        assert_eq!(found[0], Block { line: 3, language: "promql".to_owned(), text: "up\n  > 1".to_owned() });
        assert_eq!(found[1], Block { line: 7, language: String::new(), text: "x".to_owned() });
    }

    #[test]
    fn empty_lines_separate_the_parts_of_a_block() {
        let block = Block { line: 3, language: String::new(), text: "a\n  b\n\n\nc".to_owned() };
        assert_eq!(block.parts(), [(3, "a\n  b".to_owned()), (7, "c".to_owned())]);
    }

    #[test]
    fn code_may_go_on_in_the_next_line_and_blocks_have_none() {
        let page = "a `b` and `c\nd`\n\n```sh\n`e`\n```\n| `f \\| g` |\n`h`";
        let found: Vec<_> = inline_code(page);
        let expected = [(1, "b"), (1, "c d"), (7, "f | g"), (8, "h")].map(|(line, code)| (line, code.to_owned()));
        assert_eq!(found, expected);
    }
}
