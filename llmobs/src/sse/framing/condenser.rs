//! Shortening of frames that are longer than the bound, so that their small fields can still be read.

/// Decides, byte by byte, which bytes of a JSON text remain: long strings keep their beginning and long arrays their
/// first items, so that usage, finish reasons, states and errors remain. The shortened text is valid JSON if the text
/// is. Shortening a text that is shortened already changes nothing.
#[derive(Debug, Default)]
pub(super) struct Condenser {
    is_in_string: bool,
    /// The number of kept bytes of the current string.
    string_bytes: usize,
    /// The number of bytes that the current escape still lacks. An escape is kept or left out as a whole.
    escape_bytes: u8,
    is_escape_kept: bool,
    /// For each open object or array, the number of items before the current one; `None` for an object.
    open: Vec<Option<usize>>,
    /// The number of open levels beyond [`MAX_LEVELS`].
    levels_beyond: usize,
    /// The number of open levels at the array whose further items are left out.
    dropping_level: Option<usize>,
}

/// Longer than every text that is read beside content: ids, models, codes and error messages.
const MAX_STRING_BYTES: usize = 1_024;
const MAX_ITEMS: usize = 64;

/// The deepest nesting that the decoder reads.
const MAX_LEVELS: usize = 128;

impl Condenser {
    /// Returns whether the next byte of the text remains.
    pub(super) fn keeps(&mut self, byte: u8) -> bool {
        if self.is_in_string {
            return self.keeps_in_string(byte) && self.dropping_level.is_none();
        }
        match byte {
            b'"' => {
                self.is_in_string = true;
                self.string_bytes = 0;
            }
            b'{' | b'[' if self.open.len() == MAX_LEVELS => self.levels_beyond += 1,
            b'{' => self.open.push(None),
            b'[' => self.open.push(Some(0)),
            b'}' | b']' if self.levels_beyond > 0 => self.levels_beyond -= 1,
            b'}' | b']' => {
                if self.dropping_level == Some(self.open.len()) {
                    self.dropping_level = None;
                }
                self.open.pop();
            }
            b',' if self.levels_beyond == 0 => {
                let level = self.open.len();
                if let Some(Some(items)) = self.open.last_mut() {
                    *items += 1;
                    if *items == MAX_ITEMS {
                        self.dropping_level.get_or_insert(level);
                    }
                }
            }
            _ => {}
        }
        self.dropping_level.is_none()
    }

    fn keeps_in_string(&mut self, byte: u8) -> bool {
        if self.escape_bytes > 0 {
            // `\u` is followed by four digits.
            self.escape_bytes = if byte == b'u' && self.escape_bytes == 1 { 5 } else { self.escape_bytes };
            self.escape_bytes -= 1;
            self.string_bytes += usize::from(self.is_escape_kept);
            return self.is_escape_kept;
        }
        if byte == b'"' {
            self.is_in_string = false;
            return true;
        }
        let is_kept = self.string_bytes < MAX_STRING_BYTES;
        self.string_bytes += usize::from(is_kept);
        if byte == b'\\' {
            self.escape_bytes = 1;
            self.is_escape_kept = is_kept;
        }
        is_kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condense(text: &str) -> String {
        let mut condenser = Condenser::default();
        let bytes = text.bytes().filter(|byte| condenser.keeps(*byte)).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn long_strings_and_arrays_are_shortened_to_valid_json() {
        let long = "x".repeat(2_000);
        let escaped = r"\u00e9".repeat(400) + r"\n\u12";
        let items = (0..100).map(|item| format!("[{item}, \"]\"]")).collect::<Vec<_>>().join(", ");
        for text in [
            format!(r#"{{"a": "{long}", "b": [1, {{"c": "{long}"}}], "usage": 7}}"#),
            format!(r#"{{"a": "{}", "b": "\\\"{}", "usage": 7}}"#, &escaped[..2_400], &escaped[..2_394]),
            format!(r#"{{"a": [{items}], "b": {{"c": [[{items}], 3]}}, "usage": 7}}"#),
        ] {
            let condensed = condense(&text);
            assert!(condensed.len() < text.len() && condensed.len() < 8_000, "{}", condensed.len());
            assert!(condensed.ends_with(r#""usage": 7}"#));
            assert!(serde_json::from_str::<serde_json::Value>(&condensed).is_ok(), "{condensed}");
            assert_eq!(condense(&condensed), condensed);
        }
        let deep = format!("[[{}1, 2{}], {{}}, [{}]]", "[".repeat(150), "]".repeat(150), vec!["7"; 100].join(","));
        assert_eq!(condense(&deep), deep.replacen(&",7".repeat(36), "", 1), "levels beyond the limit are skipped");
        let short = r#"{"a": ["b\"]", {"c": [1, 2]}], "d": "\\"}"#;
        assert_eq!(condense(short), short);
    }
}
