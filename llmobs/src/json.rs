//! A writer for small JSON objects.

use std::fmt;
use std::fmt::Write;

/// A JSON object under construction. Field names are fixed and need no escaping.
pub(crate) struct JsonObject<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> JsonObject<'a> {
    /// Starts an object at the end of `out`.
    pub(crate) fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, is_empty: true }
    }

    /// Appends a number or a boolean, which have the same format in JSON and in Rust. Appends nothing for `None`.
    pub(crate) fn number(&mut self, name: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.key(name);
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(self.out, "{value}");
        }
    }

    /// Appends a text. Appends nothing for `None`.
    pub(crate) fn string(&mut self, name: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.key(name);
            write_string(self.out, value);
        }
    }

    /// Appends an object with the fields that `fill` appends to it.
    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut JsonObject<'_>)) {
        self.key(name);
        let mut inner = JsonObject::new(self.out);
        fill(&mut inner);
        inner.finish();
    }

    #[cfg(feature = "tower")]
    pub(crate) fn null(&mut self, name: &str) {
        self.key(name);
        self.out.push_str("null");
    }

    pub(crate) fn finish(self) {
        self.out.push('}');
    }

    fn key(&mut self, name: &str) {
        let separator = if self.is_empty { "" } else { "," };
        self.is_empty = false;
        let _ = write!(self.out, "{separator}\"{name}\":");
    }
}

/// Appends a text as a JSON string.
pub(crate) fn write_string(out: &mut String, text: impl fmt::Display) {
    out.push('"');
    let _ = write!(JsonEscaper(out), "{text}");
    out.push('"');
}

/// A writer that escapes text for use inside a JSON string.
struct JsonEscaper<'a>(&'a mut String);

impl Write for JsonEscaper<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '"' | '\\' => self.0.extend(['\\', character]),
                control if control.is_control() => write!(self.0, "\\u{:04x}", u32::from(control))?,
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(fill: impl FnOnce(&mut JsonObject<'_>)) -> String {
        let mut out = String::new();
        let mut object = JsonObject::new(&mut out);
        fill(&mut object);
        object.finish();
        out
    }

    #[test]
    fn text_is_escaped() {
        let object = json(|object| object.string("text", Some("a \"b\" \\ c\n\u{7f}ß")));
        assert_eq!(object, r#"{"text":"a \"b\" \\ c\u000a\u007fß"}"#);
    }

    #[test]
    fn unknown_values_are_omitted() {
        assert_eq!(json(|_| ()), "{}");
        let object = json(|object| {
            object.number("a", None::<u64>);
            object.string("b", None::<&str>);
            object.number("c", Some(1.5));
            object.number("d", Some(true));
        });
        assert_eq!(object, r#"{"c":1.5,"d":true}"#);
    }

    #[test]
    fn an_object_may_contain_an_object() {
        let object = json(|object| object.object("a", |inner| inner.string("b", Some("c"))));
        assert_eq!(object, r#"{"a":{"b":"c"}}"#);
    }
}
