//! Writes doc comments: converts the Markdown of the conventions for rustdoc.

/// Width of a doc line, including indentation and slashes.
const MAX_LINE_WIDTH: usize = 120;

/// Writes the text as a doc comment. A blank line separates paragraphs; a line that begins with `- ` is a list item.
pub(super) fn write(out: &mut String, indent: &str, text: &str) {
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            *out += &format!("{indent}///\n");
        }
        for line in paragraph.lines().flat_map(|line| wrap(&to_rustdoc(line), MAX_LINE_WIDTH - indent.len() - 4)) {
            *out += &format!("{indent}/// {line}\n");
        }
    }
}

/// Replaces links by their text, marks bare names as code, and escapes brackets that rustdoc would interpret.
fn to_rustdoc(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        // Every second part was between backticks.
        if index % 2 == 1 {
            out += &format!("`{part}`");
            continue;
        }
        let is_own_link = part.starts_with(']') || part.ends_with('[');
        let part = if is_own_link { part.to_owned() } else { escape(&strip_links(part)) };
        let words: Vec<_> = part.split(' ').map(format_word).collect();
        out += &words.join(" ");
    }
    out
}

fn strip_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((label, after)) = link.split_once("](") else {
            break;
        };
        let Some((_, after)) = after.split_once(')') else {
            break;
        };
        out += before;
        out += label;
        rest = after;
    }
    out + rest
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Marks a word as code if it is a name: it has an underscore (`is_nested`) or lower-case parts joined by dots
/// (`server.address`). `request` and `e.g.` are unchanged.
fn format_word(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_part = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let dotted = core.contains('.') && core.split('.').all(is_part);
    if core.contains('_') || dotted { word.replacen(core, &format!("`{core}`"), 1) } else { word.to_owned() }
}

/// Wraps text at `width` columns. A word that would open a list item, such as `-` or `2.`, is kept on the previous
/// line. Further lines of an item are indented by two spaces.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let hang = if text.starts_with("- ") { "  " } else { "" };
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let opens = matches!(word, "-" | "+" | "*") || word.trim_end_matches(['.', ')']).parse::<u32>().is_ok();
        match lines.last_mut() {
            Some(line) if opens || line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{hang}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_their_text() {
        assert_eq!(to_rustdoc("such as [OpenAI Chat](https://x.example/a_b) here"), "such as OpenAI Chat here");
    }

    #[test]
    fn names_become_code_and_abbreviations_do_not() {
        assert_eq!(
            to_rustdoc("The top_k setting (gen_ai.usage), e.g. this."),
            "The `top_k` setting (`gen_ai.usage`), e.g. this."
        );
    }

    #[test]
    fn brackets_are_escaped_outside_code_only() {
        assert_eq!(to_rustdoc("a <key> and `<key>[0]` [x]"), "a \\<key\\> and `<key>[0]` \\[x\\]");
    }

    #[test]
    fn links_to_our_items_are_unchanged() {
        assert_eq!(to_rustdoc("Values: `a`; see [`token_type`]."), "Values: `a`; see [`token_type`].");
    }

    #[test]
    fn long_lines_are_wrapped_and_no_wrapped_line_begins_a_list() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two - three", 7), ["one two -", "three"]);
        assert_eq!(wrap("- one two three", 9), ["- one two", "  three"]);
    }
}
