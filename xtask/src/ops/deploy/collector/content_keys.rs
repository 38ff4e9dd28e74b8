//! The attributes that contain content, read from the library's table of sensitivities.

use std::fs;

use crate::workspace_root;

/// The table of the library, and the names of its constants.
const TABLE: &str = "llmobs/src/content/sensitivity.rs";
const NAMES: &str = "llmobs/src/semconv/attribute.rs";

/// Reads the keys of the class `Content`.
pub(super) fn read() -> Result<Vec<String>, String> {
    let read = |path: &str| fs::read_to_string(workspace_root().join(path)).map_err(|error| format!("{path}: {error}"));
    let keys = parse(&read(TABLE)?, &read(NAMES)?);
    if keys.is_empty() { Err(format!("{TABLE} has no line `(a::NAME, Content),`")) } else { Ok(keys) }
}

fn parse(table: &str, names: &str) -> Vec<String> {
    let entries = table.lines().filter_map(|line| line.trim().strip_prefix('(')?.strip_suffix(", Content),"));
    entries.filter_map(|entry| key(entry, names)).collect()
}

/// Returns the key of an entry: a text in quotes, or the value of a constant.
fn key(entry: &str, names: &str) -> Option<String> {
    if let Some(text) = entry.strip_prefix('"') {
        return text.strip_suffix('"').map(str::to_owned);
    }
    let constant = format!("const {}: &str =", entry.strip_prefix("a::")?);
    let after = names.split_once(&constant)?.1;
    after.split('"').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_content_are_read_and_the_others_are_not() {
        let keys = read().unwrap();
        for key in ["gen_ai.input.messages", "gen_ai.tool.call.arguments", "input.value", "exception.message"] {
            assert!(keys.iter().any(|found| found == key), "{key}");
        }
        assert!(keys.iter().all(|key| key != "gen_ai.conversation.id" && key != "error.type"));
    }

    #[test]
    fn a_constant_over_two_lines_is_read() {
        let keys = parse("    (a::A_B, Content),\n    (a::C, Safe),\n", "pub const A_B: &str =\n    \"a.b\";\n");
        assert_eq!(keys, ["a.b"]);
    }
}
